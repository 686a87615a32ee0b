import tracemalloc

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from sync.apply import Applied
from sync.apply import apply as apply_ids
from sync.interpret import SLICE_BYTES
from tests.clerk_sender import ADA, Clerk, email_address, event, moment, user
from tests.ledger import actions, change, keep, rows, values
from tests.sync.conftest import Apply

PERSON = "select email, first_name, banned, deleted_at is null, clerk_updated_at from users where clerk_id = %s"


def test_a_creation_becomes_a_user_with_the_default_role(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    assert apply(clerk.created(at=1_500)) == Applied(applied=1)
    assert rows(engine, PERSON, ADA) == [("ada@example.com", "Ada", False, True, moment(1_500))]
    assert rows(engine, "select role, effective_start_date, effective_end_date, assigned_by from user_roles") == [
        ("LEARNER", moment(0), None, "akako")
    ]
    assert actions(engine) == ["user.created", "role.assigned"]
    assert rows(engine, "select status, applied_at <= now(), last_error from webhook_events") == [
        ("applied", True, None)
    ]


def test_the_default_role_is_the_one_that_is_configured(engine: Engine, clerk: Clerk) -> None:
    apply_ids(engine, keep(engine, clerk, clerk.created()), Role.MENTOR)
    assert values(engine, "select role from user_roles") == ["MENTOR"]


def test_an_update_of_a_user_never_seen_becomes_the_user(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    apply(clerk.updated(at=9_000, first_name="Augusta"))
    apply(clerk.created(at=0, first_name="Ada"))
    assert values(engine, "select first_name from users") == ["Augusta"]
    assert actions(engine) == ["user.created", "role.assigned"]


def test_an_older_update_never_overwrites_a_newer_one(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    apply(clerk.updated(at=2_000, email="new@example.com"))
    apply(clerk.updated(at=1_000, email="old@example.com"))
    assert values(engine, "select email from users") == ["new@example.com"]


def test_of_several_events_of_a_user_in_one_set_the_newest_counts(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    sent = [clerk.updated(at=at, first_name=f"Ada {at}") for at in (3, 1, 5, 2, 4)]
    assert apply(*sent) == Applied(applied=5)
    assert values(engine, "select first_name from users") == ["Ada 5"]
    assert values(engine, "select distinct cause from audit_log") == [sent[2].svix_id]


def test_each_line_of_the_trail_names_the_event_that_caused_it(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    sent = {clerk_id: clerk.created(clerk_id, email=None) for clerk_id in ("user_ada", "user_bea", "user_cyd")}
    apply(*sent.values())
    found = rows(engine, "select distinct clerk_user_id, cause, actor from audit_log order by 1")
    assert found == [(clerk_id, delivery.svix_id, "clerk") for clerk_id, delivery in sorted(sent.items())]


def test_the_default_role_is_not_given_back_after_an_admin_ended_it(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    apply(clerk.created(at=0))
    change(engine, "update user_roles set effective_end_date = now(), is_active = false, end_reason = 'not any more'")
    apply(clerk.updated(at=1_000), clerk.created(at=0), clerk.updated(at=2_000, banned=True))
    assert rows(engine, "select role, is_active from user_roles") == [("LEARNER", False)]
    assert actions(engine).count("role.assigned") == 1


def test_metadata_that_a_browser_can_write_gives_no_role(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    claim = {"role": "ADMIN", "roles": ["ADMIN"]}
    apply(clerk.created(unsafe_metadata=claim, public_metadata=claim, private_metadata=claim))
    assert values(engine, "select role from user_roles") == ["LEARNER"]


def test_a_deletion_ends_the_roles_forgets_the_person_and_keeps_the_rows(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    apply(clerk.created(at=0))
    apply(clerk.deleted(at=9_000))
    assert rows(engine, "select clerk_id, deleted_at, email, claimed_email, first_name, image_url from users") == [
        (ADA, moment(9_000), None, None, None, None)
    ]
    assert rows(engine, "select is_active, effective_end_date, end_reason from user_roles") == [
        (False, moment(9_000), "The user was deleted in Clerk.")
    ]
    assert actions(engine) == ["user.created", "role.assigned", "user.deleted", "role.revoked"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
@pytest.mark.parametrize("together", [True, False])
def test_a_deletion_wins_over_everything_before_and_after_it(
    engine: Engine, apply: Apply, clerk: Clerk, order: tuple[int, ...], together: bool
) -> None:
    life = [clerk.created(at=0), clerk.updated(at=99_000), clerk.deleted(at=9_000)]
    arriving = [life[number] for number in order]
    for sent in [arriving] if together else [[one] for one in arriving]:
        apply(*sent)
    assert rows(engine, "select deleted_at, email from users") == [(moment(9_000), None)]
    assert values(engine, "select id from user_roles where is_active") == []
    assert actions(engine).count("user.deleted") == 1


def test_a_deletion_of_a_user_never_seen_leaves_a_tombstone_that_no_event_brings_back(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    apply(clerk.deleted(at=9_000))
    apply(clerk.created(at=0), clerk.updated(at=10_000))
    assert rows(engine, "select deleted_at, email from users") == [(moment(9_000), None)]
    assert values(engine, "select count(*) from user_roles") == [0]
    assert actions(engine) == ["user.deleted"]


def test_a_deletion_without_a_time_happened_when_it_came(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    apply(clerk.send(event("user.deleted", {"id": ADA}, timestamp=None)))
    assert values(engine, "select deleted_at = received_at from users, webhook_events") == [True]


def test_a_ban_and_its_end_each_leave_one_line(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    apply(clerk.created(at=0))
    for at, banned in ((1, True), (2, True), (3, False)):
        apply(clerk.updated(at=at, banned=banned))
    assert actions(engine)[2:] == ["user.banned", "user.unbanned"]


def test_an_update_that_says_nothing_new_leaves_no_line(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    apply(clerk.created(at=0))
    apply(*(clerk.updated(at=at) for at in (1, 2, 3)))
    assert actions(engine) == ["user.created", "role.assigned"]
    assert values(engine, "select clerk_updated_at from users") == [moment(3)]


def test_a_user_that_is_as_it_was_is_not_even_written(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    apply(clerk.created(at=5))
    before = rows(engine, "select xmin::text, ctid::text from users")
    assert apply(clerk.created(at=5), clerk.updated(at=5), clerk.updated(at=4)) == Applied(applied=3)
    assert rows(engine, "select xmin::text, ctid::text from users") == before


def test_who_claims_a_taken_address_last_holds_it_and_the_other_shows_none(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    apply(clerk.created("user_ada", at=1, email="office@example.com"))
    apply(clerk.created("user_bea", at=2, email="Office@Example.com"))
    held = "select clerk_id, email, claimed_email from users order by 1"
    assert rows(engine, held) == [
        ("user_ada", None, "office@example.com"),
        ("user_bea", "Office@Example.com", "Office@Example.com"),
    ]
    apply(clerk.deleted("user_bea", at=3))
    assert rows(engine, held)[0] == ("user_ada", "office@example.com", "office@example.com")


def test_a_banned_user_gives_the_address_to_who_else_claims_it_and_the_end_of_the_ban_brings_it_back(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    held = "select email from users order by clerk_id"
    apply(clerk.created("user_ada", at=1, email="a@example.com"))
    apply(clerk.created("user_bea", at=2, email="a@example.com"))
    apply(clerk.updated("user_bea", at=3, email="a@example.com", banned=True))
    assert values(engine, held) == ["a@example.com", None]
    apply(clerk.updated("user_bea", at=4, email="a@example.com", banned=False))
    assert values(engine, held) == [None, "a@example.com"]


def test_an_unverified_claim_does_not_take_the_address_of_a_verified_user(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    unverified = email_address("ada@example.com") | {"verification": {"status": "unverified"}}
    apply(clerk.created("user_ada", at=1))
    apply(clerk.created("user_eve", at=2, email_addresses=[unverified]))
    assert rows(engine, "select email, email_verified from users order by clerk_id") == [
        ("ada@example.com", True),
        (None, False),
    ]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_update_that_does_not_state_a_ban_leaves_it(
    engine: Engine, apply: Apply, clerk: Clerk, order: tuple[int, ...]
) -> None:
    silent = {name: value for name, value in user(at=5, first_name="Augusta").items() if name != "banned"}
    apply(clerk.created(at=0))
    told = [clerk.updated(at=3, banned=True), clerk.send(event("user.updated", silent))]
    for number in order:
        apply(told[number])
    assert rows(engine, "select first_name, banned, banned_as_of from users") == [("Augusta", True, moment(3))]
    assert rows(engine, "select cause from audit_log where action = 'user.banned'") == [(told[0].svix_id,)]
    apply(clerk.updated(at=4, banned=False))
    assert rows(engine, "select first_name, banned, banned_as_of from users") == [("Augusta", False, moment(4))]


def test_an_update_and_a_ban_in_one_set_name_the_event_that_banned(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    silent = {name: value for name, value in user(at=5).items() if name != "banned"}
    apply(clerk.created(at=0))
    ban = clerk.updated(at=3, banned=True)
    apply(ban, clerk.send(event("user.updated", silent)))
    assert rows(engine, "select cause from audit_log where action = 'user.banned'") == [(ban.svix_id,)]


def test_two_users_swap_their_addresses_in_one_set(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    apply(clerk.created("user_ada", email="a@example.com"), clerk.created("user_bea", email="b@example.com"))
    apply(
        clerk.updated("user_ada", at=1, email="b@example.com"), clerk.updated("user_bea", at=1, email="a@example.com")
    )
    assert values(engine, "select email from users order by clerk_id") == ["b@example.com", "a@example.com"]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_tie_breaks_the_same_way_in_both_orders_whatever_the_server_s_zone(
    owner: Engine, engine: Engine, apply: Apply, clerk: Clerk, zone: str, order: tuple[int, ...]
) -> None:
    (name,) = values(owner, "select current_database()")
    change(owner, f"alter role akako_app in database {name} set timezone = '{zone}'")
    tied = [clerk.updated(at=5, first_name=name, email=f"{name}@example.com") for name in ("ann", "bob")]
    for number in order:
        apply(tied[number])
    assert rows(engine, "select first_name, email from users") == [("bob", "bob@example.com")]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_tie_does_not_lift_a_ban(engine: Engine, apply: Apply, clerk: Clerk, order: tuple[int, ...]) -> None:
    tied = [
        clerk.updated(at=5, email="aaa@example.com", first_name="Aaa", banned=True),
        clerk.updated(at=5, email="zzz@example.com", first_name="Zzz", banned=False),
    ]
    for number in order:
        apply(tied[number])
    assert values(engine, "select banned from users") == [True]


def test_a_set_of_heavy_bodies_is_applied_in_one_transaction_and_never_held_whole(engine: Engine, clerk: Clerk) -> None:
    megabyte = 1_000_000
    heavy = [clerk.created(f"user_{n}", email=None, unsafe_metadata={"much": "x" * megabyte}) for n in range(24)]
    ids = keep(engine, clerk, *heavy)
    tracemalloc.start()
    applied = apply_ids(engine, ids, Role.LEARNER)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert applied == Applied(applied=24)
    assert values(engine, "select count(distinct xmin::text) from webhook_events") == [1]
    assert peak < SLICE_BYTES + 14 * megabyte  # twelve times a body is taken for the moment in which it is read
