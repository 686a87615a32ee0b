"""Sign-ins, session tokens and impersonation."""

import time
from dataclasses import replace
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import RSAAlgorithm

from dev.clerk import claims
from dev.clerk.errors import ClerkError, not_found
from dev.clerk.instance import Instance
from dev.clerk.session import LIFETIME_MS, Session
from dev.clerk.user import touch
from dev.clerk_instance import ISSUER, PARTY, TOKEN_SECONDS
from dev.sample_events import new_id

NOT_BEFORE_SECONDS = 10
DAY_MS = 86_400_000
VERSION = 2


def sign_in(instance: Instance, user_id: str, *, actor: dict[str, Any] | None = None) -> Session:
    """Start a session of a user; moves `updated_at`, as Clerk does. Raises ClerkError if the user may not sign in."""
    user = instance.user(user_id)
    if user.banned or user.deprovisioned or user.locked:
        state = "banned" if user.banned else "deprovisioned" if user.deprovisioned else "locked"
        raise ClerkError(403, f"user_{state}", "You are not allowed to sign in.", f"The user is {state}.")
    now = instance.now()
    session = Session(
        id=new_id("sess"),
        user_id=user_id,
        client_id=new_id("client"),
        created_at=now,
        updated_at=now,
        expire_at=now + LIFETIME_MS,
        actor=actor,
    )
    instance.state.sessions[session.id] = session
    signed_in = touch(user, now, last_sign_in_at=now, last_active_at=now - now % DAY_MS)
    quiet = instance.faults.take(("sign-in-without-delivery",))
    instance.put(signed_in, None if quiet else "user.updated")
    return session


def find(instance: Instance, session_id: str) -> Session:
    """The session. Raises ClerkError (404)."""
    if session_id not in instance.state.sessions:
        raise not_found("session", session_id)
    return instance.state.sessions[session_id]


def end(instance: Instance, session_id: str, status: str) -> Session:
    """End a session: `ended` by the user, `revoked` by the Backend API, `removed` on sign-out."""
    session = find(instance, session_id)
    if session.status == "active":
        session = replace(session, status=status, updated_at=instance.now())
        instance.state.sessions[session_id] = session
        instance.save()
    return session


def token(instance: Instance, session_id: str, seconds: int | None = None, party: str = PARTY) -> str:
    """A new token of an active session. Raises ClerkError."""
    session = find(instance, session_id)
    if not session.is_active(instance.now()):
        raise ClerkError(401, "session_not_active", "The session is not active.", f"Its status is {session.status}.")
    custom = _custom_claims(instance, session)
    instance.state.sessions[session_id] = replace(session, claims=custom, updated_at=instance.now())
    instance.save()
    issued = int(time.time())
    standard = {
        "azp": party,
        "exp": issued + (seconds or TOKEN_SECONDS),
        "fva": [0, -1],
        "iat": issued,
        "iss": ISSUER,
        "nbf": issued - NOT_BEFORE_SECONDS,
        "sid": session.id,
        "sts": "active",
        "sub": session.user_id,
        "v": VERSION,
    }
    act = {"act": session.actor} if session.actor else {}
    header = {"kid": instance.state.instance_id, "cat": "cl_B7d4PD111AAA"}
    return jwt.encode({**custom, **act, **standard}, instance.signer.private_pem, "RS256", header)


def key_set(instance: Instance) -> dict[str, Any]:
    """The public key as a JWKS."""
    key = load_pem_private_key(instance.signer.private_pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)  # noqa: S101 - as dev/clerk_instance.py creates it
    public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    shown = {name: public[name] for name in ("kty", "n", "e")}
    return {"keys": [shown | {"use": "sig", "alg": "RS256", "kid": instance.state.instance_id}]}


def _custom_claims(instance: Instance, session: Session) -> dict[str, Any]:
    """The claims of the template; with the fault `stale-claims` those of the token before."""
    if session.claims is not None and instance.faults.take(("stale-claims",)):
        return session.claims
    filled: dict[str, Any] = claims.fill(instance.state.claims_template, instance.user(session.user_id))
    return filled
