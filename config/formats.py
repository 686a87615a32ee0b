"""The formats of settings. Each validates and normalises a value; its message says where to find a valid one."""

import base64
import binascii
import re
from typing import Annotated

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import AfterValidator, SecretStr

from config import database_url, origins, redis_url

LEAST_SECRET_BYTES = 16
LEAST_KEY_BITS = 2_048
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")
_PARTY = "give an origin as browsers send it, like https://lms.example.com or chrome-extension://<id>, without a path"


def _postgresql(url: SecretStr) -> SecretStr:
    return SecretStr(database_url.normalise(url.get_secret_value()))


def _redis(url: SecretStr) -> SecretStr:
    return SecretStr(redis_url.normalise(url.get_secret_value()))


def _key_prefix(prefix: str) -> str:
    """A prefix without the special characters of Redis patterns."""
    if not re.fullmatch(r"[A-Za-z0-9_.:-]{1,64}", prefix):
        raise ValueError("give up to 64 letters, digits and . _ : - (usually with a colon at the end)")
    return prefix


def _signing_secrets(value: SecretStr) -> SecretStr:
    for number, secret in enumerate(split_secrets(value), start=1):
        if not _is_signing_secret(secret):
            raise ValueError(
                f"secret {number} is not a signing secret: copy the whole whsec_... of your endpoint from Clerk's "
                "dashboard (Webhooks, the endpoint, Signing Secret); separate several secrets by commas, newest first"
            )
    return value


def _is_signing_secret(secret: str) -> bool:
    if not secret.startswith("whsec_"):
        return False
    encoded = secret.removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(key) >= LEAST_SECRET_BYTES


def split_secrets(value: SecretStr) -> tuple[str, ...]:
    """The signing secrets in a comma-separated setting, newest first."""
    return tuple(secret.strip() for secret in value.get_secret_value().split(","))


def _origin(url: str) -> str:
    """An origin that Akako Sync sends requests to: https, or http on localhost."""
    try:
        origin = origins.serialize(url.strip().removesuffix("/"))
    except ValueError:
        origin = ""
    scheme, host, _ = origins.split(origin)
    if scheme != "https" and not (scheme == "http" and host in LOOPBACK):
        raise ValueError(
            "give an origin like https://clerk.example.com: https (http only for localhost), a host, and no path"
        )
    return origin


def _issuer(url: str) -> str:
    """An issuer as in tokens: an origin, and the path of a proxy in front of Clerk if there is one."""
    scheme, _, rest = url.strip().partition("://")
    authority, _, path = rest.partition("/")
    origin = _origin(f"{scheme}://{authority}")
    segments = path.rstrip("/").split("/") if path.rstrip("/") else []
    if not all(_SEGMENT.fullmatch(segment) and segment.strip(".") for segment in segments):
        raise ValueError(
            "give an issuer like https://clerk.example.com, or https://app.example.com/__clerk for Clerk behind a "
            "proxy: no query, no fragment, and only letters, digits and . _ ~ - in the path"
        )
    return "/".join([origin, *segments])


def _parties(value: str) -> str:
    return ",".join(_party(party) for party in split_parties(value))


def _party(url: str) -> str:
    """The origin of a website, a browser extension, or an application with its own scheme."""
    try:
        origin = origins.serialize(url.removesuffix("/"))
    except ValueError as error:
        raise ValueError(f"{_PARTY}; {error}") from None
    scheme, host, _ = origins.split(origin)
    if scheme == "http" and host not in LOOPBACK and not host.endswith(".localhost"):
        raise ValueError(f"{_PARTY}; http is allowed for localhost only")
    return origin


def split_parties(value: str) -> tuple[str, ...]:
    """The origins in a comma-separated setting."""
    return tuple(party.strip() for party in value.split(",") if party.strip())


def _header_names(value: str) -> str:
    """Names of request headers that are valid in HTTP."""
    for name in split_parties(value):
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise ValueError(f"{name!r} is not a valid header name; separate names by commas")
    return value


def _public_key(pem: str) -> str:
    """An RSA public key in PEM. Accepts `\\n` for line breaks, since some hosts do not support them in variables."""
    pem = pem.replace("\\n", "\n").strip()
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_KEY_BITS:
        raise ValueError(
            "give the whole PEM public key, from -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----, "
            "from Clerk's dashboard (API keys, JWKS Public Key)"
        )
    return pem


def _secret_key(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith("sk_"):
        raise ValueError("copy the secret key (sk_live_... or sk_test_...) from Clerk's dashboard (API keys)")
    return value


PostgresUrl = Annotated[SecretStr, AfterValidator(_postgresql)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis)]
KeyPrefix = Annotated[str, AfterValidator(_key_prefix)]
SigningSecrets = Annotated[SecretStr, AfterValidator(_signing_secrets)]
Origin = Annotated[str, AfterValidator(_origin)]
Issuer = Annotated[str, AfterValidator(_issuer)]
Parties = Annotated[str, AfterValidator(_parties)]
HeaderNames = Annotated[str, AfterValidator(_header_names)]
PublicKey = Annotated[str, AfterValidator(_public_key)]
SecretKey = Annotated[SecretStr, AfterValidator(_secret_key)]
