"""The users and deliveries of the scenarios, in the format that Clerk sends."""

import copy
import json
import time
from typing import Any

from dev import sample_events
from dev.conformance.scenario import Expected, Sender, Step, UserData
from dev.conformance.signing import signed

AGE_SECONDS = 3_600
"""How long ago the users were created."""
ABSENT: Any = object()
"""The value of a key that is left out."""


def user(clerk_id: str, *, email: str | None = "", version: int = 0, **data: Any) -> UserData:
    """A user whose `updated_at` is `version` ms after its creation.

    The e-mail address is the user's own if none is given; with None the user has no address. `data` replaces values.
    """
    created = sample_events.freshen(sample_events.load("user.created"), clerk_id, time.time() - AGE_SECONDS)["data"]
    if email is None:
        created |= {"email_addresses": [], "primary_email_address_id": None}
    else:
        created["email_addresses"][0]["email_address"] = email or own_email(clerk_id)
    created |= {"created_at": created["updated_at"], "updated_at": created["updated_at"] + version, **data}
    return {name: value for name, value in created.items() if value is not ABSENT}


def own_email(clerk_id: str) -> str:
    """The address that only this user has."""
    return f"{clerk_id.lower()}@example.com"


def second_email(data: UserData, email: str) -> UserData:
    """The user with a second address, which is the primary one."""
    changed = copy.deepcopy(data)
    second = changed["email_addresses"][0] | {"id": f"idn_second{data['id'][-12:]}", "email_address": email}
    changed["email_addresses"].append(second)
    return changed | {"primary_email_address_id": second["id"]}


def envelope(kind: str, data: UserData, **more: Any) -> dict[str, Any]:
    """The event of that type which is sent now."""
    return {
        "data": data,
        "event_attributes": {"http_request": {"client_ip": "192.0.2.10", "user_agent": "Mozilla/5.0"}},
        "instance_id": "ins_3AkakoSyncSampleInstance000",
        "object": "event",
        "timestamp": round(time.time() * 1_000),
        "type": kind,
        **more,
    }


def escaped(event: dict[str, Any]) -> bytes:
    """The event as compact JSON in which everything but ASCII is escaped."""
    return json.dumps(event, separators=(",", ":")).encode()


def message_id() -> str:
    """A new `svix-id`."""
    return sample_events.new_id("msg")


def deliver(sender: Sender, kind: str, data: UserData, **options: Any) -> Step:
    """The step that sends an event, correctly signed; `options` are those of Step."""
    return deliver_bytes(sender, sample_events.body(envelope(kind, data)), **{"sent": data, **options})


def deliver_bytes(sender: Sender, body: bytes, expected: Expected = Expected.ACCEPTED, **options: Any) -> Step:
    """The step that sends these bytes, correctly signed."""
    return Step(signed(body, message_id(), sender.secret), expected, **options)


def created(sender: Sender, data: UserData, **options: Any) -> Step:
    """The step that delivers `user.created`."""
    return deliver(sender, "user.created", data, **options)


def updated(sender: Sender, data: UserData, **options: Any) -> Step:
    """The step that delivers `user.updated`."""
    return deliver(sender, "user.updated", data, **options)


def deleted(sender: Sender, clerk_id: str) -> Step:
    """The step that delivers `user.deleted`."""
    return deliver(sender, "user.deleted", {"id": clerk_id, "object": "user", "deleted": True})
