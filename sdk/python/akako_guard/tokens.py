"""Verifies session tokens: JWTs of one Clerk instance, signed with RS256."""

import binascii
import time
from base64 import urlsafe_b64decode
from collections.abc import Collection
from enum import StrEnum
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from akako_guard import json, origins
from akako_guard.identifier import identifier
from akako_guard.keys import Keys
from akako_guard.session import Session, claimed_roles
from akako_guard.token_cache import CachedToken, TokenCache

LONGEST_TOKEN = 8_192
"""Bytes. Clerk's own tokens stay below 4 KiB, as they have to fit into a cookie."""
MOST_LEEWAY_SECONDS = 10
TIMES = ("exp", "nbf", "iat")
REQUIRED = ("iss", "sub", *TIMES)

# Clerk states in `azp` which party a token was issued for; `aud` is free for administrators to define.
_OPTIONS: Any = {"require": list(REQUIRED), "verify_aud": False, "enforce_minimum_key_length": True}


class Reason(StrEnum):
    """Why credentials were refused; for the log and the metric, never sent to the caller."""

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
    """The token does not authenticate the caller. The reason is not sent to the caller."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class KeysUnavailable(Exception):
    """No key of the issuer has been fetched yet, so the token can be neither accepted nor refused."""


# Maps PyJWT's errors to reasons; the first match applies.
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
    """Verifies the tokens of one issuer. Neither a claim nor a header of a token selects how it is verified."""

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
            raise ValueError(f"leeway_seconds must be between 0 and {MOST_LEEWAY_SECONDS}")
        self._issuer = issuer
        self._keys = keys
        self._parties = frozenset(parties)
        self._leeway_seconds = leeway_seconds
        self._needs_session_id = needs_session_id
        self._cache = TokenCache()

    def verify(self, token: str) -> Session:
        """The session of a valid token. Never blocks. Raises InvalidToken, or KeysUnavailable if there is no key."""
        digest = _digest(token)
        cached = self._cache.find(digest)
        # The same key object: another key with the same id has not verified this token.
        if cached is None or self._keys.find(cached.kid) is not cached.key:
            self._cache.drop(digest)
            cached = self._verify(token)
            self._cache.put(digest, cached)
        else:
            self._check_times(cached)
        return cached.session

    def _verify(self, token: str) -> CachedToken:
        """Verify the signature and every claim."""
        kid = _key_id(token)
        key = self._key(kid)
        claims = self._claims(token, key)
        if self._needs_session_id and claims.get("sid") is None:
            raise InvalidToken(Reason.CLAIM_MISSING)
        session = _session(claims, self._parties)
        return CachedToken(
            session=session,
            kid=kid,
            key=key,
            valid_from=max(int(claims["nbf"]), int(claims["iat"])),
            expires=int(claims["exp"]),
        )

    def _check_times(self, cached: CachedToken) -> None:
        """Check `exp`, `nbf` and `iat` of a cached token by PyJWT's rules."""
        now = time.time()
        if cached.expires <= now - self._leeway_seconds:
            raise InvalidToken(Reason.EXPIRED)
        if cached.valid_from > now + self._leeway_seconds:
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
    """The cache key of a token. Raises InvalidToken if it is too large or not shaped like a JWT."""
    if len(token) > LONGEST_TOKEN:
        raise InvalidToken(Reason.TOO_LARGE)
    if not token.isascii() or token.count(".") != 2:
        raise InvalidToken(Reason.MALFORMED)
    return sha256(token.encode()).digest()


def _key_id(token: str) -> str:
    """The `kid` in a token's header; no other header field selects how the token is verified."""
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
    roles, until = claimed_roles(claims)
    return Session(
        clerk_id=clerk_id,
        session_id=session_id,
        actor=_actor(claims),
        party=party,
        issued_at=claims["iat"],
        menu_roles=roles,
        menu_roles_until=until,
    )


def _party(azp: object, parties: Collection[str]) -> str | None:
    """The `azp` as browsers serialize origins; text that is not an origin is returned unchanged."""
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
    """The impersonator's id (`act.sub`). Raises InvalidToken if `act` is present without a valid id."""
    act = claims.get("act")
    if act is None:
        return None
    actor = identifier(act.get("sub")) if isinstance(act, dict) else None
    if actor is None:
        raise InvalidToken(Reason.CLAIM_MALFORMED)
    return actor
