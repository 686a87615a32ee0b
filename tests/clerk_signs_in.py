"""A fake Clerk instance that signs session tokens like the real one and publishes its keys."""

import base64
import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://clerk.example.com"
PARTY = "https://lms.example.com"
ADA = "user_ada"


@cache
def private_key(number: int, bits: int = 2_048) -> rsa.RSAPrivateKey:
    """A private key by number, generated once per test run."""
    assert number >= 0
    return rsa.generate_private_key(public_exponent=65_537, key_size=bits)


def encoded(part: object) -> str:
    """An encoded part of a token: base64url of JSON, without padding."""
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Instance:
    """One Clerk instance: an issuer with its own key."""

    def __init__(self, issuer: str = ISSUER, *, kid: str = "ins_akako", key: int = 0) -> None:
        self.issuer = issuer
        self.kid = kid
        self.key = private_key(key)

    @property
    def pem(self) -> str:
        """The public key as the dashboard shows it."""
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def claims(self, clerk_id: str = ADA, *, age: float = 1, **overrides: Any) -> dict[str, Any]:
        """The claims of a token issued `age` seconds ago. `overrides` replace the defaults; None omits a claim."""
        now = int(time.time() - age)
        claims = {
            "azp": PARTY,
            "exp": now + 60,
            "fva": [0, -1],
            "iat": now,
            "iss": self.issuer,
            "nbf": now - 10,
            "sid": "sess_1",
            "sts": "active",
            "sub": clerk_id,
            "v": 2,
        }
        return {name: value for name, value in (claims | overrides).items() if value is not None}

    def token(
        self, clerk_id: str = ADA, *, age: float = 1, header: dict[str, Any] | None = None, **overrides: Any
    ) -> str:
        """A validly signed session token; `header` overrides header fields."""
        return self.sign(self.claims(clerk_id, age=age, **overrides), header)

    def sign(self, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
        """Any claims with a valid signature."""
        full_header = {"kid": self.kid, "cat": "cl_B7d4PD111AAA"} | (header or {})
        return jwt.PyJWS().encode(json.dumps(claims).encode(), self.key, "RS256", full_header)

    def jwk(self, **overrides: Any) -> dict[str, Any]:
        """The key as an entry of a key set."""
        return RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True) | {
            "use": "sig",
            "kid": self.kid,
            "alg": "RS256",
            **overrides,
        }
