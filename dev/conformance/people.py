"""Scenarios about users: addresses that are missing, shared or pass on, and names that are hard to store."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from dev import sample_events
from dev.conformance.scenario import Gone, Scenario, Sender, Steps, Stored, UserData, new_user_id
from dev.conformance.users import (
    created,
    deleted,
    deliver_bytes,
    envelope,
    escaped,
    own_email,
    second_email,
    updated,
    user,
)

PHONE = {
    "id": "idn_phone",
    "object": "phone_number",
    "phone_number": "+15555550100",
    "verification": {"status": "verified"},
}
LONG_NAME = "x" * 300


def _stored(sender: Sender, *, expected: Mapping[str, object] | None = None, **data: Any) -> Steps:
    """One creation, and the fields that are expected to be stored."""
    made = user(new_user_id(), **data)
    return Steps([created(sender, made)], [Stored(made["id"], expected or {})])


def _username_only(sender: Sender) -> Steps:
    clerk_id = new_user_id()
    data = user(clerk_id, email=None, username=clerk_id[-14:].lower())
    return Steps([created(sender, data)], [Stored(clerk_id, {"email": None})])


def _second_is_primary(sender: Sender) -> Steps:
    clerk_id = new_user_id()
    email = f"second.{own_email(clerk_id)}"
    return Steps([created(sender, second_email(user(clerk_id), email))], [Stored(clerk_id, {"email": email})])


def _lone_surrogate(sender: Sender) -> Steps:
    data = user(new_user_id(), first_name="A\ud800")
    return Steps([deliver_bytes(sender, escaped(envelope("user.created", data)), sent=data)], [Stored(data["id"])])


def _ban(sender: Sender) -> Steps:
    clerk_id = new_user_id()
    banned = user(clerk_id, version=1_000, banned=True)
    return Steps([created(sender, user(clerk_id)), updated(sender, banned)], [Stored(clerk_id, {"banned": True})])


def _address_passes_on(sender: Sender) -> Steps:
    """Ada gives her address up and Bob takes it; the delivery about Bob overtakes the one about Ada."""
    ada, bob = new_user_id(), new_user_id()
    address, other = own_email(ada), f"new.{own_email(ada)}"
    moved = user(ada, email=other, version=1_000)
    taken = _bob(bob, address)
    steps = [created(sender, user(ada)), created(sender, taken, known=(moved,)), updated(sender, moved)]
    return Steps(steps, [Stored(ada, {"email": other}), Stored(bob, {"email": address, "first_name": "Bob"})])


def _recreated(sender: Sender, *, in_order: bool) -> Steps:
    """A user is deleted, and another one signs up with the same address."""
    ada, bob = new_user_id(), new_user_id()
    again, gone = created(sender, _bob(bob, own_email(ada))), deleted(sender, ada)
    later = [gone, again] if in_order else [again, gone]
    return Steps([created(sender, user(ada)), *later], [Gone(ada), Stored(bob, {"email": own_email(ada)})])


def _send_example(sender: Sender) -> Steps:
    event = sample_events.load("send-example")
    body = sample_events.body(event)
    return Steps([deliver_bytes(sender, body)], [Gone(event["data"]["id"])])


def _bob(clerk_id: str, email: str) -> UserData:
    return user(clerk_id, email=email, version=9_000, first_name="Bob")


PEOPLE = (
    Scenario("username-only", "A user without an e-mail address is stored.", _username_only),
    Scenario(
        "phone-only",
        "A user with a phone number only is stored.",
        partial(_stored, email=None, phone_numbers=[PHONE], primary_phone_number_id=PHONE["id"]),
    ),
    Scenario(
        "dangling-primary",
        "A primary address that is not in the list does not stop the user from being stored.",
        partial(_stored, primary_email_address_id="idn_gone"),
    ),
    Scenario("second-is-primary", "The primary address is stored, not the first one.", _second_is_primary),
    Scenario(
        "address-passes-on",
        "An address that passes from one user to another is stored with its new user, in any order of deliveries.",
        _address_passes_on,
    ),
    Scenario(
        "address-reused",
        "After a deletion another user may have the same address, and gets a row of their own.",
        partial(_recreated, in_order=True),
    ),
    Scenario(
        "address-reused-early",
        "The same, with the new user's delivery before the deletion.",
        partial(_recreated, in_order=False),
    ),
    Scenario(
        "nul-in-name",
        "A name with U+0000, which PostgreSQL cannot hold, is stored without it.",
        partial(_stored, first_name="N\0ul"),
    ),
    Scenario(
        "lone-surrogate", "A name with half a surrogate pair, which is not valid text, is stored.", _lone_surrogate
    ),
    Scenario("long-name", "A name of 300 characters is stored.", partial(_stored, first_name=LONG_NAME)),
    Scenario("ban", "A ban is stored.", _ban),
    Scenario(
        "send-example",
        "The dashboard's Send Example is accepted, and its user, who does not exist, is not stored.",
        _send_example,
    ),
)
