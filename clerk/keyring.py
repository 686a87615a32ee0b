"""The keys of an issuer as it publishes them: fetched in the background, kept while it is away.

Not PyJWT's PyJWKClient: that one fetches inside the request that asks, counts only successful fetches against its
pause (so that while Clerk is away every unknown `kid` costs a fetch), forgets its keys when their time is up although
no newer ones came, and reads an answer of any size.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from clerk import answers, keys

PATH = "/.well-known/jwks.json"
REFRESH_SECONDS = 300.0
PAUSE_SECONDS = 5.0
FETCH_SECONDS = 3.0


class BadAnswer(Exception):
    """The issuer answered something else than keys."""


class Keyring:
    """The keys of one issuer, renewed every `refresh_seconds` by one daemon thread that begins with the first need.

    Between the beginnings of two fetches lie at least `pause_seconds`, however many tokens of unknown keys come, and
    whether the fetches succeed or not. The address is made of the issuer alone: nothing in a token is ever followed.
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
        self._asked: Future[None] | None = None
        self._began = float("-inf")
        self._closing = False

    @property
    def ready(self) -> bool:
        """Whether any key was ever fetched."""
        return bool(self._keys)

    def find(self, kid: str) -> RSAPublicKey | None:
        """The key of this name as last published; never waits."""
        return self._keys.get(kid)

    def refresh(self) -> Future[None] | None:
        """The fetch that is due or under way; None when the last one began too recently for another."""
        with self._wake:
            if self._asked is None and time.monotonic() - self._began >= self._pause_seconds and not self._closing:
                self._asked = Future()
                self._asked.set_running_or_notify_cancel()  # whoever gives up waiting leaves it to the others
                self._run_thread()
                self._wake.notify()
            return self._asked

    def close(self) -> None:
        """Fetch no more."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(FETCH_SECONDS)
        self._client.close()

    def _run_thread(self) -> None:
        """Here and not in `__init__`, so that it runs in the process that asks, also after a fork."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="keyring", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while self._next():
            self._began = time.monotonic()
            try:
                self._keys = self._fetch()
            except Exception as error:  # whatever it was, the last good keys serve on
                self._on_failure(error)
            self._tell()
        self._tell()

    def _next(self) -> bool:
        """Wait until a fetch is asked for or due; False when it is time to stop."""
        with self._wake:
            self._wake.wait_for(lambda: self._asked or self._closing, timeout=self._refresh_seconds)
            return not self._closing

    def _tell(self) -> None:
        with self._wake:
            asked, self._asked = self._asked, None
        if asked is not None:
            asked.set_result(None)

    def _fetch(self) -> dict[str, RSAPublicKey]:
        deadline = time.monotonic() + FETCH_SECONDS
        with self._client.stream("GET", self._url) as response:
            if response.status_code != 200:
                raise BadAnswer(f"status {response.status_code}")
            return keys.read(answers.read_bounded(response, deadline))
