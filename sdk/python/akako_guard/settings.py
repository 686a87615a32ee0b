"""The settings of the guard: keyword arguments, or the environment variables of the same names in capitals."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias

from akako_guard import database_url, formats
from akako_guard.database.engine import Pooler

SessionId: TypeAlias = Literal["required", "optional"]
MOST_LEEWAY_SECONDS = 10.0
MOST_TIMEOUT_SECONDS = 60.0


class SettingsError(ValueError):
    """Settings are missing or wrong. The message names each of them and says what to give instead."""

    def __init__(self, complaints: list[str]) -> None:
        super().__init__("\n".join(["the settings of akako-guard need a change:", *complaints]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the guard needs to know. Values are checked and normalised. Raises SettingsError."""

    database_url: str
    """PostgreSQL of Akako Sync: `postgresql://user:password@host:5432/database`. The role needs `akako_reader`."""
    clerk_issuer: str
    """Clerk's Frontend API URL or your proxy's (`https://app.example.com/__clerk`): the only `iss` that is accepted."""
    clerk_jwt_key: str | None = None
    """The instance's public key (PEM). If it is not set, keys are fetched from the issuer."""
    clerk_authorized_parties: str = ""
    """Origins whose pages may call (`azp`, and `Origin` of cookies), separated by commas; empty accepts any `azp`."""
    database_pooler: Pooler = "none"
    """`transaction` if `database_url` points to a pooler in transaction mode (PgBouncer, Supavisor, Neon's)."""
    token_session_id: SessionId = "required"  # noqa: S105 - not a secret
    """`optional` also accepts tokens without `sid`: those of Clerk's JWT templates."""
    token_leeway_seconds: float = 5.0
    """How far the clocks of Clerk and this host may differ when the times of a token are checked, up to 10."""
    guard_timeout_seconds: float = 2.0
    """How long a request waits for the database before it is answered with 503, up to 60."""
    guard_waiting: int = 2_000
    """The number of requests that may wait for the database; further ones are answered with 503 at once."""

    def __post_init__(self) -> None:
        """Check and normalise every value."""
        complaints = []
        for name, check in _CHECKS.items():
            try:
                object.__setattr__(self, name, check(getattr(self, name)))
            except (TypeError, ValueError, AttributeError) as error:
                complaints.append(f"  {name.upper()}: {error}")
        if complaints:
            raise SettingsError(complaints)

    def __repr__(self) -> str:
        """Without values: the URL contains a password."""
        return "Settings(...)"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """The settings from environment variables; empty ones count as not set. Raises SettingsError."""
        environ = os.environ if environ is None else environ
        given: dict[str, Any] = {
            field.name: value for field in fields(cls) if (value := environ.get(field.name.upper(), ""))
        }
        if missing := [name for name in _REQUIRED if name not in given]:
            raise SettingsError([f"  {name.upper()} is not set: give {_REQUIRED[name]}" for name in missing])
        if database_url.names_pooler(given["database_url"]):
            given.setdefault("database_pooler", "transaction")
        return cls(**given)


_REQUIRED = {
    "database_url": f"the URL of Akako Sync's database, {database_url.EXAMPLE}",
    "clerk_issuer": "the Frontend API URL of Clerk's dashboard (API keys), like https://clerk.example.com",
}


def _one_of(*values: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in values:
            raise ValueError(f"give {' or '.join(values)}")
        return value

    return check


def _leeway(value: float | str) -> float:
    seconds = float(value)
    if not 0 <= seconds <= MOST_LEEWAY_SECONDS:
        raise ValueError(f"give a number of seconds from 0 to {MOST_LEEWAY_SECONDS:.0f}")
    return seconds


def _timeout(value: float | str) -> float:
    seconds = float(value)
    if not 0 < seconds <= MOST_TIMEOUT_SECONDS:
        raise ValueError(f"give a number of seconds above 0, up to {MOST_TIMEOUT_SECONDS:.0f}")
    return seconds


def _waiting(value: int | str) -> int:
    number = int(value)
    if number < 1:
        raise ValueError("give a number of requests, 1 or more")
    return number


def _optional_key(value: str | None) -> str | None:
    return formats.public_key(value) if value else None


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "database_url": database_url.normalise,
    "database_pooler": _one_of("none", "transaction"),
    "clerk_issuer": formats.issuer,
    "clerk_jwt_key": _optional_key,
    "clerk_authorized_parties": formats.parties,
    "token_session_id": _one_of("required", "optional"),
    "token_leeway_seconds": _leeway,
    "guard_timeout_seconds": _timeout,
    "guard_waiting": _waiting,
}
