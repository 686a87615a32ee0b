"""Verifies the Svix signature of a delivery over its raw bytes, with every current signing secret."""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from standardwebhooks.exceptions import WebhookVerificationError
from standardwebhooks.webhooks import Webhook

MOST_SIGNATURES = 16
TOLERANCE_SECONDS = 300

_SVIX = (b"svix-id", b"svix-timestamp", b"svix-signature")
# A white-labelled Svix sender uses the header names of the Standard Webhooks specification.
_STANDARD = (b"webhook-id", b"webhook-timestamp", b"webhook-signature")
_NAMES = frozenset(_SVIX + _STANDARD)
_ID = re.compile(rb"[\x21-\x7e]{1,255}")
_TIMESTAMP = re.compile(rb"[0-9]{1,11}")  # twelve digits would exceed the last year of Python's datetime
_SIGNATURE = re.compile(rb"(?<!\S)v1,[A-Za-z0-9+/]{43}=(?!\S)")
_LONGEST_SIGNATURE_HEADER = 4_096


class Reason(StrEnum):
    """Why a delivery was refused; for the log and the metric, never sent to the sender."""

    HEADERS_MISSING = "headers_missing"
    HEADERS_REPEATED = "headers_repeated"
    HEADERS_MALFORMED = "headers_malformed"
    TIMESTAMP_OUT_OF_TOLERANCE = "timestamp_out_of_tolerance"
    SIGNATURE_WRONG = "signature_wrong"
    BODY_TOO_LARGE = "body_too_large"


class InvalidDelivery(Exception):
    """The request is not a valid delivery from Clerk: nothing is stored, and the reason is not sent to the sender."""

    def __init__(self, reason: Reason, status: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request with a valid signature."""

    svix_id: str
    timestamp: int
    """When this attempt was sent, in seconds since 1970. Does not order events."""
    signature: str
    """The whole signature header."""
    body: bytes
    """The raw bytes."""
    verified_by: str
    """The fingerprint of the secret that verified the signature."""


def fingerprint(secret: str) -> str:
    """The public identifier of a signing secret: the first 12 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12]


class _SigningSecret:
    """One signing secret."""

    def __init__(self, secret: str) -> None:
        self.name = fingerprint(secret)
        # What `svix.webhooks` wraps. That package also imports Svix's API client, a second of CPU at each start.
        self.webhook = Webhook(secret)  # raises an error for an invalid secret
        self._key = base64.b64decode(secret.removeprefix("whsec_") + "==")

    def matches(self, signed: bytes, entries: Iterable[bytes]) -> bool:
        """Whether one of the entries is this secret's signature in Svix's encoding."""
        expected = b"v1," + base64.b64encode(hmac.digest(self._key, signed, "sha256"))
        return any(hmac.compare_digest(expected, entry) for entry in entries)


class SigningSecrets:
    """The current signing secrets, newest first; a delivery is valid if any one of them verifies it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = [_SigningSecret(secret) for secret in secrets]

    def verify(self, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Delivery:
        """Verify a request by its headers (lowercase names) and raw body. Raises InvalidDelivery."""
        svix_id, timestamp, signature = _signature_headers(headers)
        entries = _v1_entries(signature)
        verified_by = self._verify_directly(svix_id, timestamp, entries, body) or self._verify_with_svix(
            svix_id, timestamp, entries, body
        )
        return Delivery(svix_id.decode(), int(timestamp), signature.decode(), body, verified_by)

    def signed_by(self, svix_id: str, timestamp: int, signature: str, body: bytes) -> str | None:
        """The fingerprint of the current secret that made this signature, whatever its age; None if none did."""
        return self._matching(_signed_content(svix_id.encode(), timestamp, body), signature.encode().split())

    def _matching(self, signed: bytes, entries: Sequence[bytes]) -> str | None:
        return next((secret.name for secret in self._secrets if secret.matches(signed, entries)), None)

    def _verify_directly(self, svix_id: bytes, timestamp: bytes, entries: Sequence[bytes], body: bytes) -> str | None:
        """Fast path for what Clerk sends: the svix library takes twice as long."""
        seconds = int(timestamp)
        return self._matching(_signed_content(svix_id, seconds, body), entries) if _in_tolerance(seconds) else None

    def _verify_with_svix(self, svix_id: bytes, timestamp: bytes, entries: Sequence[bytes], body: bytes) -> str:
        if not _is_text(body):  # svix verifies text only, so for other bytes the result of the fast path is final
            raise InvalidDelivery(
                Reason.SIGNATURE_WRONG if _in_tolerance(int(timestamp)) else Reason.TIMESTAMP_OUT_OF_TOLERANCE, 401
            )
        headers = {
            "webhook-id": svix_id.decode(),
            "webhook-timestamp": timestamp.decode(),
            "webhook-signature": b" ".join(entries).decode(),
        }
        for secret in self._secrets:
            try:
                secret.webhook.verify(body, headers, json_parse=False)
            except WebhookVerificationError as error:
                if "timestamp" in str(error):
                    raise InvalidDelivery(Reason.TIMESTAMP_OUT_OF_TOLERANCE, 401) from None
            else:
                return secret.name
        raise InvalidDelivery(Reason.SIGNATURE_WRONG, 401)


def _in_tolerance(seconds: int) -> bool:
    return abs(time.time() - seconds) <= TOLERANCE_SECONDS


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _signed_content(svix_id: bytes, timestamp: int, body: bytes) -> bytes:
    """The bytes that Svix signs; the timestamp as a number, however the header formats it."""
    return b"%b.%d.%b" % (svix_id, timestamp, body)


def _signature_headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _NAMES:
            if name in found:
                raise InvalidDelivery(Reason.HEADERS_REPEATED, 400)
            found[name] = value
    names = _STANDARD if found.keys().isdisjoint(_SVIX) else _SVIX
    if not found.keys() >= set(names):
        raise InvalidDelivery(Reason.HEADERS_MISSING, 400)
    return _well_formed(*(found[name] for name in names))


def _well_formed(svix_id: bytes, timestamp: bytes, signature: bytes) -> tuple[bytes, bytes, bytes]:
    if (
        not _ID.fullmatch(svix_id)
        or not _TIMESTAMP.fullmatch(timestamp)
        or len(signature) > _LONGEST_SIGNATURE_HEADER
        or not signature.isascii()
    ):
        raise InvalidDelivery(Reason.HEADERS_MALFORMED, 400)
    return svix_id, timestamp, signature


def _v1_entries(signature: bytes) -> list[bytes]:
    """The entries of signature version `v1` only: svix's parser fails at the first entry that it cannot parse."""
    entries: list[bytes] = _SIGNATURE.findall(signature)
    if not entries:
        raise InvalidDelivery(Reason.HEADERS_MALFORMED, 400)
    return entries[:MOST_SIGNATURES]
