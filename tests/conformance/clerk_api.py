"""Clerk's Backend API in small: the users that the deliveries describe, and the keys of session tokens."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import RSAAlgorithm

from dev.clerk_instance import ClerkInstance
from dev.conformance.scenario import UserData

KID = "ins_akako"
"""The id of the key, which is also the id of the instance."""


class ClerkApi:
    """Returns each user in the newest state that was sent; a deleted one is not found."""

    def __init__(self) -> None:
        self.available = True
        self._users: dict[str, UserData] = {}
        self._keys: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The URL of the API, without `/v1`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def publish(self, instance: ClerkInstance) -> None:
        """Publish the public key of an instance."""
        key = load_pem_private_key(instance.private_pem.encode(), None)
        assert isinstance(key, RSAPrivateKey)
        public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        self._keys.append(public | {"use": "sig", "kid": KID, "alg": "RS256"})

    def learn(self, data: UserData) -> None:
        """Take in the data of a delivery, unless a newer state or the deletion is known."""
        known = self._users.get(data["id"], {})
        newer = data.get("updated_at", 0) >= known.get("updated_at", 0)
        if "deleted" not in known and (newer or "deleted" in data):
            self._users[data["id"]] = data

    def answer(self, path: str) -> tuple[int, object]:
        """Status and body for the path of a request."""
        if not self.available:
            return 503, _error("service_unavailable")
        if path.endswith(("/jwks", "/jwks.json")):
            return 200, {"keys": self._keys}
        found = self._users.get(path.rpartition("/")[2])
        if found is None or "deleted" in found:
            return 404, _error("resource_not_found")
        return 200, found

    @contextmanager
    def serving(self) -> Iterator["ClerkApi"]:
        """Serve while the block runs."""
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        return type("Handler", (_Handler,), {"answer": staticmethod(self.answer)})


class _Handler(BaseHTTPRequestHandler):
    answer: Any

    def do_GET(self) -> None:
        status, body = self.answer(self.path.partition("?")[0])
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def _error(code: str) -> object:
    return {"errors": [{"code": code, "message": code, "long_message": code, "meta": {}}], "clerk_trace_id": "trace"}
