"""Requests to Clerk's Backend API, with limits on the size and the duration of a response.

With urllib3, which reads a page of users with half to a third of the CPU that httpx needs.
"""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3 import exceptions

from akako_guard import answers
from akako_guard.answers import Incomplete
from clerk.json import loads

API_VERSION = "2026-05-12"
NOT_FOUND = "resource_not_found"
"""Clerk's error code for a resource that does not exist."""
MOST_CONNECTIONS = 32
"""Connections that stay open between requests."""
LONGEST_IDLE_SECONDS = 5.0
"""After this time connections are not used again: firewalls drop idle ones silently."""
LONGEST_DEMANDED_SECONDS = 3_600.0
"""The longest pause that an answer can demand: it may be that of a proxy."""
READ_BYTES = 262_144

_REASONS = (
    (exceptions.NameResolutionError, "the address was not found"),
    (exceptions.ConnectTimeoutError, "no connection in time"),
    (exceptions.NewConnectionError, "no connection"),
    (exceptions.TimeoutError, "no answer in time"),
    (exceptions.SSLError, "the certificate is not valid, or TLS failed"),
    (exceptions.ProxyError, "the proxy of HTTPS_PROXY did not connect"),
    (exceptions.ProtocolError, "the connection was closed"),
)


class ClerkUnavailable(Exception):
    """Clerk did not answer. The message gives the reason and contains no data from the response."""

    def __init__(self, reason: str, *, transient: bool = True, retry_after: float = 0) -> None:
        super().__init__(reason)
        self.transient = transient
        """Whether a retry may succeed; if not, an operator has to change something."""
        self.retry_after = retry_after
        """Seconds from Clerk's `Retry-After` header, an hour at most; 0 if there is none."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response that arrived within its limits."""

    status: int
    body: bytes
    retry_after: float
    """The seconds to wait before the next request; 0 if the response demands none."""

    @property
    def value(self) -> Any:
        """The JSON value of the body; None if it is not JSON."""
        try:
            return loads(self.body)
        except ValueError:
            return None

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes in Clerk's error envelope, `{"errors": [{"code": ...}]}`."""
        value = self.value
        errors = value.get("errors") if isinstance(value, dict) else None
        codes = (error.get("code") for error in errors if isinstance(error, dict)) if isinstance(errors, list) else ()
        return tuple(code for code in codes if isinstance(code, str))

    @property
    def is_missing(self) -> bool:
        """Whether Clerk itself says that the resource does not exist; the 404 of a proxy does not prove that."""
        return self.status == 404 and NOT_FOUND in self.codes


class Connection:
    """Sends requests with the headers of the Backend API. Thread-safe. Follows no redirects.

    The environment variables `HTTPS_PROXY`, `NO_PROXY` and `SSL_CERT_FILE` have their usual meaning.
    """

    def __init__(self, secret_key: str, url: str) -> None:
        self._url = f"{url}/v1/"
        self._headers = answers.HEADERS | {"Authorization": f"Bearer {secret_key}", "Clerk-API-Version": API_VERSION}
        self._base = url
        self._pool = _pool(url)
        self._used = time.monotonic()

    def send(
        self,
        method: str,
        path: str,
        asked: Iterable[tuple[str, str]] = (),
        body: Mapping[str, object] | None = None,
        *,
        step: float,
        deadline: float,
        most: int = answers.MOST_BYTES,
    ) -> Response:
        """The response to one request.

        `step` limits each network operation, in seconds; `deadline` the whole, on the monotonic clock; `most` is the
        largest body in bytes. Raises ClerkUnavailable, or Incomplete if the response exceeds `deadline` or `most`.
        """
        headers, query = self._headers, urlencode(list(asked))
        if body is not None:
            headers = headers | {"Content-Type": "application/json"}
        try:
            response = self._fresh_pool().request(
                method,
                f"{self._url}{path}?{query}" if query else self._url + path,
                headers=headers,
                body=None if body is None else json.dumps(body).encode(),
                timeout=urllib3.Timeout(connect=step, read=step),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                read = _read(response, deadline, most)
            finally:
                # A connection with an unread rest is closed.
                response.release_conn()
        except exceptions.HTTPError as error:
            raise ClerkUnavailable(_reason(error)) from None
        return Response(response.status, read, _demanded_pause(response))

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def _fresh_pool(self) -> urllib3.PoolManager:
        before, self._used = self._used, time.monotonic()
        if self._used - before > LONGEST_IDLE_SECONDS:
            self._pool = _pool(self._base)
        return self._pool


def _pool(url: str) -> urllib3.PoolManager:
    parts, trusted = urlsplit(url), answers.certificates()
    proxies = {} if proxy_bypass(parts.hostname or "") else getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None:
        return urllib3.PoolManager(ssl_context=trusted, maxsize=MOST_CONNECTIONS)
    user = urlsplit(proxy)
    account = f"{unquote(user.username)}:{unquote(user.password or '')}" if user.username else None
    return urllib3.ProxyManager(
        proxy,
        proxy_headers=urllib3.make_headers(proxy_basic_auth=account),
        proxy_ssl_context=trusted,
        ssl_context=trusted,
        maxsize=MOST_CONNECTIONS,
    )


def _read(response: urllib3.BaseHTTPResponse, deadline: float, most: int) -> bytes:
    """The body. `read1` returns what has arrived, so that the deadline also holds for a server that sends slowly."""
    body = bytearray()
    while chunk := response.read1(READ_BYTES):
        body += chunk
        if len(body) > most or time.monotonic() > deadline:
            response.close()
            raise Incomplete
    return bytes(body)


def _reason(error: exceptions.HTTPError) -> str:
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), type(error).__name__)


def _demanded_pause(response: urllib3.BaseHTTPResponse) -> float:
    after = response.headers.get("Retry-After", "")
    return min(float(after), LONGEST_DEMANDED_SECONDS) if after.isdecimal() and len(after) < 6 else 0.0
