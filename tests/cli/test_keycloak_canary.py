"""`akako keycloak canary`: every algorithm is verified by an instance, and no user is left behind."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from clerk.http import ClerkUnavailable
from clerk.user_writer import UserWriter, WriteRefused
from cli.main import main
from reconcile import keycloak_canary
from reconcile.keycloak_canary import Outcome
from tests.api.served import served
from tests.served_clerk import ServedClerk, served_clerk

pytestmark = pytest.mark.clerk

Canary = Callable[..., Result]
TRIALS = 9


@pytest.fixture
def instance() -> Iterator[ServedClerk]:
    with served_clerk() as running:
        yield running


@pytest.fixture
def canary(instance: ServedClerk) -> Canary:
    def run(*words: str, **environment: str) -> Result:
        given = {
            "DATABASE_URL": "postgresql://unused@127.0.0.1:1/unused",
            "CLERK_SECRET_KEY": instance.key,
            "CLERK_API_URL": instance.url,
            "CLERK_REQUESTS_PER_SECOND": "100",
        }
        return CliRunner(env=given | environment).invoke(main, ["keycloak", "canary", *words])

    return run


def trials(result: Result) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


@pytest.fixture
def writer(instance: ServedClerk) -> Iterator[UserWriter]:
    made = UserWriter(instance.key, instance.url)
    yield made
    made.close()


def test_every_algorithm_is_verified_and_no_user_is_left(instance: ServedClerk, canary: Canary) -> None:
    result = canary("--json")
    assert (result.exit_code, {each["outcome"] for each in trials(result)}) == (0, {"verified"})
    assert len(trials(result)) == TRIALS
    assert instance.instance.state.users == {}


def test_a_digest_that_the_instance_does_not_accept_is_named(instance: ServedClerk, writer: UserWriter) -> None:
    instance.fail("server-error", path="/v1/users", status=422, code="form_password_digest_invalid_code")
    trial = next(keycloak_canary.run(writer, "example.com"))
    assert (trial.outcome, trial.reason) == (Outcome.REFUSED, "form_password_digest_invalid_code")


def test_a_password_that_the_instance_does_not_accept_is_found(instance: ServedClerk, writer: UserWriter) -> None:
    instance.fail("server-error", path="/v1/users/", status=422, code="incorrect_password")
    trial = next(keycloak_canary.run(writer, "example.com"))
    assert (trial.outcome, trial.reason) == (Outcome.WRONG, "the password is not accepted")
    assert instance.instance.state.users == {}


def test_a_user_is_deleted_although_verifying_fails(instance: ServedClerk, writer: UserWriter) -> None:
    instance.fail("server-error", path="/v1/users/")
    with pytest.raises(ClerkUnavailable, match="status 500"):
        next(keycloak_canary.run(writer, "example.com"))
    assert instance.instance.state.users == {}


def test_an_instance_that_accepts_every_password_and_deletes_no_user_is_found(canary: Canary) -> None:
    def answer(request: Request) -> JSONResponse:
        deletes = request.method == "DELETE"
        return JSONResponse({"id": "user_stuck", "verified": True}, 500 if deletes else 200)

    methods = ["POST", "DELETE"]
    with served(Starlette(routes=[Route("/v1/{path:path}", answer, methods=methods)])) as url:
        result = canary(CLERK_API_URL=url)
    assert result.exit_code == 1
    assert result.stdout.count("another password is accepted") == TRIALS
    assert "pbkdf2_sha512_hex" in result.stdout
    assert result.stderr.count("The user user_stuck could not be deleted.") == TRIALS


def test_a_wrong_key_is_named(canary: Canary) -> None:
    result = canary(CLERK_SECRET_KEY="sk_test_wrong")
    assert result.exit_code == 1
    assert "CLERK_SECRET_KEY" in result.stderr


def test_a_live_instance_is_asked_about_first(canary: Canary, instance: ServedClerk) -> None:
    result = canary(CLERK_SECRET_KEY="sk_live_abc")
    assert result.exit_code == 1
    assert "live instance" in result.output
    assert instance.instance.state.users == {}


def test_refusals_and_unknown_users_are_told_apart_from_failures(instance: ServedClerk, writer: UserWriter) -> None:
    made = writer.create({"email_address": ["ada@people.org"], "skip_password_requirement": True})
    assert isinstance(made, str)
    again = writer.create({"email_address": ["ada@people.org"], "skip_password_requirement": True})
    assert again == WriteRefused("form_identifier_exists")
    assert writer.verifies(made, "any") == WriteRefused("no_password_set")
    assert (writer.delete(made), writer.delete(made)) == (True, False)
    instance.fail("server-error", status=401)
    with pytest.raises(ClerkUnavailable, match="status 401"):
        writer.delete(made)
    instance.fail("cut-off")
    with pytest.raises(ClerkUnavailable, match="the connection was closed"):
        writer.delete(made)
