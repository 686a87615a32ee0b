"""The official libraries accept the development Clerk: `@clerk/backend`, ClerkJS and `svix`.

The libraries are installed by `make test-node`, from tests/node/package-lock.json.
"""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jwt
import pytest

from dev.clerk import signing_in
from dev.clerk.frontend_api import COOKIE
from dev.clerk.requests import CreateUser
from dev.clerk_instance import ISSUER, PARTY
from tests.dev.clerk.api import Api
from tests.dev.clerk.deliveries import Deliveries
from tests.dev.clerk.serving import serving
from tests.dev.clerk.wall_time import instance

pytestmark = [pytest.mark.node, pytest.mark.processes]

HERE = Path(__file__).parent
PUBLISHABLE_KEY = "pk_test_" + base64.b64encode(f"{ISSUER.partition('://')[2]}$".encode()).decode()
INSTALLED = HERE / "node_modules/@clerk/backend"


@pytest.fixture(scope="module")
def node() -> str:
    """The program; skips where it or the libraries are missing, unless AKAKO_REQUIRE demands them."""
    found = shutil.which("node")
    missing = "Node.js is not installed" if not found else "run make test-node" if not INSTALLED.exists() else None
    if missing and "node" in os.environ.get("AKAKO_REQUIRE", ""):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    return str(found)


@pytest.fixture(scope="module")
def accepted(node: str) -> dict[str, Any]:
    """What the libraries made of the instance."""
    one = instance()
    deliveries = signed()
    with serving(one) as url:
        return run(
            node,
            "accept.mjs",
            apiUrl=url,
            secretKey=one.state.secret_key,
            jwtKey=one.signer.settings["CLERK_JWT_KEY"],
            party=PARTY,
            publishableKey=PUBLISHABLE_KEY,
            deliveries=deliveries,
        )


def run(node: str, script: str, **asked: Any) -> dict[str, Any]:
    """What a script prints."""
    done = subprocess.run([node, script], cwd=HERE, input=json.dumps(asked), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def signed() -> list[dict[str, Any]]:
    """Two deliveries of another instance, the second during a rotation of the secret."""
    api = Api()
    deliveries = Deliveries(api)
    ada = api.user(first_name="Zoé 🐝")
    api.client.post("/dev/endpoint/rotate", json={}, headers={"x-akako-clerk": "1"}).raise_for_status()
    api("DELETE", f"/users/{ada['id']}")
    deliveries.send_all()
    return [
        {"body": request.content.decode(), "headers": dict(request.headers), "secret": deliveries.secret}
        for request in deliveries.receiver.got
    ]


def test_clerks_backend_library_creates_lists_and_changes_users(accepted: dict[str, Any]) -> None:
    users = accepted["users"]

    assert users["listed"] == [[users["id"], "Ada", "17", "ada@example.com"]]
    assert (users["total"], users["banned"], users["metadata"]) == (1, True, {"roles": ["MENTOR"]})


def test_clerks_backend_library_reads_the_errors(accepted: dict[str, Any]) -> None:
    assert accepted["users"]["again"] == {"refused": {"status": 422, "code": "form_identifier_exists"}}
    assert accepted["users"]["missing"] == {"refused": {"status": 404, "code": "resource_not_found"}}


def test_clerks_backend_library_verifies_the_tokens(accepted: dict[str, Any]) -> None:
    tokens, user = accepted["tokens"], accepted["users"]["id"]

    assert (tokens["subject"], tokens["signedIn"], tokens["roles"]) == (user, user, ["MENTOR"])
    assert tokens["forged"]["refused"]["code"] == "token-invalid-signature"
    assert tokens["elsewhere"]["refused"]["code"] == "token-invalid-authorized-parties"
    assert tokens["revoked"]["refused"]["status"] == 401


def test_svix_verifies_the_deliveries(accepted: dict[str, Any]) -> None:
    assert accepted["deliveries"] == ["user.created", "user.deleted"]


def test_clerkjs_loads_renews_a_token_and_signs_out(node: str) -> None:
    one = instance()
    ada = one.create(CreateUser(username="lady_ada", first_name="Ada", public_metadata={"roles": ["MENTOR"]}))
    session = signing_in.sign_in(one, ada.id)

    with serving(one) as url:
        cookie = f"{COOKIE}={session.client_id}"
        found = run(node, "sign_in.mjs", apiUrl=url, origin=PARTY, cookie=cookie, publishableKey=PUBLISHABLE_KEY)

    claims = jwt.decode(found["token"], options={"verify_signature": False})
    assert found["before"] == {"name": "Ada", "metadata": {"roles": ["MENTOR"]}}
    assert (claims["sub"], claims["azp"], claims["roles"]) == (ada.id, PARTY, ["MENTOR"])
    assert found["after"] is None
    assert one.state.sessions[session.id].status == "removed"
    assert {status for _, _, status in found["requests"]} == {200}
