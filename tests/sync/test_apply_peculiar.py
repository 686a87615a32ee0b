"""Peculiar events become users all the same, or are put aside with a reason."""

import dataclasses
import random

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from db import events
from sync.apply import Applied
from sync.apply import apply as apply_ids
from tests.clerk_sender import Clerk, email_address, event, user
from tests.ledger import actions, opened, statuses, values
from tests.sync.conftest import Apply

INCOMPRESSIBLE = "".join(chr(character) for character in random.Random(1).choices(range(0x20000, 0x2A6D6), k=5_000))
"""Four bytes a character that an index cannot pack: longer than what one of its rows holds."""


@pytest.mark.parametrize(
    "peculiar",
    [
        {"email": None, "phone_numbers": [{"id": "idn_2", "phone_number": "+15555550100"}]},
        {"email": None, "username": "countess"},
        {"primary_email_address_id": "idn_of_nothing"},
        {"first_name": None, "last_name": None},
        {"first_name": "A\0da\ud800", "username": "\udfff"},
        {"email_addresses": [email_address(f"a{n}@example.com", of=f"idn_{n}") for n in range(1_000)]},
        {"email_addresses": [email_address("a\0da@example.com")]},
        {"updated_at": 1_735_689_600, "created_at": 1_735_689_600},
        {"created_at": None},
        {"created_at": 253_402_300_799_999},
        {"unsafe_metadata": {"of the future": ["yes"]}, "telepathy": True},
        {"first_name": "👩🏽‍🚀 " * 10_000},
        dict.fromkeys(("first_name", "last_name", "username", "external_id"), INCOMPRESSIBLE),
    ],
    ids=lambda peculiar: ",".join(peculiar),
)
def test_a_peculiar_user_is_a_user(engine: Engine, apply: Apply, clerk: Clerk, peculiar: dict[str, object]) -> None:
    said = user() | user(**({"email": peculiar["email"]} if "email" in peculiar else {})) | peculiar  # type: ignore[arg-type]
    assert apply(clerk.send(event("user.created", said))) == Applied(applied=1)
    assert actions(engine) == ["user.created", "role.assigned"]


def test_a_ban_beside_metadata_nested_twenty_thousand_deep_is_applied(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    deep = b'{"a":[' * 10_000 + b"]}" * 10_000
    body = event("user.updated", user(banned=True, unsafe_metadata="PUT HERE")).replace(b'"PUT HERE"', deep)
    apply(clerk.send(body))
    assert values(engine, "select banned from users") == [True]


def test_what_changes_nothing_or_is_not_understood_touches_neither_users_nor_trail(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    apply(
        clerk.send(b"not json"),
        clerk.send(event("user.deleted", {"deleted": True})),
        clerk.send(event("session.created", {"id": "sess_1"})),
        clerk.created("user_29w83sxmDNGwOuEthce5gg56FcC", email="example@example.org"),
    )
    assert statuses(engine) == {"parked": 2, "ignored": 2}
    assert values(engine, "select count(*) from webhook_events where last_error is null") == [0]
    assert (values(engine, "select id from users"), actions(engine)) == ([], [])


def test_what_waits_and_is_not_understood_after_all_is_parked_with_its_reason(engine: Engine, clerk: Clerk) -> None:
    unread = [
        dataclasses.replace(opened(clerk, clerk.send(body)), status="received", last_error=None)
        for body in (b"not json", event("session.created", {}))
    ]
    with engine.begin() as connection:
        events.store(connection, unread)
    done = apply_ids(engine, [delivery.svix_id for delivery in unread], Role.LEARNER)
    assert done == Applied(parked=1, ignored=1)
    assert values(engine, "select last_error from webhook_events where status = 'parked'") == ["The body is not JSON."]


def test_ids_that_are_unknown_or_done_are_passed_over(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    sent = clerk.created()
    apply(sent)
    assert apply_ids(engine, [sent.svix_id, "msg_unknown"], Role.LEARNER) == Applied()
    assert apply_ids(engine, [], Role.LEARNER) == Applied()
