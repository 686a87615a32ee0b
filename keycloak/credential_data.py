"""Reads the fields of a credential: JSON within text since Keycloak 8, flat before."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from keycloak.realm import MASK

REMEMBERED = 256
"""Different settings of credentials that are remembered; a realm has a few."""


class Unreadable(Exception):
    """The fields of the credential are not JSON objects."""


def secret(credential: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of `secretData`; of an old credential, all of its own. Raises Unreadable."""
    value = credential.get("secretData")
    return credential if value is None else parsed(value)


def settings(credential: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of `credentialData`, which has no secrets; of an old credential, all of its own. Raises Unreadable."""
    value = credential.get("credentialData")
    if value is None:
        return credential
    return _remembered(value) if isinstance(value, str) else parsed(value)


def parsed(value: object) -> Mapping[str, Any]:
    """Such fields, which are an object or JSON within text. Raises Unreadable."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise Unreadable from None  # the parser's error contains the secret
    if not isinstance(value, dict):
        raise Unreadable
    return value


@lru_cache(REMEMBERED)
def _remembered(text: str) -> Mapping[str, Any]:
    """Most users of a realm have the same settings."""
    return parsed(text)


def is_masked(credential: Mapping[str, Any]) -> bool:
    """Whether the secret was replaced by asterisks."""
    return MASK in (credential.get("secretData"), credential.get("hashedSaltedValue"), credential.get("value"))


def parameter(fields: Mapping[str, Any], name: str) -> str | None:
    """One of `additionalParameters`, each of which is a list with one text."""
    parameters = fields.get("additionalParameters")
    value = parameters.get(name) if isinstance(parameters, dict) else None
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    return value if isinstance(value, str) else None


def number(value: object) -> int | None:
    """A positive whole number, also if it is written as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
