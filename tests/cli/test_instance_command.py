"""`akako instance`: shows, pins and pins again, and prints the link to Clerk's page of webhooks."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine

from db import audit, clerk_instance
from tests.clerk_sender import Clerk, event, user
from tests.ledger import apply, rows, values
from tests.served_clerk import ServedClerk, served_clerk

PINNED = "select instance_id, environment from clerk_instance"
LINES = "select actor, reason, before, after from audit_log where action = 'instance.pinned' order by id"
WHY = ("--reason", "Moved.", "--by", "grace", "--yes")


@pytest.fixture
def clerk() -> Iterator[ServedClerk]:
    with served_clerk() as running:
        yield running


@pytest.fixture
def instance(akako: Any, clerk: ServedClerk) -> Callable[..., Result]:
    """Runs the command with the instance's key."""

    def run(*words: str, **environment: str) -> Result:
        given = {"CLERK_SECRET_KEY": clerk.key, "CLERK_API_URL": clerk.url}
        result: Result = akako("instance", *words, **given | environment)
        return result

    return run


def pin_another(engine: Engine) -> None:
    """Pin another instance than the one of the key."""
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada")
        clerk_instance.pin(connection, "ins_other", None)


def test_the_instance_of_the_key_is_pinned_once_and_recorded(
    engine: Engine, clerk: ServedClerk, instance: Callable[..., Result]
) -> None:
    results = [instance("pin", "--by", "grace") for _ in range(2)]

    assert [(result.exit_code, result.stdout) for result in results] == [
        (0, f"Pinned to {clerk.id} (development).\n")
    ] * 2
    assert rows(engine, PINNED) == [(clerk.id, "development")]
    assert rows(engine, LINES) == [
        ("operator:grace", "Pinned by `akako instance pin`.", None, {"instance_id": clerk.id})
    ]


def test_another_instance_is_not_pinned_without_a_reason_and_a_confirmation(
    engine: Engine, clerk: ServedClerk, instance: Callable[..., Result]
) -> None:
    pin_another(engine)

    refused = instance("pin")
    no_reason = instance("repin", "--yes")
    unconfirmed = instance("repin", "--reason", "Moved.")

    assert (refused.exit_code, "It is pinned to ins_other" in refused.stderr) == (1, True)
    assert "akako instance repin" in refused.stderr
    assert (no_reason.exit_code, unconfirmed.exit_code) == (2, 1)
    assert values(engine, PINNED) == ["ins_other"]


def test_another_instance_is_pinned_with_a_reason(
    engine: Engine, clerk: ServedClerk, instance: Callable[..., Result]
) -> None:
    pin_another(engine)

    result = instance("repin", *WHY)

    assert (result.exit_code, result.stdout) == (0, f"Pinned to {clerk.id} (development), in place of ins_other.\n")
    assert rows(engine, PINNED) == [(clerk.id, "development")]
    assert rows(engine, LINES)[1:] == [
        ("operator:grace", "Moved.", {"instance_id": "ins_other"}, {"instance_id": clerk.id})
    ]


def test_pinning_the_same_instance_again_changes_nothing(
    engine: Engine, clerk: ServedClerk, instance: Callable[..., Result]
) -> None:
    instance("pin")

    result = instance("repin", *WHY)

    assert (result.exit_code, "in place of" in result.stdout, len(rows(engine, LINES))) == (0, False, 1)


def test_the_pin_is_shown_with_its_changes(engine: Engine, clerk: ServedClerk, instance: Callable[..., Result]) -> None:
    pin_another(engine)
    instance("repin", *WHY)

    shown = json.loads(instance("show", "--json").stdout)

    assert (shown["instance_id"], shown["environment"]) == (clerk.id, "development")
    assert [(each["instance_id"], each["by"], each["reason"]) for each in shown["changes"]] == [
        (clerk.id, "operator:grace", "Moved."),
        ("ins_other", "operator:ada", None),
    ]
    table = instance("show").stdout
    assert [each for each in (f"Pinned to {clerk.id}", "ins_other", "Moved.") if each not in table] == []


def test_showing_without_a_pin_says_how_to_pin(instance: Callable[..., Result]) -> None:
    result = instance("show")

    assert (result.exit_code, "Run `akako instance pin`" in result.stderr) == (1, True)


@pytest.mark.parametrize("words", [("pin",), ("repin", *WHY), ("webhooks",)], ids=lambda words: words[0])
def test_a_clerk_that_refuses_the_key_is_named_and_nothing_is_pinned(
    words: tuple[str, ...], engine: Engine, instance: Callable[..., Result]
) -> None:
    result = instance(*words, CLERK_SECRET_KEY="sk_test_wrong")

    assert (result.exit_code, "Check that CLERK_SECRET_KEY" in result.stderr) == (1, True)
    assert values(engine, PINNED) == []


def test_the_link_to_the_page_of_webhooks_is_printed(clerk: ServedClerk, instance: Callable[..., Result]) -> None:
    result = instance("webhooks")

    assert (result.exit_code, result.stdout) == (0, f"{clerk.url}/\n")


def test_an_instance_that_did_not_send_the_applied_deliveries_is_not_pinned_by_mistake(
    engine: Engine, clerk: ServedClerk, instance: Callable[..., Result]
) -> None:
    sender = Clerk()
    apply(engine, sender, sender.created())

    refused = instance("pin")

    assert (refused.exit_code, "came from ins_akako" in refused.stderr) == (1, True)
    assert values(engine, PINNED) == []
    assert instance("repin", *WHY).exit_code == 0
    assert values(engine, PINNED) == [clerk.id]


def test_the_instance_that_sent_the_applied_deliveries_is_pinned(
    engine: Engine, clerk: ServedClerk, instance: Callable[..., Result]
) -> None:
    sender = Clerk()
    apply(engine, sender, sender.send(event("user.created", user(), instance_id=clerk.id)))

    assert (instance("pin").exit_code, values(engine, PINNED)) == (0, [clerk.id])
