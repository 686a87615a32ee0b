"""The image, built without a container engine and run as Docker Compose does: read-only, as its own user."""

import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest
import redis
import yaml

from dev import clerk_instance, procfile
from dev.embedded.postgres import QUICK
from dev.embedded.servers import Servers
from dev.ports import free_port
from dev.process import Process
from tests.clerk_sender import Clerk
from tests.dev.groups import until

pytestmark = [pytest.mark.image, pytest.mark.timeout(900)]

HERE = Path(__file__).parent
REQUIRED = "buildah" in os.environ.get("AKAKO_REQUIRE", "").split(",")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((procfile.PATH.parent / "docker-compose.yml").read_text())[
    "services"
]
ADDRESS = "127.0.77.1"
"""The address of the test's PostgreSQL: another server on this machine may use the port on other addresses."""
PASSWORD = "abc123"
LARGEST_BYTES = 250_000_000
FAULT = """
from clerk import events
from config import logs
try:
    events.read(None)
except Exception as error:
    print(logs.fault(error)["at"])
"""
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
ROLES = "select role from akako.user_roles join akako.users on users.id = user_id where clerk_id = %s and is_active"


@dataclass(frozen=True)
class Image:
    """The files of the image, and its configuration."""

    root: Path
    user: str
    directory: str
    environment: list[str]

    def process(self, name: str, command: list[str], environment: dict[str, str]) -> Process:
        """A command in a container of the image."""
        variables = [*self.environment, *(f"{name}={value}" for name, value in environment.items())]
        run = [str(HERE / "run"), str(self.root), self.user, self.directory]
        return Process(name, [*run, *variables, *command])


class Compose:
    """Runs the services of docker-compose.yml on the network of this machine."""

    def __init__(self, image: Image, servers: Servers, logs: Path) -> None:
        self.clerk = Clerk()
        self.instance = clerk_instance.create()
        self.ports = {name: free_port() for name in ("web", "api", "console")}
        self._image = image
        self._logs = logs
        self._redis = servers.redis_url.removeprefix("redis://").partition("/")[0]
        self._env = {
            "AKAKO_OWNER_PASSWORD": PASSWORD,
            "AKAKO_APP_PASSWORD": PASSWORD,
            "REDIS_PASSWORD": PASSWORD,
            "CLERK_WEBHOOK_SIGNING_SECRET": self.clerk.secrets[0],
            **clerk_instance.NO_BACKEND,
            **self.instance.settings,
        }
        self.processes = {name: self._process(name) for name in ("migrate", *procfile.LONG_RUNNING)}

    def start(self, name: str) -> None:
        """Start a service; its output goes to its log."""
        with self.log(name).open("ab") as log:
            self.processes[name].start(log)

    def health(self, name: str) -> int:
        """Run the health check of a service in a container, and return its exit code."""
        check = [part.replace(":8000/", f":{self.ports.get(name)}/") for part in SERVICES[name]["healthcheck"]["test"]]
        assert check.pop(0) == "CMD"
        with self.log("health").open("ab") as log:
            return self._image.process("health", check, self._environment(name)).run(log)

    def log(self, name: str) -> Path:
        """The log file of a service."""
        return self._logs / f"{name}.log"

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The log lines of a service; fails on a line that is not JSON."""
        return [json.loads(line) for line in self.log(name).read_text().splitlines()]

    def end(self) -> None:
        """Stop all running services."""
        for process in self.processes.values():
            process.end(20)

    def _process(self, name: str) -> Process:
        command = shlex.split(SERVICES[name]["command"])
        return self._image.process(name, command, self._environment(name))

    def _environment(self, name: str) -> dict[str, str]:
        """The variables of a service, with different ports, because all services share the network of this machine."""
        given = {key: VARIABLE.sub(self._value, value) for key, value in SERVICES[name]["environment"].items()}
        for key in ("DATABASE_URL", "DATABASE_OWNER_URL"):
            if key in given:
                given[key] = given[key].replace("@postgres:", f"@{ADDRESS}:")
        if "REDIS_URL" in given:
            given["REDIS_URL"] = given["REDIS_URL"].replace("redis:6379", self._redis)
        if name in self.ports:
            given["PORT"] = str(self.ports[name])
        if "METRICS_PORT" in given:
            given["METRICS_PORT"] = str(free_port())
        return given

    def _value(self, variable: re.Match[str]) -> str:
        name, kind, default = variable.groups()
        value = self._env.get(name, "")
        assert value or kind == "-", f"{name} is required"
        return value or str(default)


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    for program in ("buildah", "debootstrap"):
        if shutil.which(program, path="/usr/sbin:/usr/bin") is None:
            message = (
                f"{program} is not installed: apt-get install {program} (AKAKO_REQUIRE=buildah makes this a failure)"
            )
            pytest.fail(message) if REQUIRED else pytest.skip(message)
    built = subprocess.run([HERE / "build"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    container, root = built[-2:]
    try:
        inspected = json.loads(buildah("inspect", container))["OCIv1"]["config"]
        user = inspected["User"]
        yield Image(Path(root), user, inspected["WorkingDir"], inspected["Env"])
    finally:
        buildah("rm", container)


def buildah(*arguments: str) -> str:
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "STORAGE_DRIVER": "vfs", "HOME": "/root"}
    return subprocess.run(
        ["buildah", *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


@pytest.fixture(scope="module")
def own_servers() -> Iterator[Servers]:
    """PostgreSQL and Redis on TCP ports, with the passwords of Compose."""
    with tempfile.TemporaryDirectory(prefix="akako-tests-") as directory:
        Path(directory).chmod(0o755)
        with Servers(Path(directory), postgres_options={**QUICK, "listen_addresses": ADDRESS}) as servers:
            with redis.Redis.from_url(servers.redis_url) as client:
                client.config_set("requirepass", PASSWORD)
            yield servers


@pytest.fixture(scope="module")
def compose(image: Image, own_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """All services, started, with receiver and API answering."""
    running = Compose(image, own_servers, tmp_path_factory.mktemp("compose"))
    try:
        for _ in range(2):  # the second run has nothing to do
            with running.log("migrate").open("ab") as log:
                assert running.processes["migrate"].run(log) == 0
        for name in procfile.LONG_RUNNING:
            running.start(name)
        for port in running.ports.values():
            until(lambda port=port: answers(port), 60)  # type: ignore[misc]
        yield running
    finally:
        running.end()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def test_the_image_adds_less_than_250_megabytes_to_its_base(image: Image) -> None:
    size = sum(file.lstat().st_size for file in (image.root / "opt/akako").rglob("*"))
    assert size < LARGEST_BYTES


def test_a_delivery_results_in_a_role_that_the_api_returns(compose: Compose, own_servers: Servers) -> None:
    sent = compose.clerk.created("user_image", email="image@example.com")
    url = f"http://127.0.0.1:{compose.ports['web']}/webhooks/clerk"
    assert httpx.post(url, content=sent.body, headers=sent.headers, trust_env=False).status_code == 202
    with psycopg.connect(own_servers.postgres.superuser_url.replace("/postgres?", "/akako?"), autocommit=True) as seen:
        until(lambda: seen.execute(ROLES, ["user_image"]).fetchall() == [("LEARNER",)])
    token = {"Authorization": f"Bearer {compose.instance.token('user_image')}"}
    profile = httpx.get(f"http://127.0.0.1:{compose.ports['api']}/api/user/profile", headers=token, trust_env=False)
    assert profile.json()["roles"] == ["LEARNER"]


@pytest.mark.parametrize("name", procfile.LONG_RUNNING)
def test_each_process_runs_as_the_user_of_the_image_without_capabilities(compose: Compose, name: str) -> None:
    pid = compose.processes[name].pid
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    assert psutil.Process(pid).uids().effective == 10_001
    assert (status["CapBnd"], status["NoNewPrivs"]) == ("0000000000000000", "1")


@pytest.mark.parametrize("name", procfile.LONG_RUNNING)
def test_the_health_check_of_each_service_passes(compose: Compose, name: str) -> None:
    until(lambda: compose.health(name) == 0, 60)


def test_only_tmp_is_writable(compose: Compose, image: Image) -> None:
    probe = "touch /tmp/a && ! touch /a 2>/dev/null && ! touch /opt/akako/a 2>/dev/null"
    with compose.log("probe").open("wb") as log:
        assert image.process("probe", ["sh", "-c", probe], {}).run(log) == 0


def test_the_location_of_an_error_is_in_the_projects_code(compose: Compose, image: Image) -> None:
    with compose.log("at").open("wb") as log:
        image.process("at", ["python", "-c", FAULT], {}).run(log)
    assert compose.log("at").read_text().startswith("clerk/")


def test_each_process_exits_with_0_on_sigterm_and_prints_only_json(compose: Compose) -> None:
    for process in compose.processes.values():
        process.ask_to_end()
    for name in procfile.LONG_RUNNING:
        until(lambda name=name: not compose.processes[name].runs, 60)  # type: ignore[misc]
    assert {name: compose.processes[name].code for name in procfile.LONG_RUNNING} == dict.fromkeys(
        procfile.LONG_RUNNING, 0
    )
    assert {name: bool(compose.lines(name)) for name in procfile.LONG_RUNNING} == dict.fromkeys(
        procfile.LONG_RUNNING, True
    )
