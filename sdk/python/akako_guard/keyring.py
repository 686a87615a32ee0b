"""Fetches an issuer's JWKS in the background and keeps the last good keys while the issuer is unavailable.

Replaces PyJWT's PyJWKClient, which fetches inside the request that needs a key, rate-limits successful fetches only
(so that every unknown `kid` causes a fetch while Clerk is unavailable), drops its keys when their cache lifetime ends
even if no newer ones were fetched, and reads responses of any size.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from akako_guard import answers, keys

PATH = "/.well-known/jwks.json"
REFRESH_SECONDS = 300.0
PAUSE_SECONDS = 5.0
FETCH_SECONDS = 3.0


class BadAnswer(Exception):
    """The response is not a JSON Web Key Set."""


class Keyring:
    """The keys of one issuer, refreshed every `refresh_seconds` by a daemon thread that starts on first use.

    Fetches start at least `pause_seconds` apart, however many tokens with unknown keys arrive, and whether fetches
    succeed or not. The URL is derived from the issuer alone, never from a token.
    """

    def __init__(
        self,
        issuer: str,
        *,
        refresh_seconds: float = REFRESH_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
        on_failure: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        self._url = issuer + PATH
        self._refresh_seconds = refresh_seconds
        self._pause_seconds = pause_seconds
        self._on_failure = on_failure
        self._keys: dict[str, RSAPublicKey] = {}
        self._client = answers.client(FETCH_SECONDS)
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._pending: Future[None] | None = None
        self._began = float("-inf")
        self._closing = False

    @property
    def ready(self) -> bool:
        """Whether keys have been fetched at least once."""
        return bool(self._keys)

    def find(self, kid: str) -> RSAPublicKey | None:
        """The key with this id in the last fetched key set. Never blocks."""
        return self._keys.get(kid)

    def refresh(self) -> Future[None] | None:
        """Request a fetch and return its future, which concurrent callers share; None while rate-limited."""
        with self._wake:
            if self._pending is None and time.monotonic() - self._began >= self._pause_seconds and not self._closing:
                self._pending = Future()
                self._pending.set_running_or_notify_cancel()  # a caller that times out must not cancel it for others
                self._run_thread()
                self._wake.notify()
            return self._pending

    def close(self) -> None:
        """Stop fetching and close the HTTP client."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(FETCH_SECONDS)
        self._client.close()

    def _run_thread(self) -> None:
        """Start the thread on first use rather than in `__init__`, so that it also runs in a forked process."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="keyring", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while self._next():
            self._began = time.monotonic()
            try:
                self._keys = self._fetch()
            except Exception as error:  # after any failure the last good keys stay in use
                self._on_failure(error)
            self._complete_pending()
        self._complete_pending()

    def _next(self) -> bool:
        """Wait until a fetch is requested or due; False when closing."""
        with self._wake:
            self._wake.wait_for(lambda: self._pending or self._closing, timeout=self._refresh_seconds)
            return not self._closing

    def _complete_pending(self) -> None:
        with self._wake:
            pending, self._pending = self._pending, None
        if pending is not None:
            pending.set_result(None)

    def _fetch(self) -> dict[str, RSAPublicKey]:
        deadline = time.monotonic() + FETCH_SECONDS
        with self._client.stream("GET", self._url) as response:
            if response.status_code != 200:
                raise BadAnswer(f"status {response.status_code}")
            return keys.read(answers.read_bounded(response, deadline))
