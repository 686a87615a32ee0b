"""Every environment variable that Akako Sync reads: once, with its sentence, judged before anything starts."""

import sys
from typing import Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.database_url import names_pooler
from config.formats import (
    HeaderNames,
    Issuer,
    KeyPrefix,
    Origin,
    Parties,
    PostgresUrl,
    PublicKey,
    RedisUrl,
    SecretKey,
    SigningSecrets,
)
from config.redis_url import KEY_PREFIX, RedisAddress
from config.role import Role


class Settings(BaseSettings):
    """What every process needs."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True, env_ignore_empty=True)

    database_url: PostgresUrl
    """PostgreSQL 15 or newer, as the application's own role: `postgresql://user:password@host:5432/database`."""

    database_pooler: Literal["none", "transaction"] = "none"
    """`transaction` if `DATABASE_URL` leads through a pooler in transaction mode (PgBouncer, Supavisor, Neon's)."""

    log_format: Literal["auto", "json", "console"] = "auto"
    """How log lines look: `json`, `console`, or `auto` (console on a terminal, JSON elsewhere)."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least important log line that is written."""

    @model_validator(mode="before")
    @classmethod
    def _pooler_of_the_url(cls, given: dict[str, Any]) -> dict[str, Any]:
        """`pgbouncer=true` in the URL stands for `DATABASE_POOLER=transaction` where that is not set."""
        url = given.get("database_url")
        text = url.get_secret_value() if isinstance(url, SecretStr) else str(url)
        return {"database_pooler": "transaction", **given} if names_pooler(text) else given


class MigrationSettings(Settings):
    """What `akako migrate` needs."""

    database_owner_url: PostgresUrl | None = None
    """The role that owns the tables, for `akako migrate` only, without a pooler; unset, `DATABASE_URL` is used."""


class MetricsSettings(Settings):
    """What every process that lasts needs, to be seen from outside."""

    metrics_host: str = "127.0.0.1"
    """The address on which the process answers Prometheus; it is not meant for strangers."""

    metrics_port: int = Field(default=0, ge=0, le=65_535)
    """The port of `/metrics`, another one for each process of a machine; 0: none."""


class BrokerSettings(Settings):
    """What every process that looks at Redis needs."""

    redis_url: RedisUrl
    """Redis 6.2 or newer (or Valkey), one server, for Celery's messages: `redis://host:6379/0`, `rediss://` for TLS."""

    redis_key_prefix: KeyPrefix = KEY_PREFIX
    """Begins every key and channel that we use in Redis, so that other applications can use the same database."""

    @property
    def redis(self) -> RedisAddress:
        """Where our keys in Redis are."""
        return RedisAddress(self.redis_url.get_secret_value(), self.redis_key_prefix)


class QueueSettings(BrokerSettings):
    """What every process that sends or takes Celery messages needs."""

    apply_set_size: int = Field(default=200, ge=1, le=1_000)
    """How many events one Celery message names at most; they are applied in one transaction."""


class ListeningSettings(Settings):
    """What every process that answers requests needs."""

    host: str = "0.0.0.0"  # noqa: S104 - a container's or a host's router forwards to it
    """The address that the process listens on."""

    port: int = Field(default=8000, ge=1, le=65_535)
    """The port that the process listens on; receiver and API run as two processes, each with its own."""

    max_connections: int = Field(default=4_000, ge=10)
    """Connections that a process holds at once; at the limit, a newcomer closes one that waits for its sender."""

    body_timeout_seconds: float = Field(default=10, gt=0)
    """How long a sender may take for a request's headers, and again for its body, before the connection is closed."""

    keep_alive_seconds: int = Field(default=75, ge=1)
    """How long an idle connection stays open; must be longer than the proxy's own upstream time-out (nginx: 60 s)."""


class NewUserSettings(Settings):
    """What every process that may add a user needs."""

    default_role: Role = Role.LEARNER
    """The role that a new user is given once: LEARNER, MENTOR or ADMIN."""


class SigningSettings(Settings):
    """What the receiver needs to know Clerk, and `akako secrets` to advise."""

    clerk_webhook_signing_secret: SigningSecrets
    """Verifies deliveries: `whsec_...` of Clerk's dashboard; several while one is rotated out: newest first, commas."""


class ReceiverSettings(SigningSettings, QueueSettings, ListeningSettings, MetricsSettings):
    """What the receiver of deliveries needs."""

    web_processes: int = Field(default=1, ge=1)
    """How many processes receive deliveries on the one port."""

    max_body_bytes: int = Field(default=1_048_576, ge=1_024)
    """The largest delivery that is read, in bytes; a larger one is answered 413."""

    store_timeout_seconds: float = Field(default=1.5, gt=0, lt=15)
    """How long a delivery waits for its commit before it is answered 503 (Svix gives up after 15 s)."""

    intake_rows: int = Field(default=500, ge=1)
    """How many deliveries are kept in one commit at most."""

    intake_waiting_rows: int = Field(default=5_000, ge=1)
    """How many deliveries may wait for a commit; more are answered 503 at once."""

    intake_waiting_bytes: int = Field(default=33_554_432, ge=1_048_576)
    """How many bytes of deliveries may wait for a commit; more are answered 503 at once."""


class WorkerSettings(QueueSettings, NewUserSettings, MetricsSettings):
    """What the worker and the calendar need."""

    worker_processes: int = Field(default=2, ge=1)
    """How many processes apply events."""

    sweep_seconds: int = Field(default=5, ge=1)
    """How often events that are due and not applied are looked for and nudged again."""

    sweep_rows: int = Field(default=20_000, ge=1)
    """How many due events one sweep nudges at most."""

    expire_seconds: int = Field(default=60, ge=1)
    """How often roles whose end has passed are written down as expired (they end by the clock, whatever this says)."""

    expire_rows: int = Field(default=1_000, ge=1)
    """How many expired roles are written down in one transaction."""

    event_body_days: int = Field(default=90, ge=1, le=36_500)
    """After how many days applied and ignored events lose their body; all else of them stays. Parked ones keep it."""


class InspectionSettings(Settings):
    """What whoever looks at kept deliveries can use."""

    clerk_webhook_signing_secret: SigningSecrets | None = None
    """The receiver's, to verify kept deliveries again; unset, that is left out."""


class AccessSettings(Settings):
    """What every process that asks who is calling needs."""

    clerk_issuer: Issuer
    """Clerk's Frontend API URL or your proxy's (`https://app.example.com/__clerk`): the only `iss` that is accepted."""

    clerk_jwt_key: PublicKey | None = None
    """The instance's public key (PEM) that verifies tokens without any network; unset, keys come from the issuer."""

    clerk_authorized_parties: Parties = ""
    """Origins whose pages may call (`azp`, and `Origin` of cookies), separated by commas; empty accepts any `azp`."""

    token_session_id: Literal["required", "optional"] = "required"  # noqa: S105 - not a secret
    """`optional` also accepts tokens without `sid`: those of Clerk's JWT templates. `required` refuses them."""

    token_leeway_seconds: float = Field(default=5, ge=0, le=10)
    """How far Clerk's clock and ours may differ when a token's times are judged."""

    guard_timeout_seconds: float = Field(default=2, gt=0)
    """How long a request waits for the database to say who is calling before it is answered 503."""

    guard_waiting: int = Field(default=2_000, ge=1)
    """How many requests may wait for that; more are answered 503 at once."""


class BackendSettings(Settings):
    """What every process that asks Clerk's Backend API needs."""

    clerk_secret_key: SecretKey
    """Opens Clerk's Backend API: `sk_live_...` or `sk_test_...` of Clerk's dashboard."""

    clerk_api_url: Origin = "https://api.clerk.com"
    """Where Clerk's Backend API is."""


class ApiSettings(
    AccessSettings,
    BackendSettings,
    ListeningSettings,
    NewUserSettings,
    InspectionSettings,
    BrokerSettings,
    MetricsSettings,
):
    """What the API needs."""

    api_processes: int = Field(default=1, ge=1)
    """How many processes answer the API on the one port."""

    api_connections: int = Field(default=5, ge=2)
    """How many database connections an API process opens at most, beside the guard's own; half are for changes."""

    api_allowed_origins: Parties = ""
    """The origins whose pages may read the API's answers (CORS), separated by commas; empty, none but its own."""

    api_allowed_headers: HeaderNames = "baggage, sentry-trace, traceparent, tracestate, X-Request-Id, X-Requested-With"
    """Request headers those pages may send (CORS) besides `Authorization` and `Content-Type`, separated by commas."""

    api_max_body_bytes: int = Field(default=65_536, ge=1_024)
    """The largest request body that the API reads, in bytes; a larger one is answered 413."""


Kind = TypeVar("Kind", bound=Settings)


def load(kind: type[Kind]) -> Kind:
    """The settings of one kind of process; ends the process with a message that names each bad variable."""
    try:
        return kind()
    except ValidationError as error:
        lines = [_complaint(kind, str(fault["loc"][0]), fault["type"], fault["msg"]) for fault in error.errors()]
        sys.exit("\n".join(["akako cannot start, its settings need a change:", *lines]))


def _complaint(kind: type[Settings], field: str, fault: str, message: str) -> str:
    name = field.upper()
    if fault == "missing":
        return f"  {name} is not set. {kind.model_fields[field].description}"
    return f"  {name}: {message.removeprefix('Value error, ')}"
