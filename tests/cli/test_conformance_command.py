"""`akako conformance`, against a real receiver and against one that accepts everything."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from dev import local_servers, ports
from dev.conformance.catalogue import EVERY, NAMES
from tests.cli.conftest import Receiver


def akako(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["conformance", *arguments], env={"CLERK_WEBHOOK_SIGNING_SECRET": None})


class AcceptsEverything(BaseHTTPRequestHandler):
    """A receiver that verifies nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def careless() -> Iterator[str]:
    """The URL of a receiver that accepts everything."""
    with ThreadingHTTPServer(("127.0.0.1", 0), AcceptsEverything) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_this_projects_receiver_passes_every_scenario(receiver: Receiver) -> None:
    done = akako("--url", receiver.url, "--secret", receiver.secret)
    assert (done.exit_code, f"All {len(EVERY)} passed." in done.output) == (0, True), done.output
    assert [name for name in NAMES if f" {name} " not in done.output] == []


def test_a_receiver_that_verifies_nothing_fails_the_scenarios_of_refusals(careless: str) -> None:
    done = akako("--url", careless, "--secret", local_servers.new_secret(), "--json")
    found = json.loads(done.output)
    failed = {each["name"] for each in found["results"] if each["verdict"] == "failed"}
    assert (done.exit_code, found["ok"], found["failed"]) == (1, False, len(failed))
    assert {"forged-signature", "stale-timestamp", "unsigned", "huge-body"} <= failed
    assert not failed & {"valid-creation", "duplicate", "update-before-creation"}


def test_a_failed_scenario_says_what_was_seen_and_what_was_expected(careless: str) -> None:
    done = akako("--url", careless, "--secret", local_servers.new_secret(), "--only", "unsigned")
    assert (done.exit_code, "✗ unsigned: 200 instead of 4xx" in done.output) == (1, True)
    assert "1 of 1 failed." in done.output


def test_chosen_scenarios_run_alone_and_in_their_usual_order(careless: str) -> None:
    chosen = ("--only", "duplicate", "--only", "valid-creation")
    done = akako("--url", careless, "--secret", local_servers.new_secret(), *chosen, "--json")
    assert [each["name"] for each in json.loads(done.output)["results"]] == ["valid-creation", "duplicate"]


def test_another_secret_is_suspected_if_a_valid_delivery_is_refused(receiver: Receiver) -> None:
    done = akako("--url", receiver.url, "--secret", local_servers.new_secret(), "--only", "valid-creation")
    assert (done.exit_code, "check --url, --secret" in done.output) == (1, True)


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/webhooks/clerk", "127.0.0.1:{port}", "ftp://127.0.0.1/"])
def test_a_receiver_that_cannot_be_reached_is_reported_with_the_remedy(url: str) -> None:
    done = akako("--url", url.format(port=ports.free_port()), "--secret", local_servers.new_secret())
    assert (done.exit_code, "cannot be reached" in done.output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "CLERK_WEBHOOK_SIGNING_SECRET"),
        (["--secret", "whsec_?"], "not a signing secret"),
        (["--only", "no-such"], "akako conformance --list"),
        (["extra"], "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_explained(arguments: list[str], message: str) -> None:
    wrong = akako(*arguments)
    assert (wrong.exit_code, message in wrong.output) == (2, True)


def test_the_list_names_every_scenario() -> None:
    done = akako("--list")
    assert [name for name in NAMES if name not in done.output] == []
