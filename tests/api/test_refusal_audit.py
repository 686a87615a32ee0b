"""A request without the required role is recorded in the audit trail, once per user and hour."""

import httpx
import psycopg
import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from akako_guard.role import Role
from api import application
from api.application import build
from api.refusal_audit import MOST_REMEMBERED, RefusalAudit
from config.settings import ApiSettings
from tests import people
from tests.api.asking import Person, SignIn
from tests.api.changes import ApiCall, changes, readings
from tests.api.served import served
from tests.clerk_signs_in import Instance
from tests.dev.groups import until
from tests.ledger import rows, values
from tests.listener import QUICK
from tests.servers import Database

REFUSED = "select clerk_user_id, actor, cause, after from audit_log where action = 'access.refused' order by id"
GUARDED = [each for each in [*changes(), *readings()] if each.operation.requires and each.operation.requires.roles]


@pytest.mark.parametrize("call", GUARDED, ids=str)
def test_a_refused_operation_is_recorded(engine: Engine, sign_in: SignIn, call: ApiCall) -> None:
    people.add(engine, "user_eve")
    eve, operation = sign_in("user_eve"), call.operation
    path = operation.path.format(clerk_id="user_ada", id=1, svix_id="msg_1", drift_id=1)

    answer = eve.client.request(operation.method, path, headers=eve.headers)

    shown = {"operation": operation.name, "requires": ["ADMIN"], "banned": False}
    assert answer.status_code == 403
    assert rows(engine, REFUSED) == [("user_eve", "user_eve", answer.headers["X-Request-Id"], shown)]


def test_many_refusals_write_one_line_per_user(engine: Engine, sign_in: SignIn) -> None:
    names = ["user_eve", "user_mal"]
    for name in names:
        people.add(engine, name)
    unused_ids = "select max(id) - count(*) from audit_log"
    before = values(engine, unused_ids)

    statuses = {sign_in(name).get("/api/admin/users").status_code for name in names * 25}

    assert statuses == {403}
    assert values(engine, REFUSED) == names
    people.add(engine, "user_late")
    assert values(engine, unused_ids) == before


def test_another_process_adds_no_second_line(engine: Engine, settings: ApiSettings, instance: Instance) -> None:
    people.add(engine, "user_eve")

    for _ in range(2):
        with TestClient(build(settings)) as client:
            assert Person(client, instance, "user_eve").get("/api/admin/audit").status_code == 403

    assert values(engine, REFUSED) == ["user_eve"]


def test_the_line_identifies_a_banned_admin_and_an_impersonator(engine: Engine, sign_in: SignIn) -> None:
    people.add(engine, "user_mal", banned=True)
    people.assign(engine, "user_mal", Role.ADMIN)
    people.add(engine, "user_eve")

    sign_in("user_mal").get("/api/admin/users")
    sign_in("user_eve", act={"sub": "user_support"}).get("/api/admin/users")

    assert [(who, actor, after["banned"]) for who, actor, _, after in rows(engine, REFUSED)] == [
        ("user_mal", "user_mal", True),
        ("user_eve", "user_support as user_eve", False),
    ]


def test_nothing_is_recorded_about_permitted_and_unknown_callers(
    engine: Engine, admin: Person, sign_in: SignIn
) -> None:
    admin.get("/api/admin/users")
    admin.get("/api/user/profile")
    sign_in("user_none").get("/api/admin/users")
    admin.client.get("/api/admin/users")

    assert rows(engine, REFUSED) == []


def test_a_blocked_audit_table_delays_no_response(
    database: Database,
    engine: Engine,
    settings: ApiSettings,
    instance: Instance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(application, "LOCK_SECONDS", 60)
    people.add(engine, "user_eve")
    headers = {"Authorization": f"Bearer {instance.token('user_eve')}"}

    with served(build(settings)) as url:
        with psycopg.connect(database.owner_url) as owner:
            owner.execute("lock table audit_log in access exclusive mode")
            answers = [httpx.get(f"{url}/api/admin/users", headers=headers, **QUICK) for _ in range(20)]
        until(lambda: values(engine, REFUSED) == ["user_eve"])

    assert {answer.status_code for answer in answers} == {403}


def test_the_memory_of_recorded_users_is_bounded(engine: Engine) -> None:
    refused = RefusalAudit(engine)

    due = [refused._is_due(f"user_{number}") for number in range(MOST_REMEMBERED + 10)]

    assert all(due)
    assert len(refused._noted) == MOST_REMEMBERED
    assert not refused._is_due(f"user_{MOST_REMEMBERED}")
