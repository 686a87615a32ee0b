"""A Clerk instance for development: it has a key, and signs session tokens as the real one does."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

ISSUER = "https://clerk.akako.localhost"
PARTY = "http://localhost:3000"
TOKEN_SECONDS = 60
KEY = "session-key.pem"
# What the API cannot start without, and never reaches anybody with.
NO_BACKEND = {"CLERK_SECRET_KEY": "sk_test_of_no_instance", "CLERK_API_URL": "http://127.0.0.1:9"}


class ClerkInstance:
    """Signs tokens that an API with this instance's settings believes, and no other."""

    def __init__(self, private_pem: str) -> None:
        self.private_pem = private_pem

    @property
    def settings(self) -> dict[str, str]:
        """What makes an API believe this instance and nobody else."""
        return {"CLERK_ISSUER": ISSUER, "CLERK_JWT_KEY": self._public_pem(), "CLERK_AUTHORIZED_PARTIES": PARTY}

    def token(self, clerk_id: str) -> str:
        """A session token of the user, as short-lived as Clerk's."""
        now = int(time.time())
        times = {"iat": now, "nbf": now, "exp": now + TOKEN_SECONDS}
        session = {"iss": ISSUER, "azp": PARTY, "sub": clerk_id, "sid": "sess_akako", "sts": "active"}
        return jwt.encode(session | times, self.private_pem, "RS256")

    def _public_pem(self) -> str:
        key = load_pem_private_key(self.private_pem.encode(), None).public_key()
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def settings(instance: ClerkInstance, environment: Mapping[str, str]) -> dict[str, str]:
    """What the API needs to know of Clerk and the environment does not say; no key of ours where it names an issuer."""
    backend = {} if environment.get("CLERK_SECRET_KEY") else NO_BACKEND
    return backend if environment.get("CLERK_ISSUER") else backend | instance.settings


def made() -> ClerkInstance:
    """An instance with a new key that is kept nowhere."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    return ClerkInstance(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def kept(directory: Path) -> ClerkInstance:
    """The instance of this directory, made the first time; only its owner can read the key."""
    found = find(directory)
    if found is None:
        found = made()
        with os.fdopen(os.open(directory / KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(found.private_pem)
    return found


def find(directory: Path) -> ClerkInstance | None:
    """The instance that was kept in this directory, if one was."""
    path = directory / KEY
    return ClerkInstance(path.read_text("utf-8")) if path.exists() else None
