"""Who says they are calling: the backend for Starlette's AuthenticationMiddleware. It never asks the database."""

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

REFUSED = Metric("akako_tokens_refused_total", "Tokens that did not show who is calling.", ["reason"])
KEYS_SECONDS = 4.0
"""How long a request waits for the keys of the issuer, if it needs newer ones."""


class Authentication(AuthenticationBackend):
    """Opens the token of a request. A refused one makes nobody of the caller, so that public pages stay public."""

    def __init__(self, tokens: TokenVerifier, keys: Keys, lookup: Lookup, parties: tuple[str, ...] = ()) -> None:
        self._tokens = tokens
        self._keys = keys
        self._lookup = lookup
        self._parties = parties
        self._refusals = RateLimitedLog("token.refused", REFUSED)

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """The visitor, or None; what is refused is counted, and told in the log only."""
        try:
            session = await self._open(conn.scope)
        except InvalidToken as refusal:
            self._refusals.note(refusal.reason)
            return None
        except KeysUnavailable:
            self._refusals.note("keys_away")
            return AuthCredentials(), UnverifiedUser()
        return (AuthCredentials(["session"]), SessionUser(session, self._lookup.find)) if session else None

    def close(self) -> None:
        """Stop what works in the background."""
        self._lookup.close()
        self._keys.close()
        self._refusals.close()

    async def _open(self, scope: Scope) -> Session | None:
        brought = credentials.find(scope["headers"])
        if not brought.tokens:
            return None
        party = csrf.required_party(scope, self._parties) if brought.from_cookie else None
        try:
            return self._newest(brought, party)
        except (InvalidToken, KeysUnavailable) as failure:
            if not _wants_a_key(failure) or not await self._newer_keys():
                raise
            return self._newest(brought, party)

    def _newest(self, brought: Credentials, party: str | None) -> Session:
        """The session of the token that verifies, the newest if several do."""
        sessions: list[Session] = []
        failures: list[InvalidToken | KeysUnavailable] = []
        for token in brought.tokens:
            try:
                session = self._tokens.open(token)
                if brought.earliest is not None:
                    _judge_cookie(session, brought.earliest[token], party)
                sessions.append(session)
            except (InvalidToken, KeysUnavailable) as failure:
                failures.append(failure)
        if not sessions:
            raise max(failures, key=_wants_a_key)
        return max(sessions, key=lambda session: session.issued_at)

    async def _newer_keys(self) -> bool:
        """Wait for the fetch that is due or under way, without holding up anybody else; whether there was one."""
        asked = self._keys.refresh()
        if asked is None:
            return False
        try:
            async with asyncio.timeout(KEYS_SECONDS):
                await asyncio.wrap_future(asked)
        except TimeoutError:
            return False
        return True


def _judge_cookie(session: Session, earliest: int, party: str | None) -> None:
    """Refuse a token that is older than the last change of the browser's sign-ins, or made for another page."""
    if session.issued_at < earliest:
        raise InvalidToken(Reason.SESSION_OUTDATED)
    if party is not None and session.party != party:
        raise InvalidToken(Reason.ORIGIN_WRONG)


def _wants_a_key(failure: InvalidToken | KeysUnavailable) -> bool:
    return isinstance(failure, KeysUnavailable) or failure.reason is Reason.KEY_UNKNOWN


def build(settings: AccessSettings) -> Authentication:
    """The backend of one application, with a database connection of its own; close it with the application."""
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
