"""Fills the tables as a large installation has them: names, roles, every status of events, the audit trail.

For the figures of lists and pages, where it matters how many rows have which value. Rows are inserted without triggers
and secondary indexes, which are restored at the end.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from bench.databases import Database

TABLES = ("users", "user_roles", "webhook_events", "audit_log")
PART = 250_000
"""Rows of one statement."""
BUSY_SHARE = 0.02
"""Events of the last day, of all; the others are spread over half a year. Bodies of the older half are erased."""
ADMIN = "user_" + "0" * 32

_USERS = """
    insert into users (clerk_id, claimed_email, email, email_verified, first_name, last_name, username, banned,
                       clerk_created_at, clerk_updated_at, deleted_at, created_at, updated_at)
    select 'user_' || case n when 1 then repeat('0', 32) else md5(n::text) end,
           case when not gone then lower(first || '.' || last || n || '@example.org') end,
           case when not gone then lower(first || '.' || last || n || '@example.org') end,
           case when not gone then true end, case when not gone then first end, case when not gone then last end,
           case when not gone and n % 3 = 0 then lower(first) || n end, not gone and n % 97 = 5,
           case when not gone then past end, case when not gone then past end, case when gone then past end, past, past
    from generate_series({first}, {last}) as n,
         lateral (select now() - interval '180 days' + n * interval '180 days' / {total} as past, n % 53 = 7 as gone,
                         ({given})[1 + n % 20] as first, ({names})[1 + n / 20 % 20] || n % 50 as last) as of
    order by n
"""
_ROLES = """
    insert into user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by, reason, is_active,
                            end_reason, created_at, updated_at)
    select id, role, created_at, case when ended then created_at + interval '30 days' end, by, reason, not ended,
           case when ended then 'The course has ended.' end, created_at, created_at
    from users, lateral (
        select 'LEARNER', false, 'akako', 'The default role of a new user.'
        union all select 'MENTOR', id % 3 = 0, '{admin}', 'Mentors a course.' where id % 20 = 3
        union all select 'ADMIN', false, '{admin}', 'Works in support.' where id % ({total} / 25) = 1
    ) as given (role, ended, by, reason)
    where id between {first} and {last} and deleted_at is null
"""
_EVENTS = """
    insert into webhook_events (svix_id, type, clerk_user_id, occurred_at, body, digest, svix_timestamp,
                                svix_signature, verified_by, status, attempts, last_error, received_at,
                                next_attempt_at, applied_at)
    select 'msg_' || md5((-n)::text), type, case when type like 'user.%' then 'user_' || md5((n % {users})::text) end,
           past, case when stored then convert_to(repeat(md5(n::text), 34), 'UTF8') end,
           case when not stored then sha256(convert_to(n::text, 'UTF8')) end, extract(epoch from past),
           'v1,' || repeat('A', 43) || '=', '0123456789ab', status, case when n % 3000 = 2 then 11 else 0 end,
           case status
               when 'ignored' then 'We do not use events of this type.'
               when 'held' then 'More users were deleted within an hour than the limit.'
               when 'discarded' then 'The body is not JSON.'
               when 'parked' then (array[
                   'The user has no version (data.updated_at).', 'The body is not JSON.',
                   'The event is from the Clerk instance ins_' || n || ', and this installation is pinned to ins_1.',
                   'Attempt 11: error OperationalError, sqlstate 40P01',
                   'The time (' || past || ') is more than 5 minutes after its delivery, so nothing was changed.'
               ])[1 + n / 1000 % 5]
           end,
           past, past, case when status = 'applied' then past + n % 40 * interval '3 ms' end
    from generate_series({first}, {last}) as n,
         lateral (select (array['user.updated', 'user.updated', 'user.created', 'user.updated', 'session.created',
                                'user.created', 'user.updated', 'user.created', 'session.ended', 'user.updated'])
                         [1 + n % 10]) as of (kind),
         lateral (select case when n % 200 = 3 then 'user.deleted' else kind end as type,
                         case when kind like 'session.%' then 'ignored' when n % 1000 in (1, 2) then 'parked'
                              when n % 1000 = 6 then 'discarded' when n % 2500 = 7 then 'received'
                              when n % 10000 = 3 then 'held' else 'applied' end as status,
                         case when n <= {total} * (1 - {busy}) then
                                  now() - interval '180 days' + n * interval '179 days' / ({total} * (1 - {busy}))
                              else now() - interval '1 day' * ({total} - n) / ({total} * {busy}) end as past) as known,
         lateral (select status not in ('applied', 'ignored') or n > {total} / 2 as stored) as body
    order by n
"""
_TRAIL = """
    insert into audit_log (at, action, user_id, clerk_user_id, user_role_id, role, actor, actor_email, reason, cause,
                           before, after)
    select at, action, users.id, clerk_id, role_id, line.role,
           case when by_admin then '{admin}' when action = 'role.expired' then 'akako' else 'clerk' end,
           case when by_admin then 'admin@example.org' end, case when role_id is not null then roles.reason end,
           case when by_admin then 'req_' || left(md5(roles.id::text), 24)
                when action <> 'role.expired' then 'msg_' || md5((-users.id)::text) end, line.before, line.after
    from user_roles as roles
    join users on users.id = user_id
    cross join lateral (
        select roles.role <> 'LEARNER' as given,
               to_jsonb(roles) - array['id', 'role_no', 'created_at', 'updated_at'] as image) as of
    cross join lateral (
        select roles.created_at, 'user.created', null::bigint, null, false, null::jsonb,
               jsonb_build_object('banned', false, 'deleted_at', null) where not given
        union all
        select roles.created_at, 'role.assigned', roles.id, roles.role, given, null,
               image || jsonb_build_object('is_active', true, 'end_reason', null)
        union all
        select roles.effective_end_date, 'role.expired', roles.id, roles.role, false,
               image || jsonb_build_object('is_active', true, 'end_reason', null), image
        where not is_active) as line (at, action, role_id, role, by_admin, before, after)
    where roles.id between {first} and {last}
    order by roles.id, at, line.action desc
"""
_LITERALS = {
    "admin": ADMIN,
    "given": "array['Ada','Alan','Grace','Edsger','Barbara','Donald','Katherine','Linus','Margaret','Dennis','Radia',"
    "'Ken','Frances','Niklaus','Hedy','Tim','Jean','Vint','Joan','Bjarne']",
    "names": "array['Lovelace','Turing','Hopper','Dijkstra','Liskov','Knuth','Johnson','Torvalds','Hamilton',"
    "'Ritchie','Perlman','Thompson','Allen','Wirth','Lamarr','Lee','Bartik','Cerf','Clarke','Stroustrup']",
    "busy": str(BUSY_SHARE),
}


def fill(database: Database, users: int, events: int, say: Callable[[str], None]) -> None:
    """Add users with their roles and audit lines, and events with the shares of a large installation."""
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute("set maintenance_work_mem = '512MB'")
        with _without_triggers(connection), _without_indexes(connection):
            _add(connection, say, "users", _USERS, users, users=users)
            roles = _add(connection, say, "roles", _ROLES, users, users=users)
            _add(connection, say, "events", _EVENTS, events, users=users)
            _add(connection, say, "audit lines", _TRAIL, roles, users=users)
        say("analyzing")
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


def _add(
    connection: psycopg.Connection, say: Callable[[str], None], what: str, statement: str, total: int, users: int
) -> int:
    """Add rows part by part; returns how many."""
    added = 0
    for first in range(1, total + 1, PART):
        say(f"filling tables: {added:,} {what}")
        last = min(first + PART - 1, total)
        filled = statement.format(first=first, last=last, total=total, users=users, **_LITERALS)
        added += connection.execute(filled.encode()).rowcount
    return added


@contextmanager
def _without_triggers(connection: psycopg.Connection) -> Iterator[None]:
    """Disable the triggers, which also check foreign keys, and enable them again as they were."""
    found = connection.execute(
        """
        select tgrelid::regclass::text, tgname, tgenabled from pg_trigger
        where tgrelid = any(%s::regclass[]) and tgenabled <> 'D'
        """,
        [[f"akako.{table}" for table in TABLES]],
    ).fetchall()
    states = {"O": sql.SQL("enable"), "A": sql.SQL("enable always"), "R": sql.SQL("enable replica")}
    for table, name, _ in found:
        _alter(connection, table, sql.SQL("disable"), name)
    yield
    for table, name, state in found:
        _alter(connection, table, states[state], name)


def _alter(connection: psycopg.Connection, table: str, change: sql.SQL, trigger: str) -> None:
    named = (sql.Identifier(*table.split(".")), change, sql.Identifier(trigger))
    connection.execute(sql.SQL("alter table {} {} trigger {}").format(*named))


@contextmanager
def _without_indexes(connection: psycopg.Connection) -> Iterator[None]:
    """Drop the indexes that no constraint needs, and create them again at the end."""
    found = connection.execute(
        """
        select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index
        where indrelid = any(%s::regclass[]) and not indisprimary
          and not exists (select from pg_constraint where conindid = indexrelid)
        """,
        [[f"akako.{table}" for table in TABLES]],
    ).fetchall()
    for name, _ in found:
        connection.execute(sql.SQL("drop index {}").format(sql.Identifier(*name.split("."))))
    yield
    for _, definition in found:
        connection.execute(definition.encode())
