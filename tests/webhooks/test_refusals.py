import socket
from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY
from starlette.testclient import TestClient

from config.settings import ReceiverSettings
from tests.clerk_sender import Clerk, Sent
from tests.servers import Database
from tests.webhooks.receiver_process import TARGET, ReceiverProcess
from webhooks.receiver import build

REFUSED_TOTAL = "akako_deliveries_refused_total"


def counted(reason: str) -> float:
    return REGISTRY.get_sample_value(REFUSED_TOTAL, {"reason": reason}) or 0


@pytest.mark.parametrize(
    ("sign", "reason"),
    [
        # Signed when the test runs: minutes later they would be refused for their timestamp.
        (lambda: Clerk().created(), "signature_wrong"),
        (lambda: Clerk().again(Clerk().created(), seconds_ago=900), "timestamp_out_of_tolerance"),
        (lambda: Sent("", {}, b"{}"), "headers_missing"),
        (lambda: Sent("", {}, b"x" * 2_000_000), "body_too_large"),
    ],
)
def test_every_refusal_is_counted_by_its_reason(
    database: Database, redis_url: str, clerk: Clerk, sign: Callable[[], Sent], reason: str
) -> None:
    settings = ReceiverSettings.model_validate(
        {
            "database_url": database.app_url,
            "redis_url": redis_url,
            "clerk_webhook_signing_secret": clerk.secrets[0],
        }
    )
    before, sent = counted(reason), sign()
    with TestClient(build(settings)) as client:
        for _ in range(3):
            client.post("/webhooks/clerk", content=sent.body, headers=sent.headers)
    assert counted(reason) == before + 3


def test_a_content_length_above_the_limit_is_413_and_closes(receiver: ReceiverProcess) -> None:
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=3) as connection:
        connection.sendall(TARGET.start + b"Host: akako\r\nContent-Length: 1048577\r\n\r\n")
        assert until_closed(connection).startswith(b"HTTP/1.1 413 ")


def until_closed(connection: socket.socket) -> bytes:
    """All data until the peer closes; fails if it does not."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))
