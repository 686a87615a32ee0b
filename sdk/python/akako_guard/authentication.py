"""Backend for Starlette's AuthenticationMiddleware: verifies session tokens, without querying the database."""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser
from starlette.requests import HTTPConnection
from starlette.types import Scope

from akako_guard import credentials, csrf, log
from akako_guard.caller import SessionUser, UnverifiedUser
from akako_guard.credentials import Credentials
from akako_guard.database import engine
from akako_guard.formats import split_parties
from akako_guard.keyring import Keyring
from akako_guard.keys import Keys, PinnedKey
from akako_guard.log import RateLimitedLog
from akako_guard.lookup import Lookup
from akako_guard.session import Session
from akako_guard.settings import Settings
from akako_guard.tokens import InvalidToken, KeysUnavailable, Reason, TokenVerifier

Count: TypeAlias = Callable[[str], None]

KEYS_SECONDS = 4.0
"""How long a request waits for newer keys of the issuer, if it needs them."""


class Authentication(AuthenticationBackend):
    """Verifies the token of a request. With a refused token the request is anonymous, so public pages stay public."""

    def __init__(
        self, settings: Settings, *, on_refused: Count = lambda _: None, on_lookup_failed: Count = lambda _: None
    ) -> None:
        """Nothing is opened before the first request.

        `on_refused` and `on_lookup_failed` are called with the reason (a constant) for each refused token and for each
        caller who could not be looked up, for example to count them in the application's metrics.
        """
        self._parties = split_parties(settings.clerk_authorized_parties)
        if not self._parties:
            log.warning("tokens.any_party_allowed", next_step="set CLERK_AUTHORIZED_PARTIES")
        self._keys = _keys(settings)
        self._tokens = _tokens(settings, self._keys, self._parties)
        self._lookup = _lookup(settings, on_lookup_failed)
        self._refusals = RateLimitedLog("token.refused", on_refused)

    @classmethod
    def from_env(cls) -> "Authentication":
        """The backend with the settings from environment variables. Raises SettingsError."""
        return cls(Settings.from_env())

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """The user of a valid session; None if there is no token or it is refused, which is logged and counted."""
        try:
            session = await self._verify(conn.scope)
        except InvalidToken as refusal:
            self._refusals.note(refusal.reason)
            return None
        except KeysUnavailable:
            self._refusals.note("keys_unavailable")
            return AuthCredentials(), UnverifiedUser()
        return (AuthCredentials(["session"]), SessionUser(session, self._lookup.find)) if session else None

    def close(self) -> None:
        """Stop background work."""
        self._lookup.close()
        self._keys.close()
        self._refusals.close()

    async def _verify(self, scope: Scope) -> Session | None:
        found = credentials.find(scope["headers"])
        if not found.tokens:
            return None
        party = csrf.required_party(scope, self._parties) if found.from_cookie else None
        try:
            return self._newest(found, party)
        except (InvalidToken, KeysUnavailable) as failure:
            if not _needs_key(failure) or not await self._newer_keys():
                raise
            return self._newest(found, party)

    def _newest(self, found: Credentials, party: str | None) -> Session:
        """The newest session among the tokens that are valid."""
        sessions: list[Session] = []
        failures: list[InvalidToken | KeysUnavailable] = []
        for token in found.tokens:
            try:
                session = self._tokens.verify(token)
                if found.earliest is not None:
                    _check_cookie(session, found.earliest[token], party)
                sessions.append(session)
            except (InvalidToken, KeysUnavailable) as failure:
                failures.append(failure)
        if not sessions:
            raise max(failures, key=_needs_key)
        return max(sessions, key=lambda session: session.issued_at)

    async def _newer_keys(self) -> bool:
        """Wait for a fetch of the keys without blocking the event loop; false if there was none or it timed out."""
        fetch = self._keys.refresh()
        if fetch is None:
            return False
        try:
            async with asyncio.timeout(KEYS_SECONDS):
                await asyncio.wrap_future(fetch)
        except TimeoutError:
            return False
        return True


def _check_cookie(session: Session, earliest: int, party: str | None) -> None:
    """Refuse a token from before the browser's last sign-in or sign-out, or one issued for another origin."""
    if session.issued_at < earliest:
        raise InvalidToken(Reason.SESSION_OUTDATED)
    if party is not None and session.party != party:
        raise InvalidToken(Reason.ORIGIN_WRONG)


def _needs_key(failure: InvalidToken | KeysUnavailable) -> bool:
    return isinstance(failure, KeysUnavailable) or failure.reason is Reason.KEY_UNKNOWN


def _keys(settings: Settings) -> Keys:
    if settings.clerk_jwt_key:
        return PinnedKey(settings.clerk_jwt_key)
    return Keyring(settings.clerk_issuer, on_failure=_log_failed_fetch)


def _log_failed_fetch(error: Exception) -> None:
    step = "check CLERK_ISSUER, and that this host can reach it, or set CLERK_JWT_KEY"
    log.warning("keys.fetch_failed", error=type(error).__name__, next_step=step)


def _tokens(settings: Settings, keys: Keys, parties: tuple[str, ...]) -> TokenVerifier:
    return TokenVerifier(
        settings.clerk_issuer,
        keys,
        parties=parties,
        leeway_seconds=settings.token_leeway_seconds,
        needs_session_id=settings.token_session_id == "required",  # noqa: S105 - not a secret
    )


def _lookup(settings: Settings, on_failure: Count) -> Lookup:
    """A lookup with its own connection."""
    seconds = settings.guard_timeout_seconds
    database = engine.connect(
        settings.database_url,
        "guard",
        pooler=settings.database_pooler,
        connections=1,
        statement_seconds=seconds,
        looks_up=True,
    )
    return Lookup(database, seconds=seconds, most_waiting=settings.guard_waiting, on_failure=on_failure)
