"""Checks and normalises settings. Each error message says what to give instead, and where to find it."""

import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from akako_guard import origins

LEAST_KEY_BITS = 2_048
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")
_PARTY = "give an origin as browsers send it, like https://lms.example.com or chrome-extension://<id>, nothing after it"


def origin(url: str) -> str:
    """An origin that requests are sent to: https, or plain http on this machine. Raises ValueError."""
    try:
        found = origins.serialize(url.strip().removesuffix("/"))
    except ValueError:
        found = ""
    scheme, host, _ = origins.split(found)
    if scheme != "https" and not (scheme == "http" and host in LOOPBACK):
        raise ValueError(
            "give an origin like https://clerk.example.com: https (http only for localhost), a host, nothing after it"
        )
    return found


def issuer(url: str) -> str:
    """An issuer as tokens name it: an origin, and the path of the proxy in front of Clerk if there is one."""
    scheme, _, rest = url.strip().partition("://")
    authority, _, path = rest.partition("/")
    base = origin(f"{scheme}://{authority}")
    segments = path.rstrip("/").split("/") if path.rstrip("/") else []
    if not all(_SEGMENT.fullmatch(segment) and segment.strip(".") for segment in segments):
        raise ValueError(
            "give an issuer like https://clerk.example.com, or https://app.example.com/__clerk for Clerk behind a "
            "proxy: no query, no fragment, and only letters, digits and . _ ~ - in the path"
        )
    return "/".join([base, *segments])


def parties(value: str) -> str:
    """Origins of pages, separated by commas, as browsers serialize them. Raises ValueError."""
    return ",".join(_party(party) for party in split_parties(value))


def split_parties(value: str) -> tuple[str, ...]:
    """The values in a comma-separated setting."""
    return tuple(party.strip() for party in value.split(",") if party.strip())


def _party(url: str) -> str:
    """An origin of pages: of a website, a browser extension, or an application with a scheme of its own."""
    try:
        found = origins.serialize(url.removesuffix("/"))
    except ValueError as error:
        raise ValueError(f"{_PARTY}; {error}") from None
    scheme, host, _ = origins.split(found)
    if scheme == "http" and host not in LOOPBACK and not host.endswith(".localhost"):
        raise ValueError(f"{_PARTY}; http is for localhost only")
    return found


def public_key(pem: str) -> str:
    """An RSA public key in PEM, also if its line breaks were replaced by backslash and n. Raises ValueError."""
    pem = pem.replace("\\n", "\n").strip()
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_KEY_BITS:
        raise ValueError(
            "give the whole PEM public key, from -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----, "
            "of Clerk's dashboard (API keys, JWKS Public Key)"
        )
    return pem
