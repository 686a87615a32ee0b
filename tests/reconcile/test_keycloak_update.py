"""A newer plan changes imported users once, wherever its import is killed; what people did with us wins."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.http import ClerkUnavailable
from clerk.user import Snapshot
from clerk.user_writer import UserWriter
from db import audit, keycloak_changes, keycloak_decisions, keycloak_imports, keycloak_plans, roles
from db.assignments import Window
from db.audit import Author
from db.keycloak_plans import Run
from dev.clerk import changes
from dev.clerk.requests import UserMetadata
from dev.clerk.user import User, touch
from keycloak import export, inspection
from keycloak.history import History
from reconcile import keycloak_plan
from reconcile.keycloak_authority import ImportEnded, RealmCutOver
from reconcile.keycloak_import import Imported
from reconcile.keycloak_update import Kept
from tests.clerk_sender import Clerk, event
from tests.keycloak import exports
from tests.keycloak.exports import ANSWERS, CREDENTIALS, Data, person
from tests.keycloak.maps import MAP
from tests.ledger import apply, as_owner, rows, values
from tests.reconcile.keycloak_moves import MOST_POINTS, Move, at_clerk, echo, is_killed
from tests.served_clerk import ServedClerk
from tests.servers import Database

pytestmark = pytest.mark.recovery

[TOTP] = [each["credential"] for each in ANSWERS["totp"] if each["name"] == "totp-raw"]
WAS, NOW = "argon2id-default", "sha512-210000-64"
SET_AT = datetime(2026, 1, 1, tzinfo=UTC)
HELD = "select role from current_roles join users using (clerk_id) where external_id = %s order by role"
TRAIL = "select action, actor, cause, role from audit_log where actor = 'keycloak' order by id"
ADMINISTRATOR = Author(actor="user_admin", reason="For a test.")

Newer = Callable[..., Move]


def known_password(name: str) -> str:
    return str(next(each["password"] for each in ANSWERS["passwords"] if each["name"] == name))


def credential(name: str, days: int) -> Data:
    """A password that was set on a day."""
    at = SET_AT + timedelta(days=days)
    return {**CREDENTIALS[name], "createdDate": int(at.timestamp() * 1_000)}


@pytest.fixture
def newer(engine: Engine, tmp_path: Path) -> Newer:
    """Plans an export of these persons, as `akako keycloak plan` does, and begins its import."""

    def made(*persons: Data, realm: str = "akademie", begun: bool = True) -> Move:
        path = exports.single(tmp_path / f"{realm}.json", list(persons), name=realm)
        opened = export.open_export(path)
        with as_owner(engine) as connection:
            run: Run = keycloak_plan.make(
                connection, opened, inspection.inspect(opened), MAP, History(), planned_by="operator:x"
            ).run
            if begun:
                keycloak_imports.begin(connection, run, "operator:x")
        return Move(run, path, [str(each["id"]) for each in persons])

    return made


def one(number: int, *held: str, password: str = WAS, day: int = 0, **more: Any) -> Data:
    return person(
        number, password, realmRoles=["default-roles-akademie", *held], credentials=[credential(password, day)], **more
    )


def head(number: int = 90) -> Data:
    """Keeps others from being the only admin."""
    return one(number, "head")


def found_at_clerk(instance: ServedClerk, data: Data) -> User:
    user = at_clerk(instance, str(data["id"]))
    assert user
    return user


def hasher(instance: ServedClerk, data: Data) -> str:
    """The algorithm of the password at Clerk."""
    password = found_at_clerk(instance, data).password
    assert password
    return password.hasher


def sign_in(instance: ServedClerk, data: Data) -> None:
    now = instance.instance.now()
    instance.instance.put(touch(found_at_clerk(instance, data), now, last_sign_in_at=now), event=None)


def by_hand(engine: Engine, data: Data, role: Role, *, revoke: bool) -> None:
    """What an admin does with us."""
    with engine.begin() as connection:
        audit.set_author(connection, ADMINISTRATOR)
        [user_id] = values(engine, "select id from users where external_id = %s", data["id"])
        if revoke:
            held = "select id from user_roles where user_id = %s and role = %s and is_active"
            roles.revoke(connection, values(engine, held, user_id, role.value)[0], "For a test.")
        else:
            roles.assign(connection, user_id, Window(role=role), "user_admin", "", "For a test.", "")


def counted(result: Imported) -> dict[str, int]:
    return {kind: number for kind, number in result.updates.counts.items() if number}


def test_roles_passwords_and_bans_follow_keycloak_and_a_second_import_does_nothing(
    engine: Engine, instance: ServedClerk, writer: UserWriter, newer: Newer
) -> None:
    newer(head(), one(2, "coach"), one(3, "pupil"), one(4, enabled=False), one(5), one(6)).make(engine, writer)
    before = values(engine, "select effective_end_date from user_roles where effective_end_date is not null")
    second = newer(
        head(),
        one(2, "pupil"),
        one(3, "pupil", "coach"),
        one(4),
        one(5, enabled=False),
        one(7),
        one(6, password=NOW, day=9),
    )
    with engine.connect() as connection:
        expected = {"role_ended": 1, "role_given": 1, "password": 1, "disabled": 1, "enabled": 1}
        assert keycloak_changes.counts(connection, second.run) == expected
    result = second.make(engine, writer)
    assert (counted(result), result.updates.kept, result.states) == (expected, [], {"applied": 1})
    assert before == []
    assert values(engine, HELD, one(2)["id"]) == ["LEARNER"]
    assert values(engine, HELD, one(3)["id"]) == ["LEARNER", "MENTOR"]
    assert [found_at_clerk(instance, one(number)).banned for number in (4, 5)] == [False, True]
    assert rows(engine, "select external_id from users where banned") == [(one(5)["id"],)]
    assert hasher(instance, one(6)) == "pbkdf2_sha512_hex"
    assert writer.verifies(found_at_clerk(instance, one(6)).id, known_password(NOW)) is True
    cause = f"keycloak_{second.run.id}"
    assert sorted(rows(engine, TRAIL)) == [
        ("role.assigned", "keycloak", cause, "MENTOR"),
        ("role.revoked", "keycloak", cause, "MENTOR"),
    ]
    state = dict(instance.instance.state.users), rows(engine, "select * from audit_log")
    again = second.make(engine, writer)
    assert (again.updates.users, again.states) == (0, {})
    assert state == (instance.instance.state.users, rows(engine, "select * from audit_log"))


def test_what_an_admin_changed_with_us_wins(
    engine: Engine, instance: ServedClerk, writer: UserWriter, newer: Newer
) -> None:
    newer(head(), one(2, "coach"), one(3), one(4, "coach"), one(5)).make(engine, writer)
    # Kept as they are: given again after a revocation, and revoked.
    by_hand(engine, one(2), Role.MENTOR, revoke=True)
    by_hand(engine, one(2), Role.MENTOR, revoke=False)
    by_hand(engine, one(3), Role.MENTOR, revoke=False)
    by_hand(engine, one(3), Role.MENTOR, revoke=True)
    by_hand(engine, one(5), Role.ADMIN, revoke=False)
    result = newer(head(), one(2), one(3, "coach"), one(4, "coach", "pupil"), one(5, "pupil")).make(engine, writer)
    assert result.updates.kept == [
        Kept(str(one(2)["id"]), "role_ended", "changed_here: MENTOR"),
        Kept(str(one(3)["id"]), "role_given", "changed_here: MENTOR"),
    ]
    assert values(engine, HELD, one(2)["id"]) == ["MENTOR"]
    assert "MENTOR" not in values(engine, HELD, one(3)["id"])
    assert values(engine, HELD, one(5)["id"]) == ["ADMIN", "LEARNER"]


def test_the_password_of_a_user_who_signed_in_stays(
    engine: Engine, instance: ServedClerk, writer: UserWriter, newer: Newer
) -> None:
    newer(one(2)).make(engine, writer)
    sign_in(instance, one(2))
    result = newer(one(2, password=NOW, day=9)).make(engine, writer)
    assert result.updates.kept == [Kept(str(one(2)["id"]), "password", "signed_in")]
    assert hasher(instance, one(2)) == "argon2id"
    with engine.connect() as connection:
        latest = keycloak_plans.latest(connection, "akademie")
        assert latest
        assert keycloak_changes.total(connection, latest) == 0


def test_people_who_are_gone_or_not_planned_any_more_are_reported_and_stay(
    engine: Engine, instance: ServedClerk, writer: UserWriter, newer: Newer
) -> None:
    newer(one(2), one(3)).make(engine, writer)
    second = newer(one(3, federationLink="ldap"))
    with engine.connect() as connection:
        assert keycloak_changes.counts(connection, second.run) == {"gone": 1, "not_planned": 1}
    assert second.make(engine, writer).updates.users == 0
    assert len(instance.instance.state.users) == 2
    assert values(engine, "select count(*) from users where deleted_at is null") == [2]


def test_the_last_admin_stays_admin_and_is_named_until_there_is_another(
    engine: Engine, instance: ServedClerk, writer: UserWriter, newer: Newer
) -> None:
    newer(head(), one(2)).make(engine, writer)
    second = newer(one(90, "pupil"), one(2))
    for _ in range(2):
        assert second.make(engine, writer).updates.failed == [
            Kept(str(head()["id"]), "role_ended", "last_admin: ADMIN")
        ]
        assert "ADMIN" in values(engine, HELD, head()["id"])
    by_hand(engine, one(2), Role.ADMIN, revoke=False)
    assert second.make(engine, writer).updates.failed == []
    assert values(engine, HELD, head()["id"]) == ["LEARNER"]


def test_what_clerk_refuses_is_named_and_tried_again(
    engine: Engine, instance: ServedClerk, writer: UserWriter, newer: Newer
) -> None:
    newer(one(2, "coach")).make(engine, writer)
    second = newer(one(2, "pupil", enabled=False))
    instance.fail(
        "server-error",
        path=f"/v1/users/{found_at_clerk(instance, one(2)).id}/ban",
        status=402,
        code="unsupported_subscription_plan_features",
    )
    [failed] = second.make(engine, writer).updates.failed
    assert (failed.kind, failed.reason) == ("disabled", "unsupported_subscription_plan_features")
    assert values(engine, HELD, str(one(2)["id"])) == ["LEARNER"]  # the role ends nevertheless
    assert counted(second.make(engine, writer)) == {"disabled": 1}


def test_a_user_that_clerk_does_not_find_is_named_and_tried_again(
    engine: Engine, instance: ServedClerk, writer: UserWriter, newer: Newer
) -> None:
    newer(one(2)).make(engine, writer)
    second = newer(one(2, password=NOW, day=9, enabled=False))
    clerk_id = found_at_clerk(instance, one(2)).id
    instance.fail("server-error", path=f"/v1/users/{clerk_id}", status=404, code="resource_not_found", times=2)
    failed = second.make(engine, writer).updates.failed
    assert [(each.kind, each.reason) for each in failed] == [
        ("disabled", "not_found_at_clerk"),
        ("password", "not_found_at_clerk"),
    ]
    assert counted(second.make(engine, writer)) == {"disabled": 1, "password": 1}
    assert (found_at_clerk(instance, one(2)).banned, hasher(instance, one(2))) == (True, "pbkdf2_sha512_hex")


def test_a_user_who_is_deleted_stays_so_and_one_without_the_marker_is_banned(
    engine: Engine, sender: Clerk, instance: ServedClerk, writer: UserWriter, newer: Newer
) -> None:
    newer(one(2), one(3)).make(engine, writer)
    gone, lost = found_at_clerk(instance, one(2)), found_at_clerk(instance, one(3))
    instance.instance.delete(gone.id)
    apply(engine, sender, sender.send(event("user.deleted", {"id": gone.id, "object": "user", "deleted": True})))
    body, now = UserMetadata(private_metadata={}), instance.instance.now()
    instance.instance.put(changes.replace_metadata(lost, body, now), event=None)
    second = newer(one(2, enabled=False), one(3, enabled=False))
    updates = second.make(engine, writer).updates
    assert (updates.kept, updates.failed) == ([Kept(str(one(2)["id"]), "disabled", "not_found_at_clerk")], [])
    assert found_at_clerk(instance, one(3)).banned


def with_app(data: Data, day: int) -> Data:
    at = SET_AT + timedelta(days=day)
    return {**data, "credentials": [*data["credentials"], {**TOTP, "createdDate": int(at.timestamp() * 1_000)}]}


def test_an_authenticator_app_that_took_the_place_of_another_one_is_sent_also_without_a_password(
    engine: Engine, instance: ServedClerk, writer: UserWriter, newer: Newer
) -> None:
    bare = person(3, None, realmRoles=["default-roles-akademie"])
    newer(with_app(one(2), 0), bare).make(engine, writer)
    assert not found_at_clerk(instance, bare).totp_enabled
    second = newer(with_app(one(2), 9), with_app(bare, 9))
    assert (counted(second.make(engine, writer)), found_at_clerk(instance, bare).totp_enabled) == (
        {"password": 2},
        True,
    )
    assert second.make(engine, writer).updates.users == 0


@pytest.mark.parametrize("undone", [True, False])
def test_nothing_is_changed_for_a_plan_that_is_undone_or_after_the_move(
    engine: Engine, instance: ServedClerk, writer: UserWriter, newer: Newer, undone: bool
) -> None:
    newer(one(2)).make(engine, writer)
    second = newer(one(2, "head", enabled=False))
    with as_owner(engine) as connection:
        decide = keycloak_decisions.begin_undo if undone else keycloak_decisions.cut_over
        assert decide(connection, second.run, ADMINISTRATOR)
    with pytest.raises(ImportEnded):
        second.make(engine, writer)
    assert (values(engine, HELD, one(2)["id"]), found_at_clerk(instance, one(2)).banned) == ([], False)


def test_roles_of_a_plan_that_was_undone_in_the_middle_are_corrected_by_the_next(
    engine: Engine, instance: ServedClerk, writer: UserWriter, newer: Newer
) -> None:
    newer(head(), one(2, "pupil")).make(engine, writer)
    second = newer(head(), one(2, "pupil", "coach", enabled=False))

    class Undoing(UserWriter):
        """The undoing begins after the roles were given."""

        def fetch(self, _: str) -> Snapshot | None:
            with as_owner(engine) as connection:
                keycloak_decisions.begin_undo(connection, second.run, ADMINISTRATOR)
            raise ClerkUnavailable("for a test")

    undoing = Undoing(instance.key, instance.url)
    with pytest.raises(ImportEnded):
        second.make(engine, undoing)
    undoing.close()
    assert values(engine, HELD, one(2)["id"]) == ["LEARNER", "MENTOR"]
    assert counted(newer(head(), one(2, "pupil")).make(engine, writer)) == {"role_ended": 1}
    assert values(engine, HELD, one(2)["id"]) == ["LEARNER"]


def test_an_app_that_is_sent_alone_leaves_the_password_which_is_named(
    engine: Engine, instance: ServedClerk, writer: UserWriter, newer: Newer
) -> None:
    newer(with_app(one(2), 0)).make(engine, writer)
    result = newer(with_app(one(2, password="argon2d", day=9), 0)).make(engine, writer)
    assert (counted(result), result.updates.kept) == (
        {"password": 1},
        [Kept(str(one(2)["id"]), "password", "no_password")],
    )


def test_no_plan_is_made_of_a_move_that_ends_meanwhile(
    engine: Engine, instance: ServedClerk, writer: UserWriter, newer: Newer
) -> None:
    first = newer(one(2))
    first.make(engine, writer)
    opened = export.open_export(exports.single(first.path, [one(2), one(3)], name="akademie"))

    def end(_: int) -> None:
        with as_owner(engine) as connection:
            keycloak_decisions.cut_over(connection, first.run, ADMINISTRATOR)

    def make() -> None:
        with as_owner(engine) as connection:
            planned = keycloak_plan.make(
                connection, opened, inspection.inspect(opened), MAP, History(), planned_by="operator:x", advance=end
            )
            keycloak_plan.keep(connection, planned)

    with pytest.raises(RealmCutOver):
        make()
    assert values(engine, "select count(*) from keycloak_runs") == [1]


@pytest.mark.parametrize("signed_in", [True, False])
def test_an_authenticator_app_that_was_removed_is_removed_before_the_first_sign_in(
    engine: Engine, instance: ServedClerk, writer: UserWriter, newer: Newer, signed_in: bool
) -> None:
    newer(with_app(one(2), 0)).make(engine, writer)
    assert found_at_clerk(instance, one(2)).totp_enabled
    if signed_in:
        sign_in(instance, one(2))
    second = newer(one(2))
    updates = second.make(engine, writer).updates
    assert found_at_clerk(instance, one(2)).totp_enabled is signed_in
    assert [each.kind for each in updates.kept] == (["password", "app_removed"] if signed_in else [])
    assert second.make(engine, writer).updates.users == 0


def test_killed_at_any_point_and_continued_it_changes_each_user_once(
    engine: Engine, database: Database, sender: Clerk, instance: ServedClerk, writer: UserWriter, newer: Newer
) -> None:
    for at in range(1, MOST_POINTS):
        realm, data = f"realm-{at}", one(100 + at, "coach")
        newer(data, realm=realm).make(engine, writer)
        second = newer(one(100 + at, "pupil", password=NOW, day=9, enabled=False), realm=realm)
        killed = is_killed(second.make, database, instance, at)
        echo(engine, sender, instance, str(data["id"]))
        second.make(engine, writer)
        echo(engine, sender, instance, str(data["id"]))
        user = found_at_clerk(instance, data)
        assert (user.banned, hasher(instance, data)) == (True, "pbkdf2_sha512_hex")
        lines = "select action, role from audit_log where clerk_user_id = %s and action <> 'user.created' order by id"
        roles_only = [line for line in rows(engine, lines, user.id) if line[1]]
        assert roles_only[-1:] == [("role.revoked", "MENTOR")], at
        assert len(roles_only) == len(set(roles_only)), at
        assert [line for line in rows(engine, lines, user.id) if not line[1]] == [("user.banned", None)], at
        if not killed:
            assert at > 10
            return
    pytest.fail("there are more points than expected")
