"""Requests that no browser sends to the console: ambiguous lengths, repeated headers, forms sent in parts."""

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.user import Snapshot
from dev import procfile
from dev.embedded.servers import Servers
from roles import assignments
from sync.apply import apply_snapshot
from tests import people
from tests.clerk_signs_in import Instance
from tests.console.viewing import CONSOLE
from tests.ledger import values
from tests.listener import Listener, heard, listening, status
from tests.servers import Database

pytestmark = pytest.mark.processes

HOST = "Host: console.example.com\r\n"
OWN = f"Origin: {CONSOLE}\r\nSec-Fetch-Site: same-origin\r\n"
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
SMUGGLED = "GET /healthz HTTP/1.1\r\nHost: smuggled\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def console(
    database: Database, servers: Servers, instance: Instance, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    """The process of the Procfile."""
    environment = {
        "DATABASE_URL": database.app_url,
        "REDIS_URL": servers.redis_url,
        "CLERK_ISSUER": instance.issuer,
        "CLERK_JWT_KEY": instance.pem,
        "CLERK_SECRET_KEY": "sk_test_akako",
        "CLERK_API_URL": "http://127.0.0.1:9",
        "CONSOLE_URL": CONSOLE,
        "LOG_FORMAT": "json",
    }
    directory: Path = tmp_path_factory.mktemp("console")
    with listening("console", procfile.read()["console"].split(), directory, environment) as running:
        yield running


@pytest.fixture(scope="module")
def cookie(engine: Engine, instance: Instance) -> str:
    """The cookie of an admin."""
    people.add(engine, "user_raw", Role.ADMIN)
    return f"Cookie: __session={instance.token('user_raw', azp=CONSOLE)}\r\n"


def answers(answer: bytes) -> int:
    """How many requests were answered."""
    return answer.count(b"HTTP/1.1 ")


@pytest.mark.parametrize(
    "lengths",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 0\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: 0x5\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X: y\nTransfer-Encoding: chunked\r\n",
        "X: y\rTransfer-Encoding: chunked\r\n",
    ],
)
def test_a_request_whose_length_is_ambiguous_hides_no_second_one(console: Listener, cookie: str, lengths: str) -> None:
    head = f"POST /zone HTTP/1.1\r\n{HOST}{OWN}{FORM}{cookie}{lengths}\r\n"

    answer = console.knock(f"{head}0\r\n\r\n{SMUGGLED}".encode())

    assert answers(answer) <= 1
    assert b"ok" not in answer
    assert status(answer) in (0, 400)


@pytest.mark.parametrize(
    "headers",
    [
        f"Origin: {CONSOLE}\r\nOrigin: https://evil.example.com\r\nSec-Fetch-Site: same-origin\r\n",
        f"Origin: https://evil.example.com\r\nOrigin: {CONSOLE}\r\nSec-Fetch-Site: same-origin\r\n",
        f"Origin: {CONSOLE}\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Site: same-origin\r\n",
        f"Origin: {CONSOLE}\r\nSec-Fetch-Site: same-origin, cross-site\r\n",
        f"Origin: {CONSOLE}.evil.example.com\r\nSec-Fetch-Site: same-origin\r\n",
        "Sec_Fetch_Site: same-origin\r\n",
        f"X-Forwarded-Origin: {CONSOLE}\r\nReferer: {CONSOLE}/\r\n",
        "Origin: null\r\n",
        "Origin: \r\nSec-Fetch-Site: same-origin\r\n",
    ],
)
def test_a_form_with_repeated_or_imitated_headers_is_refused(console: Listener, cookie: str, headers: str) -> None:
    body = "zone=Asia%2FTokyo&next=%2F"
    lengths = f"Content-Length: {len(body)}\r\nConnection: close\r\n"

    answer = console.knock(f"POST /zone HTTP/1.1\r\n{HOST}{headers}{FORM}{cookie}{lengths}\r\n{body}".encode())

    assert status(answer) == 403
    assert b"set-cookie" not in answer.lower()


@pytest.mark.parametrize(
    "request_line",
    ["GET /users HTTP/1.1", "GET http://evil.example.com/users HTTP/1.1", "HEAD /users HTTP/1.1"],
)
def test_no_header_chooses_where_a_redirect_leads(console: Listener, request_line: str) -> None:
    headers = "Host: evil.example.com\r\nX-Forwarded-Host: evil.example.com\r\nForwarded: host=evil.example.com\r\n"

    answer = console.knock(f"{request_line}\r\n{headers}Connection: close\r\n\r\n".encode())

    assert status(answer) == 303
    assert b"\r\nlocation: /sign-in?next=%2Fusers\r\n" in answer.lower().replace(b"%2f", b"%2F")
    assert b"evil" not in answer


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "CONNECT"])
def test_other_methods_do_nothing_and_echo_nothing(console: Listener, cookie: str, method: str) -> None:
    override = "X-HTTP-Method-Override: POST\r\nX-Echo: a-secret\r\n"

    answer = console.knock(
        f"{method} /users HTTP/1.1\r\n{HOST}{OWN}{cookie}{override}Connection: close\r\n\r\n".encode()
    )

    assert status(answer) in (400, 405)
    assert b"a-secret" not in answer


@pytest.mark.parametrize(
    "path",
    [
        "/static/../application.py",
        "/static/..%2fapplication.py",
        "/static/%2e%2e/application.py",
        "/static/%2e%2e%2fapplication.py",
        "/static/..%5capplication.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/console.js",
        "/static/console.css%00.js",
        "/static/",
    ],
)
def test_only_assets_are_served_as_files(console: Listener, path: str) -> None:
    answer = console.knock(f"GET {path} HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n".encode())

    assert status(answer) in (400, 404)
    assert b"root:" not in answer
    assert b"def build" not in answer


@pytest.mark.parametrize("path", ["//users", "/users/", "/./users", "/x/../users", "/USERS", "/users;x", "/users%2f"])
def test_another_spelling_of_a_path_is_no_page_and_no_redirect(console: Listener, cookie: str, path: str) -> None:
    answer = console.knock(f"GET {path} HTTP/1.1\r\n{HOST}{cookie}Connection: close\r\n\r\n".encode())

    assert status(answer) == 404
    assert b"\r\nlocation:" not in answer.lower()


def test_a_token_in_the_query_signs_no_user_in_and_is_not_logged(console: Listener, instance: Instance) -> None:
    token = instance.token("user_raw", azp=CONSOLE)

    for name in ("__session", "access_token", "token"):
        answer = console.knock(f"GET /users?{name}={token} HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n".encode())
        assert status(answer) == 303

    assert token.encode() not in console.log.read_bytes()


def test_what_is_searched_for_is_not_logged_also_if_there_is_no_such_page(console: Listener, cookie: str) -> None:
    for path in ("/users?q=", "/find?q=", "/events?error=", "/audit?actor=", "/absent?q=", "/users?cursor="):
        request = f"GET {path}ada%40secret.example HTTP/1.1\r\n{HOST}{cookie}Connection: close\r\n\r\n"
        assert status(console.knock(request.encode())) in (200, 303, 404, 422)

    assert b"secret.example" not in console.log.read_bytes()


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_form_that_is_too_large_is_refused_before_it_is_read(
    console: Listener, cookie: str, is_chunked: bool
) -> None:
    length = "Transfer-Encoding: chunked\r\n" if is_chunked else "Content-Length: 1000000000\r\n"
    head = f"POST /roles/import HTTP/1.1\r\n{HOST}{OWN}{FORM}{cookie}{length}\r\n".encode()
    piece = b"content=" + b"x" * 1_000_000
    pieces = [b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece for _ in range(30)]

    answer = console.knock(head, *pieces)

    assert status(answer) in (0, 413)
    assert console.answers()


def ban(engine: Engine, clerk_id: str) -> None:
    """Ban the user at Clerk."""
    snapshot = Snapshot(clerk_id=clerk_id, version=people.THEN + timedelta(days=1), banned=True)
    apply_snapshot(engine, snapshot, "req_ban", Role.LEARNER)


def revoke(engine: Engine, clerk_id: str) -> None:
    """Revoke ADMIN, which the user of `cookie` holds too."""
    held = values(
        engine,
        "select r.id from user_roles r join users u on u.id = user_id where clerk_id = %s and role = 'ADMIN'",
        clerk_id,
    )
    with engine.begin() as connection:
        assignments.revoke(connection, people.OPERATOR, clerk_id, held[0])


@pytest.mark.parametrize("lose", [ban, revoke])
def test_an_admin_who_lost_the_role_cannot_finish_a_form_that_began_before(
    console: Listener, cookie: str, engine: Engine, instance: Instance, lose: Callable[[Engine, str], None]
) -> None:
    clerk_id = f"user_lost_{lose.__name__}"
    people.add(engine, clerk_id, Role.ADMIN)
    body = urlencode({"role": "MENTOR", "until": "open", "reason": f"I stay, {clerk_id}.", "zone": "UTC"}).encode()
    session = f"Cookie: __session={instance.token(clerk_id, azp=CONSOLE)}\r\n"
    lengths = f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n"

    with socket.create_connection(("127.0.0.1", console.port), timeout=10) as sender:
        sender.sendall(f"POST /users/{clerk_id}/roles HTTP/1.1\r\n{HOST}{OWN}{FORM}{session}{lengths}\r\n".encode())
        began = sender.recv(1_000)
        lose(engine, clerk_id)
        sender.sendall(body)
        answer = heard(sender)

    assert began.startswith(b"HTTP/1.1 100 ")
    assert status(answer) == 403
    assert values(engine, "select id from audit_log where reason = %s", f"I stay, {clerk_id}.") == []
