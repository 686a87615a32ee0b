"""An author who loses the role before a change is made cannot make it."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from akako_guard.role import Role
from api import application
from api.application import build
from api.operations import OPERATIONS
from config.settings import ApiSettings
from tests import people
from tests.api.asking import Person
from tests.api.changes import DELETED, LOSSES, MALLORY, OWN_TESTS, ApiCall, Scene, changes, image, lose, prepare
from tests.api.served import served
from tests.clerk_sender import Clerk
from tests.clerk_signs_in import Instance
from tests.examples import examples
from tests.ledger import change, values
from tests.meanwhile import holding, waiting_for_a_lock

LOCK_MALLORY = f"select from users where clerk_id = '{MALLORY}' for no key update"
FORBIDDEN = (403, {"error": "Forbidden"})
ROUNDS = examples(30)


@pytest.fixture
def scene(engine: Engine, clerk: Clerk) -> Scene:
    return prepare(engine, clerk)


@pytest.fixture
def mallory(client: TestClient, instance: Instance) -> Person:
    return Person(client, instance, MALLORY)


@pytest.fixture
def long_lock_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long lock timeout, for slow machines."""
    monkeypatch.setattr(application, "LOCK_SECONDS", 30)


@pytest.fixture
def address(settings: ApiSettings) -> Iterator[tuple[str, int]]:
    """The address on which the API listens."""
    with served(build(settings)) as url:
        yield "127.0.0.1", urlsplit(url).port or 0


def test_every_operation_with_a_body_is_covered() -> None:
    assert {each.operation.name for each in changes()} | OWN_TESTS == {each.name for each in OPERATIONS if each.body}


def half_sent(address: tuple[str, int], head: str, body: bytes, meanwhile: list[str], engine: Engine) -> bytes:
    """The response to a request whose body is sent only after its author lost the role."""
    with (
        socket.create_connection(address, timeout=30) as first,
        socket.create_connection(address, timeout=30) as second,
    ):
        first.sendall(head.encode())
        # Answered after the same server has read the head of the first request, by the same thread that looks up roles.
        second.sendall(head.replace(head.split("\r\n")[0], "GET /api/user/profile HTTP/1.1").encode() + body)
        assert second.recv(65_536).startswith(b"HTTP/1.1 200")
        for statement in meanwhile:
            change(engine, statement)
        before = image(engine)
        first.sendall(body)
        answer = first.recv(65_536)
        assert image(engine) == before
        return answer


@pytest.mark.parametrize(
    ("loss", "status"), [(LOSSES["revoked"], 403), (LOSSES["banned"], 403), (DELETED, 401)], ids=[*LOSSES, "deleted"]
)
@pytest.mark.parametrize("call", changes(), ids=str)
def test_an_admin_who_loses_the_role_before_the_body_arrives_is_refused(
    engine: Engine, address: tuple[str, int], instance: Instance, scene: Scene, call: ApiCall, loss: str, status: int
) -> None:
    body = json.dumps(scene.body(call)).encode()
    head = (
        f"{call.operation.method} {scene.path(call)} HTTP/1.1\r\nHost: api\r\nConnection: keep-alive\r\n"
        f"Authorization: Bearer {instance.token(MALLORY)}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )

    answer = half_sent(address, head, body, [loss], engine)

    assert answer.startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.usefixtures("long_lock_timeout")
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("call", changes(), ids=str)
def test_an_admin_who_loses_the_role_while_the_change_waits_is_refused(
    engine: Engine, mallory: Person, scene: Scene, call: ApiCall, loss: str
) -> None:
    def ask() -> tuple[int, object]:
        answer = mallory.client.request(
            call.operation.method, scene.path(call), json=scene.body(call), headers=mallory.headers
        )
        return answer.status_code, answer.json()

    with holding(engine, LOCK_MALLORY) as other, waiting_for_a_lock(engine, ask) as asking:
        lose(other, loss)
        other.commit()
        before = image(engine)
        answer = asking.result()

    assert answer == FORBIDDEN
    assert image(engine) == before


@pytest.mark.usefixtures("long_lock_timeout")
@pytest.mark.parametrize("call", changes(), ids=str)
def test_an_admin_who_keeps_the_role_makes_the_change_after_the_wait(
    engine: Engine, mallory: Person, scene: Scene, call: ApiCall
) -> None:
    def ask() -> int:
        return mallory.client.request(
            call.operation.method, scene.path(call), json=scene.body(call), headers=mallory.headers
        ).status_code

    with holding(engine, LOCK_MALLORY) as other, waiting_for_a_lock(engine, ask) as asking:
        other.commit()
        assert asking.result() == call.operation.status


@pytest.mark.usefixtures("long_lock_timeout", "scene")
def test_an_admin_whose_role_expires_while_the_change_waits_is_refused(engine: Engine, mallory: Person) -> None:
    roles = "/api/admin/users/user_ada/roles"
    with (
        holding(engine, LOCK_MALLORY) as other,
        waiting_for_a_lock(engine, lambda: mallory.post(roles, role="ADMIN", reason="Mine.")) as asking,
    ):
        other.exec_driver_sql(
            "update user_roles set effective_end_date = clock_timestamp() + interval '1 second'"
            f" where role = 'ADMIN' and user_id = (select id from users where clerk_id = '{MALLORY}')"
        )
        other.exec_driver_sql("select pg_sleep(1.1)")
        other.commit()
        answer = asking.result()

    assert (answer.status_code, answer.json()) == FORBIDDEN


@pytest.mark.properties
def test_two_admins_who_change_each_other_concurrently_never_deadlock(
    engine: Engine, settings: ApiSettings, instance: Instance
) -> None:
    for name in ("user_ada", "user_bob"):
        people.add(engine, name, Role.ADMIN)

    def work(client: TestClient, by: str, target: str, together: Barrier) -> set[int]:
        person, statuses = Person(client, instance, by), set()
        for _ in range(ROUNDS):
            together.wait()
            given = person.post(f"/api/admin/users/{target}/roles", role="MENTOR", reason="Leads a course.")
            ended = person.delete(f"/api/admin/users/{target}/roles/{given.json().get('id')}", reason="Over.")
            statuses |= {given.status_code, ended.status_code}
        return statuses

    # Two applications, like two processes: they do not share user locks.
    with TestClient(build(settings)) as one, TestClient(build(settings)) as other, ThreadPoolExecutor(2) as threads:
        together = Barrier(2)
        there = threads.submit(work, one, "user_ada", "user_bob", together)
        back = threads.submit(work, other, "user_bob", "user_ada", together)
        assert there.result() | back.result() == {201, 200}

    assert values(engine, "select count(*) from audit_log where action = 'role.revoked'") == [2 * ROUNDS]


def test_a_caller_without_the_role_gets_no_other_error(engine: Engine, client: TestClient, instance: Instance) -> None:
    people.add(engine, "user_eve")
    headers = Person(client, instance, "user_eve").headers | {"Content-Type": "application/json"}
    path = "/api/admin/users/user_admin/roles"

    answers = [
        client.post(path, content=b"garbage", headers=headers),
        client.post(path, content=b"x" * 70_000, headers=headers),
        client.post(path, content=b"{}", headers=headers | {"Content-Type": "text/plain"}),
        client.post(f"{path}?page=2", content=b"{}", headers=headers),
    ]

    assert {(answer.status_code, answer.text) for answer in answers} == {(403, '{"error":"Forbidden"}')}


@pytest.mark.parametrize("known", [{"banned": True}, None], ids=["banned", "deleted"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/api/admin/users"), ("POST", "/api/auth/sync")])
def test_an_impersonator_who_is_banned_or_deleted_is_refused(
    engine: Engine, client: TestClient, instance: Instance, known: dict[str, bool] | None, method: str, path: str
) -> None:
    people.add(engine, "user_admin", Role.ADMIN)
    people.add(engine, MALLORY, **(known or {}))
    if known is None:
        change(engine, DELETED)

    answer = client.request(method, path, headers=Person(client, instance, "user_admin", {"sub": MALLORY}).headers)

    assert (answer.status_code, answer.json()) == FORBIDDEN


@pytest.mark.usefixtures("long_lock_timeout")
def test_an_impersonator_who_is_banned_while_the_change_waits_is_refused(
    engine: Engine, client: TestClient, instance: Instance, scene: Scene
) -> None:
    boss = Person(client, instance, "user_boss", {"sub": MALLORY})
    ask = lambda: boss.post("/api/admin/users/user_ada/roles", role="ADMIN", reason="Mine.")  # noqa: E731

    with holding(engine, LOCK_MALLORY) as other, waiting_for_a_lock(engine, ask) as asking:
        lose(other, "banned")
        other.commit()
        answer = asking.result()

    assert (answer.status_code, answer.json()) == FORBIDDEN
