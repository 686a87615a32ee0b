"""The sample events, and fresh copies of them."""

import json
import time

import pytest

from clerk import events
from dev import sample_events


@pytest.mark.parametrize("name", sample_events.names())
def test_a_fresh_sample_has_the_current_time(name: str) -> None:
    fresh = sample_events.freshen(sample_events.load(name), "user_a")
    assert abs(fresh["timestamp"] / 1_000 - time.time()) < 5


def test_two_fresh_samples_share_neither_user_nor_address() -> None:
    first, second = (
        events.read(
            sample_events.body(sample_events.freshen(sample_events.load("user.created"), sample_events.new_id("user")))
        ).meaning
        for _ in range(2)
    )
    assert isinstance(first, events.Changed)
    assert isinstance(second, events.Changed)
    assert first.snapshot.clerk_id != second.snapshot.clerk_id
    assert first.snapshot.email != second.snapshot.email


def test_the_same_user_keeps_the_address() -> None:
    addresses = {
        sample_events.freshen(sample_events.load(name), "user_one")["data"]["email_addresses"][0]["email_address"]
        for name in ("user.created", "user.updated", "user.banned")
    }
    assert len(addresses) == 1


@pytest.mark.parametrize("name", sample_events.names())
def test_samples_have_fictitious_addresses(name: str) -> None:
    text = json.dumps(sample_events.load(name))
    assert all(part.split('"')[0].startswith("example.") for part in text.split("@")[1:])


def test_a_nested_value_can_be_changed() -> None:
    event = {"data": {"banned": False}}
    sample_events.change(event, "data.banned=true")
    sample_events.change(event, "data.first_name=Ada")
    assert event == {"data": {"banned": True, "first_name": "Ada"}}
