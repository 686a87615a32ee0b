"""The packed package in an LMS of Next.js with the real `@clerk/nextjs`, built and started as in production."""

import base64
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from dev import ports
from dev.clerk.client import Client
from tests.dev import groups
from tests.typescript.conftest import PACKAGE

pytestmark = [pytest.mark.typescript, pytest.mark.processes, pytest.mark.timeout(900)]

APP = PACKAGE / "tests/next-app"
PG = "pg@8.23.1"


@pytest.fixture(scope="module")
def app(environment: dict[str, str]) -> Iterator[Path]:
    """The built application. Its `pg` is not installed, so the build shows that the package does not need it."""
    with tempfile.TemporaryDirectory(prefix="akako-next-") as made:
        place = Path(made) / "app"
        shutil.copytree(APP, place, ignore=shutil.ignore_patterns("node_modules", ".next"))
        run("npm", "pack", "--pack-destination", made, cwd=PACKAGE)
        run("npm", "ci", "--loglevel", "error", cwd=place)
        run("npm", "install", "--loglevel", "error", *map(str, Path(made).glob("*.tgz")), cwd=place)
        run("npx", "next", "build", cwd=place, **settings(environment))
        yield place


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings of the LMS for this stack."""
    clerk = Client(environment["CLERK_URL"])("GET", "/status")
    host = clerk["issuer"].partition("://")[2]
    key = base64.b64encode(f"{host}$".encode()).decode()
    return {
        "CLERK_SECRET_KEY": clerk["secret_key"],
        "CLERK_API_URL": environment["CLERK_URL"],
        "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY": f"pk_test_{key}",
        "NEXT_PUBLIC_CLERK_PROXY_URL": environment["CLERK_URL"],
        "AKAKO_API_URL": environment["AKAKO_API_URL"],
        "NEXT_TELEMETRY_DISABLED": "1",
        "CLERK_TELEMETRY_DISABLED": "1",
    }


def run(*command: str, cwd: Path, **environment: str) -> None:
    """Run a command; fail with its output."""
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def serving(app: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """The URL of the application, which runs during the block."""
    port = ports.free_port()
    url = f"http://127.0.0.1:{port}"
    with (app / "log").open("wb") as log:
        server = subprocess.Popen(
            ["node", "node_modules/next/dist/bin/next", "start", "--port", str(port)],
            cwd=app,
            env=os.environ | environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            groups.until(lambda: server.poll() is not None or "Ready" in (app / "log").read_text())
            assert server.poll() is None, (app / "log").read_text()
            yield url
        finally:
            server.terminate()
            server.wait(30)


class Visitor:
    """Asks the application as one user; without an id, without a session."""

    def __init__(self, url: str, clerk: str, user_id: str | None = None) -> None:
        signed_in = Client(clerk)("POST", "/sign-in", {"user_id": user_id}) if user_id else None
        self._headers = {"Authorization": f"Bearer {signed_in['jwt']}"} if signed_in else {}
        self._url = url

    def __call__(self, path: str) -> tuple[int, Any]:
        """Status, and JSON or text."""
        response = httpx.get(f"{self._url}{path}", headers=self._headers, trust_env=False, timeout=30)
        is_json = response.headers["content-type"].startswith("application/json")
        return response.status_code, response.json() if is_json else response.text


def learner(environment: Mapping[str, str], name: str) -> str:
    """A user of Clerk who signs in for the first time."""
    created: dict[str, Any] = Client(environment["CLERK_URL"])(
        "POST", "/api/users", {"email_address": [f"{name.lower()}@example.com"], "first_name": name}
    )
    user_id: str = created["id"]
    return user_id


def test_the_three_files_of_the_lms_work_as_re_exports(app: Path, environment: dict[str, str]) -> None:
    clerk = environment["CLERK_URL"]
    with serving(app, settings(environment)) as url:
        ada = Visitor(url, clerk, learner(environment, "Ada"))
        admin, signed_out = Visitor(url, clerk, environment["ADMIN"]), Visitor(url, clerk)

        assert signed_out("/api/courses") == (401, {"error": "Unauthorized"})
        assert ada("/api/courses/7?language=en") == (200, {"id": "7", "language": "en"})
        assert ada("/api/courses") == (403, {"error": "Forbidden"})
        assert admin("/api/courses") == (200, {"mentor": "Admin"})
        assert [each("/admin")[0] for each in (signed_out, ada, admin)] == [401, 403, 200]
        assert "Admin Admin" in admin("/admin")[1]
        status, html = admin("/")
        assert status == 200
        assert "please wait" in html
        assert "For mentors" not in html
        assert ada("/api/user/profile")[1]["roles"] == ["LEARNER"]


def test_roles_are_read_from_the_database_if_the_environment_names_it(app: Path, environment: dict[str, str]) -> None:
    clerk = environment["CLERK_URL"]
    run("npm", "install", "--loglevel", "error", PG, cwd=app)
    own = settings(environment) | {"AKAKO_API_URL": "", "AKAKO_DATABASE_URL": environment["AKAKO_DATABASE_URL"]}
    with serving(app, own) as url:
        bob = learner(environment, "Bob")
        groups.until(lambda: Visitor(url, clerk, bob)("/api/courses/7")[0] == 200)  # stored, by the webhook

        assert Visitor(url, clerk)("/api/courses")[0] == 401
        assert Visitor(url, clerk, bob)("/api/courses") == (403, {"error": "Forbidden"})
        assert Visitor(url, clerk, environment["ADMIN"])("/api/courses") == (200, {"mentor": "Admin"})
