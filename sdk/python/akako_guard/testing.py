"""Helpers for the tests of applications: a signer of session tokens, and a fixed caller without Clerk or a database."""

import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser
from starlette.requests import HTTPConnection

from akako_guard.caller import Caller
from akako_guard.role import Role
from akako_guard.session import Session

ISSUER = "https://clerk.example.com"
PARTY = "https://lms.example.com"
TOKEN_SECONDS = 60


class Signer:
    """Signs session tokens as a Clerk instance does, with a key of its own."""

    def __init__(self, issuer: str = ISSUER, party: str = PARTY) -> None:
        self.issuer = issuer
        self.party = party
        self._key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables of an application that accepts these tokens, without `DATABASE_URL`."""
        pem = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        return {"CLERK_ISSUER": self.issuer, "CLERK_JWT_KEY": pem, "CLERK_AUTHORIZED_PARTIES": self.party}

    def token(self, clerk_id: str, **claims: Any) -> str:
        """A token of this user that is valid for a minute; `claims` replace claims or add others."""
        now = int(time.time())
        times = {"iat": now, "nbf": now, "exp": now + TOKEN_SECONDS}
        session = {"iss": self.issuer, "azp": self.party, "sub": clerk_id, "sid": "sess_test", "sts": "active"}
        return jwt.encode(session | times | claims, self._key, "RS256", {"kid": "ins_test"})


def caller(clerk_id: str = "user_test", *roles: Role, user_id: int = 1, email: str | None = None) -> Caller:
    """A caller who holds these roles."""
    session = Session(clerk_id=clerk_id, session_id="sess_test", party=PARTY, issued_at=time.time())
    return Caller(
        user_id=user_id,
        clerk_id=clerk_id,
        email=email,
        first_name=None,
        last_name=None,
        roles=frozenset(roles),
        session=session,
    )


class FixedCaller(AuthenticationBackend):
    """A backend for `AuthenticationMiddleware` with which every request has this caller; None: no caller."""

    def __init__(self, caller: Caller | None) -> None:
        self.caller = caller

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:  # noqa: ARG002
        """The caller, whatever the request contains."""
        return None if self.caller is None else (AuthCredentials(["session"]), self.caller)

    def close(self) -> None:
        """Do nothing: there is no background work."""
