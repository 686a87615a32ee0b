"""Invalid deliveries by the expected status and reason, and unusual valid ones; each request in pieces."""

from collections.abc import Iterable
from dataclasses import replace

from tests.clerk_sender import Clerk, Sent
from tests.invalid_requests import CHUNKED, MEGABYTE, NO_BODY, Requests, by_name, common_refusals
from tests.listener import chunks
from tests.webhooks.receiver_process import PATH, TARGET, signed

CLERK = Clerk()
SENT = CLERK.created()


def with_headers(sent: Sent, **headers: str) -> bytes:
    """A delivery with some headers changed after signing."""
    return signed(replace(sent, headers={**sent.headers, **{f"svix-{name}": value for name, value in headers.items()}}))


def malformed() -> Requests:
    """Malformed deliveries, signed at each call: older ones would be refused for their timestamp."""
    sent = CLERK.again(SENT)
    return {
        (400, "headers_missing"): {
            "no signature": [TARGET.request(NO_BODY)],
            "one header of three": [TARGET.request(NO_BODY, "svix-id: msg_1")],
            "an encoded body": [TARGET.request("Content-Encoding: gzip", "Content-Length: 3", body=b"\x1f\x8b\x08")],
            "another content type": [TARGET.request("Content-Type: multipart/form-data; boundary=", NO_BODY)],
            "chunks of one byte": [TARGET.request(CHUNKED, body=chunks(b"x" * 5_000, 1))],
            "another protocol": [TARGET.request("Upgrade: h2c", "Connection: Upgrade", NO_BODY)],
            "HTTP/1.0": [TARGET.request(NO_BODY, first=f"POST {PATH} HTTP/1.0")],
        },
        (400, "headers_repeated"): {
            "a second id": [signed(sent, "svix-id: msg_2")],
            "a signature of each naming": [signed(sent, "svix-signature: v1,a", "webhook-signature: v1,a")],
        },
        (400, "headers_malformed"): {
            "a timestamp with an underscore": [with_headers(sent, timestamp="1_700_000_000")],
            "an endless timestamp": [with_headers(sent, timestamp="1" * 5_000)],
            "bad base64": [with_headers(sent, signature="v1,%%%%")],
            "a signature without a comma": [with_headers(sent, signature="v1")],
            "four thousand signatures": [with_headers(sent, signature="v1,abc " * 4_000)],
            "a value beyond ASCII": [
                TARGET.request(NO_BODY, b"svix-id: \xff", "svix-timestamp: 1", "svix-signature: v1,a")
            ],
            "an empty id": [with_headers(sent, id="")],
        },
        (401, "signature_wrong"): {
            "a forged body": [signed(replace(sent, body=b"{}"))],
            "a forged body that is not UTF-8": [signed(replace(sent, body=b"\xff\xfe\x00"))],
            "another's secret": [signed(Clerk().created())],
            "another id": [with_headers(sent, id="msg_other")],
        },
        (401, "timestamp_out_of_tolerance"): {
            "ten minutes ago": [signed(CLERK.again(sent, seconds_ago=600))],
            "ten minutes ahead": [signed(CLERK.again(sent, seconds_ago=-600))],
        },
    }


TOO_LARGE: Requests = {
    (413, "body_too_large"): {
        "as declared": [TARGET.request("Content-Length: 1048577")],
        "in chunks": [TARGET.request(CHUNKED, body=chunks(MEGABYTE + b"x", 65_536))],
    },
}


def refusals() -> dict[str, tuple[Iterable[bytes], int, str]]:
    """All refused requests by description: the pieces, the expected status and the reason."""
    return by_name(malformed() | TOO_LARGE | common_refusals(TARGET))


def accepted() -> dict[str, bytes]:
    """Valid deliveries with unusual framing, signed at each call."""
    return {
        what: signed(CLERK.send(SENT.body, svix_id=f"msg_signed_{number}"), *lines, body=body)
        for number, (what, lines, body) in enumerate(
            [
                ("as Svix sends it", [], None),
                ("in chunks of one byte", [CHUNKED], chunks(SENT.body, 1)),
                ("with trailers", [CHUNKED], chunks(SENT.body, 99)[:-2] + b"svix-id: msg_other\r\n\r\n"),
                ("asking first", ["Expect: 100-continue"], None),
            ]
        )
    }
