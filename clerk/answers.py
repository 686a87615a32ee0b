"""Reads what Clerk answers over HTTP, bounded in size and in time: a slow or endless answer ends as no answer."""

import time

import httpx

MOST_BYTES = 1_048_576
# Compressed, a small answer could become a large one.
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "akako-sync"}


class Incomplete(Exception):
    """The answer was larger, or slower, than an answer may be."""


def client(seconds: float) -> httpx.Client:
    """A client that follows no redirect and waits no longer than `seconds` for each step."""
    return httpx.Client(headers=HEADERS, timeout=seconds, follow_redirects=False)


def read_bounded(response: httpx.Response, deadline: float, most: int = MOST_BYTES) -> bytes:
    """The body, if it comes before `deadline` (of the monotonic clock). Raises Incomplete."""
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > most or time.monotonic() > deadline:
            raise Incomplete
    return bytes(body)
