"""`akako drift`: lists, shows, previews and repairs, and says why a difference stays."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine

from clerk.backend import Backend, UserPage
from clerk.http import ClerkUnavailable
from clerk.user import Deletion
from db import drift, walks
from db.drift import Finding
from reconcile import drift_repair, repair_plan
from sync.apply import apply_absences
from tests.ledger import as_owner, change, rows, values
from tests.served_clerk import ServedClerk, served_clerk

pytestmark = pytest.mark.clerk

NAMES = "select first_name from users order by id"
OPEN = "select id from drift where ended_at is null order by id"
REPAIRS = "select action, actor, reason, cause, after from audit_log where action = 'drift.repaired'"
WHY = ("--reason", "Case 17.", "--by", "grace")


@pytest.fixture
def instance() -> Iterator[ServedClerk]:
    with served_clerk() as running:
        yield running


@pytest.fixture
def run(akako: Any, instance: ServedClerk) -> Callable[..., Result]:
    """Runs a command against the instance."""

    def run(*words: str, **environment: str) -> Result:
        given = {"CLERK_SECRET_KEY": instance.key, "CLERK_API_URL": instance.url, "CLERK_REQUESTS_PER_SECOND": "100"}
        result: Result = akako(*words, **given | environment)
        return result

    return run


@pytest.fixture
def known(instance: ServedClerk, run: Callable[..., Result]) -> list[str]:
    """Three users who are stored as Clerk has them."""
    ids = instance.create(3, first_name="Ada")
    assert run("backfill").exit_code == 0
    return ids


def found(engine: Engine, clerk_id: str, kind: str, *fields: str) -> str:
    """Record a difference; returns its id."""
    with engine.begin() as connection:
        [made] = drift.record(connection, [Finding(clerk_id=clerk_id, kind=kind, fields=fields)], None, 60).values()
    return str(made)


def edit(engine: Engine, clerk_id: str, first_name: str) -> None:
    """Change the first name of a stored user without a new version, as nothing but plain SQL does."""
    change(engine, "update users set first_name = %s where clerk_id = %s", first_name, clerk_id)


def age(instance: ServedClerk, clerk_id: str) -> None:
    """Make Clerk's version of a user a day older than the stored one."""
    user = instance.instance.state.users[clerk_id]
    instance.instance.put(replace(user, updated_at=user.updated_at - 86_400_000), event=None)


def test_open_differences_are_listed_and_ended_ones_only_on_demand(
    engine: Engine, known: list[str], run: Callable[..., Result]
) -> None:
    ids = [found(engine, each, kind) for each, kind in zip(known, ("differs", "ahead", "absent"), strict=True)]
    with engine.begin() as connection:
        drift.end(connection, [int(ids[1])], "resolved")

    def listed(*words: str) -> list[int]:
        return [each["id"] for each in json.loads(run("drift", "list", "--json", *words).stdout)["items"]]

    assert listed() == [int(ids[2]), int(ids[0])]
    assert listed("--all") == [int(each) for each in reversed(ids)]
    assert listed("--class", "absent") == [int(ids[2])]
    assert listed("--user", known[0]) == [int(ids[0])]
    table = run("drift", "list", "--all").stdout
    assert [each for each in (*known, "differs", "resolved") if each not in table] == []


def test_pages_of_differences_follow_each_other(engine: Engine, known: list[str], run: Callable[..., Result]) -> None:
    ids = [int(found(engine, each, "absent")) for each in known]

    first = run("drift", "list", "--limit", "2", "--json")
    page = json.loads(first.stdout)
    second = json.loads(run("drift", "list", "--before", str(page["next"]), "--json").stdout)

    assert [each["id"] for each in page["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None
    assert f"akako drift list --limit 2 --before {page['next']} --json" in first.stderr


@pytest.mark.parametrize("kind", drift.CLASSES)
def test_each_class_is_explained(kind: str, engine: Engine, known: list[str], run: Callable[..., Result]) -> None:
    number = found(engine, known[0], kind, "first_name")

    shown = json.loads(run("drift", "show", number, "--json").stdout)

    assert (shown["class"], shown["fields"], shown["outcome"]) == (kind, ["first_name"], None)
    assert shown["meaning"].endswith(".")
    assert shown["action"].endswith(".")
    assert known[0] in run("drift", "show", number).stdout


def test_a_difference_is_shown_with_its_walk_events_and_audit_lines(
    engine: Engine, instance: ServedClerk, known: list[str], run: Callable[..., Result]
) -> None:
    number = found(engine, known[0], "missed_update", "first_name")
    change(engine, "update drift set walk_id = (select min(id) from walks)")
    change(
        engine,
        "insert into webhook_events (svix_id, clerk_user_id, body, svix_timestamp, svix_signature, verified_by, status)"
        " values ('msg_1', %s, '', 0, '', '', 'parked')",
        known[0],
    )
    instance.rename(known[0], "Grace")
    assert run("drift", "repair", number, *WHY).exit_code == 0

    shown = json.loads(run("drift", "show", number, "--json").stdout)

    assert shown["walk"]["kind"] == "backfill"
    assert [each["svix_id"] for each in shown["events"]] == ["msg_1"]
    assert [each["action"] for each in shown["audit"]] == ["drift.repaired"]
    assert shown["outcome"] == "repaired"


def test_an_unknown_difference_is_an_error(run: Callable[..., Result]) -> None:
    result = run("drift", "show", "17")

    assert (result.exit_code, "No difference with this id is recorded" in result.stderr) == (1, True)


def test_a_dry_run_shows_what_would_change_and_changes_nothing(
    engine: Engine, instance: ServedClerk, known: list[str], run: Callable[..., Result]
) -> None:
    number = found(engine, known[0], "missed_update", "banned")
    instance.instance.set_banned(known[0], banned=True)
    lines = values(engine, "select max(id) from audit_log")

    result = run("drift", "repair", number, "--dry-run", "--json")

    printed = json.loads(result.stdout)
    [user] = printed["difference"]["users"]
    assert (result.exit_code, printed["repaired"]) == (0, [int(number)])
    assert (user["clerk_user_id"], user["before"]["banned"], user["after"]["banned"]) == (known[0], False, True)
    assert user["before"]["email"] == "(hidden)"
    assert [each["action"] for each in printed["difference"]["audit"]] == ["user.banned", "drift.repaired"]
    assert (values(engine, OPEN), values(engine, "select max(id) from audit_log")) == ([int(number)], lines)
    assert known[0] in run("drift", "repair", number, "--dry-run").stdout


def test_a_repair_applies_clerks_contents_and_leaves_a_line_with_author_and_reason(
    engine: Engine, instance: ServedClerk, known: list[str], run: Callable[..., Result]
) -> None:
    [new] = instance.create()
    numbers = [found(engine, known[0], "missed_update", "first_name"), found(engine, new, "missed_creation")]
    instance.rename(known[0], "Grace")

    result = run("drift", "repair", "--all", *WHY)

    assert result.exit_code == 0
    assert result.stdout == "2 repaired, 0 ended by themselves, 0 skipped\n"
    assert "Grace" in values(engine, NAMES)
    assert values(engine, "select count(*) from current_roles where clerk_id = %s", new) == [1]
    lines = rows(engine, REPAIRS + " order by cause")
    assert [line[:4] for line in lines] == [
        ("drift.repaired", "operator:grace", "Case 17.", f"drift_{number}") for number in sorted(numbers)
    ]
    assert {"class": "missed_update", "fields": ["first_name"]} in [line[4] for line in lines]
    created = "select actor, cause from audit_log where action = 'user.created' and clerk_user_id = %s"
    assert rows(engine, created, new) == [("operator:grace", f"drift_{numbers[1]}")]
    assert values(engine, OPEN) == []


def test_a_difference_that_is_none_any_more_ends_as_resolved(
    engine: Engine, known: list[str], run: Callable[..., Result]
) -> None:
    number = found(engine, known[0], "absent")

    result = run("drift", "repair", number, *WHY, "--json")

    assert (result.exit_code, json.loads(result.stdout)["resolved"]) == (0, [int(number)])
    assert values(engine, "select outcome from drift") == ["resolved"]
    assert rows(engine, REPAIRS) == []


def test_other_contents_of_the_same_version_win_only_by_force(
    engine: Engine, known: list[str], run: Callable[..., Result]
) -> None:
    edit(engine, known[0], "Zoe")  # wins the tie
    number = found(engine, known[0], "differs", "first_name")

    refused = run("drift", "repair", number, *WHY)
    assert (refused.exit_code, sorted(values(engine, NAMES))) == (1, ["Ada", "Ada", "Zoe"])
    assert f"{number} ({known[0]}): What is stored wins over Clerk's answer." in refused.stderr

    assert run("drift", "repair", number, "--force", *WHY).exit_code == 0
    assert values(engine, NAMES) == ["Ada"] * 3
    assert [line[4] for line in rows(engine, REPAIRS)] == [
        {"class": "differs", "fields": ["first_name"], "forced": True}
    ]


def test_a_ban_that_clerk_does_not_have_is_lifted_only_by_force(
    engine: Engine, known: list[str], run: Callable[..., Result]
) -> None:
    edit(engine, known[0], "Aaron")  # loses the tie
    change(engine, "update users set banned = true, email = null where clerk_id = %s", known[0])
    number = found(engine, known[0], "differs", "banned", "first_name")

    assert run("drift", "repair", number, *WHY).exit_code == 1
    assert run("drift", "repair", number, "--force", *WHY).exit_code == 0

    assert rows(engine, "select banned, first_name from users where clerk_id = %s", known[0]) == [(False, "Ada")]


def test_a_stored_version_ahead_of_clerks_is_replaced_by_force_unless_clerks_answer_may_lag(
    engine: Engine,
    instance: ServedClerk,
    known: list[str],
    run: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    age(instance, known[0])
    instance_version = instance.instance.state.users[known[0]].updated_at
    number = found(engine, known[0], "ahead")

    assert run("drift", "repair", number, *WHY).exit_code == 1
    recent = run("drift", "repair", number, "--force", *WHY)
    assert (recent.exit_code, "repeat it in ten minutes" in recent.stderr) == (1, True)

    monkeypatch.setattr(repair_plan, "REPLICA_LAG", timedelta(0))
    assert run("drift", "repair", number, "--force", *WHY).exit_code == 0
    version = "select (extract(epoch from clerk_updated_at) * 1000)::bigint from users where clerk_id = %s"
    assert values(engine, version, known[0]) == [instance_version]


def test_a_webhook_that_arrives_after_clerks_answer_wins_over_force(
    engine: Engine, known: list[str], run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(engine, known[0], "Zoe")
    number = found(engine, known[0], "differs", "first_name")
    planned = repair_plan.plan

    def plan(*given: Any, **options: Any) -> Any:
        made = planned(*given, **options)
        with as_owner(engine) as connection:
            connection.exec_driver_sql(
                "update users set first_name = 'Newer', clerk_updated_at = clerk_updated_at + interval '1 s'"
                " where clerk_id = %s",
                (known[0],),
            )
        return made

    monkeypatch.setattr(repair_plan, "plan", plan)
    result = run("drift", "repair", number, "--force", *WHY)

    assert (result.exit_code, "was changed after Clerk was asked" in result.stderr) == (1, True)
    assert "Newer" in values(engine, NAMES)


@pytest.mark.parametrize("force", [(), ("--force",)], ids=["plain", "force"])
def test_a_deleted_user_stays_deleted(
    force: tuple[str, ...], engine: Engine, known: list[str], run: Callable[..., Result]
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=1)
    apply_absences(engine, [Deletion(clerk_id=known[0], at=long_ago)], "test")
    number = found(engine, known[0], "returned")

    result = run("drift", "repair", number, *force, *WHY)

    assert (result.exit_code, "a deletion is final" in result.stderr) == (1, True)
    assert values(engine, "select deleted_at is not null from users where clerk_id = %s", known[0]) == [True]
    assert values(engine, OPEN) == [int(number)]


def test_what_cannot_be_repaired_is_named_with_the_reason(
    engine: Engine, instance: ServedClerk, known: list[str], run: Callable[..., Result]
) -> None:
    gone, ended = found(engine, known[0], "absent"), found(engine, known[1], "differs")
    instance.instance.delete(known[0])
    with engine.begin() as connection:
        drift.end(connection, [int(ended)], "resolved")

    result = run("drift", "repair", gone, ended, "999", *WHY, "--json")

    left = {each["id"]: each["why"] for each in json.loads(result.stdout)["left"]}
    assert result.exit_code == 1
    assert left[int(gone)].startswith("Clerk does not show this user")
    assert left[int(ended)] == "It has ended already: resolved."
    assert left[999] == "No difference with this id is recorded."
    assert values(engine, "select count(*) from users where deleted_at is null") == [3]


@pytest.mark.parametrize("kind", ["server-error", "other-instance"])
def test_no_change_is_made_if_clerk_does_not_answer_or_is_another_instance(
    kind: str,
    engine: Engine,
    instance: ServedClerk,
    known: list[str],
    run: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reconcile.retry.FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("reconcile.retry.LONGEST_PAUSE_SECONDS", 0.01)
    number = found(engine, known[0], "missed_update")
    instance.rename(known[0], "Grace")
    instance.fail(kind, None)

    result = run("drift", "repair", number, *WHY)

    said = {"server-error": "Clerk did not answer: status 500", "other-instance": "It is pinned to"}[kind]
    assert (result.exit_code, said in result.stderr) == (1, True)
    assert (values(engine, NAMES), values(engine, OPEN)) == (["Ada"] * 3, [int(number)])


@pytest.mark.parametrize(
    "words", [(), ("17", "--all"), ("17", "--class", "differs"), ("0",), ("17",)], ids=lambda words: " ".join(words)
)
def test_a_selection_or_reason_that_is_missing_is_a_usage_error(
    words: tuple[str, ...], run: Callable[..., Result]
) -> None:
    reason = () if words == ("17",) else WHY

    assert run("drift", "repair", *words, *reason).exit_code == 2


def test_walks_are_listed_with_their_progress(
    engine: Engine, instance: ServedClerk, known: list[str], run: Callable[..., Result]
) -> None:
    with engine.begin() as connection:
        begun = walks.start(connection, instance.id, 200, kind=walks.RECONCILE)
        walks.save(connection, replace(begun, seen=50))
    with as_owner(engine) as connection:
        connection.exec_driver_sql(
            "update walks set started_at = saved_at - interval '10 s' where id = %s", (begun.id,)
        )

    listed = json.loads(run("drift", "walks", "--json").stdout)["items"]

    assert [(each["kind"], each["percent"], each["outcome"]) for each in listed] == [
        ("reconcile", 25, None),
        ("backfill", 100, "complete"),
    ]
    assert listed[0]["users_per_second"] == 5.0
    assert "25 %" in run("drift", "walks").stdout


def test_what_was_repaired_before_clerk_stopped_answering_is_printed(
    engine: Engine, known: list[str], run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [found(engine, clerk_id, "differs") for clerk_id in known[:2]]
    for clerk_id in known[:2]:
        edit(engine, clerk_id, "Zoe")
    monkeypatch.setattr(drift_repair, "SET", 1)
    asked, ask = count(1), Backend.users_by_id

    def once(self: Backend, clerk_ids: list[str]) -> UserPage:
        if next(asked) > 1:
            raise ClerkUnavailable("status 401", transient=False)
        return ask(self, clerk_ids)

    monkeypatch.setattr(Backend, "users_by_id", once)
    result = run("drift", "repair", *numbers, "--force", "--json", *WHY)
    assert (result.exit_code, json.loads(result.stdout)["repaired"]) == (1, [int(numbers[0])])
    assert "Clerk did not answer" in result.stderr
