"""What real processes tell Prometheus, each for all the processes that it started."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from akako_guard.database.engine import connect
from dev.embedded.servers import Servers
from health import exposition
from tests.clerk_sender import Clerk
from tests.dev.groups import until
from tests.ledger import change
from tests.running_stack import RunningStack, running_stack
from tests.servers import Database, copy_of


@pytest.fixture(scope="module")
def database(servers: Servers, template: str) -> Iterator[Database]:
    with copy_of(servers, template) as copy:
        yield copy


@pytest.fixture(scope="module")
def stack(database: Database, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack for these tests, with two receivers on one port."""
    directory = tmp_path_factory.mktemp("stack")
    with running_stack(database, servers.redis_url, directory, WEB_PROCESSES="2", LOG_LEVEL="WARNING") as made:
        made.start("web", "api", "worker", "beat", "clerk", "console")
        until(lambda: all(listens(port) for port in (*made.metrics.values(), *made.ports.values())), 60)
        yield made


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_what_happened_is_counted_once_whichever_process_did_it(stack: RunningStack, database: Database) -> None:
    sent = [stack.clerk.created(f"user_{number}", email=None) for number in range(20)]
    for delivery in sent:
        stack.deliver(delivery)
    assert stack.deliver(sent[0], Clerk().created(), stack.clerk.send(b"no JSON")) == [202, 401, 202]
    until(stack.settled)

    receiver = stack.scrape("web")
    fingerprint = stack.value("select distinct verified_by from webhook_events")
    assert receiver["akako_deliveries_stored_total", "accepted"] == 21
    assert receiver["akako_deliveries_stored_total", "duplicate"] == 1
    assert receiver["akako_deliveries_refused_total", "signature_wrong"] == 1
    assert receiver["akako_deliveries_verified_total", str(fingerprint)] == 22
    assert receiver["akako_intake_batch_deliveries_sum", ""] == 22
    assert receiver["akako_intake_wait_seconds_count", ""] == receiver["akako_intake_batch_deliveries_count", ""]

    until(lambda: stack.scrape("worker").get(("akako_events_processed_total", "applied")) == 20)
    worker = stack.scrape("worker")
    assert worker["akako_event_lag_seconds_count", ""] == 20
    assert 0 < worker["akako_event_lag_seconds_sum", ""] < 20 * 30
    assert worker["akako_apply_seconds_count", ""] >= 1
    assert worker["akako_stalled_seconds", ""] < 10
    assert [stack.scrape(name)["akako_broker_up", ""] for name in stack.metrics] == [1] * 6

    until(lambda: ("akako_last_progress_seconds", "beat") in stack.scrape("beat"))
    assert stack.scrape("beat")["akako_events", "parked"] == 1
    assert httpx.get(f"{stack.api}/api/user/profile", trust_env=False, verify=False).status_code == 401
    assert stack.scrape("api")["akako_api_answers_total", "GET 401"] == 1


def test_every_process_answers_a_health_probe_beside_its_metrics(stack: RunningStack) -> None:
    answers = [
        httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False, verify=False) for port in stack.metrics.values()
    ]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"status": "ok"})] * 6


@pytest.mark.parametrize(("moves", "status"), [(True, "200 OK"), (False, "503 Service Unavailable")])
def test_the_health_probe_of_a_process_that_does_not_move_is_503(moves: bool, status: str) -> None:
    said: list[str] = []
    app = exposition.application(lambda *_: [b"metrics"], lambda: moves)
    app({"PATH_INFO": "/healthz"}, lambda status, _: said.append(status))
    assert said == [status]
    assert app({"PATH_INFO": "/metrics"}, None) == [b"metrics"]


def test_the_public_ports_serve_no_metrics(stack: RunningStack) -> None:
    for url in (stack.url, stack.api):
        assert httpx.get(f"{url}/metrics", trust_env=False, verify=False).status_code == 404


def test_why_an_event_failed_is_counted_by_the_type_of_its_error(stack: RunningStack, database: Database) -> None:
    owner = connect(database.owner_url, "test")
    change(owner, "alter table users add constraint refused check (first_name <> 'Augustina')")
    stack.deliver(stack.clerk.created("user_ada", email=None, first_name="Augustina"))
    until(lambda: ("akako_events_postponed_total", "IntegrityError") in stack.scrape("worker"))
    owner.dispose()


def test_a_process_that_had_to_be_replaced_is_counted(stack: RunningStack) -> None:
    def started() -> list[float]:
        return [stack.scrape(name).get(("akako_processes_started_total", ""), 0) for name in ("web", "api", "worker")]

    until(lambda: started() == [2, 1, 2])
    stack.kill_hands()
    until(lambda: started() == [2, 1, 4])


def test_the_port_is_opened_without_a_lookup_of_the_host_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", None)
    exposition._server("127.0.0.1", 0, None).server_close()
