"""Deliveries of the development Clerk: signed, retried, rotated, and faulty on demand."""

import time

import pytest
from svix.webhooks import WebhookVerificationError

from dev.clerk import endpoint
from dev.clerk.endpoint import DAY, OVERLAP_SECONDS
from dev.clerk.message import PAUSES_SECONDS
from dev.clerk.schedule_clock import ScheduleClock
from tests.clerk_sender import signing_secret
from tests.dev.clerk.api import Api
from tests.dev.clerk.deliveries import Deliveries


@pytest.fixture
def deliveries(api: Api) -> Deliveries:
    return Deliveries(api)


def test_a_creation_an_update_and_a_deletion_are_delivered(api: Api, deliveries: Deliveries) -> None:
    ada = api.user()
    changed = api("POST", f"/users/{ada['id']}/ban")
    api("DELETE", f"/users/{ada['id']}")

    deliveries.send_all()

    created, updated, deleted = deliveries.receiver.events
    assert deliveries.receiver.types == ["user.created", "user.updated", "user.deleted"]
    assert (created["data"], updated["data"]) == (ada, changed)
    assert deleted["data"] == {"object": "user", "id": ada["id"], "deleted": True}
    assert {each["instance_id"] for each in deliveries.receiver.events} == {api("GET", "/instance")["id"]}
    assert 10 <= created["timestamp"] - created["data"]["updated_at"] <= 58


def test_a_delivery_is_verified_by_the_official_library(api: Api, deliveries: Deliveries) -> None:
    api.user(first_name="Zoé 🐝")

    deliveries.send()

    deliveries.verify(deliveries.receiver.got[0])
    with pytest.raises(WebhookVerificationError):
        deliveries.verify(deliveries.receiver.got[0], signing_secret())


def test_a_failed_delivery_is_retried_on_the_schedule_of_svix(api: Api, deliveries: Deliveries) -> None:
    deliveries.receiver.statuses = [500, 301, 0, 429, 500, 500, 500, 500]
    api.user()
    waited = []

    while deliveries.send():
        message = deliveries.message()
        if message.due is not None:
            waited.append(round(message.due - deliveries.sender.clock.now()))
            deliveries.sender.advance(waited[-1] - 1)
            assert deliveries.send() == 0
            deliveries.sender.advance(1.01)

    assert tuple(waited) == PAUSES_SECONDS
    assert (deliveries.message().status, len(deliveries.message().attempts)) == ("failed", 8)
    assert sum(waited) == 27 * 3_600 + 35 * 60 + 5


def test_a_retry_has_the_same_id_and_body_and_a_new_signature_of_the_real_time(
    api: Api, deliveries: Deliveries
) -> None:
    deliveries.receiver.statuses = [503]
    api.user()
    deliveries.send()
    deliveries.sender.advance(3 * DAY)

    deliveries.send()

    first, second = deliveries.receiver.got
    assert first.headers["svix-id"] == second.headers["svix-id"]
    assert first.content == second.content
    assert abs(int(second.headers["svix-timestamp"]) - time.time()) < 60
    deliveries.verify(second)
    assert deliveries.message().status == "delivered"


def test_the_receiver_can_stop_the_retries_of_one_message(api: Api, deliveries: Deliveries) -> None:
    deliveries.receiver.statuses = [500]
    deliveries.receiver.headers = {"webhook-delivery": "abort-message"}
    api.user()

    deliveries.send()

    assert (deliveries.message().status, deliveries.message().due) == ("aborted", None)


def test_after_a_rotation_both_secrets_sign_until_the_overlap_ends(api: Api, deliveries: Deliveries) -> None:
    new, state = signing_secret(), api.instance.state
    state.endpoint = endpoint.rotated(state.endpoint, new, deliveries.sender.clock.now())
    api.user()
    deliveries.send()
    deliveries.sender.advance(OVERLAP_SECONDS + 1)
    api.user("ben@example.com")
    deliveries.send()

    during, after = deliveries.receiver.got
    deliveries.verify(during)
    deliveries.verify(during, new)
    deliveries.verify(after, new)
    with pytest.raises(WebhookVerificationError):
        deliveries.verify(after)


def test_five_days_of_failures_disable_the_endpoint_until_it_is_enabled(api: Api, deliveries: Deliveries) -> None:
    deliveries.receiver.statuses = [500] * 2
    api.user()
    deliveries.send()
    deliveries.sender.advance(5 * DAY)
    deliveries.send()
    assert api.instance.state.endpoint.disabled
    api.user("ben@example.com")
    assert deliveries.send() == 0

    api.instance.state.endpoint = endpoint.enabled(api.instance.state.endpoint)
    recovered = deliveries.sender.recover()
    deliveries.send_all()

    assert recovered == 1
    assert deliveries.message().status == "delivered"


def test_nothing_is_sent_while_the_endpoint_is_disabled(api: Api, deliveries: Deliveries) -> None:
    deliveries.disable()
    api.user()

    assert deliveries.send() == 0
    assert deliveries.message().status == "skipped"


def test_a_dropped_delivery_is_never_sent(api: Api, deliveries: Deliveries) -> None:
    api.fault("drop-delivery")
    api.user()
    api.user("ben@example.com")

    deliveries.sender.advance(5 * DAY)
    deliveries.send_all()

    assert [event["data"]["email_addresses"][0]["email_address"] for event in deliveries.receiver.events] == [
        "ben@example.com"
    ]


def test_a_delayed_delivery_is_sent_later(api: Api, deliveries: Deliveries) -> None:
    api.fault("delay-delivery", seconds=30)
    api.user()
    assert deliveries.send() == 0

    deliveries.sender.advance(30)

    assert deliveries.send() == 1


def test_a_duplicated_delivery_is_sent_twice_with_one_id(api: Api, deliveries: Deliveries) -> None:
    api.fault("duplicate-delivery")
    api.user()

    deliveries.send_all()

    assert len({request.headers["svix-id"] for request in deliveries.receiver.got}) == 1
    assert len(deliveries.receiver.got) == 2


def test_a_reordered_delivery_is_sent_after_the_one_that_follows(api: Api, deliveries: Deliveries) -> None:
    api.fault("reorder-deliveries")
    ada = api.user()
    api("POST", f"/users/{ada['id']}/ban")

    deliveries.send_all()

    assert deliveries.receiver.types == ["user.updated", "user.created"]


def test_a_delivery_is_sent_again_on_demand(api: Api, deliveries: Deliveries) -> None:
    api.user()
    deliveries.send()

    deliveries.sender.redeliver(deliveries.message().id)
    deliveries.send()

    assert len(deliveries.receiver.got) == 2
    assert deliveries.sender.redeliver("msg_unknown") is None


def test_a_fast_schedule_runs_faster_than_time() -> None:
    now = 1_000.0
    clock = ScheduleClock(lambda: now, offset=5, speed=60)

    now += 2

    assert clock.now() == 1_000 + 5 + 120
    assert clock.offset == 123
