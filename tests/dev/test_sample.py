"""The samples, and how they are made fresh."""

import json
import time

import pytest

from clerk import events
from dev import sample


@pytest.mark.parametrize("name", sample.names())
def test_a_fresh_sample_happened_just_now(name: str) -> None:
    fresh = sample.freshen(sample.load(name), "user_a")
    assert abs(fresh["timestamp"] / 1_000 - time.time()) < 5


def test_two_fresh_samples_share_neither_user_nor_address() -> None:
    first, second = (
        events.read(sample.body(sample.freshen(sample.load("user.created"), sample.new_id("user")))).meaning
        for _ in range(2)
    )
    assert isinstance(first, events.Changed)
    assert isinstance(second, events.Changed)
    assert first.snapshot.clerk_id != second.snapshot.clerk_id
    assert first.snapshot.email != second.snapshot.email


def test_the_same_user_keeps_the_address() -> None:
    addresses = {
        sample.freshen(sample.load(name), "user_one")["data"]["email_addresses"][0]["email_address"]
        for name in ("user.created", "user.updated", "user.banned")
    }
    assert len(addresses) == 1


@pytest.mark.parametrize("name", sample.names())
def test_samples_are_made_up(name: str) -> None:
    text = json.dumps(sample.load(name))
    assert all(part.split('"')[0].startswith("example.") for part in text.split("@")[1:])


def test_a_change_reaches_into_the_event() -> None:
    event = {"data": {"banned": False}}
    sample.change(event, "data.banned=true")
    sample.change(event, "data.first_name=Ada")
    assert event == {"data": {"banned": True, "first_name": "Ada"}}
