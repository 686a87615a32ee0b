"""HTTP client for Clerk with limits on the size and duration of a response."""

import ssl
import time
from functools import cache

import httpx

MOST_BYTES = 1_048_576
# Identity: a small compressed response could decompress to a large one.
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "akako"}


class Incomplete(Exception):
    """The response exceeded the limit on its size or duration."""


def client(seconds: float) -> httpx.Client:
    """An HTTP client that does not follow redirects; `seconds` is the timeout of each network operation."""
    return httpx.Client(headers=HEADERS, timeout=seconds, follow_redirects=False, verify=certificates())


@cache
def certificates() -> ssl.SSLContext:
    """The CA certificates that httpx trusts; cached, because loading them takes 0.05 s."""
    return httpx.create_ssl_context()


def read_bounded(response: httpx.Response, deadline: float, most: int = MOST_BYTES) -> bytes:
    """The response body. Raises Incomplete if it exceeds `most` bytes or `deadline` (monotonic clock, in seconds)."""
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > most or time.monotonic() > deadline:
            raise Incomplete
    return bytes(body)
