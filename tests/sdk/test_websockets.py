import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from akako_guard.authentication import Authentication
from akako_guard.role import Role
from tests import lms, people
from tests.clerk_signs_in import ADA, PARTY, Instance
from tests.sdk.test_lookup import UNREACHABLE
from tests.servers import Database


def denied(platform: TestClient, **headers: str) -> tuple[int, object]:
    """The response to a denied handshake."""
    with pytest.raises(WebSocketDenialResponse) as denial, platform.websocket_connect("/classroom", headers=headers):
        raise AssertionError
    return denial.value.status_code, denial.value.json()


class WithoutDenials:
    """A server that can only close a handshake, without a response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app({**scope, "extensions": {}}, receive, send)


def test_a_websocket_with_the_role_receives_its_caller(
    engine: Engine, platform: TestClient, instance: Instance
) -> None:
    people.add(engine, ADA, Role.MENTOR)
    with platform.websocket_connect("/classroom", headers=lms.bearer(instance.token())) as websocket:
        assert websocket.receive_json()["roles"] == ["LEARNER", "MENTOR"]


def test_a_handshake_is_denied_like_a_request(engine: Engine, platform: TestClient, instance: Instance) -> None:
    people.add(engine, ADA)
    assert denied(platform) == (401, {"error": "Unauthorized"})
    assert denied(platform, **lms.bearer("garbage")) == (401, {"error": "Unauthorized"})
    assert denied(platform, **lms.bearer(instance.token("user_new"))) == (401, {"error": "Unauthorized"})
    assert denied(platform, **lms.bearer(instance.token())) == (403, {"error": "Forbidden"})


def test_a_websocket_of_another_site_is_denied(engine: Engine, platform: TestClient, instance: Instance) -> None:
    people.add(engine, ADA, Role.MENTOR)
    cookie = f"__session={instance.token()}"
    with platform.websocket_connect("/classroom", headers={"Cookie": cookie, "Origin": PARTY}) as websocket:
        assert websocket.receive_json()["clerk_id"] == ADA
    assert denied(platform, Cookie=cookie, Origin="https://evil.example.com")[0] == 401


def test_without_parties_a_websocket_of_another_site_is_denied(
    engine: Engine, database: Database, instance: Instance
) -> None:
    people.add(engine, ADA, Role.MENTOR)
    cookie = f"__session={instance.token()}"
    with lms.serving(database, instance, clerk_authorized_parties="") as platform:
        own = {"Cookie": cookie, "Host": "lms.example.com", "Origin": PARTY}
        with platform.websocket_connect("/classroom", headers=own) as websocket:
            assert websocket.receive_json()["clerk_id"] == ADA
        assert denied(platform, Cookie=cookie, Origin="https://evil.example.com")[0] == 401
        assert denied(platform, Cookie=cookie)[0] == 401
        link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        assert denied(platform, Cookie=cookie, **link)[0] == 401


def test_while_the_database_is_unavailable_a_websocket_is_503(instance: Instance) -> None:
    with lms.serving(UNREACHABLE, instance) as platform:
        assert denied(platform, **lms.bearer(instance.token())) == (503, {"error": "Unavailable"})


@pytest.mark.parametrize(("clerk_id", "code"), [("user_new", 4401), (ADA, 4403)])
def test_a_handshake_that_can_only_be_closed_gets_a_close_code(
    engine: Engine, database: Database, instance: Instance, clerk_id: str, code: int
) -> None:
    people.add(engine, ADA)
    backend = Authentication(lms.settings(database, instance))
    app = Starlette(
        routes=[WebSocketRoute("/classroom", lms.classroom)],
        middleware=[Middleware(WithoutDenials), Middleware(AuthenticationMiddleware, backend=backend)],
    )
    with pytest.raises(WebSocketDisconnect) as closed:
        TestClient(app).websocket_connect("/classroom", headers=lms.bearer(instance.token(clerk_id))).__enter__()
    backend.close()
    assert closed.value.code == code
