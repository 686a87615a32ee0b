"""`GET /users` and `/users/count`: filters, orderings, and pages by offset or by cursor. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dev.clerk.errors import ClerkError, invalid
from dev.clerk.user import User

LIMIT = 10
MOST = 500
MOST_VALUES = 100
ORDERINGS: dict[str, Callable[[User], Any]] = {
    "created_at": lambda user: user.created_at,
    "updated_at": lambda user: user.updated_at,
    "email_address": lambda user: user.primary_email,
    "web3wallet": lambda _: None,
    "first_name": lambda user: user.first_name,
    "last_name": lambda user: user.last_name,
    "phone_number": lambda _: None,
    "username": lambda user: user.username,
    "last_active_at": lambda user: user.last_active_at,
    "last_sign_in_at": lambda user: user.last_sign_in_at,
}
_TIMES = ("created_at", "last_active_at", "last_sign_in_at")


@dataclass(frozen=True, slots=True)
class Query:
    """The query string of a request; a parameter may be repeated, and have `[]` after its name."""

    parameters: Sequence[tuple[str, str]]

    def all(self, name: str) -> list[str]:
        """The values of a list. Raises ClerkError (422) if there are more than 100."""
        values = [value for key, value in self.parameters if key in (name, f"{name}[]")]
        if len(values) > MOST_VALUES:
            raise invalid(name, "form_param_value_invalid", f"{name} accepts up to {MOST_VALUES} values.")
        return values

    def one(self, name: str) -> str | None:
        """The first value."""
        return next((value for key, value in self.parameters if key == name), None)

    def number(self, name: str, default: int | None = None, least: int = 0) -> int | None:
        """The value as a whole number. Raises ClerkError (422)."""
        text = self.one(name)
        if text is None:
            return default
        if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) < least:
            raise invalid(name, "form_param_value_invalid", f"{name} must be a whole number from {least} on.")
        return int(text)


def find(users: Mapping[str, User], query: Query) -> list[User]:
    """One page of the users that match. Raises ClerkError (422)."""
    ordering = query.one("order_by") or "-created_at"
    limit = query.number("limit", LIMIT, 1) or LIMIT
    offset = query.number("offset", 0) or 0
    found = sort(matching(users.values(), query), ordering)
    if (after := query.one("starting_after")) is not None:
        found = _after(users, found, after, ordering, offset)
    return found[offset : offset + (limit if limit <= MOST else LIMIT)]


def count(users: Mapping[str, User], query: Query) -> int:
    """How many users match."""
    return len(list(matching(users.values(), query)))


def sort(users: Iterable[User], ordering: str) -> list[User]:
    """The users in that order, by id where it is equal; users without the value are last. Raises ClerkError (422)."""
    name = ordering.lstrip("+-") if ordering[:1] in "+-" else ordering
    if name not in ORDERINGS:
        raise invalid("order_by", "form_param_value_invalid", f"order_by does not accept {ordering}.")
    backwards, value = ordering.startswith("-"), ORDERINGS[name]
    listed = list(users)
    with_value = [user for user in listed if value(user) is not None]
    without = [user for user in listed if value(user) is None]
    with_value.sort(key=lambda user: (value(user), user.id), reverse=backwards)
    return with_value + sorted(without, key=lambda user: user.id, reverse=backwards)


def matching(users: Iterable[User], query: Query) -> Iterable[User]:
    """The users that match every filter of the query."""
    conditions = [*_lists(query), *_searches(query), *_bounds(query), *_flags(query)]
    return (user for user in users if all(holds(user) for holds in conditions))


def _after(users: Mapping[str, User], found: list[User], after: str, ordering: str, offset: int) -> list[User]:
    if ordering.lstrip("+-") != "created_at" or offset:
        rule = "can only be combined with an ordering by created_at, and with no offset"
        raise invalid("starting_after", "form_param_value_invalid", f"starting_after {rule}.")
    if after not in users:
        raise vanished_cursor(after)
    last = users[after]
    position, backwards = (last.created_at, last.id), ordering.startswith("-")
    if backwards:
        return [user for user in found if (user.created_at, user.id) < position]
    return [user for user in found if (user.created_at, user.id) > position]


def vanished_cursor(after: str) -> ClerkError:
    """422: the user that `starting_after` names does not exist (any more)."""
    return invalid("starting_after", "form_param_value_invalid", f"starting_after: there is no user {after}.")


Condition = Callable[[User], bool]


def _lists(query: Query) -> Iterable[Condition]:
    if addresses := {each.lower() for each in query.all("email_address")}:
        yield lambda user: any(each.email_address in addresses for each in user.email_addresses)
    if names := {each.lower() for each in query.all("username")}:
        yield lambda user: user.username in names
    for name, attribute in (("user_id", "id"), ("external_id", "external_id")):
        if values := query.all(name):
            yield _signed(attribute, values)
    if query.all("phone_number") or query.all("web3_wallet") or query.all("organization_id"):
        yield lambda _: False


def _signed(attribute: str, values: list[str]) -> Condition:
    """Includes what has `+` or no sign, excludes what has `-`."""
    without = {each[1:] for each in values if each.startswith("-")}
    wanted = {each.removeprefix("+") for each in values if not each.startswith("-")}

    def holds(user: User) -> bool:
        value = getattr(user, attribute)
        return value not in without and (value in wanted or not wanted)

    return holds


def _searches(query: Query) -> Iterable[Condition]:
    parts: dict[str, Callable[[User], list[str | None]]] = {
        "query": lambda user: [user.id, user.username, *_names(user), *_addresses(user)],
        "email_address_query": _addresses,
        "username_query": lambda user: [user.username],
        "name_query": _names,
        "phone_number_query": lambda _: [],
    }
    for name, texts in parts.items():
        if wanted := query.one(name):
            yield _contains(wanted.lower(), texts)


def _contains(wanted: str, texts: Callable[[User], list[str | None]]) -> Condition:
    return lambda user: any(wanted in text.lower() for text in texts(user) if text)


def _addresses(user: User) -> list[str | None]:
    return [each.email_address for each in user.email_addresses]


def _names(user: User) -> list[str | None]:
    return [user.first_name, user.last_name, f"{user.first_name or ''} {user.last_name or ''}"]


def _bounds(query: Query) -> Iterable[Condition]:
    for name in _TIMES:
        before, after = query.number(f"{name}_before"), query.number(f"{name}_after")
        yield _between(ORDERINGS[name], after, before)
    if (since := query.number("last_active_at_since")) is not None:
        yield _between(ORDERINGS["last_active_at"], since - 1, None)


def _between(value: Callable[[User], Any], after: int | None, before: int | None) -> Condition:
    """Without bounds, users without the value match too."""

    def holds(user: User) -> bool:
        at = value(user)
        if at is None:
            return after is None and before is None
        return (after is None or at > after) and (before is None or at < before)

    return holds


def _flags(query: Query) -> Iterable[Condition]:
    if (banned := query.one("banned")) is not None:
        if banned not in ("true", "false"):
            raise invalid("banned", "form_param_value_invalid", "banned must be true or false.")
        yield lambda user: user.banned is (banned == "true")
