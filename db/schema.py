"""Creates and checks the schema `akako`. Only the owner of the tables may own it or create objects in it.

The schema is first in the search path, so objects that another role creates there would shadow those of PostgreSQL.
"""

import psycopg
from psycopg import errors, sql
from sqlalchemy import Connection

ATTEMPTS = 10

# If the parameter is null, the owner is the role that owns the tables. Superusers are ignored: they can do anything.
_FAULTS = """
    with schema as (select oid, nspowner, nspacl from pg_namespace where nspname = 'akako'),
    owner (role) as (
        select coalesce((select oid from pg_roles where rolname = %(owner)s),
                        (select relowner from pg_class where relnamespace = schema.oid and relname = 'audit_log'),
                        nspowner)
        from schema),
    others (role) as (
        select oid from pg_roles where not rolsuper and oid not in (select role from owner)
        union all select 0)
    select format('The schema akako belongs to %%s: run `alter schema akako owner to %%s`.',
                  nspowner::regrole, role::regrole)
    from schema cross join owner where nspowner <> role
    union all
    select format('%%1$s can create objects in the schema akako:'
                  ' run `revoke create on schema akako from %%1$s cascade`.',
                  case grantee when 0 then 'PUBLIC' else grantee::regrole::text end)
    from schema cross join aclexplode(nspacl)
    where privilege_type = 'CREATE' and grantee <> nspowner and grantee in (select role from others)
    union all
    select format('The %%s %%s belongs to %%s: drop it, or, if it is part of Akako Sync, make %%s its owner.',
                  named.type, named.identity, owned.refobjid::regrole, owner.role::regrole)
    from schema cross join owner
    join pg_depend as placed on placed.refclassid = 'pg_namespace'::regclass and placed.refobjid = schema.oid
    join pg_shdepend as owned on owned.classid = placed.classid and owned.objid = placed.objid
        and owned.dbid = (select oid from pg_database where datname = current_database())
        and owned.deptype = 'o' and owned.refclassid = 'pg_authid'::regclass
    cross join pg_identify_object(placed.classid, placed.objid, 0) as named
    where owned.refobjid in (select role from others)
    order by 1
"""
_OWNER = "select nspowner::regrole::text from pg_namespace where nspname = 'akako'"
_VERSION_TABLE = """
    create table akako.alembic_version (
        version_num varchar(32) not null, constraint alembic_version_pkc primary key (version_num))
"""
# Only the owner can take this lock: SELECT is not enough. It does not conflict with the reads and writes of Alembic.
_LOCK = "lock table akako.alembic_version in share update exclusive mode"
_IS_EMPTY = """
    select has_database_privilege(current_database(), 'create')
       and not exists (select from pg_class
                       where relnamespace = 'akako'::regnamespace and relname not like 'alembic\\_version%')
       and not exists (select from pg_proc where pronamespace = 'akako'::regnamespace)
"""


class MigrationRefused(Exception):
    """The database cannot be migrated in its current state. The message says what to do."""


def faults(connection: Connection) -> list[str]:
    """Problems of the schema, each with its remedy; empty if only the owner of the tables controls it."""
    return list(connection.exec_driver_sql(_FAULTS, {"owner": None}).scalars())


def prepare(connection: psycopg.Connection) -> None:
    """Create the schema and Alembic's table if they are missing, check the schema, and commit.

    Concurrent calls on an empty database all succeed. Raises MigrationRefused.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with connection.transaction():
                resolve_in_catalog(connection)
                _create(connection)
        except (errors.UniqueViolation, errors.DuplicateObject, errors.DuplicateTable, errors.DuplicateSchema):
            if attempt == ATTEMPTS:
                raise
        else:
            return


def resolve_in_catalog(connection: psycopg.Connection) -> None:
    """Resolve unqualified names only in `pg_catalog` until the transaction ends."""
    connection.execute("set local search_path to pg_catalog, pg_temp")


def lock(connection: psycopg.Connection) -> None:
    """Block other migrations until the transaction of this connection ends."""
    resolve_in_catalog(connection)
    for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        connection.execute(sql.SQL("set local {} to 0").format(sql.Identifier(limit)))
    connection.execute(_LOCK)


def drop_if_empty(connection: psycopg.Connection) -> None:
    """Drop the schema in the transaction that holds the lock, if it is empty and the owner may create it again."""
    if connection.execute(_IS_EMPTY).fetchone() == (True,):
        connection.execute("drop table akako.alembic_version")
        connection.execute("drop schema akako")


def _create(connection: psycopg.Connection) -> None:
    if connection.execute(_OWNER).fetchone() is None:
        _create_schema(connection)
    _check(connection)
    if connection.execute("select to_regclass('akako.alembic_version')").fetchone() == (None,):
        connection.execute(_VERSION_TABLE)


def _create_schema(connection: psycopg.Connection) -> None:
    try:
        with connection.transaction():
            connection.execute("create schema akako")
    except errors.InsufficientPrivilege as error:
        role = sql.Identifier(connection.info.user).as_string()
        raise MigrationRefused(
            f"The role {role} cannot create the schema akako in the database {connection.info.dbname}. Run as an "
            f"administrator of that database: create schema akako authorization {role};"
        ) from error


def _check(connection: psycopg.Connection) -> None:
    found = [str(fault) for (fault,) in connection.execute(_FAULTS, {"owner": connection.info.user})]
    if found:
        raise MigrationRefused(
            "The schema akako must belong to the role that migrates, and no other role may create objects in it:"
            " it could execute code as the owner. Follow these steps as the owner or an administrator, then run"
            " `akako migrate` again.\n" + "\n".join(found)
        )
