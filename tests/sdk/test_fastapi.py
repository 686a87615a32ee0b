from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.testclient import WebSocketDenialResponse

from akako_guard.authentication import Authentication
from akako_guard.caller import Caller
from akako_guard.denials import Denied, answer
from akako_guard.guard import require
from akako_guard.role import Role
from tests import lms, people
from tests.clerk_signs_in import ADA, Instance
from tests.servers import Database

Mentor = Annotated[Caller, Depends(require(Role.MENTOR).caller)]
router = APIRouter()


@router.get("/mentor")
async def mentor(who: Mentor) -> str:
    return who.clerk_id


@router.get("/plain")
def plain(who: Mentor) -> str:
    return who.clerk_id


@router.get("/decorated/{number}")
@require(Role.MENTOR)
async def decorated(request: Request, number: int) -> int:
    return number


@router.get("/everything", dependencies=[Depends(require(Role.MENTOR, Role.ADMIN, all_of=True).caller)])
async def everything() -> str:
    return "everything"


@router.websocket("/classroom")
async def classroom(websocket: WebSocket, who: Mentor) -> None:
    await websocket.accept()
    await websocket.send_text(who.clerk_id)
    await websocket.close()


@pytest.fixture
def platform(database: Database, instance: Instance) -> Iterator[TestClient]:
    """A client of a guarded FastAPI application."""
    backend = Authentication(lms.settings(database, instance))
    app = FastAPI()
    app.add_middleware(AuthenticationMiddleware, backend=backend)
    app.add_exception_handler(Denied, answer)
    app.include_router(router)
    with TestClient(app) as client:
        yield client
    backend.close()


@pytest.mark.parametrize("path", ["/mentor", "/plain", "/decorated/7", "/everything"])
def test_the_dependency_and_the_decorator_decide_equally(
    engine: Engine, platform: TestClient, instance: Instance, path: str
) -> None:
    people.add(engine, "user_mentor", Role.MENTOR, Role.ADMIN)
    people.add(engine, ADA)
    anonymous = platform.get(path)
    learner = platform.get(path, headers=lms.bearer(instance.token()))
    allowed = platform.get(path, headers=lms.bearer(instance.token("user_mentor")))
    assert (anonymous.status_code, anonymous.json()) == (401, {"error": "Unauthorized"})
    assert (learner.status_code, learner.json()) == (403, {"error": "Forbidden"})
    assert allowed.status_code == 200


def test_a_websocket_can_require_a_role(engine: Engine, platform: TestClient, instance: Instance) -> None:
    people.add(engine, ADA)
    with (
        pytest.raises(WebSocketDenialResponse) as denied,
        platform.websocket_connect("/classroom", headers=lms.bearer(instance.token())),
    ):
        raise AssertionError
    assert denied.value.status_code == 403
    people.assign(engine, ADA, Role.MENTOR)
    with platform.websocket_connect("/classroom", headers=lms.bearer(instance.token())) as websocket:
        assert websocket.receive_text() == ADA


def test_the_guard_adds_no_parameters_to_the_openapi_document(platform: TestClient) -> None:
    operation = platform.get("/openapi.json").json()["paths"]["/mentor"]["get"]
    assert "parameters" not in operation


def test_without_the_exception_handler_requests_are_still_denied(database: Database, instance: Instance) -> None:
    backend = Authentication(lms.settings(database, instance))
    app = FastAPI()
    app.add_middleware(AuthenticationMiddleware, backend=backend)
    app.include_router(router)
    with TestClient(app) as platform:
        assert platform.get("/mentor").status_code == 401
    backend.close()
