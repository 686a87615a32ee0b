from collections.abc import Callable

import pytest
from pydantic import SecretStr

from akako_guard.role import Role
from config.formats import split_secrets
from config.settings import (
    AskingSettings,
    MigrationSettings,
    ReceiverSettings,
    Settings,
    WorkerSettings,
    load,
)
from tests.clerk_sender import signing_secret

GOOD = {
    "DATABASE_URL": "postgresql://akako:secret@db.example.com/akako",
    "REDIS_URL": "redis://redis.example.com:6379/0",
    "CLERK_WEBHOOK_SIGNING_SECRET": signing_secret(),
}
Environment = Callable[..., None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Sets the environment to good values with some changed; None unsets one."""
    for kind in (ReceiverSettings, WorkerSettings, MigrationSettings):
        for field in kind.model_fields:
            monkeypatch.delenv(field.upper(), raising=False)

    def put(**changed: str | None) -> None:
        for name, value in (GOOD | changed).items():
            if value is not None:
                monkeypatch.setenv(name, value)

    return put


def complaint(kind: type[Settings]) -> str:
    """What a process of this kind says when it refuses to start."""
    with pytest.raises(SystemExit) as ended:
        load(kind)
    return str(ended.value)


def test_good_settings_start_with_good_defaults(environment: Environment) -> None:
    environment()
    assert load(WorkerSettings).default_role is Role.LEARNER
    assert load(ReceiverSettings).max_body_bytes == 1024 * 1024


def test_a_variable_that_is_set_to_nothing_is_as_if_not_set(environment: Environment) -> None:
    environment(DEFAULT_ROLE="", SWEEP_SECONDS="")
    assert load(WorkerSettings).sweep_seconds == 5


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_database_urls_are_taken_as_hosts_give_them(environment: Environment, scheme: str) -> None:
    environment(DATABASE_URL=f"{scheme}://akako:secret@db.example.com/akako?sslmode=require")
    assert load(ReceiverSettings).database_url.get_secret_value().startswith(f"{scheme}://")


@pytest.mark.parametrize(
    ("url", "setting", "pooler"),
    [
        ("postgresql://akako@db/akako", None, "none"),
        ("postgresql://akako@db/akako?pgbouncer=true", None, "transaction"),
        ("postgresql://akako@db/akako?pgbouncer=true", "none", "none"),
        ("postgresql://akako@db/akako", "transaction", "transaction"),
    ],
)
def test_the_pooler_is_named_by_its_setting_or_by_the_url(
    environment: Environment, url: str, setting: str | None, pooler: str
) -> None:
    environment(DATABASE_URL=url, DATABASE_POOLER=setting)
    assert load(ReceiverSettings).database_pooler == pooler


def test_several_signing_secrets_are_split_newest_first(environment: Environment) -> None:
    new, old = signing_secret(), signing_secret()
    environment(CLERK_WEBHOOK_SIGNING_SECRET=f"{new}, {old}")
    assert split_secrets(load(ReceiverSettings).clerk_webhook_signing_secret) == (new, old)


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("DATABASE_URL", None, "DATABASE_URL is not set. PostgreSQL 15 or newer"),
        ("DATABASE_URL", "", "DATABASE_URL is not set."),
        ("DATABASE_URL", "mysql://db.example.com/akako", "DATABASE_URL: give a URL like postgresql://"),
        ("DATABASE_URL", "db.example.com", "DATABASE_URL: give a URL like postgresql://"),
        ("DATABASE_URL", "postgresql://db/akako?colour=blue", "DATABASE_URL: the parameter colour is not supported"),
        ("DATABASE_POOLER", "session", "DATABASE_POOLER: Input should be 'none' or 'transaction'"),
        ("REDIS_URL", None, "REDIS_URL is not set. A single Redis 6.2 or newer"),
        ("REDIS_URL", "amqp://redis.example.com", "REDIS_URL: give a URL like redis://host:6379/0"),
        ("CLERK_WEBHOOK_SIGNING_SECRET", None, "CLERK_WEBHOOK_SIGNING_SECRET is not set. Verifies deliveries"),
        ("CLERK_WEBHOOK_SIGNING_SECRET", "whsec_", "CLERK_WEBHOOK_SIGNING_SECRET: secret 1 is not a signing secret"),
        ("CLERK_WEBHOOK_SIGNING_SECRET", "sk_test_abc", "copy the whole whsec_... of your endpoint from Clerk's"),
        ("CLERK_WEBHOOK_SIGNING_SECRET", "whsec_not base64!", "secret 1 is not a signing secret"),
        ("CLERK_WEBHOOK_SIGNING_SECRET", "whsec_c2hvcnQ=", "secret 1 is not a signing secret"),
        ("CLERK_WEBHOOK_SIGNING_SECRET", "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=,", "secret 2 is not a signing secret"),
        ("PORT", "http", "PORT: "),
        ("PORT", "70000", "PORT: Input should be less than or equal to 65535"),
        ("MAX_BODY_BYTES", "1", "MAX_BODY_BYTES: "),
        ("STORE_TIMEOUT_SECONDS", "15", "STORE_TIMEOUT_SECONDS: Input should be less than 15"),
        ("INTAKE_ROWS", "0", "INTAKE_ROWS: "),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL: "),
    ],
)
def test_a_bad_variable_of_the_receiver_is_named_with_what_to_do(
    environment: Environment, name: str, value: str | None, advice: str
) -> None:
    environment(**{name: value})
    said = complaint(ReceiverSettings)
    assert said.startswith("akako cannot start: settings are missing or invalid:")
    assert advice in said


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("DEFAULT_ROLE", "learner", "DEFAULT_ROLE: Input should be 'LEARNER', 'MENTOR' or 'ADMIN'"),
        ("SWEEP_SECONDS", "0", "SWEEP_SECONDS: Input should be greater than or equal to 1"),
        ("EXPIRE_ROWS", "many", "EXPIRE_ROWS: "),
        ("APPLY_SET_SIZE", "5001", "APPLY_SET_SIZE: "),
        ("WORKER_PROCESSES", "-1", "WORKER_PROCESSES: "),
    ],
)
def test_a_bad_variable_of_the_worker_is_named_with_what_to_do(
    environment: Environment, name: str, value: str, advice: str
) -> None:
    environment(**{name: value})
    assert advice in complaint(WorkerSettings)


def test_every_bad_variable_is_named_at_once(environment: Environment) -> None:
    environment(DATABASE_URL=None, REDIS_URL="no", CLERK_WEBHOOK_SIGNING_SECRET="no", PORT="no")
    said = complaint(ReceiverSettings)
    for name in ("DATABASE_URL", "REDIS_URL", "CLERK_WEBHOOK_SIGNING_SECRET", "PORT"):
        assert name in said


def test_a_complaint_tells_no_secret(environment: Environment) -> None:
    environment(CLERK_WEBHOOK_SIGNING_SECRET="whsec_half-a-secret", DATABASE_URL="mysql://akako:password@db")
    said = complaint(ReceiverSettings)
    assert "half-a-secret" not in said
    assert "password@" not in said.replace("user:password@host", "")


def test_settings_that_are_printed_tell_no_secret(environment: Environment) -> None:
    environment()
    said = repr(load(ReceiverSettings))
    assert GOOD["CLERK_WEBHOOK_SIGNING_SECRET"] not in said
    assert "secret@" not in said


@pytest.mark.parametrize("kind", [ReceiverSettings, WorkerSettings, MigrationSettings])
def test_every_setting_has_its_sentence(kind: type[Settings]) -> None:
    assert [name for name, field in kind.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("key", "rate", "expected"), [("sk_live_1", None, 20), ("sk_test_1", None, 2), ("sk_test_1", 7, 7)]
)
def test_the_rate_of_requests_to_clerk_depends_on_the_key_unless_it_is_set(
    key: str, rate: float | None, expected: float
) -> None:
    settings = AskingSettings(
        database_url=SecretStr("postgresql://a@b/c"), clerk_secret_key=SecretStr(key), clerk_requests_per_second=rate
    )
    assert settings.requests_per_second == expected
