"""Reads a realm from Keycloak's own PostgreSQL database, of Keycloak 3 to 26, in one read-only transaction.

Each user is read in the form that an export has, so that both sources are parsed by the same code.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

import orjson
import psycopg
from psycopg import IsolationLevel, sql

from akako_guard.database import driver
from keycloak import history, realm_rows, user
from keycloak import realm as realms
from keycloak.history import History
from keycloak.realm import Realm
from keycloak.realm_rows import GroupRow, RoleRow, Roles
from keycloak.realm_source import Advance
from keycloak.refusal import NoPersons, NotAKeycloakDatabase, NotReadable
from keycloak.user import User

Snapshot: TypeAlias = psycopg.Connection[Any]
"""A connection to Keycloak's database, within its one transaction."""
Columns: TypeAlias = Mapping[str, frozenset[str]]
"""The columns of each table."""

FETCHED = 1_000
"""Rows that are fetched at once."""
REMEMBERED = 1_000
"""Combinations of roles whose names are remembered."""

_NEEDED = {
    "realm": "id name duplicate_emails_allowed admin_events_details_enabled",
    "client": "id client_id realm_id",
    "keycloak_role": "id name client realm_id",
    "composite_role": "composite child_role",
    "keycloak_group": "id name parent_group realm_id",
    "group_role_mapping": "group_id role_id",
    "user_entity": "id username email email_verified enabled first_name last_name created_timestamp federation_link"
    " service_account_client_link realm_id",
    "user_attribute": "id name value user_id",
    "user_role_mapping": "role_id user_id",
    "user_group_membership": "group_id user_id",
    "user_required_action": "required_action user_id",
    "federated_identity": "identity_provider user_id",
    "credential": "id type user_id created_date salt",
    "admin_event_entity": "admin_event_time realm_id operation_type auth_user_id resource_path representation"
    " resource_type error",
}
# Of federated users only what Keycloak itself stores about them; not every version has all of these tables.
_FEDERATED = {
    "federated_user": "id realm_id",
    "fed_user_attribute": "id name value user_id",
    "fed_user_role_mapping": "role_id user_id",
    "fed_user_group_membership": "group_id user_id",
    "fed_user_required_action": "required_action user_id",
    "broker_link": "identity_provider user_id",
    "fed_user_credential": "id type user_id created_date salt",
}
_OPTIONAL = {"migration_model": "version", **_FEDERATED}


@contextmanager
def snapshot(url: str, schema: str) -> Iterator[Snapshot]:
    """Connect, and begin the transaction. Raises psycopg.Error."""
    with psycopg.connect(driver.conninfo(url, "keycloak"), prepare_threshold=None) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(
            """
            select set_config(name, value, true)
            from (values ('search_path', quote_ident(%s)), ('statement_timeout', '0'), ('jit', 'off'),
                         ('transaction_timeout', '0'), ('idle_in_transaction_session_timeout', '0'))
                 as setting (name, value)
            where current_setting(name, true) is not null
            """,
            (schema,),
        )
        yield connection


@dataclass(frozen=True, slots=True)
class KeycloakDatabase:
    """One realm in Keycloak's database."""

    connection: Snapshot
    columns: Columns
    roles: Roles
    realm: Realm
    realm_id: str
    others: tuple[str, ...]
    written_at: datetime
    """When the transaction began."""
    size: int
    """The number of users."""

    @property
    def name(self) -> str:
        """The address of the database, without user and password."""
        info = self.connection.info
        return f"postgresql://{info.host}:{info.port}/{info.dbname}"

    def users(self, advance: Advance = lambda _: None) -> Iterator[User]:
        """Every user, by username, and then what Keycloak stores about users of other systems."""
        named = lru_cache(REMEMBERED)(self.roles.named)
        for federated in (False, True):
            for text in self._texts(federated=federated):
                data = orjson.loads(text)
                roles = data.pop("roles")
                data["realmRoles"], data["clientRoles"] = named(tuple(roles)) if roles else ((), {})
                paths = map(self.realm.group_paths.get, data["groups"] or ())
                data["groups"] = [path for path in paths if path]
                yield user.parse(data, federated=federated)
                advance(1)

    def _texts(self, *, federated: bool) -> Iterator[str]:
        if federated and not self.columns.keys() >= _FEDERATED.keys():
            return
        query = _federated_users(self.columns) if federated else _users(self.columns)
        with self.connection.cursor(name="users") as cursor:
            cursor.itersize = FETCHED
            for (text,) in cursor.execute(query, {"realm": self.realm_id}):
                yield text

    def history(self) -> History:
        """The admin events about users' roles, oldest first."""
        with self.connection.cursor(name="events") as cursor:
            cursor.itersize = FETCHED
            rows = cursor.execute(
                """
                select json_build_object(
                    'time', admin_event_time, 'operationType', operation_type, 'resourceType', resource_type,
                    'resourcePath', resource_path, 'representation', representation, 'error', error,
                    'authDetails', json_build_object('userId', auth_user_id))::text
                from admin_event_entity
                where realm_id = %s
                  and resource_type in ('REALM_ROLE_MAPPING', 'CLIENT_ROLE_MAPPING', 'GROUP_MEMBERSHIP')
                order by admin_event_time, id
                """,
                (self.realm_id,),
            )
            return history.collect((orjson.loads(text) for (text,) in rows), self.realm)


def open_realm(connection: Snapshot, schema: str, realm_name: str | None = None) -> KeycloakDatabase:
    """Read the settings of a realm; without a name, of the only one beside `master`. Raises ExportRefused."""
    columns = _columns(connection, schema)
    known: dict[str, str] = dict(connection.execute("select name, id from realm order by name").fetchall())
    if not known:
        raise NotAKeycloakDatabase("It has no realm.")
    chosen = realms.choose(tuple(known), realm_name)
    realm_id = known[chosen]
    roles = _roles(connection, realm_id)
    parsed = realms.parse(_settings(connection, columns, realm_id, roles))
    persons, users, now = connection.execute(
        """
        select count(*) filter (where service_account_client_link is null), count(*), now()
        from user_entity where realm_id = %s
        """,
        (realm_id,),
    ).fetchone() or (0, 0, datetime.min)
    if not persons:
        raise NoPersons
    others = tuple(name for name in known if name != chosen)
    return KeycloakDatabase(connection, columns, roles, parsed, realm_id, others, now, users)


def _columns(connection: Snapshot, schema: str) -> Columns:
    """The columns of Keycloak's tables. Raises NotAKeycloakDatabase or NotReadable."""
    rows = connection.execute(
        """
        select relname, array_agg(attname::text),
               bool_and(has_schema_privilege(relnamespace, 'usage') and has_table_privilege(pg_class.oid, 'select'))
        from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
        where nspname = %s and relname = any(%s) group by relname
        """,
        (schema, [*_NEEDED, *_OPTIONAL]),
    ).fetchall()
    found = {table: frozenset(names) for table, names, _ in rows}
    absent = [
        f"{table}.{column}" if table in found else table
        for table, names in (_NEEDED | {name: _OPTIONAL[name] for name in _OPTIONAL if name in found}).items()
        for column in names.split()
        if column not in found.get(table, ())
    ]
    if absent:
        raise NotAKeycloakDatabase(f"The schema {schema} lacks {', '.join(dict.fromkeys(absent))}.")
    if closed := sorted(table for table, _, readable in rows if not readable):
        names = sql.SQL(", ").join(sql.Identifier(schema, table) for table in closed)
        grant = sql.SQL("grant usage on schema {} to {role}; grant select on {} to {role};").format(
            sql.Identifier(schema), names, role=sql.Identifier(connection.info.user)
        )
        raise NotReadable(grant.as_string(connection))
    return found


def _roles(connection: Snapshot, realm_id: str) -> Roles:
    rows = connection.execute(
        """
        select role.id, role.name, client.client_id
        from keycloak_role as role left join client on client.id = role.client
        where role.realm_id = %(realm)s or client.realm_id = %(realm)s order by role.name, role.id
        """,
        {"realm": realm_id},
    )
    return Roles(RoleRow(*row) for row in rows)


def _settings(connection: Snapshot, columns: Columns, realm_id: str, roles: Roles) -> dict[str, Any]:
    """The settings of the realm in the form that an export has."""
    name, duplicates, details, default = connection.execute(
        f"""
        select name, duplicate_emails_allowed, admin_events_details_enabled,
               {"default_role" if "default_role" in columns["realm"] else "null"}
        from realm where id = %s
        """,  # noqa: S608 - constants only
        (realm_id,),
    ).fetchone() or (None, False, False, None)
    composites = connection.execute(
        "select composite, array_agg(child_role) from composite_role where composite = any(%s) group by composite",
        (list(roles.rows),),
    )
    of_realms = "and type = 0" if "type" in columns["keycloak_group"] else ""
    groups = connection.execute(
        f"""
        select id, name, nullif(trim(parent_group), '') from keycloak_group
        where realm_id = %s {of_realms} order by name, id
        """,  # noqa: S608 - constants only
        (realm_id,),
    )
    given = connection.execute(
        """
        select group_id, array_agg(role_id) from group_role_mapping
        where group_id in (select id from keycloak_group where realm_id = %s) group by group_id
        """,
        (realm_id,),
    )
    clients = connection.execute("select id, client_id from client where realm_id = %s", (realm_id,))
    return {
        "id": realm_id,
        "realm": name,
        "keycloakVersion": _version(connection, columns),
        "duplicateEmailsAllowed": duplicates,
        "adminEventsDetailsEnabled": details,
        "roles": realm_rows.roles(roles, dict(composites.fetchall())),
        "groups": realm_rows.groups((GroupRow(*row) for row in groups), dict(given.fetchall()), roles),
        "defaultRole": {"name": roles.rows[default].name} if default in roles.rows else None,
        "clients": [{"id": identity, "clientId": client_id} for identity, client_id in clients],
    }


def _version(connection: Snapshot, columns: Columns) -> str | None:
    """The version of Keycloak that last migrated the database."""
    if "migration_model" not in columns:
        return None
    latest = "order by update_time desc" if "update_time" in columns["migration_model"] else ""
    row = connection.execute(f"select version from migration_model {latest} limit 1").fetchone()  # noqa: S608
    return row[0] if row else None


# Salts are in a column of their own up to Keycloak 7. Later versions move one into `secret_data` when the credential is
# used, and until then `__SALT__` stands there.
_SALT = "translate(encode(salt, 'base64'), E'\\n', '')"
_CREDENTIAL = f"""
    'type', type, 'createdDate', created_date, 'credentialData', credential_data, 'priority', priority,
    'secretData', case when salt is null then secret_data else replace(secret_data, '__SALT__', {_SALT}) end
"""
_OLD_CREDENTIAL = f"""
    'type', type, 'createdDate', created_date, 'hashedSaltedValue', value, 'salt', {_SALT},
    'hashIterations', hash_iterations, 'algorithm', algorithm, 'digits', digits, 'period', period, 'counter', counter
"""


def _users(columns: Columns) -> str:
    """One text in JSON per user."""
    members = _members(columns, "user", "credential", "federated_identity")
    return f"""
        select json_build_object(
            'id', person.id, 'username', username, 'email', email, 'emailVerified', email_verified,
            'enabled', enabled, 'firstName', first_name, 'lastName', last_name,
            'createdTimestamp', created_timestamp, 'federationLink', federation_link,
            'serviceAccountClientId', service_account_client_link, {members})::text
        from user_entity as person where realm_id = %(realm)s order by username, id
    """  # noqa: S608 - constants only


def _federated_users(columns: Columns) -> str:
    members = _members(columns, "fed_user", "fed_user_credential", "broker_link")
    return f"""
        select json_build_object('id', person.id, {members})::text
        from federated_user as person where realm_id = %(realm)s order by id
    """  # noqa: S608 - constants only


def _members(columns: Columns, prefix: str, credential: str, identity: str) -> str:
    """What is read of further tables for each user: all have an index on `user_id`."""
    is_new = "secret_data" in columns[credential]
    value = "coalesce(long_value, value)" if "long_value" in columns[f"{prefix}_attribute"] else "value"
    return f"""
        'attributes', (
            select json_object_agg(name, texts) from (
                select name, json_agg({value} order by id) as texts
                from {prefix}_attribute where user_id = person.id group by name) as attribute),
        'credentials', (
            select json_agg(json_build_object({_CREDENTIAL if is_new else _OLD_CREDENTIAL})
                            order by {"priority, id" if is_new else "id"})
            from {credential} where user_id = person.id),
        'requiredActions', (
            select json_agg(required_action order by required_action)
            from {prefix}_required_action where user_id = person.id),
        'federatedIdentities', (
            select json_agg(json_build_object('identityProvider', identity_provider) order by identity_provider)
            from {identity} where user_id = person.id),
        'roles', (select json_agg(role_id order by role_id) from {prefix}_role_mapping where user_id = person.id),
        'groups', (
            select json_agg(member.group_id order by keycloak_group.name, member.group_id)
            from {prefix}_group_membership as member join keycloak_group on keycloak_group.id = member.group_id
            where user_id = person.id)
    """  # noqa: S608 - constants only
