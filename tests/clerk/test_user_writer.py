"""Users are found by their external id, whatever it begins with."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from clerk.backend import MOST_PAGE_BYTES
from clerk.http import ClerkUnavailable
from clerk.user import IMPORT_MARKER, Snapshot
from clerk.user_writer import UserWriter
from tests.api.served import served
from tests.local_server import Answer, serving
from tests.served_clerk import ServedClerk, served_clerk


@pytest.fixture
def instance() -> Iterator[ServedClerk]:
    with served_clerk() as running:
        yield running


@pytest.fixture
def writer(instance: ServedClerk) -> Iterator[UserWriter]:
    made = UserWriter(instance.key, instance.url)
    yield made
    made.close()


def test_a_user_is_found_by_an_external_id_with_and_without_a_sign(instance: ServedClerk, writer: UserWriter) -> None:
    ids = ["kc", "-kc", "+kc", "a b&external_id=c"]
    made = {each: instance.create(external_id=each)[0] for each in ids}
    instance.create(2)
    assert {each: found.clerk_id for each in ids if (found := writer.find(each))} == made
    assert writer.find("unknown") is None
    assert {key: user.clerk_id for key, user in writer.find_all([*ids, "unknown"]).items()} == made


def test_a_created_user_is_returned_whole_with_its_marker(writer: UserWriter) -> None:
    body = {
        "external_id": "kc",
        "email_address": ["ada@people.org"],
        "skip_password_requirement": True,
        "private_metadata": {IMPORT_MARKER: "m-1", "note": "x"},
    }
    made = writer.create_user(body)
    assert isinstance(made, Snapshot)
    assert (made.external_id, made.email, made.import_marker) == ("kc", "ada@people.org", "m-1")


def test_a_pause_that_clerk_asks_for_is_passed_on(instance: ServedClerk, writer: UserWriter) -> None:
    instance.fail("rate-limited", seconds=7)
    with pytest.raises(ClerkUnavailable) as caught:
        writer.find("kc")
    assert (caught.value.transient, caught.value.retry_after) == (True, 7)


def test_no_answer_demands_more_than_an_hour(instance: ServedClerk, writer: UserWriter) -> None:
    instance.fail("rate-limited", seconds=86_400)
    with pytest.raises(ClerkUnavailable) as caught:
        writer.find("kc")
    assert caught.value.retry_after == 3_600


def test_an_answer_that_is_too_large_is_not_read_to_its_end() -> None:
    with serving(Answer(b"[" + b" " * MOST_PAGE_BYTES + b"]")) as server:
        writer = UserWriter("sk_test_x", server.url)
        with pytest.raises(ClerkUnavailable, match="Incomplete"):
            writer.find("kc")
        writer.close()


def test_an_answer_without_users_proves_nothing() -> None:
    def answer(_: Request) -> JSONResponse:
        return JSONResponse({"data": []})

    with served(Starlette(routes=[Route("/v1/users", answer, methods=["GET", "POST"])])) as url:
        writer = UserWriter("sk_test_x", url)
        for ask in (lambda: writer.find("kc"), lambda: writer.create_user({})):
            with pytest.raises(ClerkUnavailable, match="the response is not a"):
                ask()
        writer.close()
