import pytest
from prometheus_client import REGISTRY
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from config.settings import ReceiverSettings
from tests.clerk_says import Clerk, Sent
from tests.servers import Database
from webhooks.receiver import build
from webhooks.tally import REFUSED, Tally

REFUSED_TOTAL = "akako_deliveries_refused_total"


def counted(reason: str) -> float:
    return REGISTRY.get_sample_value(REFUSED_TOTAL, {"reason": reason}) or 0


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (Clerk().created(), "signature_wrong"),
        (Clerk().again(Clerk().created(), seconds_ago=900), "timestamp_out_of_tolerance"),
        (Sent("", {}, b"{}"), "headers_missing"),
        (Sent("", {}, b"x" * 2_000_000), "body_too_large"),
    ],
)
def test_every_refusal_is_counted_by_its_reason(
    database: Database, redis_url: str, clerk: Clerk, sent: Sent, reason: str
) -> None:
    settings = ReceiverSettings.model_validate(
        {
            "database_url": database.app_url,
            "redis_url": redis_url,
            "clerk_webhook_signing_secret": clerk.secrets[0],
        }
    )
    before = counted(reason)
    with TestClient(build(settings)) as client:
        for _ in range(3):
            client.post("/webhooks/clerk", content=sent.body, headers=sent.headers)
    assert counted(reason) == before + 3


def test_a_reason_is_told_once_in_a_while_and_the_rest_at_the_end() -> None:
    tally = Tally("delivery.refused", REFUSED)
    with capture_logs() as lines:
        for _ in range(1_000):
            tally.note("not_http")
        tally.note("head_too_slow")
        tally.close()
    assert [(line["reason"], line["count"]) for line in lines] == [
        ("not_http", 1),
        ("head_too_slow", 1),
        ("not_http", 999),
    ]
