"""A development Clerk that listens delivers by itself."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from svix.webhooks import Webhook

from dev.clerk.endpoint import Endpoint, Secret
from dev.clerk.instance import Instance
from tests.clerk_sender import signing_secret
from tests.dev.clerk import wall_time
from tests.dev.clerk.serving import serving
from tests.dev.groups import until

SECRET = signing_secret()


class Receiver(ThreadingHTTPServer):
    """Verifies and records deliveries; those of `held` users wait until they are released."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[str] = []
        self.held = ""
        self.released = threading.Event()
        self.statuses: list[int] = []


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Webhook(SECRET).verify(body, {name.lower(): value for name, value in self.headers.items()})
        username = json.loads(body)["data"]["username"]
        if username == self.server.held:
            self.server.released.wait(10)
        self.server.received.append(username)
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 202)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name of the base class
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.released.set()
        server.shutdown()


@contextmanager
def running(receiver: Receiver) -> Iterator[tuple[Instance, str]]:
    """An instance that delivers to the receiver, and the URL of its control API."""
    one = wall_time.instance()
    url = f"http://127.0.0.1:{receiver.server_address[1]}/webhooks/clerk"
    one.state.endpoint = replace(Endpoint(), url=url, secrets=(Secret(SECRET),))
    with serving(one) as address:
        yield one, f"{address}/dev"


def post(url: str, path: str, **body: object) -> None:
    httpx.post(f"{url}{path}", json=body, headers={"x-akako-clerk": "1"}, trust_env=False).raise_for_status()


def test_a_change_is_delivered_at_once_and_a_failure_is_retried_when_its_time_has_come(receiver: Receiver) -> None:
    receiver.statuses = [503]
    with running(receiver) as (one, url):
        post(url, "/api/users", username="lady_ada")
        until(lambda: any(each.attempts for each in one.state.messages.values()))
        post(url, "/advance", seconds=5)

        until(lambda: [each.status for each in one.state.messages.values()] == ["delivered"])

    assert receiver.received == ["lady_ada", "lady_ada"]


def test_a_delivery_that_waits_for_its_answer_delays_no_other(receiver: Receiver) -> None:
    receiver.held = "lady_ada"
    with running(receiver) as (one, url):
        post(url, "/api/users", username="lady_ada")
        post(url, "/api/users", username="ben_b")

        until(lambda: receiver.received == ["ben_b"])
        receiver.released.set()
        until(lambda: {each.status for each in one.state.messages.values()} == {"delivered"})

    assert receiver.received == ["ben_b", "lady_ada"]
