"""The tables as SQLAlchemy metadata. Migrations create them; a test ensures that both match."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.types import UserDefinedType

from db.event_reasons import KIND

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ck": "%(constraint_name)s",
    }
)

Moment = DateTime(timezone=True)


class Xid8(UserDefinedType[str]):
    """A 64-bit transaction id."""

    def get_col_spec(self, **_: Any) -> str:
        """The name of the type in PostgreSQL."""
        return "xid8"


users = Table(
    "users",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("clerk_id", Text, nullable=False, unique=True),
    Column("claimed_email", Text),
    Column("email", Text),
    Column("email_verified", Boolean),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("username", Text),
    Column("image_url", Text),
    Column("external_id", Text),
    Column("banned", Boolean, nullable=False, server_default=text("false")),
    Column("banned_as_of", Moment),
    Column("clerk_created_at", Moment),
    Column("clerk_updated_at", Moment),
    Column("deleted_at", Moment),
    Column("search_keys", JSONB),
    Column("created_at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Column("updated_at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Column("access_ended", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint(
        "email is null or (claimed_email is not null and email = claimed_email)", name="users_hold_what_they_claim"
    ),
    CheckConstraint("deleted_at is not null or clerk_updated_at is not null", name="users_living_have_a_version"),
    CheckConstraint(
        "deleted_at is null or (num_nonnulls(claimed_email, email, first_name, last_name, username, image_url,"
        " external_id, clerk_created_at, clerk_updated_at, email_verified, banned_as_of, search_keys) = 0"
        " and not banned and not access_ended)",
        name="users_tombstones_remember_no_person",
    ),
    Index("users_email_key", text('lower(email collate "C")'), unique=True),
    Index(
        "users_claimed_email_idx",
        text('lower(claimed_email collate "C")'),
        postgresql_where=text("claimed_email is not null"),
    ),
    Index(
        "users_name_idx",
        text(
            "(left(coalesce(search_keys ->> 'name', lower(ltrim(coalesce(first_name, '') || ' ' || "
            'coalesce(last_name, \'\')) collate "C")), 200) collate "C")'
        ),
    ),
    Index(
        "users_last_name_idx",
        text('(left(coalesce(search_keys ->> \'last_name\', lower(last_name collate "C")), 200) collate "C")'),
    ),
    Index(
        "users_username_idx",
        text('(left(coalesce(search_keys ->> \'username\', lower(username collate "C")), 200) collate "C")'),
    ),
    Index(
        "users_email_search_idx",
        text("((search_keys ->> 'email') collate \"C\")"),
        postgresql_where=text("search_keys ->> 'email' is not null"),
    ),
    postgresql_with={"fillfactor": 80},
)

user_roles = Table(
    "user_roles",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column(
        "role_no",
        SmallInteger,
        Computed("case role when 'LEARNER' then 1 when 'MENTOR' then 2 when 'ADMIN' then 3 end", persisted=True),
        nullable=False,
    ),
    Column("effective_start_date", Moment, nullable=False),
    Column("effective_end_date", Moment),
    Column("assigned_by", Text, nullable=False),
    Column("assigned_by_email", Text),
    Column("reason", Text),
    Column("end_reason", Text),
    Column("admin_notes", Text),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Column("updated_at", Moment, nullable=False, server_default=func.clock_timestamp()),
    CheckConstraint("role in ('LEARNER', 'MENTOR', 'ADMIN')", name="user_roles_known_role"),
    CheckConstraint("effective_end_date >= effective_start_date", name="user_roles_end_follows_start"),
    CheckConstraint("is_active or effective_end_date is not null", name="user_roles_closed_have_an_end"),
    CheckConstraint(
        "isfinite(effective_start_date) and isfinite(coalesce(effective_end_date, effective_start_date))",
        name="user_roles_finite_dates",
    ),
    ExcludeConstraint(
        (text("point(user_id, role_no)"), "~="),
        (text("tstzrange(effective_start_date, effective_end_date)"), "&&"),
        name="user_roles_no_overlap",
        where=text("is_active"),
    ),
    Index("user_roles_user_idx", "user_id"),
    Index(
        "user_roles_ending_idx",
        "effective_end_date",
        postgresql_where=text("is_active and effective_end_date is not null"),
    ),
    Index("user_roles_role_idx", "role", "user_id", postgresql_where=text("is_active")),
)

webhook_events = Table(
    "webhook_events",
    metadata,
    Column("svix_id", Text, primary_key=True),
    Column("type", Text),
    Column("clerk_user_id", Text),
    Column("occurred_at", Moment),
    Column("body", LargeBinary),
    Column("svix_timestamp", BigInteger, nullable=False),
    Column("svix_signature", Text, nullable=False),
    Column("verified_by", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", Moment, nullable=False, server_default=func.now()),
    Column("last_error", Text),
    Column("received_at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Column("applied_at", Moment),
    Column("digest", LargeBinary),
    CheckConstraint(
        "status in ('received', 'applied', 'ignored', 'parked', 'discarded', 'held')",
        name="webhook_events_known_status",
    ),
    CheckConstraint("(status = 'applied') = (applied_at is not null)", name="webhook_events_applied_at_a_time"),
    CheckConstraint("(body is null) = (digest is not null)", name="webhook_events_body_or_digest"),
    CheckConstraint(
        "body is not null or status in ('applied', 'ignored')", name="webhook_events_done_before_forgotten"
    ),
    Index("webhook_events_due_idx", "next_attempt_at", postgresql_where=text("status = 'received'")),
    Index("webhook_events_received_idx", "received_at"),
    Index("webhook_events_user_idx", "clerk_user_id"),
    Index(
        "webhook_events_aside_idx",
        "status",
        "received_at",
        postgresql_where=text("status in ('ignored', 'parked', 'discarded', 'held')"),
    ),
    Index(
        "webhook_events_type_idx",
        "type",
        "received_at",
        postgresql_where=text("type not in ('user.created', 'user.updated')"),
    ),
    Index(
        "webhook_events_reason_idx",
        "status",
        text(KIND),
        "received_at",
        "svix_id",
        postgresql_where=text("last_error is not null"),
    ),
    Index("webhook_events_secret_idx", "verified_by", "received_at"),
    Index(
        "webhook_events_bodies_idx",
        "received_at",
        postgresql_where=text("body is not null and status in ('applied', 'ignored')"),
    ),
    postgresql_with={"autovacuum_vacuum_scale_factor": 0.02, "autovacuum_vacuum_insert_scale_factor": 0.05},
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Column("action", Text, nullable=False),
    Column("user_id", BigInteger),
    Column("clerk_user_id", Text),
    Column("user_role_id", BigInteger),
    Column("role", Text),
    Column("actor", Text, nullable=False),
    Column("actor_email", Text),
    Column("reason", Text),
    Column("cause", Text),
    Column("before", JSONB),
    Column("after", JSONB),
    Column("transaction_id", Xid8, server_default=func.pg_current_xact_id()),
    Index("audit_log_user_idx", "user_id", "id"),
    Index("audit_log_actor_idx", "actor", "id"),
    Index("audit_log_action_idx", "action", "id"),
    Index("audit_log_at_idx", "at"),
    Index("audit_log_cause_idx", "cause", "id", postgresql_where=text("cause is not null")),
    Index(
        "audit_log_events_idx",
        text("(after -> 'svix_ids')"),
        postgresql_using="gin",
        postgresql_where=text("action like 'event.%' and after is not null"),
    ),
    Index(
        "audit_log_refused_key",
        "user_id",
        text("date_bin('01:00:00'::interval, at, '2000-01-01 00:00:00+00'::timestamptz)"),
        unique=True,
        postgresql_where=text("action = 'access.refused'"),
    ),
    Index("audit_log_role_idx", "user_role_id", "id", postgresql_where=text("user_role_id is not null")),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("part", Text, primary_key=True),
    Column("moved_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False, server_default=func.now()),
    CheckConstraint("part in ('worker', 'beat', 'clerk')", name="heartbeats_known_part"),
    postgresql_with={"fillfactor": 10},
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    CheckConstraint("name in ('direct_apply', 'backfill', 'reconcile')", name="leases_known_name"),
    postgresql_with={"fillfactor": 10},
)

walks = Table(
    "walks",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("instance_id", Text, nullable=False),
    Column("started_at", Moment, nullable=False, server_default=func.now()),
    Column("saved_at", Moment, nullable=False, server_default=func.now()),
    Column("phase", Text, nullable=False),
    Column("cursor", Text),
    Column("newest", Moment),
    Column("count_before", BigInteger, nullable=False),
    Column("count_after", BigInteger),
    *(
        Column(name, BigInteger, nullable=False, server_default=text("0"))
        for name in ("seen", "created", "updated", "unchanged", "deleted", "skipped")
    ),
    Column("outcome", Text),
    Column("reason", Text),
    Column("urgent", Boolean, nullable=False, server_default=text("false")),
    Column("found", LargeBinary),
    Column("absent", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint("kind in ('backfill', 'reconcile')", name="walks_known_kind"),
    CheckConstraint("phase in ('pages', 'updates', 'ended')", name="walks_known_phase"),
    CheckConstraint("outcome in ('complete', 'incomplete')", name="walks_known_outcome"),
    CheckConstraint("(phase = 'ended') = (outcome is not null)", name="walks_ended"),
    Index("walks_one_unfinished", "kind", "instance_id", unique=True, postgresql_where=text("phase <> 'ended'")),
    postgresql_with={"fillfactor": 50},
)

clerk_instance = Table(
    "clerk_instance",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=text("true")),
    Column("instance_id", Text, nullable=False),
    Column("environment", Text),
    CheckConstraint("singleton", name="clerk_instance_one_row"),
)

reconciling = Table(
    "reconciling",
    metadata,
    Column("instance_id", Text, primary_key=True),
    Column("read_until", Moment),
    Column("read_at", Moment),
    Column("counted_at", Moment),
    Column("gap", BigInteger),
    Column("gap_times", BigInteger, nullable=False, server_default=text("0")),
    Column("settled_gap", BigInteger, nullable=False, server_default=text("0")),
    Column("failures", BigInteger, nullable=False, server_default=text("0")),
    Column("failed_because", Text),
    Column("paused_until", Moment),
    Column("answered_at", Moment),
    postgresql_with={"fillfactor": 10},
)

drift = Table(
    "drift",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("clerk_id", Text, nullable=False),
    Column("class", Text, nullable=False),
    Column("fields", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("our_version", Moment),
    Column("clerk_version", Moment),
    Column("walk_id", BigInteger, ForeignKey("walks.id")),
    Column("found_at", Moment, nullable=False, server_default=func.now()),
    Column("checked_at", Moment, nullable=False, server_default=func.now()),
    Column("next_check_at", Moment, nullable=False, server_default=func.now()),
    Column("gone_at", Moment),
    Column("ended_at", Moment),
    Column("outcome", Text),
    CheckConstraint(
        "class in ('missed_creation', 'missed_update', 'differs', 'ahead', 'absent', 'returned')",
        name="drift_known_class",
    ),
    CheckConstraint("outcome in ('resolved', 'repaired', 'deleted', 'held')", name="drift_known_outcome"),
    CheckConstraint("(ended_at is null) = (outcome is null)", name="drift_ended"),
    Index("drift_one_open", "clerk_id", unique=True, postgresql_where=text("ended_at is null")),
    Index("drift_due_idx", "next_check_at", postgresql_where=text("ended_at is null")),
    Index("drift_found_idx", "found_at"),
    Index("drift_ended_idx", "ended_at", postgresql_where=text("ended_at is not null")),
    Index("drift_user_idx", "clerk_id"),
)

claims_switch = Table(
    "claims_switch",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=text("true")),
    Column("is_on", Boolean, nullable=False),
    Column("installation", Text, nullable=False, server_default=text("gen_random_uuid()")),
    Column("instance_id", Text, nullable=False),
    Column("database_id", Text, nullable=False),
    Column("reached_at", Text),
    Column("default_role", Text, nullable=False),
    Column("seeded_after", BigInteger),
    Column("seed_from", Xid8),
    Column("stopped_because", Text),
    Column("changed_at", Moment, nullable=False, server_default=func.now()),
    CheckConstraint("singleton", name="claims_switch_one_row"),
)

claims = Table(
    "claims",
    metadata,
    Column("user_id", BigInteger, ForeignKey("users.id"), primary_key=True, autoincrement=False),
    Column("priority", SmallInteger, nullable=False),
    Column("due_at", Moment),
    Column("not_before", Moment),
    Column("pushed", JSONB),
    Column("pushed_version", Moment),
    Column("pushed_at", Moment),
    Column("holder", Text),
    Column("expires_at", Moment),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("failing_since", Moment),
    Column("failed_because", Text),
    Column("corrections", SmallInteger, nullable=False, server_default=text("0")),
    Column("takes_over", Boolean, nullable=False, server_default=text("false")),
    Column("parked", Text),
    CheckConstraint("parked in ('another_installation', 'another_writer', 'refused')", name="claims_known_reason"),
    CheckConstraint("(holder is null) = (expires_at is null)", name="claims_leased"),
    Index("claims_due_idx", "priority", "due_at", postgresql_where=text("due_at is not null and parked is null")),
    Index("claims_failing_idx", "failing_since", postgresql_where=text("failing_since is not null")),
    Index("claims_parked_idx", "parked", postgresql_where=text("parked is not null")),
    Index("claims_pushed_idx", "pushed_at", postgresql_where=text("pushed_at is not null")),
    postgresql_with={"fillfactor": 80},
)

locks = Table(
    "locks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("turn", SmallInteger, nullable=False, server_default=text("0")),
    CheckConstraint("turn = 0", name="locks_turn_never_changes"),
)

deletion_holds = Table(
    "deletion_holds",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("clerk_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("svix_id", Text),
    Column("cause", Text, nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("held_at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Column("asked_at", Moment),
    Column("exists_at_clerk", Boolean),
    Column("confirmed_at", Moment),
    Column("tried_at", Moment),
    Column("ended_at", Moment),
    Column("outcome", Text),
    Column("ended_by", Text),
    Column("reason", Text),
    CheckConstraint("kind in ('signed', 'inferred')", name="deletion_holds_known_kind"),
    CheckConstraint("outcome in ('released', 'rejected')", name="deletion_holds_known_outcome"),
    CheckConstraint("(kind = 'signed') = (svix_id is not null)", name="deletion_holds_signed_by_a_delivery"),
    CheckConstraint(
        "num_nonnulls(ended_at, outcome, ended_by, reason) in (0, 4)", name="deletion_holds_end_is_complete"
    ),
    Index("deletion_holds_open_key", "clerk_id", unique=True, postgresql_where=text("ended_at is null")),
    Index("deletion_holds_user_idx", "clerk_id", "id"),
    postgresql_with={"fillfactor": 70},
)

deletion_counts = Table(
    "deletion_counts",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("slot", SmallInteger, primary_key=True),
    Column("minute", Moment, nullable=False),
    Column("deletions", Integer, nullable=False),
    CheckConstraint("kind in ('signed', 'inferred')", name="deletion_counts_known_kind"),
    CheckConstraint("slot between 0 and 60", name="deletion_counts_known_slot"),
    postgresql_with={"fillfactor": 50},
)

keycloak_runs = Table(
    "keycloak_runs",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("realm", Text, nullable=False),
    Column("keycloak_version", Text),
    Column("exported_at", Moment, nullable=False),
    Column("planned_at", Moment, nullable=False, server_default=func.now()),
    Column("planned_by", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("map", Text, nullable=False),
    Column("previous_id", BigInteger, ForeignKey("keycloak_runs.id")),
    Column("marker", Text, nullable=False, unique=True, server_default=text("gen_random_uuid()::text")),
    Column("import_started_at", Moment),
    Column("import_started_by", Text),
    Column("undo_started_at", Moment),
    Column("undo_started_by", Text),
    Column("cut_over_at", Moment),
    Column("cut_over_by", Text),
    Index("keycloak_runs_realm_idx", "realm", "id"),
)

keycloak_users = Table(
    "keycloak_users",
    metadata,
    Column("run_id", BigInteger, ForeignKey("keycloak_runs.id"), primary_key=True),
    Column("keycloak_id", Text, primary_key=True),
    Column("fate", Text, nullable=False),
    Column("reasons", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("password_hasher", Text),
    Column("password_set_at", Moment),
    Column("has_app", Boolean, nullable=False, server_default=text("false")),
    Column("app_set_at", DateTime(timezone=True)),
    CheckConstraint("fate in ('planned', 'skipped', 'refused')", name="keycloak_users_known_fate"),
)

keycloak_windows = Table(
    "keycloak_windows",
    metadata,
    Column("run_id", BigInteger, primary_key=True),
    Column("keycloak_id", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("starts_at", Moment, primary_key=True),
    Column("ends_at", Moment),
    Column("path", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("given_by", Text),
    ForeignKeyConstraint(["run_id", "keycloak_id"], ["keycloak_users.run_id", "keycloak_users.keycloak_id"]),
    CheckConstraint("role in ('LEARNER', 'MENTOR', 'ADMIN')", name="keycloak_windows_known_role"),
    CheckConstraint("evidence in ('admin_event', 'registration', 'export')", name="keycloak_windows_known_evidence"),
    CheckConstraint("ends_at > starts_at", name="keycloak_windows_end_follows_start"),
)

keycloak_imports = Table(
    "keycloak_imports",
    metadata,
    Column("realm", Text, primary_key=True),
    Column("keycloak_id", Text, primary_key=True),
    Column("run_id", BigInteger, nullable=False),
    Column("state", Text, nullable=False, server_default="creating"),
    Column("reason", Text),
    Column("clerk_id", Text, unique=True),
    Column("given_run_id", BigInteger, ForeignKey("keycloak_runs.id")),
    Column("roles_run_id", BigInteger, ForeignKey("keycloak_runs.id")),
    Column("synced_run_id", BigInteger, ForeignKey("keycloak_runs.id")),
    Column("changed_at", Moment, nullable=False, server_default=func.now()),
    ForeignKeyConstraint(["run_id", "keycloak_id"], ["keycloak_users.run_id", "keycloak_users.keycloak_id"]),
    CheckConstraint(
        "state in ('creating', 'created', 'applied', 'refused', 'undoing', 'undone')",
        name="keycloak_imports_known_state",
    ),
    Index("keycloak_imports_run_id_idx", "run_id", "keycloak_id"),
    postgresql_with={"fillfactor": 80},
)
