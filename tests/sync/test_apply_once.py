"""Invariant 2: effect and done-mark commit together, so that nothing has a second effect."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from akako_guard.database import faults
from akako_guard.role import Role
from sync.apply import Applied
from sync.apply import apply as apply_ids
from tests.clerk_sender import Clerk, Sent
from tests.ledger import actions, change, keep, rows, statuses, values
from tests.meanwhile import at_once, holding, waiting_for_a_lock
from tests.sync.conftest import Apply

BREAK_AT_THE_MARK = """
    create function break_off() returns trigger language plpgsql as $$
    begin
        perform pg_terminate_backend(pg_backend_pid());
        perform pg_sleep(1);
        return new;
    end $$;
    create trigger break_off before update of status on webhook_events for each row execute function break_off()
"""

REPEATED = """
    select clerk_user_id, action from audit_log where action not in ('user.banned', 'user.unbanned')
    group by clerk_user_id, action having count(*) > 1
"""


def lives(clerk: Clerk, users: int) -> list[Sent]:
    """Four events for each of some users, each claiming an address that another claimed before."""
    return [
        delivery
        for number in range(users)
        for delivery in (
            clerk.created(f"user_{number}", at=0, email=f"{number}@example.com"),
            clerk.updated(f"user_{number}", at=1, email=f"{number}@example.com", banned=True),
            clerk.updated(f"user_{number}", at=2 + number, email=f"{number + 1}@example.com"),
            clerk.deleted(f"user_{number}", at=9_000) if number % 3 == 0 else clerk.updated(f"user_{number}", at=1),
        )
    ]


def test_invariant_2_workers_that_apply_the_same_events_at_once_have_one_effect(engine: Engine, clerk: Clerk) -> None:
    ids = keep(engine, clerk, *lives(clerk, 40))
    done = at_once(
        lambda: apply_ids(engine, ids, Role.LEARNER),
        lambda: apply_ids(engine, ids[::-1], Role.LEARNER),
        lambda: apply_ids(engine, ids[::2], Role.LEARNER),
    )
    assert sum(each.applied for each in done) == len(ids)
    assert statuses(engine) == {"applied": len(ids)}
    assert values(engine, "select count(*) from users") == [40]
    assert values(engine, "select count(*) from user_roles where is_active") == [26]
    assert actions(engine).count("user.deleted") == 14
    assert rows(engine, REPEATED) == []


def test_invariant_2_workers_that_apply_different_events_of_the_same_users_at_once_end_as_one_would(
    engine: Engine, clerk: Clerk
) -> None:
    ids = keep(engine, clerk, *lives(clerk, 40))
    at_once(*(lambda part=part: apply_ids(engine, ids[part::4], Role.LEARNER) for part in range(4)))
    assert statuses(engine) == {"applied": len(ids)}
    holders = rows(engine, "select clerk_id, email from users where deleted_at is null")
    assert dict(holders) == {f"user_{n}": f"{n + 1}@example.com" for n in range(40) if n % 3}
    assert values(engine, "select count(*) from user_roles where is_active") == [26]
    assert rows(engine, REPEATED) == []


def test_invariant_2_a_duplicate_message_has_no_second_effect(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    sent = [clerk.created(at=0), clerk.updated(at=1, banned=True), clerk.deleted(at=2)]
    for delivery in sent:
        apply(delivery)
    before = actions(engine), rows(engine, "select * from users"), rows(engine, "select * from user_roles")
    assert apply(*sent, *sent) == Applied()
    assert (actions(engine), rows(engine, "select * from users"), rows(engine, "select * from user_roles")) == before


def test_invariant_2_a_transaction_that_breaks_off_before_its_end_has_no_effect_and_is_done_again(
    engine: Engine, owner: Engine, clerk: Clerk
) -> None:
    ids = keep(engine, clerk, clerk.created(), clerk.created("user_bea", email="bea@example.com"))
    change(owner, BREAK_AT_THE_MARK)
    with pytest.raises(DBAPIError) as broken:
        apply_ids(engine, ids, Role.LEARNER)
    assert faults.is_unavailable(broken.value)
    assert (values(engine, "select id from users"), actions(engine)) == ([], [])
    assert rows(engine, "select distinct status, attempts from webhook_events") == [("received", 0)]
    change(owner, "drop trigger break_off on webhook_events")
    assert apply_ids(engine, ids, Role.LEARNER) == Applied(applied=2)
    assert sorted(map(str, actions(engine))) == ["role.assigned"] * 2 + ["user.created"] * 2


def test_an_event_that_another_worker_holds_is_left_to_it(engine: Engine, clerk: Clerk) -> None:
    ids = keep(engine, clerk, clerk.created(), clerk.created("user_bea", email=None))
    with holding(engine, "select from webhook_events where svix_id = %s for no key update", [ids[0]]):
        assert apply_ids(engine, ids, Role.LEARNER) == Applied(applied=1)
    assert apply_ids(engine, ids, Role.LEARNER) == Applied(applied=1)


def test_a_claim_that_another_transaction_adds_meanwhile_is_not_overlooked(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    apply(clerk.created("user_ada", at=5, email="office@example.com"))
    ids = keep(engine, clerk, clerk.updated("user_ada", at=9, email=None))
    adding_bea = """
        with ada as (select from users where clerk_id = 'user_ada' for no key update)
        insert into users (clerk_id, claimed_email, clerk_updated_at)
        select 'user_bea', 'office@example.com', '2024-01-01' from ada
    """
    with (
        holding(engine, adding_bea) as other,
        waiting_for_a_lock(engine, lambda: apply_ids(engine, ids, Role.LEARNER)) as applying,
    ):
        other.commit()
        assert applying.result() == Applied(applied=1)
    assert dict(rows(engine, "select clerk_id, email from users")) == {
        "user_ada": None,
        "user_bea": "office@example.com",
    }


@pytest.mark.parametrize(("version", "holder"), [("to_timestamp(0.001)", "user_ada"), ("now()", "user_bea")])
def test_an_address_claimed_meanwhile_goes_to_the_newest_version(
    engine: Engine, clerk: Clerk, version: str, holder: str
) -> None:
    ids = keep(engine, clerk, clerk.created("user_ada", email="office@example.com"))
    adding_bea = f"""
        insert into users (clerk_id, email, claimed_email, clerk_updated_at)
        values ('user_bea', 'office@example.com', 'office@example.com', {version})
    """
    with (
        holding(engine, adding_bea) as other,
        waiting_for_a_lock(engine, lambda: apply_ids(engine, ids, Role.LEARNER)) as applying,
    ):
        other.commit()
        assert applying.result() == Applied(applied=1)
    assert rows(engine, "select clerk_id from users where email is not null") == [(holder,)]


def test_a_deletion_waits_for_a_role_that_is_being_given_and_ends_it(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    apply(clerk.created(at=0))
    ids = keep(engine, clerk, clerk.deleted(at=9_000))
    giving = """
        insert into user_roles (user_id, role, effective_start_date, assigned_by)
        select id, 'MENTOR', now(), 'an admin' from users
    """
    with (
        holding(engine, giving) as admin,
        waiting_for_a_lock(engine, lambda: apply_ids(engine, ids, Role.LEARNER)) as applying,
    ):
        admin.commit()
        assert applying.result() == Applied(applied=1)
    assert values(engine, "select role from user_roles where is_active") == []
    assert values(engine, "select count(*) from user_roles") == [2]
