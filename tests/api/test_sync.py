from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from threading import Barrier, Event

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from api import first_login
from clerk.user import Deletion
from sync.apply import apply
from sync.persist import write
from tests import people
from tests.api.asking import SignIn, known_to_clerk
from tests.clerk_sender import Clerk
from tests.dev.groups import until
from tests.examples import examples
from tests.ledger import keep, rows, values
from tests.local_server import NO_SUCH_USER, Answer, LocalServer

SYNC = "/api/auth/sync"
ROUNDS = examples(200)


def test_a_first_login_creates_the_user_from_data_of_clerk(
    engine: Engine, sign_in: SignIn, backend: LocalServer
) -> None:
    backend.answers = [known_to_clerk("user_new", email="new@example.com")]

    answer = sign_in("user_new").post(SYNC, first_name="Eve", roles=["ADMIN"])

    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["clerk_id"], shown["email"], shown["first_name"]) == ("user_new", "new@example.com", "Ada")
    assert (shown["roles"], [each["role"] for each in shown["assignments"]]) == (["LEARNER"], ["LEARNER"])
    assert [asked.path for asked in backend.asked] == ["/v1/users/user_new"]


def test_the_trail_contains_the_id_of_the_request_that_created_the_user(
    engine: Engine, sign_in: SignIn, backend: LocalServer
) -> None:
    backend.answers = [known_to_clerk("user_new")]

    answer = sign_in("user_new").post(SYNC)

    lines = rows(engine, "select action, cause from audit_log order by id")
    request_id = answer.headers["X-Request-Id"]
    assert lines == [("user.created", request_id), ("role.assigned", request_id)]


def test_a_known_user_is_returned_without_a_request_to_clerk(
    engine: Engine, sign_in: SignIn, backend: LocalServer
) -> None:
    people.add(engine, "user_ada", email="ada@example.com")

    answer = sign_in("user_ada").post(SYNC)

    assert (answer.status_code, answer.json()["email"]) == (200, "ada@example.com")
    assert backend.asked == []


def test_a_deleted_user_is_never_restored(engine: Engine, sign_in: SignIn, backend: LocalServer) -> None:
    backend.answers = [known_to_clerk("user_ada")]
    with engine.begin() as connection:
        write(connection, [(Deletion(clerk_id="user_ada", at=people.THEN), "msg_gone")], Role.LEARNER)

    answer = sign_in("user_ada").post(SYNC)

    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
    assert values(engine, "select deleted_at from users") == [people.THEN]
    assert values(engine, "select count(*) from user_roles") == [0]


def test_a_banned_user_is_created_and_refused(engine: Engine, sign_in: SignIn, backend: LocalServer) -> None:
    backend.answers = [known_to_clerk("user_ada", banned=True)]

    answer = sign_in("user_ada").post(SYNC)

    assert (answer.status_code, answer.json()) == (403, {"error": "Forbidden"})


def test_a_user_unknown_to_clerk_gets_401(engine: Engine, sign_in: SignIn) -> None:
    answer = sign_in("user_ada").post(SYNC)

    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
    assert values(engine, "select count(*) from users") == [0]


@pytest.mark.parametrize("said", [Answer(b"{}", 401), Answer(b"not json"), Answer(b'{"id": "user_other"}')])
def test_while_clerk_is_unavailable_nothing_changes_and_the_caller_gets_503(
    engine: Engine, sign_in: SignIn, backend: LocalServer, said: Answer
) -> None:
    backend.answers = [said]

    answer = sign_in("user_ada").post(SYNC)

    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert answer.headers["Retry-After"]
    assert values(engine, "select count(*) from users") == [0]


def test_no_user_is_created_without_a_token(engine: Engine, sign_in: SignIn) -> None:
    person = sign_in("user_ada")

    answer = person.client.post(SYNC)

    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


def test_concurrent_first_logins_of_one_user_share_one_request_to_clerk(
    engine: Engine, sign_in: SignIn, backend: LocalServer
) -> None:
    answered = Event()
    backend.answers = [replace(known_to_clerk("user_new", email="new@example.com"), hold=answered)]

    with ThreadPoolExecutor(20) as threads:
        logins = [threads.submit(sign_in("user_new").post, SYNC) for _ in range(20)]
        until(lambda: len(backend.asked) == 1)
        answered.set()
        statuses = Counter(login.result().status_code for login in logins)

    assert statuses == {200: 20}
    assert [asked.path for asked in backend.asked] == ["/v1/users/user_new"]


def test_while_clerk_is_unavailable_concurrent_first_logins_share_the_failure(
    sign_in: SignIn, backend: LocalServer
) -> None:
    answered = Event()
    backend.answers = [Answer(b"{}", 401, hold=answered), known_to_clerk("user_new")]

    with ThreadPoolExecutor(2) as threads:
        logins = [threads.submit(sign_in("user_new").post, SYNC) for _ in range(2)]
        until(lambda: len(backend.asked) == 1)
        answered.set()
        statuses = Counter(login.result().status_code for login in logins)
    afterwards = sign_in("user_new").post(SYNC).status_code

    assert statuses in ({503: 2}, {503: 1, 200: 1})
    assert afterwards == 200


def test_a_user_unknown_to_clerk_is_cached(
    sign_in: SignIn, backend: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_login, "ABSENT_SECONDS", 60.0)

    statuses = {sign_in("user_none").post(SYNC).status_code for _ in range(20)}

    assert (statuses, len(backend.asked)) == ({401}, 1)


def test_a_user_who_appears_at_clerk_later_is_accepted_soon(sign_in: SignIn, backend: LocalServer) -> None:
    backend.answers = [NO_SUCH_USER, known_to_clerk("user_new")]
    person = sign_in("user_new")

    first = person.post(SYNC).status_code
    until(lambda: person.post(SYNC).status_code == 200, seconds=first_login.ABSENT_SECONDS + 10)

    assert (first, len(backend.asked)) == (401, 2)


def test_a_user_created_by_a_webhook_is_accepted_immediately(
    engine: Engine, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_login, "ABSENT_SECONDS", 60.0)
    first = sign_in("user_new").post(SYNC).status_code
    people.add(engine, "user_new")

    assert (first, sign_in("user_new").post(SYNC).status_code) == (401, 200)


def test_the_cache_of_absent_users_is_bounded(
    sign_in: SignIn, backend: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_login, "ABSENT_SECONDS", 60.0)
    monkeypatch.setattr(first_login, "MOST_ABSENT", 2)

    for name in ("user_one", "user_two", "user_three", "user_three", "user_one"):
        sign_in(name).post(SYNC)

    assert len(backend.asked) == 4


@pytest.mark.parametrize("said", [{"clerk_id": "user_other"}, {"user": "user_other"}])
def test_a_first_login_acts_only_for_the_subject_of_the_token(
    engine: Engine, sign_in: SignIn, backend: LocalServer, said: dict[str, str]
) -> None:
    backend.answers = [known_to_clerk("user_new")]

    by_body = sign_in("user_new").post(SYNC, **said)
    by_query = sign_in("user_new").client.post(SYNC, params=said, headers=sign_in("user_new").headers)

    assert (by_body.json()["clerk_id"], by_query.status_code) == ("user_new", 422)
    assert values(engine, "select clerk_id from users") == ["user_new"]


@pytest.mark.properties
def test_concurrent_first_logins_and_a_webhook_create_one_user(
    engine: Engine, sign_in: SignIn, backend: LocalServer, clerk: Clerk
) -> None:
    statuses: Counter[int] = Counter()

    def login(clerk_id: str, together: Barrier) -> None:
        together.wait()
        statuses[sign_in(clerk_id).post(SYNC).status_code] += 1

    def webhook(svix_ids: list[str], together: Barrier) -> None:
        together.wait()
        apply(engine, svix_ids, Role.LEARNER)

    with ThreadPoolExecutor(3) as threads:
        for number in range(ROUNDS):
            clerk_id, email, together = f"user_{number}", f"{number}@example.com", Barrier(3)
            backend.answers = [known_to_clerk(clerk_id, email=email)]
            svix_ids = keep(engine, clerk, clerk.created(clerk_id, email=email))
            wait(
                [
                    *(threads.submit(login, clerk_id, together) for _ in range(2)),
                    threads.submit(webhook, svix_ids, together),
                ]
            )

    assert statuses == {200: 2 * ROUNDS}
    assert values(engine, "select count(*) from users") == [ROUNDS]
    assert values(engine, "select count(*) from user_roles") == [ROUNDS]
    assert values(engine, "select count(*) from webhook_events where status = 'applied'") == [ROUNDS]
    assert rows(engine, "select action, count(*) from audit_log group by action order by action") == [
        ("role.assigned", ROUNDS),
        ("user.created", ROUNDS),
    ]
