"""Creates the role of the application if it is missing, and sets its minimal privileges and session settings."""

from collections.abc import Callable
from typing import TypeAlias

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict

from akako_guard.database.session_settings import SETTINGS
from db.schema import MigrationRefused, resolve_in_catalog

Say: TypeAlias = Callable[[str], None]
"""Receives messages for the operator, for example about a setting that could not be changed."""

# By column: only the database sets ids, row times, digests and outcomes. The two times that are granted are replaced by
# triggers unless they are the time of the statement.
GRANTS = (
    "revoke all on all tables in schema akako from {role}",
    "grant usage on schema akako to {role}",
    "grant select on users, user_roles, webhook_events, audit_log, heartbeats, leases, walks, locks, deletion_holds,"
    " deletion_counts, alembic_version, current_users, current_roles, role_history, clerk_instance, reconciling, drift,"
    " claims_switch, claims, keycloak_runs, keycloak_users, keycloak_windows, keycloak_imports to {role}",
    "grant insert (clerk_id, claimed_email, email, first_name, last_name, username, image_url, external_id, banned,"
    " clerk_created_at, clerk_updated_at, deleted_at, email_verified, banned_as_of, search_keys) on users to {role}",
    "grant update (claimed_email, email, first_name, last_name, username, image_url, external_id, banned,"
    " clerk_created_at, clerk_updated_at, deleted_at, email_verified, banned_as_of, search_keys, access_ended,"
    " updated_at) on users to {role}",
    "grant insert (user_id, role, effective_start_date, effective_end_date, assigned_by, assigned_by_email, reason,"
    " admin_notes) on user_roles to {role}",
    "grant update (effective_end_date, end_reason, admin_notes, is_active) on user_roles to {role}",
    "grant insert (svix_id, type, clerk_user_id, occurred_at, body, svix_timestamp, svix_signature, verified_by,"
    " status, last_error, next_attempt_at) on webhook_events to {role}",
    "grant update (status, attempts, next_attempt_at, last_error, applied_at, body) on webhook_events to {role}",
    "grant execute on function akako_note_events(text, text[]) to {role}",
    "grant execute on function akako_note_refused(text, text[], text) to {role}",
    "grant insert (part, moved_at) on heartbeats to {role}",
    "grant update (moved_at, seen_at) on heartbeats to {role}",
    "grant insert (name, holder, expires_at) on leases to {role}",
    "grant update (holder, expires_at) on leases to {role}",
    "grant insert (kind, instance_id, phase, count_before, urgent) on walks to {role}",
    "grant update (phase, cursor, newest, count_after, seen, created, updated, unchanged, deleted, skipped, outcome,"
    " reason, saved_at, urgent, found, absent) on walks to {role}",
    "grant insert (instance_id, environment), update (instance_id, environment) on clerk_instance to {role}",
    "grant insert (instance_id), update (read_until, read_at, counted_at, gap, gap_times, settled_gap, failures,"
    " failed_because, paused_until, answered_at) on reconciling to {role}",
    "grant insert (clerk_id, class, fields, our_version, clerk_version, walk_id, next_check_at) on drift to {role}",
    "grant update (class, fields, our_version, clerk_version, walk_id, checked_at, next_check_at, gone_at, ended_at,"
    " outcome) on drift to {role}",
    "grant insert (clerk_id, kind, svix_id, cause, occurred_at) on deletion_holds to {role}",
    "grant update (asked_at, exists_at_clerk, confirmed_at, tried_at, ended_at, outcome, ended_by, reason)"
    " on deletion_holds to {role}",
    "grant insert, update on deletion_counts to {role}",
    "grant insert (is_on, instance_id, database_id, default_role), update (is_on, instance_id, database_id, reached_at,"
    " default_role, seeded_after, seed_from, stopped_because, changed_at) on claims_switch to {role}",
    "grant insert (user_id, priority, due_at), update (priority, due_at, not_before, pushed, pushed_version, pushed_at,"
    " holder, expires_at, failures, failing_since, failed_because, corrections, takes_over, parked) on claims"
    " to {role}",
    # What was planned gives roles in the past, so only the owner writes plans.
    "grant insert (realm, keycloak_id, run_id), update (state, reason, clerk_id, run_id, synced_run_id, roles_run_id,"
    " changed_at) on keycloak_imports to {role}",
    "grant execute on function akako_give_planned(text[], text[], text[]) to {role}",
    # `select .. for update` requires the UPDATE privilege on a column; this one has a single possible value.
    "grant update (turn) on locks to {role}",
)

READER = "akako_reader"
"""The role for other applications: it may read the views."""
READER_GRANTS = (
    "grant usage on schema akako to akako_reader",
    "grant select on current_users, current_roles, role_history to akako_reader",
)

_UNSET = "Akako Sync sets the required values in each session."

# The settings of one role in this database, and whether it owns tables of another application.
_SET = """
    select unnest(setconfig) from pg_db_role_setting
    where setrole = (select oid from pg_roles where rolname = %s)
      and setdatabase = (select oid from pg_database where datname = current_database())
"""
_OWNS_OTHERS = """
    select exists (
        select from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        where relowner = (select oid from pg_roles where rolname = %s) and relkind in ('r', 'p', 'v', 'm')
          and nspname <> 'akako' and nspname not like 'pg\\_%%')
"""
_WITH_OUR_PATH = """
    select rolname, unnest(setconfig) from pg_db_role_setting join pg_roles on pg_roles.oid = setrole
    where setdatabase = (select oid from pg_database where datname = current_database())
"""


def grant(connection: psycopg.Connection, application_url: str, say: Say) -> None:
    """Create the role of the application if it is missing, and grant its privileges. Raises MigrationRefused.

    If it is the role that migrates, it owns the tables and needs no grants.
    """
    application = conninfo_to_dict(application_url)
    owner, role = connection.info.user, str(application.get("user") or connection.info.user)
    with connection.transaction():
        if role != owner:
            _create(connection, role, str(application.get("password") or ""))
            connection.execute("set local search_path to akako, pg_catalog, pg_temp")
            for grant in GRANTS:
                connection.execute(sql.SQL(grant).format(role=sql.Identifier(role)))
        _grant_reader(connection, say)
    for name in dict.fromkeys((role, owner)):
        _set_settings(connection, name, say)


def _grant_reader(connection: psycopg.Connection, say: Say) -> None:
    resolve_in_catalog(connection)
    if connection.execute("select from pg_roles where rolname = %s", (READER,)).fetchone() is None:
        try:
            with connection.transaction():
                connection.execute("create role akako_reader nologin")
        except (errors.DuplicateObject, errors.UniqueViolation):
            pass  # another database of this server was migrated concurrently
        except psycopg.DatabaseError as error:
            say(
                f"{connection.info.user} cannot create the role {READER} ({str(error).splitlines()[0]}), so other"
                f" applications have no access to the views. To give it to them, run `create role {READER} nologin`"
                f" as an administrator, then `akako migrate` again."
            )
            return
    connection.execute("set local search_path to akako, pg_catalog, pg_temp")
    for grant in READER_GRANTS:
        connection.execute(grant)


def reset_settings(connection: psycopg.Connection) -> None:
    """Reset our settings on the roles that have them in this database, because earlier versions use `public`."""
    with connection.transaction():
        resolve_in_catalog(connection)
        ours = f"search_path={SETTINGS['search_path']}"
        found = connection.execute(_WITH_OUR_PATH).fetchall()
        for role in [name for name, setting in found if setting == ours]:
            for setting in SETTINGS:
                reset = sql.SQL("reset {}").format(sql.Identifier(setting))
                connection.execute(_alter(connection, role, reset))


def _create(connection: psycopg.Connection, role: str, password: str) -> None:
    """Create the role. The password is sent as a SCRAM verifier, so that the server log cannot contain it."""
    resolve_in_catalog(connection)
    if connection.execute("select from pg_roles where rolname = %s", (role,)).fetchone() is not None:
        return
    statement = sql.SQL("create role {} login").format(sql.Identifier(role))
    if password:
        verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        statement += sql.SQL(" password {}").format(sql.Literal(verifier))
    try:
        with connection.transaction():
            connection.execute(statement)
    except (errors.DuplicateObject, errors.UniqueViolation):
        return  # another database of this server was migrated concurrently
    except psycopg.DatabaseError as error:
        name = sql.Identifier(role).as_string()
        raise MigrationRefused(
            f"The schema is migrated, but the role {name} of DATABASE_URL does not exist, and "
            f"{connection.info.user} cannot create it ({str(error).splitlines()[0]}). Create it as an administrator"
            f" (create role {name} login password '...';) or in the console of your provider, then run `akako migrate`"
            f" again. If your provider allows only one role, leave DATABASE_OWNER_URL unset."
        ) from error


def _set_settings(connection: psycopg.Connection, role: str, say: Say) -> None:
    with connection.transaction():
        resolve_in_catalog(connection)
        present = {str(setting) for (setting,) in connection.execute(_SET, (role,))}
        shared = connection.execute(_OWNS_OTHERS, (role,)).fetchone() == (True,)
    missing = [name for name, value in SETTINGS.items() if f"{name}={value}" not in present]
    if not missing:
        return
    statements = [_alter(connection, role, _set(name)) for name in missing]
    if shared:
        say(f"The settings of {role} were not changed, because it owns tables outside the schema akako. {_UNSET}")
        return
    try:
        with connection.transaction():
            for statement in statements:
                connection.execute(statement)
    except psycopg.DatabaseError as error:
        remedy = " ".join(f"{statement.as_string(connection)};" for statement in statements)
        say(
            f"{connection.info.user} cannot change the settings of {role} ({str(error).splitlines()[0]}). {_UNSET}"
            f" To set them for other connections, run as an administrator: {remedy}"
        )


def _set(name: str) -> sql.Composed:
    value: sql.Composable = sql.Literal(SETTINGS[name])
    if name == "search_path":  # a list: a single literal would be read as the name of one schema
        value = sql.SQL(", ").join(sql.Identifier(part) for part in SETTINGS[name].split(", "))
    return sql.SQL("set {} = {}").format(sql.Identifier(name), value)


def _alter(connection: psycopg.Connection, role: str, change: sql.Composed) -> sql.Composed:
    alter = sql.SQL("alter role {} in database {} ")
    return alter.format(sql.Identifier(role), sql.Identifier(connection.info.dbname)) + change
