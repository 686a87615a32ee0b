"""SQL fragments that read the audit trail as row versions, each valid from when its line was recorded.

Parameters of every fragment: `at`, the instant that the question is about, and `as_of`; later lines do not count.
"""

# The time of a line can be before that of an earlier line about the same row: old lines have the start time of their
# transaction, and a clock can be set back. A line counts only once all earlier lines about its row count.
ROLE_VERSIONS = """
    select user_role_id, user_id, role, id as line, after,
           (after ->> 'effective_start_date')::timestamptz as starts,
           (after ->> 'effective_end_date')::timestamptz as ends,
           (after ->> 'is_active')::boolean as in_force,
           max(at) over row_lines as recorded_at,
           max(at) filter (where action in ('role.assigned', 'role.revoked', 'role.expired')) over row_lines
               as closed_at
    from audit_log
    where user_role_id is not null and action like 'role.%%' and {users}
    window row_lines as (partition by user_role_id order by id)
"""
USER_VERSIONS = """
    select user_id, id as line,
           (after ->> 'banned')::boolean or coalesce((after ->> 'access_ended')::boolean, false) as banned,
           case when after ->> 'deleted_at' is not null then least(
               (after ->> 'deleted_at')::timestamptz,
               max(at) filter (where after ->> 'deleted_at' is not null and before ->> 'deleted_at' is null)
                   over row_lines) end as deleted_from,
           max(at) over row_lines as recorded_at
    from audit_log
    where action like 'user.%%' and after ? 'deleted_at' and {users}
    window row_lines as (partition by user_id order by id)
"""
# A window counts until its end, or until it was closed without one. A deletion ends all assignments at its own time,
# but no later than when it was recorded: the guard rejects a deleted user whatever the time of the deletion is.
HELD = """
    starts <= %(at)s and (ends is null or ends > %(at)s) and (in_force or closed_at > %(at)s)
    and (deleted_from is null or deleted_from > %(at)s)
"""
ONE_USER = "user_id = %(user_id)s"
USER_RANGE = "user_id > %(after)s and user_id <= %(last)s"


def _newest(versions: str, key: str, by: str) -> str:
    """The newest version of each row that was recorded by an instant."""
    return f"""
        select distinct on ({key}) * from ({versions}) as every
        where recorded_at <= {by} order by {key}, line desc
    """  # noqa: S608 - constants only


def known(users: str) -> str:
    """Common table expressions: assignments and users as recorded at `as_of`, and users as recorded at `at`."""
    roles, persons = ROLE_VERSIONS.format(users=users), USER_VERSIONS.format(users=users)
    return f"""
        with role as ({_newest(roles, "user_role_id", "%(as_of)s")}),
             person_version as materialized ({persons}),
             person as ({_newest("table person_version", "user_id", "%(as_of)s")}),
             earlier as (
                 select user_id, banned
                 from ({_newest("table person_version", "user_id", "least(%(at)s, %(as_of)s)")}) as version)
    """  # noqa: S608 - constants only


# A ban has no window: the user counts as banned if a ban, or the end of access while a deletion is held, had been
# recorded by `at`.
STATUS = """
    case when person.user_id is null then 'unknown'
         when person.deleted_from <= %(at)s then 'deleted'
         when earlier.banned then 'banned'
         else 'active'
    end
"""
