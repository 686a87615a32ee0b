"""Opens a delivery: the Svix signature over its raw bytes, checked against every live signing secret."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from svix.webhooks import Webhook, WebhookVerificationError

MOST_SIGNATURES = 16

_NAMES = {
    b"svix-id": "id",
    b"svix-timestamp": "timestamp",
    b"svix-signature": "signature",
}
# A white-labelled sender of Svix's uses the names of the Standard Webhooks specification.
_STANDARD_NAMES = {name.replace(b"svix", b"webhook"): part for name, part in _NAMES.items()}
_ID = re.compile(rb"[\x21-\x7e]{1,255}")
_TIMESTAMP = re.compile(rb"[0-9]{1,11}")  # twelve digits would be past the last year that Python knows
_SIGNATURE = re.compile(r"(?<!\S)v1,[A-Za-z0-9+/]{43}=(?!\S)")
_LONGEST_SIGNATURE_HEADER = 4_096


class Reason(StrEnum):
    """Why a request was refused; for our log and counter, never for the sender."""

    HEADERS_MISSING = "headers_missing"
    HEADERS_REPEATED = "headers_repeated"
    HEADERS_MALFORMED = "headers_malformed"
    TIMESTAMP_OUT_OF_TOLERANCE = "timestamp_out_of_tolerance"
    SIGNATURE_WRONG = "signature_wrong"
    BODY_NOT_TEXT = "body_not_text"
    BODY_TOO_LARGE = "body_too_large"


class Refused(Exception):
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


class Seals:
    """The live signing secrets, newest first, any one of which opens a delivery."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._webhooks = [(fingerprint(secret), Webhook(secret)) for secret in secrets]

    def open(self, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Delivery:
        """The delivery in a request's headers (names in lower case) and body. Raises Refused."""
        svix_id, timestamp, signature = _parts(headers)
        if not body.isascii():
            _check_text(body)
        signed = {
            "svix-id": svix_id,
            "svix-timestamp": timestamp,
            "svix-signature": _understood(signature),
        }
        verified_by = self._fitting(signed, body)
        return Delivery(svix_id, int(timestamp), signature, body, verified_by)

    def sealed_by(self, svix_id: str, timestamp: int, signature: str, body: bytes) -> str | None:
        """The fingerprint of the live secret that signed this, however long ago; None if none of them did."""
        try:
            moment, text = datetime.fromtimestamp(timestamp, UTC), body.decode()
        except (ValueError, OverflowError):
            return None
        entries = signature.split()
        for name, webhook in self._webhooks:
            expected = webhook.sign(svix_id, moment, text)
            if any(hmac.compare_digest(expected.encode(), entry.encode()) for entry in entries):
                return name
        return None

    def _fitting(self, signed: dict[str, str], body: bytes) -> str:
        for name, webhook in self._webhooks:
            try:
                webhook.verify(body, signed)
            except WebhookVerificationError as error:
                if "timestamp" in str(error):
                    raise Refused(Reason.TIMESTAMP_OUT_OF_TOLERANCE, 401) from None
            else:
                return name
        raise Refused(Reason.SIGNATURE_WRONG, 401)


def _parts(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, str, str]:
    svix: dict[str, bytes] = {}
    standard: dict[str, bytes] = {}
    for name, value in headers:
        for names, found in ((_NAMES, svix), (_STANDARD_NAMES, standard)):
            if part := names.get(name):
                if part in found:
                    raise Refused(Reason.HEADERS_REPEATED, 400)
                found[part] = value
    found = svix or standard
    if len(found) < len(_NAMES):
        raise Refused(Reason.HEADERS_MISSING, 400)
    return _well_formed(found)


def _well_formed(found: dict[str, bytes]) -> tuple[str, str, str]:
    svix_id, timestamp, signature = found["id"], found["timestamp"], found["signature"]
    if (
        not _ID.fullmatch(svix_id)
        or not _TIMESTAMP.fullmatch(timestamp)
        or len(signature) > _LONGEST_SIGNATURE_HEADER
        or not signature.isascii()
    ):
        raise Refused(Reason.HEADERS_MALFORMED, 400)
    return svix_id.decode(), timestamp.decode(), signature.decode()


def _understood(signature: str) -> str:
    """Only the entries of the version we know: svix's own parser gives up at the first one it cannot read."""
    entries = _SIGNATURE.findall(signature)
    if not entries:
        raise Refused(Reason.HEADERS_MALFORMED, 400)
    return " ".join(entries[:MOST_SIGNATURES])


def _check_text(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError:
        raise Refused(Reason.BODY_NOT_TEXT, 400) from None
