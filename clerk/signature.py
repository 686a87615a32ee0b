"""Opens a delivery: the Svix signature over its raw bytes, checked against every live signing secret."""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from svix.webhooks import Webhook, WebhookVerificationError

MOST_SIGNATURES = 16
TOLERANCE_SECONDS = 300

_SVIX = (b"svix-id", b"svix-timestamp", b"svix-signature")
# A white-labelled sender of Svix's uses the names of the Standard Webhooks specification.
_STANDARD = (b"webhook-id", b"webhook-timestamp", b"webhook-signature")
_NAMES = frozenset(_SVIX + _STANDARD)
_ID = re.compile(rb"[\x21-\x7e]{1,255}")
_TIMESTAMP = re.compile(rb"[0-9]{1,11}")  # twelve digits would be past the last year that Python knows
_SIGNATURE = re.compile(rb"(?<!\S)v1,[A-Za-z0-9+/]{43}=(?!\S)")
_LONGEST_SIGNATURE_HEADER = 4_096


class Reason(StrEnum):
    """Why a request was refused; for our log and counter, never for the sender."""

    HEADERS_MISSING = "headers_missing"
    HEADERS_REPEATED = "headers_repeated"
    HEADERS_MALFORMED = "headers_malformed"
    TIMESTAMP_OUT_OF_TOLERANCE = "timestamp_out_of_tolerance"
    SIGNATURE_WRONG = "signature_wrong"
    BODY_TOO_LARGE = "body_too_large"


class InvalidDelivery(Exception):
    """The request is not a delivery of Clerk's: nothing of it is kept, and the sender learns only that."""

    def __init__(self, reason: Reason, status: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request that Clerk truly signed, with the bytes as they came."""

    svix_id: str
    timestamp: int
    """Seconds since 1970, of this attempt; never an order between events."""
    signature: str
    """The whole signature header."""
    body: bytes
    verified_by: str
    """The fingerprint of the secret that fitted."""


def fingerprint(secret: str) -> str:
    """Names a signing secret without telling it: the first 12 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12]


class _SigningSecret:
    """One signing secret."""

    def __init__(self, secret: str) -> None:
        self.name = fingerprint(secret)
        self.webhook = Webhook(secret)  # refuses what is no secret
        self._key = base64.b64decode(secret.removeprefix("whsec_") + "==")

    def fits(self, signed: bytes, entries: Iterable[bytes]) -> bool:
        """Whether one of the entries is this secret's signature, written as Svix writes it."""
        expected = b"v1," + base64.b64encode(hmac.digest(self._key, signed, "sha256"))
        return any(hmac.compare_digest(expected, entry) for entry in entries)


class SigningSecrets:
    """The live signing secrets, newest first, any one of which opens a delivery."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._seals = [_SigningSecret(secret) for secret in secrets]

    def open(self, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Delivery:
        """The delivery in a request's headers (names in lower case) and body. Raises Refused."""
        svix_id, timestamp, signature = _parts(headers)
        entries = _understood(signature)
        verified_by = self._plainly(svix_id, timestamp, entries, body) or self._judged(
            svix_id, timestamp, entries, body
        )
        return Delivery(svix_id.decode(), int(timestamp), signature.decode(), body, verified_by)

    def signed_by(self, svix_id: str, timestamp: int, signature: str, body: bytes) -> str | None:
        """The fingerprint of the live secret that signed this, however long ago; None if none of them did."""
        return self._fitting(_signed(svix_id.encode(), timestamp, body), signature.encode().split())

    def _fitting(self, signed: bytes, entries: Sequence[bytes]) -> str | None:
        return next((seal.name for seal in self._seals if seal.fits(signed, entries)), None)

    def _plainly(self, svix_id: bytes, timestamp: bytes, entries: Sequence[bytes], body: bytes) -> str | None:
        """What plainly fits, as every delivery of Clerk's does, needs no judge: svix's takes twice as long."""
        seconds = int(timestamp)
        return self._fitting(_signed(svix_id, seconds, body), entries) if _is_timely(seconds) else None

    def _judged(self, svix_id: bytes, timestamp: bytes, entries: Sequence[bytes], body: bytes) -> str:
        if not _is_text(body):  # svix verifies text only, so for other bytes `_plainly` has the last word
            raise InvalidDelivery(
                Reason.SIGNATURE_WRONG if _is_timely(int(timestamp)) else Reason.TIMESTAMP_OUT_OF_TOLERANCE, 401
            )
        said = {
            "svix-id": svix_id.decode(),
            "svix-timestamp": timestamp.decode(),
            "svix-signature": b" ".join(entries).decode(),
        }
        for seal in self._seals:
            try:
                seal.webhook.verify(body, said)
            except WebhookVerificationError as error:
                if "timestamp" in str(error):
                    raise InvalidDelivery(Reason.TIMESTAMP_OUT_OF_TOLERANCE, 401) from None
            else:
                return seal.name
        raise InvalidDelivery(Reason.SIGNATURE_WRONG, 401)


def _is_timely(seconds: int) -> bool:
    return abs(time.time() - seconds) <= TOLERANCE_SECONDS


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _signed(svix_id: bytes, timestamp: int, body: bytes) -> bytes:
    """What Svix signs of a delivery: the number, not the way in which the header writes it."""
    return b"%b.%d.%b" % (svix_id, timestamp, body)


def _parts(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes, bytes]:
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


def _understood(signature: bytes) -> list[bytes]:
    """Only the entries of the version we know: svix's own parser gives up at the first one it cannot read."""
    entries: list[bytes] = _SIGNATURE.findall(signature)
    if not entries:
        raise InvalidDelivery(Reason.HEADERS_MALFORMED, 400)
    return entries[:MOST_SIGNATURES]
