"""Tries at a Clerk instance whether passwords of Keycloak are verified there, with users that are deleted at once."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from clerk.http import ClerkUnavailable
from clerk.user_writer import UserWriter, WriteRefused
from keycloak import passwords, samples
from keycloak.samples import Sample

MARK = "akako-canary-"
"""How the external ids of the users begin, so that one that was left behind can be found."""


class Outcome(StrEnum):
    """What happened to a user."""

    VERIFIED = "verified"
    """Clerk accepted the password, and no other."""
    REFUSED = "refused"
    """Clerk did not accept the user or the digest."""
    WRONG = "wrong"
    """Clerk did not accept the password, or accepted another one."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The result for one algorithm and key length."""

    name: str
    hasher: str
    outcome: Outcome
    reason: str | None
    left_behind: str | None = None
    """The Clerk id of the user, if it could not be deleted."""


def run(writer: UserWriter, domain: str, wait: Callable[[], None] = lambda: None) -> Iterator[Trial]:
    """Try every algorithm and key length; `wait` is called before each request.

    The users have addresses at `domain`, which are reserved and get no e-mail. Raises ClerkUnavailable.
    """
    for sample in samples.make():
        digest = passwords.digest(sample.credential)
        mark = MARK + secrets.token_hex(8)
        wait()
        made = writer.create(
            {
                "external_id": mark,
                "email_address": [f"{mark}@{domain}"],
                "email_address_identification_status": ["reserved"],
                "password_hasher": digest.hasher,
                "password_digest": digest.text,
                "skip_legal_checks": True,
            }
        )
        if isinstance(made, WriteRefused):
            yield Trial(sample.name, digest.hasher, Outcome.REFUSED, made.code)
            continue
        try:
            outcome, reason = _verify(writer, made, sample, wait)
        except BaseException:
            _delete(writer, made, wait)
            raise
        left = None if _delete(writer, made, wait) else made
        yield Trial(sample.name, digest.hasher, outcome, reason, left)


def _verify(writer: UserWriter, clerk_id: str, sample: Sample, wait: Callable[[], None]) -> tuple[Outcome, str | None]:
    wait()
    right = writer.verifies(clerk_id, sample.password)
    wait()
    other = writer.verifies(clerk_id, sample.password + "x")
    for answer in (right, other):
        if isinstance(answer, WriteRefused):
            return Outcome.REFUSED, answer.code
    if not right:
        return Outcome.WRONG, "the password is not accepted"
    return (Outcome.WRONG, "another password is accepted") if other else (Outcome.VERIFIED, None)


def _delete(writer: UserWriter, clerk_id: str, wait: Callable[[], None]) -> bool:
    """Whether the user is gone."""
    for _ in range(3):
        wait()
        try:
            writer.delete(clerk_id)
        except ClerkUnavailable:
            continue
        return True
    return False
