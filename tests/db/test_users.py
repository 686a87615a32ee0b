import dataclasses

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.user import Deletion, Snapshot
from db import new_users, users
from db.users import StoredUser, UserWrite
from tests.clerk_sender import moment
from tests.ledger import rows, values
from tests.meanwhile import at_once, holding, waiting_for_a_lock

ADA = Snapshot(
    clerk_id="user_ada",
    version=moment(1),
    email="Ada@Example.com",
    first_name="Ada",
    last_name="Ł\ufffd👩🏽‍🚀",
    username="",
    image_url=None,
    external_id="4711",
    banned=True,
    created_at=moment(0),
)
BEA = Snapshot(clerk_id="user_bea", version=moment(2), email="ADA@example.com")
CYD = Deletion(clerk_id="user_cyd", at=moment(3))


def insert(engine: Engine, *holdings: UserWrite) -> dict[str, int]:
    """Add users and commit."""
    with engine.begin() as connection:
        return new_users.add(connection, holdings, Role.LEARNER)


def stored(engine: Engine, *clerk_ids: str, keys: tuple[str, ...] = ()) -> list[StoredUser]:
    """Lock, read and release users."""
    with engine.begin() as connection:
        return users.lock(connection, clerk_ids, keys)


def test_a_user_is_read_back_as_it_was_written(engine: Engine) -> None:
    ids = insert(engine, UserWrite(ADA, ADA.email), UserWrite(BEA, None), UserWrite(CYD, None))
    assert stored(engine, "user_cyd", "user_bea", "user_ada", "user_none") == [
        StoredUser(ids["user_ada"], ADA, "Ada@Example.com"),
        StoredUser(ids["user_bea"], BEA, None),
        StoredUser(ids["user_cyd"], CYD, None),
    ]


def test_an_updated_user_is_read_back_as_written(engine: Engine) -> None:
    insert(engine, UserWrite(ADA, ADA.email), UserWrite(BEA, None))
    newer = dataclasses.replace(BEA, email="bea@example.com", version=moment(9), banned=True)
    gone = Deletion(clerk_id="user_ada", at=moment(5))
    with engine.begin() as connection:
        users.update(connection, [UserWrite(gone, None), UserWrite(newer, newer.email)])
    assert [(user.state, user.email) for user in stored(engine, "user_ada", "user_bea")] == [
        (gone, None),
        (newer, "bea@example.com"),
    ]


def test_all_claimants_of_an_address_are_affected_whatever_its_case(engine: Engine) -> None:
    ids = insert(engine, UserWrite(ADA, ADA.email), UserWrite(BEA, None), UserWrite(CYD, None))
    with engine.connect() as connection:
        assert users.claimants(connection, {"ada@example.com"}) == {ids["user_ada"], ids["user_bea"]}
        assert users.affected(connection, ["user_cyd"], ["ada@example.com"]) == set(ids.values())
        assert users.affected(connection, [], []) == set()


def test_an_address_has_one_holder_whatever_its_case(engine: Engine) -> None:
    indexes = values(engine, "select indexdef from pg_indexes where indexname = 'users_email_key'")
    assert "UNIQUE" in str(indexes)
    insert(engine, UserWrite(ADA, ADA.email), UserWrite(BEA, None))
    with engine.begin() as connection:
        users.release_emails(connection, [user.id for user in stored(engine, "user_ada")])
        users.update(connection, [UserWrite(BEA, BEA.email)])
    assert values(engine, "select email from users order by clerk_id") == [None, "ADA@example.com"]


def test_adding_the_same_user_concurrently_adds_one(engine: Engine) -> None:
    several = [UserWrite(dataclasses.replace(BEA, clerk_id=f"user_{n}", email=None), None) for n in range(200)]
    added = at_once(*(lambda order=order: insert(engine, *several[::order]) for order in (1, -1, 1, -1)))
    assert sum(map(len, added)) == 200
    assert values(engine, "select count(*) from users") == [200]


def test_the_second_transaction_to_lock_reads_what_the_first_wrote(engine: Engine) -> None:
    insert(engine, UserWrite(ADA, ADA.email))
    newer = dataclasses.replace(ADA, version=moment(9), first_name="Augusta")
    with holding(engine, "select from users for no key update") as first:
        users.update(first, [UserWrite(newer, newer.email)])
        first.commit()
        assert [user.state for user in stored(engine, "user_ada")] == [newer]


def test_users_are_locked_in_the_order_of_clerk_ids(engine: Engine) -> None:
    for clerk_id in ("user_z", "user_a", "user_m"):
        insert(engine, UserWrite(dataclasses.replace(BEA, clerk_id=clerk_id, email=None), None))
    with (
        holding(engine, "select from users where clerk_id = 'user_m' for no key update") as other,
        waiting_for_a_lock(engine, lambda: stored(engine, "user_z", "user_m", "user_a")) as locking,
    ):
        free = "select clerk_id from users for no key update skip locked"
        assert values(engine, free) == ["user_z"]
        other.rollback()
        assert len(locking.result()) == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(address=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20))
def test_the_key_of_an_address_is_the_same_in_python_and_in_the_index(engine: Engine, address: str) -> None:
    assert values(engine, 'select lower(%s::text collate "C")', address) == [users.email_key(address)]


def test_the_indexes_of_addresses_use_the_same_key(engine: Engine) -> None:
    found = rows(
        engine, "select indexdef from pg_indexes where indexname in ('users_email_key', 'users_claimed_email_idx')"
    )
    assert [str(row).count('COLLATE "C"') for row in found] == [1, 1]
