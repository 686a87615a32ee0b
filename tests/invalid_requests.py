"""Invalid requests from untrusted clients, by the expected status and reason; each request in pieces."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from tests.listener import chunks

Requests: TypeAlias = dict[tuple[int, str], dict[str, Iterable[bytes]]]

MEGABYTE = b"x" * 1_048_576
CHUNKED = "Transfer-Encoding: chunked"
NO_BODY = "Content-Length: 0"


@dataclass(frozen=True)
class Target:
    """An endpoint that reads bodies, and the header lines that it requires."""

    path: str
    method: str = "POST"
    lines: tuple[str, ...] = ()

    @property
    def start(self) -> bytes:
        """The request line."""
        return f"{self.method} {self.path} HTTP/1.1\r\n".encode()

    def request(self, *lines: str | bytes, first: str = "", body: bytes = b"") -> bytes:
        """A request with these header lines and `Connection: close`."""
        head = [first or f"{self.method} {self.path} HTTP/1.1", "Host: akako", "Connection: close", *self.lines, *lines]
        encoded = [line if isinstance(line, bytes) else line.encode() for line in head]
        return b"\r\n".join(encoded) + b"\r\n\r\n" + body


def repeated(line: bytes, count: int) -> Iterable[bytes]:
    """One header line repeated `count` times, in pieces of a thousand."""
    return itertools.repeat(line * 1_000, count // 1_000)


def not_http(target: Target) -> Requests:
    """Input that cannot be parsed as a request."""
    return {
        (400, "not_http"): {
            "garbage": [bytes(range(256)) * 40],
            "a TLS hello": [bytes.fromhex("16030100c8010000c40303") + bytes(200)],
            "the beginning of HTTP/2": [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
            "a path beyond ASCII": [target.request(NO_BODY, first="POST /wébhooks/clerk HTTP/1.1")],
            "an invalid header name": [target.request("svix id: 1", NO_BODY)],
            "a NUL in a header": [target.request(b"svix-id: a\x00b", NO_BODY)],
            "two lengths": [target.request("Content-Length: 1", "Content-Length: 2", body=b"xx")],
            "a negative length": [target.request("Content-Length: -1")],
            "a length of 40 digits": [target.request("Content-Length: " + "9" * 40)],
            "a length and chunks": [target.request("Content-Length: 3", CHUNKED, body=chunks(b"abc", 3))],
            "an unknown transfer encoding": [target.request("Transfer-Encoding: gzip", body=b"abc")],
            "a chunk without a size": [target.request(CHUNKED, body=b"zz\r\nabc\r\n")],
            "a tunnel": [target.request(NO_BODY, first="CONNECT example.com:443 HTTP/1.1")],
        },
    }


def too_large(target: Target) -> Requests:
    """Requests that are endless or too large."""
    return {
        (431, "head_too_large"): {
            "one header of 10 MB": [target.start, b"svix-id: ", *[MEGABYTE] * 10, b"\r\n\r\n"],
            "one header just too large": [target.request("svix-id: " + "x" * 33_000, NO_BODY)],
            "100,000 headers": [target.start, *repeated(b"a: b\r\n", 100_000), b"\r\n"],
            "a header without end": [target.start, b"svix-id", *[MEGABYTE] * 4],
            "a path of 1 MB": [b"POST /", MEGABYTE, b" HTTP/1.1\r\n\r\n"],
            "empty lines without end": [*repeated(b"\r\n", 1_000_000)],
        },
        (413, "request_too_large"): {
            "trailers without end": [target.request(CHUNKED, body=b"0\r\n"), *repeated(b"svix-id: msg_1\r\n", 300_000)],
            "one trailer without end": [target.request(CHUNKED, body=b"0\r\nsvix-id: "), *[MEGABYTE] * 4],
            "a chunk extension without end": [target.request(CHUNKED, body=b"1;a="), *[MEGABYTE] * 4],
            "more framing than body, without end": [target.request(CHUNKED), *repeated(b"1;a=b\r\nx\r\n", 1_000_000)],
        },
    }


def too_slow(target: Target) -> Requests:
    """Requests that do not arrive in time."""
    return {
        (408, "head_too_slow"): {
            "nothing at all": [b""],
            "half a head": [target.start, b"Host: ak"],
        },
        (408, "body_too_slow"): {
            "half a body": [target.request("Content-Length: 10", body=b"abc")],
            "half a chunk": [target.request(CHUNKED, body=b"a\r\nabc")],
            "half a trailer": [target.request(CHUNKED, body=b"0\r\nsvix-id: ")],
            "an announced body": [target.request("Content-Length: 10", "Expect: nothing")],
        },
    }


def wrong_target(target: Target) -> Requests:
    """Requests for unknown paths or with unsupported methods."""
    return {
        (405, "wrong_method"): {
            "another method": [target.request(NO_BODY, first=f"PUT {target.path} HTTP/1.1")],
            "a method of WebDAV": [target.request(NO_BODY, first=f"PROPFIND {target.path} HTTP/1.1")],
            "GET": [target.request(first=f"GET {target.path} HTTP/1.1")],
            "a websocket": [
                target.request("Upgrade: websocket", "Connection: Upgrade", first=f"GET {target.path} HTTP/1.1")
            ],
        },
        (404, "no_such_path"): {
            "another path": [target.request(NO_BODY, first="POST /webhooks HTTP/1.1")],
            "a slash too many": [target.request(NO_BODY, "Host: [", first=f"{target.method} {target.path}/ HTTP/1.1")],
            "strange escapes": [target.request(NO_BODY, first="POST /%ff%00%zz HTTP/1.1")],
        },
    }


def common_refusals(target: Target) -> Requests:
    """All requests that are refused before they reach an endpoint."""
    return not_http(target) | too_large(target) | too_slow(target) | wrong_target(target)


def by_name(requests: Requests) -> dict[str, tuple[Iterable[bytes], int, str]]:
    """By description: the pieces, the expected status and the reason."""
    return {
        f"{reason}: {what}": (pieces, status, reason)
        for (status, reason), kinds in requests.items()
        for what, pieces in kinds.items()
    }
