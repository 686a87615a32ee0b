"""Compose file, Dockerfile and .env.example, compared with the Procfile and the settings, without a Docker engine."""

import os
import re
import shlex
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
import yaml

from config.settings import (
    ApiSettings,
    ConsoleSettings,
    MigrationSettings,
    ReceiverSettings,
    ReconcileSettings,
    Settings,
    WorkerSettings,
)
from dev import procfile
from dev.embedded.servers import Servers
from dev.process import Process
from tests.dev.groups import until

ROOT = procfile.PATH.parent
KINDS: dict[str, type[Settings]] = {
    "migrate": MigrationSettings,
    "web": ReceiverSettings,
    "worker": WorkerSettings,
    "beat": WorkerSettings,
    "clerk": ReconcileSettings,
    "api": ApiSettings,
    "console": ConsoleSettings,
}
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
EXAMPLE = (ROOT / ".env.example").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def fields() -> dict[str, Any]:
    """Every setting once; the receiver's field where it is required only there."""
    kinds = sorted(KINDS.values(), key=lambda kind: kind is ReceiverSettings)
    return {name.upper(): field for kind in kinds for name, field in kind.model_fields.items()}


def test_compose_runs_the_commands_of_the_procfile() -> None:
    commands = procfile.read()
    assert {name: SERVICES[name]["command"] for name in KINDS} == {
        "migrate": commands["release"],
        **{name: commands[name] for name in ("web", "worker", "beat", "clerk", "api", "console")},
    }


@pytest.mark.parametrize("name", KINDS)
def test_compose_gives_each_process_its_settings_and_no_others(name: str) -> None:
    assert SERVICES[name]["environment"].keys() == {field.upper() for field in KINDS[name].model_fields}


@pytest.mark.parametrize("name", ["web", "worker", "beat", "clerk", "api", "console"])
def test_only_migrations_connect_as_the_owner(name: str) -> None:
    assert "akako_owner" not in str(SERVICES[name]["environment"])
    assert SERVICES[name]["environment"]["DATABASE_URL"].startswith("postgresql://akako_app:")


def test_only_receiver_api_and_console_are_published() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web", "api", "console"]


def test_every_service_but_the_migration_is_always_restarted() -> None:
    assert {name for name, service in SERVICES.items() if service["restart"] != "always"} == {"migrate"}


def test_every_service_but_the_migration_has_a_health_check() -> None:
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == {"migrate"}


def test_ports_are_published_on_the_loopback_by_default() -> None:
    assert [SERVICES[name]["ports"] for name in ("web", "api", "console")] == [
        ["${PUBLISH_ADDRESS:-127.0.0.1}:${PORT:-8000}:8000"],
        ["${PUBLISH_ADDRESS:-127.0.0.1}:${API_PORT:-8001}:8000"],
        ["${PUBLISH_ADDRESS:-127.0.0.1}:${CONSOLE_PORT:-8002}:8000"],
    ]


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_no_capabilities_and_bounded_memory(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    # Without capabilities, the images of the servers cannot change from root to their own user.
    assert "build" in service or service["user"] == name


def test_redis_persists_messages_and_never_evicts() -> None:
    script = SERVICES["redis"]["command"][-1]
    assert "--appendonly yes" in script
    assert "--maxmemory-policy noeviction" in script


def test_redis_of_compose_requires_the_password(directory: Path, servers: Servers) -> None:
    (directory / "redis-server").symlink_to(psutil.Process(servers.redis.pid).exe())
    script = (
        SERVICES["redis"]["command"][-1].replace("$$", "$").replace(" - ", f" - --port 0 --unixsocket {directory}/s ")
    )
    environment = {"PATH": f"{directory}:{os.environ['PATH']}", "REDIS_PASSWORD": "abc123"}
    process = Process("redis", ["sh", "-c", script], environment=environment, directory=directory)
    with (directory / "log").open("wb") as log:
        process.start(log)
    try:
        until((directory / "s").exists)
        assert redis.Redis(unix_socket_path=f"{directory}/s", password="abc123").ping()
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(unix_socket_path=f"{directory}/s").ping()
    finally:
        process.end()


def test_every_redis_url_has_the_password() -> None:
    urls = [service["environment"].get("REDIS_URL") for name, service in SERVICES.items() if name in KINDS]
    assert {url for url in urls if url} == {"redis://:${REDIS_PASSWORD:?set it in .env}@redis:6379/0"}


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for secret in (
        "AKAKO_OWNER_PASSWORD",
        "AKAKO_APP_PASSWORD",
        "REDIS_PASSWORD",
        "CLERK_WEBHOOK_SIGNING_SECRET",
        "CLERK_SECRET_KEY",
    ):
        assert re.findall(r"\$\{" + secret + r"([^}]*)\}", text)
        assert set(re.findall(r"\$\{" + secret + r"([^}]*)\}", text)) == {":?set it in .env"}
        assert re.search(rf"^{secret}=$", EXAMPLE, re.MULTILINE)


@pytest.mark.parametrize("name", fields())
def test_the_example_has_each_setting_with_description_and_default(name: str) -> None:
    field = fields()[name]
    default = "" if field.is_required() or field.default is None else str(field.default)
    mark = "" if field.is_required() else "# "
    assert f"\n# {field.description}\n{mark}{name}={default}\n" in EXAMPLE


def test_the_example_has_nothing_else() -> None:
    assert set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", EXAMPLE, re.MULTILINE)) == fields().keys() | {
        "AKAKO_OWNER_PASSWORD",
        "AKAKO_APP_PASSWORD",
        "REDIS_PASSWORD",
        "PUBLISH_ADDRESS",
        "API_PORT",
        "CONSOLE_PORT",
    }


def test_the_image_runs_as_an_unprivileged_user() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    (user,) = re.findall(r"^USER (\d+)$", final, re.MULTILINE)  # Kubernetes (runAsNonRoot) requires a numeric id
    assert re.search(rf"^RUN useradd .*--uid {user} .* akako$", final, re.MULTILINE)


def test_the_image_starts_the_receiver_as_the_procfile_does() -> None:
    command = yaml.safe_load(re.findall(r"^CMD (.*)$", DOCKERFILE, re.MULTILINE)[-1])
    assert command == shlex.split(procfile.read()["web"])


def test_the_image_installs_locked_dependencies_only() -> None:
    installs = re.findall(r"pip (?:--python \S+ )?install ([^\n\\]*)", DOCKERFILE)
    assert all("--require-hashes" in install or "--no-deps" in install for install in installs)
    assert all((ROOT / lock).exists() for lock in re.findall(r"-r (\S+)", DOCKERFILE))


def test_the_image_contains_the_packages_and_nothing_else() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    project = (ROOT / "pyproject.toml").read_text()
    packages = set(yaml.safe_load(re.findall(r"^packages = (\[.config.*\])$", project, re.MULTILINE)[0]))
    assert allowed == packages | {
        "sdk/python",
        "pyproject.toml",
        "README.md",
        "requirements/build.txt",
        "requirements/runtime.txt",
    }
    assert all(Path(ROOT / name).exists() for name in allowed)
