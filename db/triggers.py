"""The modes of the triggers: enabled, and those that guard the audit trail under every `session_replication_role`.

A logical subscription and a data-only restore need the triggers disabled meanwhile: rows that come from another
database have their audit lines already.
"""

import psycopg
from psycopg import sql
from sqlalchemy import Connection

from db.grants import Say

ALWAYS = frozenset(
    {
        ("audit_log", "only_added_to"),
        ("claims_switch", "audit_switch"),
        ("claims_switch", "audit_switch_new"),
        ("clerk_instance", "audit_pin"),
        ("deletion_holds", "audit_end"),
        ("deletion_holds", "audit_new"),
        ("deletion_holds", "end_stays"),
        ("drift", "audit_repair"),
        ("keycloak_runs", "audit_move"),
        ("user_roles", "audit_change"),
        ("user_roles", "audit_new"),
        ("user_roles", "never_removed"),
        ("user_roles", "of_the_living_insert"),
        ("user_roles", "of_the_living_update"),
        ("users", "audit_change"),
        ("users", "audit_new"),
        ("webhook_events", "audit_status"),
        ("webhook_events", "body_only_forgotten"),
    }
)
"""Those that fire for replicated changes too (`enable always`); the others only for changes made here."""

_MODES = """
    select pg_class.relname, pg_trigger.tgname, pg_trigger.tgenabled::text
    from pg_catalog.pg_trigger
    join pg_catalog.pg_class on pg_class.oid = pg_trigger.tgrelid
    join pg_catalog.pg_namespace on pg_namespace.oid = pg_class.relnamespace
    where pg_namespace.nspname = 'akako' and not pg_trigger.tgisinternal
    order by 1, 2
"""


def restore(connection: psycopg.Connection, say: Say) -> None:
    """Set the mode of every trigger, as the owner; report each one that had another mode."""
    for table, trigger, mode in connection.execute(_MODES).fetchall():
        if is_wrong(table, trigger, mode):
            always = "always " if (table, trigger) in ALWAYS else ""
            statement = sql.SQL(f"alter table akako.{{}} enable {always}trigger {{}}")
            connection.execute(statement.format(sql.Identifier(table), sql.Identifier(trigger)))
            say(f"The trigger {trigger} on {table} was {'disabled' if mode == 'D' else 'in another mode'}; enabled it.")


def faults(connection: Connection) -> list[str]:
    """A sentence with its remedy if triggers are not enabled as they should be; empty otherwise."""
    wrong = [
        f"{trigger} on {table}"
        for table, trigger, mode in connection.exec_driver_sql(_MODES)
        if is_wrong(table, trigger, mode)
    ]
    if not wrong:
        return []
    return [
        f"Triggers are disabled, so changes are not recorded in the audit trail: {', '.join(wrong)}. If this database"
        " is not a replica that is being filled, run `akako migrate`, which enables them."
    ]


def is_wrong(table: str, trigger: str, mode: str) -> bool:
    """Whether a value of `pg_trigger.tgenabled` is not as it should be.

    A trigger that fires always and is not in `ALWAYS` is of a newer version, and stays as it is.
    """
    return mode != "A" if (table, trigger) in ALWAYS else mode in ("D", "R")
