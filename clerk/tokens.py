"""Opens a session token: a JWT of one Clerk instance, signed with RS256, checked claim by claim."""

import binascii
import time
from base64 import urlsafe_b64decode
from collections.abc import Collection
from enum import StrEnum
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from clerk import json
from clerk.keys import Keys
from clerk.session import Session
from clerk.token_cache import CachedToken, TokenCache
from clerk.user import identifier
from config import origins

LONGEST_TOKEN = 8_192
"""Clerk's own stay below 4 KiB, as they have to fit into a cookie."""
MOST_LEEWAY_SECONDS = 10
TIMES = ("exp", "nbf", "iat")
REQUIRED = ("iss", "sub", *TIMES)

# Whom a token was made for is `azp` in Clerk's; `aud` is whatever an administrator made it.
_OPTIONS: Any = {"require": list(REQUIRED), "verify_aud": False, "enforce_minimum_key_length": True}


class Reason(StrEnum):
    """Why a token, or what came in its place, was refused; for our log and counter, never for the sender."""

    AUTHORIZATION_REPEATED = "authorization_repeated"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    ALGORITHM_WRONG = "algorithm_wrong"
    KEY_UNKNOWN = "key_unknown"
    SIGNATURE_WRONG = "signature_wrong"
    ISSUER_WRONG = "issuer_wrong"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    CLAIM_MISSING = "claim_missing"
    CLAIM_MALFORMED = "claim_malformed"
    PARTY_WRONG = "party_wrong"
    SESSION_PENDING = "session_pending"
    ORIGIN_WRONG = "origin_wrong"
    ORIGIN_MISSING = "origin_missing"
    SIGNED_OUT = "signed_out"
    SESSION_OUTDATED = "session_outdated"


class InvalidToken(Exception):
    """This does not show who is calling; the sender learns nothing more than that."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class KeysUnavailable(Exception):
    """No key of the issuer's was ever fetched: the token can neither be accepted nor refused now."""


# Borrowed errors, told apart here and nowhere else; the first that fits.
_REASONS: tuple[tuple[type[Exception], Reason], ...] = (
    (jwt.ExpiredSignatureError, Reason.EXPIRED),
    (jwt.ImmatureSignatureError, Reason.NOT_YET_VALID),
    (jwt.MissingRequiredClaimError, Reason.CLAIM_MISSING),
    (jwt.InvalidIssuerError, Reason.ISSUER_WRONG),
    (jwt.InvalidSignatureError, Reason.SIGNATURE_WRONG),
    (jwt.InvalidAlgorithmError, Reason.ALGORITHM_WRONG),
    (jwt.DecodeError, Reason.MALFORMED),
    (Exception, Reason.CLAIM_MALFORMED),
)


class TokenVerifier:
    """Judges the tokens of one issuer. Neither a claim nor a header of a token ever chooses how it is judged."""

    def __init__(
        self,
        issuer: str,
        keys: Keys,
        *,
        parties: Collection[str] = (),
        leeway_seconds: float = 5,
        needs_session_id: bool = True,
    ) -> None:
        if not 0 <= leeway_seconds <= MOST_LEEWAY_SECONDS:
            raise ValueError(f"a leeway of 0 to {MOST_LEEWAY_SECONDS} s")
        self._issuer = issuer
        self._keys = keys
        self._parties = frozenset(parties)
        self._leeway_seconds = leeway_seconds
        self._needs_session_id = needs_session_id
        self._shelf = TokenCache()

    def open(self, token: str) -> Session:
        """The session that a token stands for. Never waits. Raises Refused, and Unready before any key is known."""
        digest = _digest(token)
        opened = self._shelf.find(digest)
        # The very key that verified it: another one of the same name has verified nothing.
        if opened is None or self._keys.find(opened.kid) is not opened.key:
            self._shelf.drop(digest)
            opened = self._open(token)
            self._shelf.put(digest, opened)
        else:
            self._judge_times(opened)
        return opened.session

    def _open(self, token: str) -> CachedToken:
        """Judge everything about a token."""
        kid = _key_name(token)
        key = self._key(kid)
        claims = self._claims(token, key)
        if self._needs_session_id and claims.get("sid") is None:
            raise InvalidToken(Reason.CLAIM_MISSING)
        session = _session(claims, self._parties)
        return CachedToken(
            session=session,
            kid=kid,
            key=key,
            begins=max(int(claims["nbf"]), int(claims["iat"])),
            ends=int(claims["exp"]),
        )

    def _judge_times(self, opened: CachedToken) -> None:
        """What changes about a token that was opened before, as PyJWT judges it."""
        now = time.time()
        if opened.ends <= now - self._leeway_seconds:
            raise InvalidToken(Reason.EXPIRED)
        if opened.begins > now + self._leeway_seconds:
            raise InvalidToken(Reason.NOT_YET_VALID)

    def _key(self, kid: str) -> RSAPublicKey:
        key = self._keys.find(kid)
        if key is None:
            raise InvalidToken(Reason.KEY_UNKNOWN) if self._keys.ready else KeysUnavailable
        return key

    def _claims(self, token: str, key: RSAPublicKey) -> dict[str, Any]:
        try:
            return jwt.decode(token, key, ["RS256"], options=_OPTIONS, issuer=self._issuer, leeway=self._leeway_seconds)
        except (jwt.PyJWTError, ArithmeticError, RecursionError, TypeError, ValueError) as error:
            raise InvalidToken(next(reason for kind, reason in _REASONS if isinstance(error, kind))) from None


def _digest(token: str) -> bytes:
    """What names a token that could be one."""
    if len(token) > LONGEST_TOKEN:
        raise InvalidToken(Reason.TOO_LARGE)
    if not token.isascii() or token.count(".") != 2:
        raise InvalidToken(Reason.MALFORMED)
    return sha256(token.encode()).digest()


def _key_name(token: str) -> str:
    """The `kid` in a token's header, which is read for this and for nothing else that could be obeyed."""
    header = _header(token)
    if header.get("alg") != "RS256" or "crit" in header or "b64" in header:
        raise InvalidToken(Reason.ALGORITHM_WRONG)
    kid = header.get("kid", "")
    if not isinstance(kid, str) or header.get("typ", "JWT") != "JWT":
        raise InvalidToken(Reason.MALFORMED)
    return kid


def _header(token: str) -> dict[str, Any]:
    encoded = token[: token.index(".")]
    try:
        header = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (binascii.Error, ValueError):
        raise InvalidToken(Reason.MALFORMED) from None
    if not isinstance(header, dict):
        raise InvalidToken(Reason.MALFORMED)
    return header


def _session(claims: dict[str, Any], parties: Collection[str]) -> Session:
    clerk_id, session_id = identifier(claims["sub"]), claims.get("sid")
    if session_id is not None and identifier(session_id) is None:
        raise InvalidToken(Reason.CLAIM_MALFORMED)
    if clerk_id is None or not all(_is_time(claims[name]) for name in TIMES):
        raise InvalidToken(Reason.CLAIM_MALFORMED)
    if claims.get("sts", "active") != "active":
        raise InvalidToken(Reason.SESSION_PENDING)
    party = _party(claims.get("azp"), parties)
    # A token that names no party is refused as soon as parties are configured, as Clerk's own SDKs do.
    if parties and party not in parties:
        raise InvalidToken(Reason.PARTY_WRONG)
    return Session(clerk_id=clerk_id, session_id=session_id, actor=_actor(claims), party=party, issued_at=claims["iat"])


def _party(azp: object, parties: Collection[str]) -> str | None:
    """The `azp` as browsers serialize origins; text that is not an origin is left as it is."""
    if azp is None:
        return None
    if not isinstance(azp, str):
        raise InvalidToken(Reason.CLAIM_MALFORMED)
    if azp in parties:
        return azp
    try:
        return origins.serialize(azp)
    except ValueError:
        return azp


def _is_time(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _actor(claims: dict[str, Any]) -> str | None:
    """Who is impersonating; a session whose impersonator cannot be named is nobody's."""
    act = claims.get("act")
    if act is None:
        return None
    actor = identifier(act.get("sub")) if isinstance(act, dict) else None
    if actor is None:
        raise InvalidToken(Reason.CLAIM_MALFORMED)
    return actor
