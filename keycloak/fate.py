"""Decides what happens to each user of an export, and why. Pure but for remembering which duplicates were kept."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from keycloak.inspection import LARGEST_METADATA, Repeated
from keycloak.mapping import RoleMap, Treatment
from keycloak.person import Category, Person
from keycloak.repeats import hashed


class Fate(StrEnum):
    """What happens to a user."""

    PLANNED = "planned"
    """Is imported."""
    SKIPPED = "skipped"
    """Is not imported, since the map says so, or since it is a service account."""
    REFUSED = "refused"
    """Cannot be imported."""


class Reason(StrEnum):
    """Reasons beside categories, losses, and problems of passwords and authenticator apps."""

    DUPLICATE_ID = "duplicate_id"
    DUPLICATE_EMAIL = "duplicate_email"
    DUPLICATE_USERNAME = "duplicate_username"
    """Several users have it, and the map does not say which one to keep."""
    NO_IDENTIFIER = "no_identifier"
    """Neither an e-mail address nor a username that Clerk accepts."""
    METADATA_TOO_LARGE = "metadata_too_large"
    """The attributes that the map selects are larger than Clerk's metadata."""
    BANNED = "banned"
    EMAIL_RESERVED = "email_reserved"
    """The person verifies the address at the first sign-in."""
    NO_ROLE = "no_role"
    """No role of the person becomes LEARNER, MENTOR or ADMIN."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to a user, with all reasons; of a planned one, what will be different or is lost."""

    fate: Fate
    reasons: tuple[str, ...]


class Judge:
    """Decides about the users of one export, one by one, in the order of the export."""

    def __init__(self, roles: RoleMap, repeated: Repeated) -> None:
        self._map, self._repeated = roles, repeated
        self._taken: set[tuple[Reason, int]] = set()

    def decide(self, person: Person, has_role: bool) -> Decision:
        """Decide about a user."""
        if Category.SERVICE_ACCOUNT in person.categories:
            return Decision(Fate.SKIPPED, (Category.SERVICE_ACCOUNT,))
        skipped = tuple(each for each in sorted(person.categories) if self._treatment(each) is Treatment.SKIP)
        if skipped:
            return Decision(Fate.SKIPPED, skipped)
        if refused := tuple(self._refusals(person)):
            return Decision(Fate.REFUSED, refused)
        return Decision(Fate.PLANNED, tuple(self._notes(person, has_role)))

    def _treatment(self, category: Category) -> Treatment | None:
        return self._map.treatments.get(category)

    def _refusals(self, person: Person) -> Iterator[Reason]:
        yield from self._duplicates(person)
        if not person.email and not person.username:
            yield Reason.NO_IDENTIFIER
        if metadata_size(person, self._map) > LARGEST_METADATA:
            yield Reason.METADATA_TOO_LARGE

    def _duplicates(self, person: Person) -> Iterator[Reason]:
        chosen = person.user.key in self._map.keep
        for reason, text, repeated in (
            (Reason.DUPLICATE_ID, person.user.key, self._repeated.ids),
            (Reason.DUPLICATE_EMAIL, (person.email or "").lower(), self._repeated.emails),
            (Reason.DUPLICATE_USERNAME, (person.username or "").lower(), self._repeated.usernames),
        ):
            claim = (reason, hashed(text))
            if claim[1] not in repeated:
                continue
            if not chosen or claim in self._taken:
                yield reason
            else:
                self._taken.add(claim)

    def _notes(self, person: Person, has_role: bool) -> Iterator[str]:
        for category in sorted(person.categories):
            match self._treatment(category):
                case Treatment.BAN:
                    yield Reason.BANNED
                case Treatment.RESERVE:
                    yield Reason.EMAIL_RESERVED
                case _:
                    yield category
        yield from filter(None, (person.password_problem, person.totp_problem, *person.losses))
        if not has_role:
            yield Reason.NO_ROLE


def metadata_size(person: Person, roles: RoleMap) -> int:
    """Bytes of the attributes that the map selects, as JSON in UTF-8."""
    attributes = person.user.attributes
    chosen = {name: attributes[name] for name in roles.private_metadata if name in attributes}
    if not chosen:
        return 0
    return len(json.dumps(chosen, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"))
