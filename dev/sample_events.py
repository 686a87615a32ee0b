"""Sample events with fictitious users, in the format that Clerk sends."""

import json
import re
import secrets
import string
import time
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("samples")
ALPHABET = string.digits + string.ascii_letters

Event = dict[str, Any]

_ID = re.compile(r"(user|idn|sess|client)_3Akako[0-9A-Za-z]*")
_MAIL = re.compile(r"([^@\s]+)(@example\.com)")


class NoSuchSample(KeyError):
    """There is no sample of that name."""


def names() -> list[str]:
    """The names of the samples, sorted."""
    return sorted(path.name.removesuffix(".json") for path in FOLDER.glob("*.json"))


def load(name: str) -> Event:
    """The sample of that name, unchanged. Raises NoSuchSample."""
    if name not in names():
        raise NoSuchSample(name)
    event: Event = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return event


def new_id(kind: str) -> str:
    """A random id in the format of Clerk and Svix: a prefix and 27 letters and digits, such as `user_...`."""
    return f"{kind}_" + "".join(secrets.choice(ALPHABET) for _ in range(27))


def freshen(event: Event, user_id: str, at: float | None = None) -> Event:
    """The same event for that user and time (seconds since 1970; default now).

    Ids and e-mail addresses are made specific to the user, so that two users never claim the same address.
    """
    now = round((time.time() if at is None else at) * 1_000)
    since: int = event.get("timestamp", now)
    fresh: Event = _freshen(event, user_id, now - since)
    return fresh


def change(event: Event, assignment: str) -> None:
    """Change one value in place, such as `data.first_name=Ada`; a value that is not JSON is taken as text."""
    path, _, text = assignment.partition("=")
    *parents, last = path.split(".")
    for step in parents:
        event = event.setdefault(step, {})
    try:
        event[last] = json.loads(text)
    except ValueError:
        event[last] = text


def body(event: Event) -> bytes:
    """The event as compact JSON."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def _freshen(value: Any, user_id: str, shift: int, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _freshen(each, user_id, shift, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_freshen(each, user_id, shift) for each in value]
    if isinstance(value, str):
        return _own(value, user_id)
    if isinstance(value, int) and (key == "timestamp" or key.endswith("_at")):
        return value + shift
    return value


def _own(text: str, user_id: str) -> str:
    tail = user_id.rpartition("_")[2]
    if found := _ID.fullmatch(text):
        return user_id if found[1] == "user" else f"{found[1]}_{tail}"
    return _MAIL.sub(rf"\1+{tail[-6:].lower()}\2", text)
