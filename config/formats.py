"""The formats of settings. Each validates and normalises a value; its message says where to find a valid one."""

import base64
import binascii
import re
from typing import Annotated

from pydantic import AfterValidator, SecretStr

from akako_guard import database_url, formats
from config import redis_url

LEAST_SECRET_BYTES = 16


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


def _header_names(value: str) -> str:
    """Names of request headers that are valid in HTTP."""
    for name in formats.split_parties(value):
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise ValueError(f"{name!r} is not a valid header name; separate names by commas")
    return value


def _secret_key(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith("sk_"):
        raise ValueError("copy the secret key (sk_live_... or sk_test_...) from Clerk's dashboard (API keys)")
    return value


def _publishable_key(value: str) -> str:
    if not value.startswith(("pk_live_", "pk_test_")):
        raise ValueError("copy the publishable key (pk_live_... or pk_test_...) from Clerk's dashboard (API keys)")
    return value


PostgresUrl = Annotated[SecretStr, AfterValidator(_postgresql)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis)]
KeyPrefix = Annotated[str, AfterValidator(_key_prefix)]
SigningSecrets = Annotated[SecretStr, AfterValidator(_signing_secrets)]
Origin = Annotated[str, AfterValidator(formats.origin)]
Issuer = Annotated[str, AfterValidator(formats.issuer)]
Parties = Annotated[str, AfterValidator(formats.parties)]
HeaderNames = Annotated[str, AfterValidator(_header_names)]
PublicKey = Annotated[str, AfterValidator(formats.public_key)]
SecretKey = Annotated[SecretStr, AfterValidator(_secret_key)]
PublishableKey = Annotated[str, AfterValidator(_publishable_key)]
