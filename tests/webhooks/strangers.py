"""What strangers send, by the answer it is due: status and reason, then each request in pieces."""

import itertools
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from tests.clerk_says import Clerk, Sent
from tests.webhooks.door import PATH, chunks, request, signed

Requests: TypeAlias = dict[tuple[int, str], dict[str, Iterable[bytes]]]

CLERK = Clerk()
SENT = CLERK.created()
MEGABYTE = b"x" * 1_048_576
CHUNKED = "Transfer-Encoding: chunked"
NOBODY = "Content-Length: 0"
START = f"POST {PATH} HTTP/1.1\r\n".encode()


def said(sent: Sent, **headers: str) -> bytes:
    """A delivery with some headers other than they were signed."""
    return signed(replace(sent, headers={**sent.headers, **{f"svix-{name}": value for name, value in headers.items()}}))


def many(line: bytes, count: int) -> Iterable[bytes]:
    """One header line again and again, in pieces of a thousand."""
    return itertools.repeat(line * 1_000, count // 1_000)


def malformed() -> Requests:
    """Signed anew at each call: a delivery that is minutes old is refused for its age alone."""
    sent = CLERK.again(SENT)
    return {
        (400, "headers_missing"): {
            "no signature": [request(NOBODY)],
            "one header of three": [request(NOBODY, "svix-id: msg_1")],
            "an encoded body": [request("Content-Encoding: gzip", "Content-Length: 3", body=b"\x1f\x8b\x08")],
            "another content type": [request("Content-Type: multipart/form-data; boundary=", NOBODY)],
            "chunks of one byte": [request(CHUNKED, body=chunks(b"x" * 5_000, 1))],
            "another protocol": [request("Upgrade: h2c", "Connection: Upgrade", NOBODY)],
            "HTTP/1.0": [request(NOBODY, first=f"POST {PATH} HTTP/1.0")],
        },
        (400, "headers_repeated"): {
            "a second id": [signed(sent, "svix-id: msg_2")],
            "a signature of each naming": [signed(sent, "svix-signature: v1,a", "webhook-signature: v1,a")],
        },
        (400, "headers_malformed"): {
            "a timestamp with an underscore": [said(sent, timestamp="1_700_000_000")],
            "an endless timestamp": [said(sent, timestamp="1" * 5_000)],
            "bad base64": [said(sent, signature="v1,%%%%")],
            "a signature without a comma": [said(sent, signature="v1")],
            "four thousand signatures": [said(sent, signature="v1,abc " * 4_000)],
            "a value beyond ASCII": [request(NOBODY, b"svix-id: \xff", "svix-timestamp: 1", "svix-signature: v1,a")],
            "an empty id": [said(sent, id="")],
        },
        (400, "body_not_text"): {
            "bytes": [signed(replace(sent, body=b"\xff\xfe\x00"))],
        },
        (401, "signature_wrong"): {
            "a forged body": [signed(replace(sent, body=b"{}"))],
            "another's secret": [signed(Clerk().created())],
            "another id": [said(sent, id="msg_other")],
        },
        (401, "timestamp_out_of_tolerance"): {
            "ten minutes ago": [signed(CLERK.again(sent, seconds_ago=600))],
            "ten minutes ahead": [signed(CLERK.again(sent, seconds_ago=-600))],
        },
    }


NO_HTTP: Requests = {
    (400, "not_http"): {
        "garbage": [bytes(range(256)) * 40],
        "a TLS hello": [bytes.fromhex("16030100c8010000c40303") + bytes(200)],
        "the beginning of HTTP/2": [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
        "a path beyond ASCII": [request(NOBODY, first="POST /wébhooks/clerk HTTP/1.1")],
        "a header name that is none": [request("svix id: 1", NOBODY)],
        "a NUL in a header": [request(b"svix-id: a\x00b", NOBODY)],
        "two lengths": [request("Content-Length: 1", "Content-Length: 2", body=b"xx")],
        "a length that is none": [request("Content-Length: -1")],
        "a length past all numbers": [request("Content-Length: " + "9" * 40)],
        "a length and chunks": [request("Content-Length: 3", CHUNKED, body=chunks(b"abc", 3))],
        "an unknown transfer encoding": [request("Transfer-Encoding: gzip", body=b"abc")],
        "a chunk without a size": [request(CHUNKED, body=b"zz\r\nabc\r\n")],
        "a tunnel": [request(NOBODY, first="CONNECT example.com:443 HTTP/1.1")],
    },
}

TOO_LARGE: Requests = {
    (431, "head_too_large"): {
        "one header of 10 MB": [START, b"svix-id: ", *[MEGABYTE] * 10, b"\r\n\r\n"],
        "one header just too large": [request("svix-id: " + "x" * 33_000, NOBODY)],
        "100,000 headers": [START, *many(b"a: b\r\n", 100_000), b"\r\n"],
        "a header without end": [START, b"svix-id", *[MEGABYTE] * 4],
        "a path of 1 MB": [b"POST /", MEGABYTE, b" HTTP/1.1\r\n\r\n"],
        "empty lines without end": [*many(b"\r\n", 1_000_000)],
    },
    (413, "body_too_large"): {
        "as declared": [request("Content-Length: 1048577")],
        "in chunks": [request(CHUNKED, body=chunks(MEGABYTE + b"x", 65_536))],
    },
    (413, "request_too_large"): {
        "trailers without end": [request(CHUNKED, body=b"0\r\n"), *many(b"svix-id: msg_1\r\n", 300_000)],
        "one trailer without end": [request(CHUNKED, body=b"0\r\nsvix-id: "), *[MEGABYTE] * 4],
        "a chunk extension without end": [request(CHUNKED, body=b"1;a="), *[MEGABYTE] * 4],
        "chunks of one byte without end": [request(CHUNKED), *many(b"1\r\nx\r\n", 1_000_000)],
    },
}

TOO_SLOW: Requests = {
    (408, "head_too_slow"): {
        "nothing at all": [b""],
        "half a head": [START, b"Host: ak"],
    },
    (408, "body_too_slow"): {
        "half a body": [request("Content-Length: 10", body=b"abc")],
        "half a chunk": [request(CHUNKED, body=b"a\r\nabc")],
        "half a trailer": [request(CHUNKED, body=b"0\r\nsvix-id: ")],
        "an announced body": [request("Content-Length: 10", "Expect: nothing")],
    },
}

ELSEWHERE: Requests = {
    (405, "wrong_method"): {
        "another method": [request(NOBODY, first=f"PUT {PATH} HTTP/1.1")],
        "a method of WebDAV": [request(NOBODY, first=f"PROPFIND {PATH} HTTP/1.1")],
        "a look": [request(first=f"GET {PATH} HTTP/1.1")],
        "a websocket": [request("Upgrade: websocket", "Connection: Upgrade", first=f"GET {PATH} HTTP/1.1")],
    },
    (404, "no_such_path"): {
        "another path": [request(NOBODY, first="POST /webhooks HTTP/1.1")],
        "a slash too many": [request(NOBODY, "Host: [", first=f"POST {PATH}/ HTTP/1.1")],
        "strange escapes": [request(NOBODY, first="POST /%ff%00%zz HTTP/1.1")],
    },
}


def refusals() -> dict[str, tuple[Iterable[bytes], int, str]]:
    """Everything that is refused, by what it is: its pieces, the status due, the reason."""
    return {
        f"{reason}: {what}": (pieces, status, reason)
        for (status, reason), requests in (malformed() | NO_HTTP | TOO_LARGE | TOO_SLOW | ELSEWHERE).items()
        for what, pieces in requests.items()
    }


def accepted() -> dict[str, bytes]:
    """Deliveries in odd but proper dress, signed anew at each call."""
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
