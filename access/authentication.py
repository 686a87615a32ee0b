"""Backend for Starlette's AuthenticationMiddleware: verifies session tokens, without querying the database."""

import asyncio

import structlog
from prometheus_client import Counter as Metric
from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser
from starlette.requests import HTTPConnection
from starlette.types import Scope

from access import credentials, csrf
from access.caller import SessionUser, UnverifiedUser
from access.credentials import Credentials
from access.lookup import Lookup
from clerk.keyring import Keyring
from clerk.keys import Keys, PinnedKey
from clerk.session import Session
from clerk.tokens import InvalidToken, KeysUnavailable, Reason, TokenVerifier
from config import logs
from config.formats import split_parties
from config.rate_limited_log import RateLimitedLog
from config.settings import AccessSettings
from db import engine

log = structlog.get_logger()

REFUSED = Metric("akako_tokens_refused_total", "Tokens that did not authenticate the caller.", ["reason"])
KEYS_SECONDS = 4.0
"""How long a request waits for newer keys of the issuer, if it needs them."""


class Authentication(AuthenticationBackend):
    """Verifies the token of a request. With a refused token the request is anonymous, so public pages stay public."""

    def __init__(self, tokens: TokenVerifier, keys: Keys, lookup: Lookup, parties: tuple[str, ...] = ()) -> None:
        self._tokens = tokens
        self._keys = keys
        self._lookup = lookup
        self._parties = parties
        self._refusals = RateLimitedLog("token.refused", REFUSED)

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


def build(settings: AccessSettings) -> Authentication:
    """Build the backend of one application, with its own database connection; close it when the application stops."""
    parties = split_parties(settings.clerk_authorized_parties)
    if not parties:
        log.warning("tokens.any_party_allowed", next_step="set CLERK_AUTHORIZED_PARTIES")
    keys = _keys(settings)
    tokens = TokenVerifier(
        settings.clerk_issuer,
        keys,
        parties=parties,
        leeway_seconds=settings.token_leeway_seconds,
        needs_session_id=settings.token_session_id == "required",  # noqa: S105 - not a secret
    )
    seconds = settings.guard_timeout_seconds
    database = engine.connect(
        settings.database_url.get_secret_value(),
        "guard",
        pooler=settings.database_pooler,
        connections=1,
        statement_seconds=seconds,
    )
    lookup = Lookup(database, seconds=seconds, most_waiting=settings.guard_waiting)
    return Authentication(tokens, keys, lookup, parties)


def _keys(settings: AccessSettings) -> Keys:
    if settings.clerk_jwt_key:
        return PinnedKey(settings.clerk_jwt_key)
    return Keyring(
        settings.clerk_issuer, on_failure=lambda error: log.warning("keys.fetch_failed", **logs.fault(error))
    )
