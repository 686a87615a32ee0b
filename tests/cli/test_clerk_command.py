"""`akako clerk`: drives a development Clerk that runs in a thread of the test's process."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from dev.clerk.endpoint import Endpoint, Secret
from dev.clerk.instance import Instance
from tests.dev.clerk import wall_time
from tests.dev.clerk.serving import serving

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def instance() -> Instance:
    return wall_time.instance()


@pytest.fixture(scope="module")
def url(instance: Instance) -> Iterator[str]:
    with serving(instance) as address:
        yield address


@pytest.fixture
def clerk(url: str) -> Run:
    def run(*words: str) -> Result:
        return CliRunner(env={"AKAKO_CLERK_URL": url}).invoke(main, ["clerk", *words])

    return run


@pytest.fixture
def ada(clerk: Run) -> Iterator[str]:
    """The id of a user, for the time of a test."""
    created = said(clerk("create", "--email", "ada@example.com", "--first-name", "Ada", "--json"))["id"]
    yield created
    clerk("delete", created)


def said(result: Result) -> Any:
    """The JSON that a command printed."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_user_is_created_listed_changed_banned_and_deleted(clerk: Run) -> None:
    created = said(
        clerk(
            "create", "--email", "grace@example.com", "--first-name", "Grace", "--public-metadata", '{"a": 1}', "--json"
        )
    )
    changed = said(
        clerk(
            *("update", created["id"], "--first-name", "Zoé", "--email", "zoe@example.com"),
            *("--public-metadata", '{"a": null, "b": 2}', "--json"),
        )
    )
    banned, unbanned = (said(clerk(word, created["id"], "--json"))["banned"] for word in ("ban", "unban"))
    listed = clerk("list", "--query", "zoe@")
    deleted = clerk("delete", created["id"])

    assert (changed["first_name"], changed["public_metadata"]) == ("Zoé", {"b": 2})
    assert changed["email_addresses"][0]["email_address"] == "zoe@example.com"
    assert (banned, unbanned) == (True, False)
    assert created["id"] in listed.stdout
    assert deleted.stdout == f"Deleted {created['id']}.\n"
    assert clerk("show", created["id"]).exit_code == 1


def test_a_list_says_how_to_continue(clerk: Run, ada: str) -> None:
    ben = said(clerk("create", "--username", "ben_b", "--json"))["id"]

    first = clerk("list", "--limit", "1")
    second = said(clerk("list", "--limit", "1", "--after", ben, "--json"))

    assert f"Continue with --after {ben}" in first.stderr
    assert [each["id"] for each in second] == [ada]
    clerk("delete", ben)


def test_a_sign_in_prints_a_token_and_the_session_gets_more_until_the_sign_out(clerk: Run, ada: str) -> None:
    signed_in = clerk("sign-in", ada, "--actor", "user_grace")
    session = signed_in.stderr.split()[1]
    renewed = clerk("sign-in", "--session", session)

    signed_out = clerk("sign-out", session)

    assert signed_in.stdout.count(".") == renewed.stdout.count(".") == 2
    assert signed_out.stdout == f"{session} is revoked.\n"
    assert clerk("sign-in", "--session", session).exit_code == 1


def test_faults_are_set_listed_and_cleared(clerk: Run) -> None:
    fault = said(clerk("faults", "set", "rate-limited", "--times", "0", "--seconds", "3", "--json"))
    listed = clerk("faults", "list")

    cleared = clerk("faults", "clear", fault["id"])

    assert fault["id"] in listed.stdout
    assert "until cleared" in listed.stdout
    assert cleared.stdout == "Cleared 1.\n"


def test_deliveries_are_listed_redelivered_and_advanced(instance: Instance, clerk: Run, ada: str) -> None:
    refusing = "http://127.0.0.1:9/webhooks/clerk"
    instance.state.endpoint = Endpoint(url=refusing, secrets=(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),))
    clerk("ban", ada)

    listed = said(clerk("deliveries", "--limit", "1", "--json"))["deliveries"][0]
    table = clerk("deliveries", "--limit", "1")

    assert (listed["type"], listed["user_id"]) == ("user.updated", ada)
    assert listed["id"] in table.stdout
    assert clerk("redeliver", listed["id"]).stdout == f"Delivers {listed['id']} again.\n"
    assert "again" in clerk("redeliver", "--missed").stdout
    assert said(clerk("advance", "300", "--json"))["ahead_seconds"] >= 300


def test_the_endpoint_is_shown_changed_and_its_secret_rotated(clerk: Run) -> None:
    disabled = clerk("endpoint", "--to", "http://127.0.0.1:9/x", "--disable")
    rotated = clerk("rotate")
    enabled = clerk("endpoint", "--enable")

    assert disabled.stdout.startswith("http://127.0.0.1:9/x (disabled")
    assert "(enabled" in enabled.stdout
    assert all(each.startswith("whsec_") for each in rotated.stdout.strip().split(","))


def test_the_template_of_claims_and_the_status_are_shown(clerk: Run) -> None:
    template = {"roles": "{{user.public_metadata.roles}}"}

    assert said(clerk("claims", json.dumps(template))) == template
    assert said(clerk("status", "--json"))["claims_template"] == template
    assert "instance_id" in clerk("status").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("create", "--email", "ada@school.test"), "form_param_format_invalid"),
        (("ban", "user_unknown"), "resource_not_found"),
        (("redeliver", "msg_unknown"), "resource_not_found"),
        (("faults", "clear", "fault_unknown"), "resource_not_found"),
    ],
)
def test_a_refusal_is_printed_with_its_code(clerk: Run, words: tuple[str, ...], message: str) -> None:
    refused = clerk(*words)

    assert refused.exit_code == 1
    assert message in refused.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("update", "user_1"),
        ("sign-in",),
        ("sign-in", "user_1", "--session", "sess_1"),
        ("redeliver",),
        ("create", "--public-metadata", "[]"),
        ("create", "--public-metadata", "{"),
        ("faults", "set", "earthquake"),
        ("list", "--url", "https://api.clerk.com"),
        ("list", "--url", "http://clerk.example.com"),
    ],
)
def test_a_wrong_usage_ends_with_exit_code_2(clerk: Run, words: tuple[str, ...]) -> None:
    assert clerk(*words).exit_code == 2


def test_without_a_running_clerk_the_message_says_how_to_start_one(clerk: Run) -> None:
    failed = clerk("list", "--url", "http://127.0.0.1:9")

    assert failed.exit_code == 1
    assert "start one with `akako up` or `akako clerk run`" in failed.stderr
