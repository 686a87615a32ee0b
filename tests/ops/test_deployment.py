"""The files for production, compared with the Procfile and the settings: there is no Docker here to build them with."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import ApiSettings, MigrationSettings, ReceiverSettings, Settings, WorkerSettings
from ops import procfile

ROOT = procfile.PATH.parent
KINDS: dict[str, type[Settings]] = {
    "migrate": MigrationSettings,
    "web": ReceiverSettings,
    "worker": WorkerSettings,
    "beat": WorkerSettings,
    "api": ApiSettings,
}
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
EXAMPLE = (ROOT / ".env.example").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def fields() -> dict[str, Any]:
    """Every setting once; of two, that of the process which cannot do without."""
    kinds = sorted(KINDS.values(), key=lambda kind: kind is ReceiverSettings)
    return {name.upper(): field for kind in kinds for name, field in kind.model_fields.items()}


def test_compose_runs_what_the_procfile_says() -> None:
    commands = procfile.read()
    assert {name: SERVICES[name]["command"] for name in KINDS} == {
        "migrate": commands["release"],
        **{name: commands[name] for name in ("web", "worker", "beat", "api")},
    }


@pytest.mark.parametrize("name", KINDS)
def test_compose_gives_each_process_its_settings_and_no_others(name: str) -> None:
    assert SERVICES[name]["environment"].keys() == {field.upper() for field in KINDS[name].model_fields}


@pytest.mark.parametrize("name", ["web", "worker", "beat", "api"])
def test_only_migrations_connect_as_the_owner(name: str) -> None:
    assert "akako_owner" not in str(SERVICES[name]["environment"])
    assert SERVICES[name]["environment"]["DATABASE_URL"].startswith("postgresql://akako_app:")


def test_only_what_answers_the_world_is_published() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web", "api"]


def test_everything_but_the_migration_is_always_restarted() -> None:
    assert {name for name, service in SERVICES.items() if service["restart"] != "always"} == {"migrate"}


def test_everything_that_can_be_asked_has_a_health_check() -> None:
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == {"migrate"}


def test_redis_keeps_its_messages_and_never_evicts_one() -> None:
    assert "--appendonly yes --maxmemory-policy noeviction" in SERVICES["redis"]["command"]


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for secret in ("AKAKO_OWNER_PASSWORD", "AKAKO_APP_PASSWORD", "CLERK_WEBHOOK_SIGNING_SECRET", "CLERK_SECRET_KEY"):
        assert re.findall(r"\$\{" + secret + r"([^}]*)\}", text)
        assert set(re.findall(r"\$\{" + secret + r"([^}]*)\}", text)) == {":?set it in .env"}
        assert re.search(rf"^{secret}=$", EXAMPLE, re.MULTILINE)


@pytest.mark.parametrize("name", fields())
def test_the_example_has_each_setting_with_its_sentence_and_default(name: str) -> None:
    field = fields()[name]
    default = "" if field.is_required() or field.default is None else str(field.default)
    mark = "" if field.is_required() else "# "
    assert f"\n# {field.description}\n{mark}{name}={default}\n" in EXAMPLE


def test_the_example_has_nothing_else() -> None:
    assert set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", EXAMPLE, re.MULTILINE)) == fields().keys() | {
        "AKAKO_OWNER_PASSWORD",
        "AKAKO_APP_PASSWORD",
        "API_PORT",
    }


def test_the_image_runs_as_nobody_special() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    user = re.findall(r"^USER (\w+)$", final, re.MULTILINE)
    assert user == ["akako"]
    assert re.search(r"^RUN useradd .* akako$", final, re.MULTILINE)


def test_the_image_starts_the_receiver_as_the_procfile_does() -> None:
    command = yaml.safe_load(re.findall(r"^CMD (.*)$", DOCKERFILE, re.MULTILINE)[-1])
    assert command == shlex.split(procfile.read()["web"])


def test_the_image_installs_locked_dependencies_only() -> None:
    installs = re.findall(r"pip (?:--python \S+ )?install ([^\n\\]*)", DOCKERFILE)
    assert all("--require-hashes" in install or "--no-deps" in install for install in installs)
    assert all((ROOT / lock).exists() for lock in re.findall(r"-r (\S+)", DOCKERFILE))


def test_the_image_gets_every_room_and_no_more() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    project = (ROOT / "pyproject.toml").read_text()
    rooms = set(yaml.safe_load(re.findall(r"^packages = (\[.config.*\])$", project, re.MULTILINE)[0]))
    assert allowed == rooms | {"pyproject.toml", "README.md", "requirements/build.txt", "requirements/runtime.txt"}
    assert all(Path(ROOT / name).exists() for name in allowed)
