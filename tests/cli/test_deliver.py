"""`akako deliver`, against a real receiver."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from dev import local_servers, ports, sample_events
from tests.cli.conftest import Receiver

STATUSES = {
    "session.created": "ignored",
    "send-example": "ignored",
    "user.updated.without-version": "parked",
    "user.deleted.without-id": "parked",
}


def akako(*arguments: str, **more: str) -> Result:
    return CliRunner().invoke(main, ["deliver", *arguments], env={"CLERK_WEBHOOK_SIGNING_SECRET": None}, **more)  # type: ignore[arg-type]


def to(receiver: Receiver) -> tuple[str, ...]:
    return ("--url", receiver.url, "--secret", receiver.secret)


def test_every_sample_is_accepted_and_has_the_expected_status(receiver: Receiver) -> None:
    answers = {name: json.loads(akako(name, *to(receiver), "--json").output) for name in sample_events.names()}
    assert {answer["status"] for answer in answers.values()} == {202}
    found = receiver.events()
    statuses = {name: found[answer["svix_id"]][0] for name, answer in answers.items()}
    assert statuses == {name: STATUSES.get(name, "received") for name in answers}


def test_a_repeated_delivery_is_a_duplicate(receiver: Receiver) -> None:
    akako("user.created", *to(receiver), "--id", "msg_once")
    before = receiver.events()
    again = akako("user.created", *to(receiver), "--id", "msg_once")
    assert "duplicate" in again.output
    assert receiver.events() == before


def test_a_file_is_sent_byte_for_byte(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_bytes(b'{ "type":"user.deleted",\n "data": {"id": "user_1"} }')
    assert akako(str(tmp_path / "event.json"), *to(receiver), "--id", "msg_file").exit_code == 0
    assert receiver.events()["msg_file"][1] == (tmp_path / "event.json").read_bytes()


def test_standard_input_is_sent_byte_for_byte(receiver: Receiver) -> None:
    assert akako("-", *to(receiver), "--id", "msg_in", input="not JSON, and still signed").exit_code == 0
    assert receiver.events()["msg_in"] == ("parked", b"not JSON, and still signed")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_control_characters_in_a_file_are_escaped(receiver: Receiver, form: tuple[str, ...]) -> None:
    body = json.dumps({"type": "user.\x1b[2J\x9b31m\u202e", "data": {}})
    done = akako("-", *to(receiver), *form, input=body)
    assert "user.\\u001b[2J\\u009b31m\\u202e" in done.output
    assert {character for character in done.output if not character.isprintable()} == {"\n"}


def test_a_value_can_be_changed(receiver: Receiver) -> None:
    akako("user.created", *to(receiver), "--id", "msg_1", "--set", "data.first_name=Ada", "--set", "data.banned=true")
    data = json.loads(receiver.events()["msg_1"][1])["data"]
    assert (data["first_name"], data["banned"]) == ("Ada", True)


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [(["--forge"], "CLERK_WEBHOOK_SIGNING_SECRET"), (["--at", "1700000000"], "clocks agree")],
)
def test_a_refusal_is_reported_with_advice(arguments: list[str], advice: str, receiver: Receiver) -> None:
    before = receiver.events()
    refused = akako("user.created", *to(receiver), *arguments)
    assert refused.exit_code == 1
    assert advice in refused.output
    assert receiver.events() == before


def test_another_secret_is_refused(receiver: Receiver) -> None:
    assert akako("user.created", "--url", receiver.url, "--secret", local_servers.new_secret()).exit_code == 1


def test_a_missing_receiver_is_reported_with_the_remedy() -> None:
    url = f"http://127.0.0.1:{ports.free_port()}/webhooks/clerk"
    done = akako("user.created", "--url", url, "--secret", local_servers.new_secret())
    assert (done.exit_code, "Start the receiver" in done.output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Name a sample"),
        (["no.such"], "neither a sample nor a readable file"),
        (["user.created"], "CLERK_WEBHOOK_SIGNING_SECRET"),
        (["user.created", "--secret", "whsec_?"], "not a signing secret"),
        (["user.created", "--secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "--set", "type.of=1"], "no such path"),
    ],
)
def test_wrong_usage_is_explained(arguments: list[str], message: str) -> None:
    wrong = akako(*arguments)
    assert (wrong.exit_code, message in wrong.output) == (2, True)


def test_the_list_names_every_sample() -> None:
    assert akako("--list").output.split() == sample_events.names()
