"""A Clerk instance of our own: it has a key, signs session tokens as the real one does, and publishes its keys."""

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
    """One of a few keys, made once in a test run."""
    assert number >= 0
    return rsa.generate_private_key(public_exponent=65_537, key_size=bits)


def encoded(part: object) -> str:
    """A part of a token, as it is written: base64 of JSON, without padding."""
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Instance:
    """One instance of Clerk: an issuer with a key of its own."""

    def __init__(self, issuer: str = ISSUER, *, kid: str = "ins_akako", key: int = 0) -> None:
        self.issuer = issuer
        self.kid = kid
        self.key = private_key(key)

    @property
    def pem(self) -> str:
        """The public key as the dashboard shows it."""
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def claims(self, clerk_id: str = ADA, *, age: float = 1, **said: Any) -> dict[str, Any]:
        """What a token made `age` seconds ago says; what is `said` replaces the default, None leaves it out."""
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
        return {name: value for name, value in (claims | said).items() if value is not None}

    def token(self, clerk_id: str = ADA, *, age: float = 1, header: dict[str, Any] | None = None, **said: Any) -> str:
        """A session token, truly signed; `header` is laid over its usual one."""
        return self.sign(self.claims(clerk_id, age=age, **said), header)

    def sign(self, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
        """Any claims, truly signed."""
        said = {"kid": self.kid, "cat": "cl_B7d4PD111AAA"} | (header or {})
        return jwt.PyJWS().encode(json.dumps(claims).encode(), self.key, "RS256", said)

    def jwk(self, **said: Any) -> dict[str, Any]:
        """The key as an entry of a key set."""
        return RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True) | {
            "use": "sig",
            "kid": self.kid,
            "alg": "RS256",
            **said,
        }
