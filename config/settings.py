"""All environment variables that Akako Sync reads, with their descriptions; validated before a process starts."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from akako_guard.database_url import names_pooler
from akako_guard.role import Role
from config.formats import (
    HeaderNames,
    Issuer,
    KeyPrefix,
    Origin,
    Parties,
    PostgresUrl,
    PublicKey,
    PublishableKey,
    RedisUrl,
    SecretKey,
    SigningSecrets,
)
from config.redis_url import KEY_PREFIX, RedisAddress

if TYPE_CHECKING:
    from akako_guard.settings import Settings as GuardSettings


LIVE_KEY = "sk_live_"
LIVE_PER_SECOND = 20.0
TEST_PER_SECOND = 2.0


class Environment(BaseSettings):
    """Reads environment variables."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True, env_ignore_empty=True)


class Settings(Environment):
    """Settings of every process."""

    database_url: PostgresUrl
    """PostgreSQL 15 or newer, with the application's role: `postgresql://user:password@host:5432/database`."""

    database_pooler: Literal["none", "transaction"] = "none"
    """`transaction` if `DATABASE_URL` connects to a pooler in transaction mode (PgBouncer, Supavisor, Neon's)."""

    log_format: Literal["auto", "json", "console"] = "auto"
    """Format of log lines: `json`, `console`, or `auto` (console on a terminal, JSON elsewhere)."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Minimum level of log lines."""

    @model_validator(mode="before")
    @classmethod
    def _pooler_of_the_url(cls, given: dict[str, Any]) -> dict[str, Any]:
        """`pgbouncer=true` in the URL means `DATABASE_POOLER=transaction`, unless that is set."""
        url = given.get("database_url")
        text = url.get_secret_value() if isinstance(url, SecretStr) else str(url)
        return {"database_pooler": "transaction", **given} if names_pooler(text) else given


class MigrationSettings(Settings):
    """Settings of `akako migrate`."""

    database_owner_url: PostgresUrl | None = None
    """URL for `akako migrate` only: the role that owns the tables, without a pooler. Default: `DATABASE_URL`."""


class MetricsSettings(Settings):
    """Settings of every long-running process, for monitoring."""

    metrics_host: str = "127.0.0.1"
    """Address for `/metrics` and `/healthz`. Do not expose it to untrusted clients."""

    metrics_port: int = Field(default=0, ge=0, le=65_535)
    """Port for `/metrics` and `/healthz`. Must be unique per process on a host; 0 disables it."""


class BrokerSettings(Settings):
    """Settings of every process that connects to Redis."""

    redis_url: RedisUrl
    """A single Redis 6.2 or newer (or Valkey) for Celery's messages: `redis://host:6379/0`, `rediss://` for TLS."""

    redis_key_prefix: KeyPrefix = KEY_PREFIX
    """Prefix of all keys and channels in Redis, so that other applications can share the database."""

    @property
    def redis(self) -> RedisAddress:
        """The server and the prefix of keys."""
        return RedisAddress(self.redis_url.get_secret_value(), self.redis_key_prefix)


class QueueSettings(BrokerSettings):
    """Settings of every process that sends or receives Celery messages."""

    apply_set_size: int = Field(default=200, ge=1, le=1_000)
    """Maximum number of events in a Celery message, which are applied in one transaction."""


class ListeningSettings(Settings):
    """Settings of every process that serves HTTP."""

    host: str = "0.0.0.0"  # noqa: S104 - a container's or a host's router forwards to it
    """Address to listen on."""

    port: int = Field(default=8000, ge=1, le=65_535)
    """Port to listen on. Receiver and API are separate processes, each with its own port."""

    max_connections: int = Field(default=4_000, ge=10)
    """Maximum number of connections per process. At the limit, a new one closes one that is waiting for its client."""

    body_timeout_seconds: float = Field(default=10, gt=0)
    """Timeout for receiving a request's headers, and again for its body; then the connection is closed."""

    keep_alive_seconds: int = Field(default=75, ge=1)
    """How long an idle connection stays open. Must be longer than the upstream timeout of the proxy (nginx: 60 s)."""


class NewUserSettings(Settings):
    """Settings of every process that may add a user."""

    default_role: Role = Role.LEARNER
    """The role that a new user gets once: LEARNER, MENTOR or ADMIN."""


class DeletionSettings(Settings):
    """Settings of every process that may delete a user."""

    signed_deletions_per_hour: int = Field(default=100, ge=0)
    """Deletions by deliveries that are applied within an hour, if that is more than the percentage; others are held."""

    signed_deletions_percent: float = Field(default=5, ge=0, le=100)
    """The same as a percentage of the users that are not deleted."""

    inferred_deletions_per_hour: int = Field(default=20, ge=0)
    """Deletions inferred by reconciling that are applied within an hour, if that is more than the percentage."""

    inferred_deletions_percent: float = Field(default=1, ge=0, le=100)
    """The same as a percentage of the users that are not deleted."""


class ReplaySettings(NewUserSettings, DeletionSettings):
    """Settings of `akako events replay`."""


class SigningSettings(Settings):
    """Settings of the receiver and of `akako secrets`, to verify deliveries."""

    clerk_webhook_signing_secret: SigningSecrets
    """Verifies deliveries: `whsec_...` from Clerk's dashboard. During rotation several, newest first, with commas."""


class ReceiverSettings(SigningSettings, QueueSettings, ListeningSettings, MetricsSettings):
    """Settings of the receiver."""

    web_processes: int = Field(default=1, ge=1)
    """Number of receiver processes, which share the port."""

    max_body_bytes: int = Field(default=1_048_576, ge=1_024)
    """Maximum size of a delivery in bytes; a larger one gets 413."""

    store_timeout_seconds: float = Field(default=1.5, gt=0, lt=15)
    """Timeout for storing a delivery, after which it gets 503 (Svix times out after 15 s)."""

    intake_rows: int = Field(default=500, ge=1)
    """Maximum number of deliveries stored in one commit."""

    intake_waiting_rows: int = Field(default=5_000, ge=1)
    """Maximum number of deliveries waiting for a commit; further ones get 503 at once."""

    intake_waiting_bytes: int = Field(default=33_554_432, ge=1_048_576)
    """Maximum size in bytes of the deliveries waiting for a commit; further ones get 503 at once."""


class WorkerSettings(QueueSettings, NewUserSettings, DeletionSettings, MetricsSettings):
    """Settings of worker and scheduler."""

    worker_processes: int = Field(default=2, ge=1)
    """Number of processes that apply events."""

    sweep_seconds: int = Field(default=5, ge=1)
    """Interval of the sweep, which enqueues events again that are due and not applied."""

    sweep_rows: int = Field(default=20_000, ge=1)
    """Maximum number of events that one sweep enqueues."""

    expire_seconds: int = Field(default=60, ge=1)
    """Interval at which ended roles are recorded as expired (access ends by the clock, independent of this)."""

    expire_rows: int = Field(default=1_000, ge=1)
    """Maximum number of roles recorded as expired in one transaction."""

    event_body_days: int = Field(default=90, ge=1, le=36_500)
    """Age in days at which bodies of applied and ignored events are erased. Other columns and parked events remain."""


class InspectionSettings(Settings):
    """Settings for showing stored events."""

    clerk_webhook_signing_secret: SigningSecrets | None = None
    """The receiver's secrets, to verify stored events again. If unset, they are not verified."""


class AccessSettings(Settings):
    """Settings of every process that authenticates requests."""

    clerk_issuer: Issuer
    """Clerk's Frontend API URL, or your proxy's (`https://app.example.com/__clerk`): the only accepted `iss`."""

    clerk_jwt_key: PublicKey | None = None
    """Public key (PEM) to verify tokens without network access. Default: keys are fetched from the issuer."""

    clerk_authorized_parties: Parties = ""
    """Allowed origins of callers (`azp`, and `Origin` with cookies), separated by commas; if empty, any `azp`."""

    token_session_id: Literal["required", "optional"] = "required"  # noqa: S105 - not a secret
    """`optional` also accepts tokens without `sid`, as from Clerk's JWT templates; `required` refuses them."""

    token_leeway_seconds: float = Field(default=5, ge=0, le=10)
    """Accepted clock difference to Clerk when a token's times are checked."""

    guard_timeout_seconds: float = Field(default=2, gt=0, le=60)
    """Timeout for looking up the caller in the database, after which the request gets 503."""

    guard_waiting: int = Field(default=2_000, ge=1)
    """Maximum number of requests waiting for that lookup; further ones get 503 at once."""

    @property
    def guard(self) -> "GuardSettings":
        """The settings of the guard."""
        from akako_guard.settings import Settings as GuardSettings

        return GuardSettings(
            database_url=self.database_url.get_secret_value(),
            database_pooler=self.database_pooler,
            clerk_issuer=self.clerk_issuer,
            clerk_jwt_key=self.clerk_jwt_key,
            clerk_authorized_parties=self.clerk_authorized_parties,
            token_session_id=self.token_session_id,
            token_leeway_seconds=self.token_leeway_seconds,
            guard_timeout_seconds=self.guard_timeout_seconds,
            guard_waiting=self.guard_waiting,
        )


class BackendSettings(Settings):
    """Settings of every process that calls Clerk's Backend API."""

    clerk_secret_key: SecretKey
    """Secret key for Clerk's Backend API: `sk_live_...` or `sk_test_...` from Clerk's dashboard."""

    clerk_api_url: Origin = "https://api.clerk.com"
    """URL of Clerk's Backend API."""

    @property
    def is_live(self) -> bool:
        """Whether the key is for a production instance."""
        return self.clerk_secret_key.get_secret_value().startswith(LIVE_KEY)


class AskingSettings(BackendSettings):
    """Settings of every process that asks Clerk about many users."""

    clerk_requests_per_second: float | None = Field(default=None, gt=0, le=100)
    """Requests per second to Clerk's Backend API. Default: 20 with a live key, 2 with a test key."""

    @property
    def requests_per_second(self) -> float:
        """The rate that is set, or a fifth of Clerk's limit for this kind of key: others use the key, too."""
        return self.clerk_requests_per_second or (LIVE_PER_SECOND if self.is_live else TEST_PER_SECOND)


class BackfillSettings(AskingSettings, NewUserSettings):
    """Settings of `akako backfill`, and of every process that reads all users of Clerk."""


class SetupSettings(BackfillSettings, MigrationSettings, SigningSettings, AccessSettings):
    """Settings of `akako setup`: those of the processes that it prepares."""


class KeycloakSettings(Environment):
    """Settings of the commands of `akako keycloak` with `--database`."""

    keycloak_database_url: PostgresUrl
    """Keycloak's own database, which is only read: `postgresql://user:password@host:5432/keycloak`."""

    keycloak_database_schema: str = "public"
    """The schema of Keycloak's tables."""


class ReconcileSettings(BackfillSettings, DeletionSettings, BrokerSettings, MetricsSettings):
    """Settings of the process that asks Clerk."""


class OperationSettings(
    AccessSettings,
    AskingSettings,
    ListeningSettings,
    NewUserSettings,
    DeletionSettings,
    InspectionSettings,
    BrokerSettings,
    MetricsSettings,
):
    """Settings of every process that runs operations of the API."""

    api_connections: int = Field(default=5, ge=2)
    """Maximum number of database connections of an API or console process besides the guard's; half are for changes."""

    api_max_body_bytes: int = Field(default=65_536, ge=1_024)
    """Maximum size of a request body in bytes; a larger one gets 413."""


class ApiSettings(OperationSettings):
    """Settings of the API."""

    api_processes: int = Field(default=1, ge=1)
    """Number of API processes, which share the port."""

    api_allowed_origins: Parties = ""
    """Origins whose pages may read API responses (CORS), separated by commas; if empty, only its own."""

    api_allowed_headers: HeaderNames = "baggage, sentry-trace, traceparent, tracestate, X-Request-Id, X-Requested-With"
    """Request headers that those pages may send (CORS) besides `Authorization` and `Content-Type`, with commas."""


class ConsoleSettings(OperationSettings):
    """Settings of the console."""

    console_url: Origin
    """Origin of the console in browsers, `https://console.example.com`: tokens must be issued for it (`azp`)."""

    console_processes: int = Field(default=1, ge=1)
    """Number of console processes, which share the port."""

    clerk_frontend_api: Issuer | None = None
    """URL of Clerk's Frontend API, from which pages load ClerkJS. Default: `CLERK_ISSUER`."""

    clerk_publishable_key: PublishableKey | None = None
    """Clerk's publishable key, for ClerkJS. Default: follows from `CLERK_ISSUER`; set it if Clerk is behind a proxy."""

    @property
    def guard(self) -> "GuardSettings":
        """The settings of the guard, which accepts only tokens that were issued for the console."""
        return replace(super().guard, clerk_authorized_parties=self.console_url)

    @property
    def frontend_api(self) -> str:
        """The URL of Clerk's Frontend API."""
        return self.clerk_frontend_api or self.clerk_issuer


Kind = TypeVar("Kind", bound=Environment)


def load(kind: type[Kind]) -> Kind:
    """Load the settings of one kind of process. Exits with a message that names each missing or invalid variable."""
    try:
        return kind()
    except ValidationError as error:
        lines = [_complaint(kind, str(fault["loc"][0]), fault["type"], fault["msg"]) for fault in error.errors()]
        sys.exit("\n".join(["akako cannot start: settings are missing or invalid:", *lines]))


def _complaint(kind: type[Environment], field: str, fault: str, message: str) -> str:
    name = field.upper()
    if fault == "missing":
        return f"  {name} is not set. {kind.model_fields[field].description}"
    return f"  {name}: {message.removeprefix('Value error, ')}"
