"""A Clerk instance for development, which signs session tokens as Clerk does."""

import base64
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
PUBLISHABLE_KEY = "pk_test_" + base64.b64encode(b"akako.clerk.accounts.dev$").decode()
"""ClerkJS handles a development instance correctly only if its key names a host of Clerk's; it asks the proxy URL."""
PARTY = "http://localhost:3000"
TOKEN_SECONDS = 60
KEY = "session-key.pem"
# Required by the API at start; the URL leads to no server.
NO_BACKEND = {"CLERK_SECRET_KEY": "sk_test_of_no_instance", "CLERK_API_URL": "http://127.0.0.1:9"}


class ClerkInstance:
    """Signs session tokens that only an API with this instance's settings accepts."""

    def __init__(self, private_pem: str) -> None:
        self.private_pem = private_pem

    @property
    def settings(self) -> dict[str, str]:
        """Settings with which an API accepts only tokens of this instance."""
        return {"CLERK_ISSUER": ISSUER, "CLERK_JWT_KEY": self._public_pem(), "CLERK_AUTHORIZED_PARTIES": PARTY}

    def token(self, clerk_id: str, party: str = PARTY) -> str:
        """A session token of the user for pages of the origin `party`, with the lifetime of Clerk's."""
        now = int(time.time())
        times = {"iat": now, "nbf": now, "exp": now + TOKEN_SECONDS}
        session = {"iss": ISSUER, "azp": party, "sub": clerk_id, "sid": "sess_akako", "sts": "active"}
        return jwt.encode(session | times, self.private_pem, "RS256")

    def _public_pem(self) -> str:
        key = load_pem_private_key(self.private_pem.encode(), None).public_key()
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def settings(
    instance: ClerkInstance, environment: Mapping[str, str], backend: Mapping[str, str] = NO_BACKEND
) -> dict[str, str]:
    """Clerk settings that the environment does not set; without the development key if it sets CLERK_ISSUER.

    `backend` is the Backend API to ask, unless the environment names one.
    """
    asked = backend_settings(environment, backend)
    return asked if environment.get("CLERK_ISSUER") else asked | instance.settings


def backend_settings(environment: Mapping[str, str], backend: Mapping[str, str]) -> dict[str, str]:
    """The Backend API to ask, unless the environment names one."""
    return {} if environment.get("CLERK_SECRET_KEY") else dict(backend)


def create() -> ClerkInstance:
    """An instance with a new key, which is not written to disk."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    return ClerkInstance(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def load_or_create(directory: Path) -> ClerkInstance:
    """The instance of this directory, created on first use; only the owner of the key file can read it."""
    found = find(directory)
    if found is None:
        found = create()
        with os.fdopen(os.open(directory / KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(found.private_pem)
    return found


def find(directory: Path) -> ClerkInstance | None:
    """The instance of this directory, or None."""
    path = directory / KEY
    return ClerkInstance(path.read_text("utf-8")) if path.exists() else None
