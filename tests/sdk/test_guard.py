import threading
import time
from itertools import chain, combinations, product
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from akako_guard import caller
from akako_guard.authentication import Authentication
from akako_guard.database.callers import KnownUser
from akako_guard.denials import Denied
from akako_guard.guard import active_caller, meets, require
from akako_guard.role import Role
from akako_guard.session import Session
from clerk.user import Deletion
from sync.persist import write
from tests import lms, people
from tests.clerk_signs_in import ADA, Instance
from tests.ledger import as_owner, values
from tests.servers import Database

SESSION = Session(clerk_id=ADA, session_id="sess_1", issued_at=0)
SUBSETS = [frozenset(some) for some in chain.from_iterable(combinations(Role, size) for size in range(4))]
GUARDED = ["/me", "/either", "/both", "/function", "/office", "/files/1"]


def known(**fields: object) -> KnownUser:
    """A user in the database."""
    user = {"id": 1, "clerk_id": ADA, "email": None, "first_name": None, "last_name": None, "roles": frozenset()}
    return KnownUser(**{**user, "banned": False, "deleted": False, **fields})  # type: ignore[arg-type]  # fields by name


def delete(engine: Engine, clerk_id: str) -> None:
    """Apply a deletion from Clerk."""
    with engine.begin() as connection:
        write(connection, [(Deletion(clerk_id=clerk_id, at=people.THEN), "msg_gone")], Role.LEARNER)


@pytest.mark.parametrize(("held", "required"), list(product(SUBSETS, SUBSETS)))
def test_a_requirement_is_met_by_one_or_by_all_of_its_roles(held: frozenset[Role], required: frozenset[Role]) -> None:
    assert meets(held, require(*required)) == (not required or any(role in held for role in required))
    assert meets(held, require(*required, all_of=True)) == all(role in held for role in required)


@pytest.mark.parametrize(
    ("user", "status"),
    [
        (None, 401),
        (known(deleted=True), 401),
        (known(deleted=True, roles=frozenset(Role)), 401),
        (known(banned=True), 403),
        (known(banned=True, roles=frozenset(Role)), 403),
    ],
)
def test_an_unknown_deleted_or_banned_user_is_denied_whatever_the_roles(user: KnownUser | None, status: int) -> None:
    with pytest.raises(Denied) as denied:
        active_caller(user, SESSION)
    assert denied.value.status_code == status


def test_a_role_that_does_not_exist_cannot_be_required() -> None:
    with pytest.raises(ValueError, match="TEACHER"):
        require("TEACHER")  # type: ignore[arg-type]  # as a caller without types would write it


def test_an_endpoint_that_cannot_be_guarded_raises_a_type_error() -> None:
    async def endpoint(nothing: object) -> None:
        raise AssertionError

    with pytest.raises(TypeError, match="request or websocket"):
        require(Role.ADMIN)(endpoint)


WINDOWS: dict[str, tuple[str, str | None, bool]] = {
    "since an hour, open": ("-1 hour", None, True),
    "since an hour, for another": ("-1 hour", "1 hour", True),
    "over for an hour": ("-2 hours", "-1 hour", True),
    "over and written down": ("-2 hours", "-1 hour", False),
    "begins in an hour": ("1 hour", None, True),
    "revoked before its end": ("-1 hour", "1 hour", False),
}
HELD = {"since an hour, open", "since an hour, for another"}


def test_the_decision_for_every_combination_of_role_windows_and_user_states(
    engine: Engine, platform: TestClient, instance: Instance
) -> None:
    """Windows of both roles, an active, banned or deleted user, and one or both roles required."""
    cases = list(product(WINDOWS, WINDOWS, ("active", "banned", "deleted")))
    for number, (*_, state) in enumerate(cases):
        people.add(engine, f"user_{number}", banned=state == "banned")
    with as_owner(engine) as connection:
        for number, (mentor, admin, _) in enumerate(cases):
            lms.insert(connection, f"user_{number}", Role.MENTOR, *WINDOWS[mentor])
            lms.insert(connection, f"user_{number}", Role.ADMIN, *WINDOWS[admin])
    for number in (number for number, (*_, state) in enumerate(cases) if state == "deleted"):
        delete(engine, f"user_{number}")

    answers = {
        (case, path): platform.get(path, headers=lms.bearer(instance.token(f"user_{number}"))).status_code
        for number, case in enumerate(cases)
        for path in ("/either", "/both")
    }

    enough = {"/either": any, "/both": all}
    allowed = {True: 200, False: 403}
    assert answers == {
        ((mentor, admin, state), path): {
            "active": allowed[enough[path]([mentor in HELD, admin in HELD])],
            "banned": 403,
            "deleted": 401,
        }[state]
        for mentor, admin, state in cases
        for path in ("/either", "/both")
    }


@pytest.mark.parametrize("path", GUARDED)
def test_a_guarded_endpoint_without_a_token_is_unauthorized(platform: TestClient, path: str) -> None:
    answer = platform.get(path)
    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", GUARDED)
def test_every_kind_of_endpoint_receives_its_caller(
    engine: Engine, platform: TestClient, instance: Instance, path: str
) -> None:
    ada = people.add(engine, ADA, Role.MENTOR, Role.ADMIN, email="ada@example.com", first_name="Ada")
    answer = platform.get(path, headers=lms.bearer(instance.token()))
    assert answer.json() == {
        "user_id": ada.id,
        "clerk_id": ADA,
        "email": "ada@example.com",
        "name": "Ada",
        "roles": ["ADMIN", "LEARNER", "MENTOR"],
        "session": "sess_1",
        "actor": None,
    }


@pytest.mark.parametrize("path", sorted(set(GUARDED) - {"/me"}))
def test_a_guarded_endpoint_without_the_role_is_forbidden(
    engine: Engine, platform: TestClient, instance: Instance, path: str
) -> None:
    people.add(engine, ADA)
    answer = platform.get(path, headers=lms.bearer(instance.token()))
    assert (answer.status_code, answer.json()) == (403, {"error": "Forbidden"})


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_methods_of_a_class_are_guarded_separately(
    engine: Engine, platform: TestClient, instance: Instance, method: str
) -> None:
    people.add(engine, ADA)
    assert platform.get("/course").status_code == 200
    assert platform.request(method, "/course", headers=lms.bearer(instance.token())).status_code == 403
    people.assign(engine, ADA, Role.MENTOR)
    assert platform.request(method, "/course", headers=lms.bearer(instance.token())).status_code == 200


def test_an_unknown_user_is_unauthorized_but_signed_in(platform: TestClient, instance: Instance) -> None:
    headers = lms.bearer(instance.token("user_new"))
    assert platform.get("/me", headers=headers).status_code == 401
    assert platform.get("/welcome", headers=headers).json() == {"clerk_id": "user_new", "actor": None}
    assert platform.get("/welcome").status_code == 401


def test_a_public_endpoint_accepts_requests_with_a_refused_token(platform: TestClient) -> None:
    assert platform.get("/", headers=lms.bearer("garbage")).status_code == 200


def test_a_revocation_takes_effect_on_the_next_request(
    engine: Engine, platform: TestClient, instance: Instance
) -> None:
    people.add(engine, ADA)
    given = people.assign(engine, ADA, Role.MENTOR)
    headers = lms.bearer(instance.token())
    assert platform.get("/function", headers=headers).status_code == 200
    people.revoke(engine, ADA, given)
    assert platform.get("/function", headers=headers).status_code == 403


def test_a_ban_takes_effect_on_the_next_request(engine: Engine, platform: TestClient, instance: Instance) -> None:
    people.add(engine, ADA)
    headers = lms.bearer(instance.token())
    assert platform.get("/me", headers=headers).status_code == 200
    people.add(engine, ADA, version=people.THEN.replace(year=2026), banned=True)
    assert platform.get("/me", headers=headers).status_code == 403


def test_a_role_ends_by_the_clock_without_a_job(engine: Engine, platform: TestClient, instance: Instance) -> None:
    people.add(engine, ADA)
    lms.hold(engine, ADA, Role.MENTOR, end="1 second")
    headers = lms.bearer(instance.token())
    assert platform.get("/function", headers=headers).status_code == 200
    while values(engine, "select now() < effective_end_date from user_roles where role = 'MENTOR'") == [True]:
        time.sleep(0.02)
    assert platform.get("/function", headers=headers).status_code == 403
    assert values(engine, "select is_active from user_roles where role = 'MENTOR'") == [True]


def test_a_role_starts_by_the_clock_without_a_job(engine: Engine, platform: TestClient, instance: Instance) -> None:
    people.add(engine, ADA)
    lms.hold(engine, ADA, Role.MENTOR, start="1 second")
    headers = lms.bearer(instance.token())
    assert platform.get("/function", headers=headers).status_code == 403
    while values(engine, "select now() < effective_start_date from user_roles where role = 'MENTOR'") == [True]:
        time.sleep(0.02)
    assert platform.get("/function", headers=headers).status_code == 200


def test_roles_in_a_token_are_ignored(engine: Engine, platform: TestClient, instance: Instance) -> None:
    people.add(engine, ADA)
    claims: dict[str, Any] = {
        "roles": ["ADMIN"],
        "role": "ADMIN",
        "o": {"rol": "admin"},
        "public_metadata": {"roles": ["ADMIN"]},
    }
    assert platform.get("/either", headers=lms.bearer(instance.token(**claims))).status_code == 403


def test_an_endpoint_receives_the_impersonator(engine: Engine, platform: TestClient, instance: Instance) -> None:
    people.add(engine, ADA)
    headers = lms.bearer(instance.token(act={"sub": "user_admin"}))
    assert platform.get("/me", headers=headers).json()["actor"] == "user_admin"
    assert platform.get("/welcome", headers=headers).json()["actor"] == "user_admin"


def test_without_the_middleware_a_guarded_endpoint_raises_an_error() -> None:
    forgetful = Starlette(routes=[Route("/me", lms.me)])
    with pytest.raises(RuntimeError, match=r"akako_guard\.install"):
        TestClient(forgetful).get("/me")


def test_caller_of_raises_an_error_in_an_unguarded_endpoint() -> None:
    async def unguarded(request: Request) -> None:
        caller.caller_of(request)

    with pytest.raises(LookupError, match="require"):
        TestClient(Starlette(routes=[Route("/", unguarded)])).get("/")


def test_a_sync_endpoint_runs_in_a_thread(engine: Engine, database: Database, instance: Instance) -> None:
    people.add(engine, ADA)

    def plain(request: Request) -> Response:
        return JSONResponse(threading.get_ident())

    async def on_the_loop(request: Request) -> Response:
        return JSONResponse(threading.get_ident())

    backend = Authentication(lms.settings(database, instance))
    app = Starlette(
        routes=[Route("/plain", require()(plain)), Route("/loop", require()(on_the_loop))],
        middleware=[Middleware(AuthenticationMiddleware, backend=backend)],
    )
    with TestClient(app) as client:
        threads = {client.get(path, headers=lms.bearer(instance.token())).json() for path in ("/plain", "/loop")}
    backend.close()
    assert len(threads) == 2
