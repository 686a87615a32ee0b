"""The one-time link of `akako up`: what an attacker tries with it is refused."""

import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from dev import clerk_instance, console, one_time_links, peer
from tests.browser.console_stack import Consoled, consoled
from tests.ledger import values
from tests.served_clerk import served_clerk
from tests.servers import Database

PATH = one_time_links.PATH


@pytest.fixture
def running(database: Database, tmp_path: Path) -> Iterator[Consoled]:
    with served_clerk() as clerk:
        (tmp_path / clerk_instance.KEY).write_text(clerk.instance.signer.private_pem)
        redis = "redis://127.0.0.1:1/0"
        with consoled(database, redis, clerk, lambda settings: console.application(settings, tmp_path)) as found:
            yield found


def test_a_link_signs_in_once_and_only_as_the_browser_that_used_it(
    running: Consoled, engine: Engine, tmp_path: Path
) -> None:
    key = one_time_links.create(tmp_path)
    own = {"Origin": running.url, "Sec-Fetch-Site": "same-origin"}
    rebound = {"Host": "evil.example.com:80"}
    with httpx.Client(base_url=running.url, trust_env=False) as browser:
        assert browser.get(PATH, params={"key": key}).status_code == 200  # a preview of the link does not use it
        assert browser.post(PATH, data={"key": key}).status_code == 403  # not from our page
        assert browser.post(PATH, data={"key": key}, headers=own | rebound).status_code == 421
        assert browser.post(PATH, data={"key": key}, headers=own | {"X-Forwarded-For": "1.2.3.4"}).status_code == 421
        assert browser.post(PATH, data={"key": "../" * 5}, headers=own).status_code == 403
        used = browser.post(PATH, data={"key": key}, headers=own)
        assert (used.status_code, used.headers["location"]) == (303, "/")
        assert "HttpOnly" in used.headers["set-cookie"]
        assert "SameSite=strict" in used.headers["set-cookie"]
        assert browser.get("/").status_code == 200
        assert browser.get("/", headers=rebound).status_code == 421
        assert browser.post("/zone", data={"zone": "UTC"}).status_code == 403
        assert httpx.post(running.url + PATH, data={"key": key}, headers=own, trust_env=False).status_code == 403
        assert httpx.get(running.url, trust_env=False).status_code == 303
        stolen = dict(browser.cookies)
        assert browser.post("/sign-out", headers=own).status_code == 200
        assert httpx.get(running.url, cookies=stolen, trust_env=False).status_code == 303
    assert values(engine, "select role from user_roles order by role") == [Role.ADMIN, Role.LEARNER]
    assert values(engine, "select actor from audit_log where role = 'ADMIN'") == ["operator:akako up"]


def test_a_link_expires_and_what_is_stored_does_not_sign_in(tmp_path: Path) -> None:
    old = one_time_links.create(tmp_path)
    (file,) = (tmp_path / "console-links").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not one_time_links.use(tmp_path, file.name)
    past = time.time() - one_time_links.LINK_SECONDS - 1
    os.utime(file, (past, past))
    assert not one_time_links.use(tmp_path, old)
    assert not file.exists()
    fresh = one_time_links.create(tmp_path)
    assert (one_time_links.use(tmp_path, fresh), one_time_links.use(tmp_path, fresh)) == (True, False)


def test_only_connections_of_this_user_are_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        ends = client.getsockname(), server.getsockname()
        assert peer.is_own(*ends)
        monkeypatch.setattr(peer, "_TRUSTED", frozenset({12_345}))
        assert not peer.is_own(*ends)
    assert not peer.is_own(("192.0.2.1", 5), ("127.0.0.1", 80))
    assert not peer.is_own(None, None)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux says who opened a connection")
def test_a_socket_that_is_closed_already_is_not_that_of_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "_TRUSTED", frozenset({0}))
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        ends = client.getsockname(), server.getsockname()
        accepted, _ = server.accept()
        with accepted:
            client.close()
            assert accepted.recv(1) == b""
            assert f":{ends[0][1]:04X}" in Path("/proc/net/tcp").read_text("ascii")
            assert not peer.is_own(*ends)
