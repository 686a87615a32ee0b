"""Plans of moves from Keycloak: what happens to each user, and which windows of roles they get."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from clerk.text import storable
from keycloak.plan import PlannedUser

_RUN = """
    id, realm, keycloak_version, exported_at, planned_at, planned_by, path, map, previous_id, import_started_at,
    import_started_by, undo_started_at, undo_started_by, cut_over_at, cut_over_by
"""


@dataclass(frozen=True, slots=True)
class Run:
    """A plan. Times are the database's, but for `exported_at`."""

    id: int
    realm: str
    keycloak_version: str | None
    exported_at: datetime
    planned_at: datetime
    planned_by: str
    path: str
    map: str
    previous_id: int | None
    import_started_at: datetime | None
    import_started_by: str | None
    undo_started_at: datetime | None
    undo_started_by: str | None
    cut_over_at: datetime | None
    """Since when Keycloak is not the authority for the realm any more."""
    cut_over_by: str | None


@dataclass(frozen=True, slots=True)
class FateCount:
    """How many users have a fate for a reason; with several reasons, a user counts for each."""

    fate: str
    reason: str | None
    """None for users without a reason."""
    users: int


@dataclass(frozen=True, slots=True)
class WindowCount:
    """How many windows of a role have this evidence."""

    role: str
    evidence: str
    open: int
    closed: int


@dataclass(frozen=True, slots=True)
class PlannedWindow:
    """A window of a role; open if `ends_at` is None."""

    role: str
    starts_at: datetime
    ends_at: datetime | None
    path: str
    evidence: str
    given_by: str | None


@dataclass(frozen=True, slots=True)
class UserPlan:
    """What a plan says about a user."""

    keycloak_id: str
    fate: str
    reasons: list[str]
    password_hasher: str | None
    password_set_at: datetime | None
    has_app: bool
    windows: list[PlannedWindow]


class LockMissing(Exception):
    """The table `locks` lacks its row `keycloak`. As the owner, run: insert into akako.locks (name) values
    ('keycloak')."""


def lock(connection: Connection, *, shared: bool) -> None:
    """Serialise decisions to undo or end a move, until this transaction ends; `shared` with what they decide about."""
    mode = "share" if shared else "update"
    if connection.exec_driver_sql(f"select from locks where name = 'keycloak' for {mode}").rowcount != 1:
        raise LockMissing(LockMissing.__doc__)


def start(
    connection: Connection,
    *,
    realm: str,
    keycloak_version: str | None,
    exported_at: datetime,
    planned_by: str,
    path: str,
    map_text: str,
    previous: Run | None,
) -> Run:
    """Record a new plan, whose `exported_at` is at the latest now."""
    row = connection.exec_driver_sql(
        f"""
        insert into keycloak_runs (realm, keycloak_version, exported_at, planned_by, path, map, previous_id)
        values (%s, %s, least(%s, now()), %s, %s, %s, %s) returning {_RUN}
        """,  # noqa: S608 - constants only
        (
            storable(realm), storable(keycloak_version), exported_at, planned_by, storable(path), map_text,
            previous.id if previous else None,
        ),
    ).one()  # fmt: skip
    return Run(*row)


def latest(connection: Connection, realm: str) -> Run | None:
    """The plan of a realm that was made last."""
    row = connection.exec_driver_sql(
        f"select {_RUN} from keycloak_runs where realm = %s order by id desc limit 1",  # noqa: S608 - constants only
        (storable(realm),),
    ).one_or_none()
    return Run(*row) if row else None


def get(connection: Connection, run_id: int) -> Run | None:
    """One plan; None if there is none with this id."""
    row = connection.exec_driver_sql(
        f"select {_RUN} from keycloak_runs where id = %s",  # noqa: S608 - constants only
        (run_id,),
    ).one_or_none()
    return Run(*row) if row else None


def cut_over(connection: Connection, realm: str) -> Run | None:
    """The plan of a realm with which Keycloak stopped being the authority; None while it is."""
    row = connection.exec_driver_sql(
        f"select {_RUN} from keycloak_runs where realm = %s and cut_over_at is not null order by id desc limit 1",  # noqa: S608 - constants only
        (storable(realm),),
    ).one_or_none()
    return Run(*row) if row else None


def page(connection: Connection, most: int, before: int | None = None) -> list[Run]:
    """Up to `most` plans with ids below `before`, the latest first."""
    rows = connection.exec_driver_sql(
        f"""
        select {_RUN} from keycloak_runs where %(before)s::bigint is null or id < %(before)s
        order by id desc limit %(most)s
        """,  # noqa: S608 - constants only
        {"before": before, "most": most},
    )
    return [Run(*row) for row in rows]


def add(connection: Connection, run: Run, users: Sequence[PlannedUser]) -> None:
    """Record what a plan says about users that have no row in it yet."""
    connection.exec_driver_sql(
        """
        insert into keycloak_users (run_id, keycloak_id, fate, reasons, password_hasher, password_set_at, has_app,
                                    app_set_at)
        select %(run)s, keycloak_id, fate, string_to_array(reasons, ','), hasher, set_at, has_app, app_set_at
        from unnest(%(ids)b::text[], %(fates)b::text[], %(reasons)b::text[], %(hashers)b::text[],
                    %(set)b::timestamptz[], %(apps)b::boolean[], %(apps_set)b::timestamptz[])
             as planned (keycloak_id, fate, reasons, hasher, set_at, has_app, app_set_at)
        """,
        {
            "run": run.id,
            "ids": [storable(user.keycloak_id) for user in users],
            "fates": [user.decision.fate.value for user in users],
            "reasons": [",".join(user.decision.reasons) for user in users],
            "hashers": [user.hasher for user in users],
            "set": [user.password_set_at for user in users],
            "apps": [user.has_app for user in users],
            "apps_set": [user.app_set_at for user in users],
        },
    )
    _add_windows(connection, run, users)


def _add_windows(connection: Connection, run: Run, users: Sequence[PlannedUser]) -> None:
    """Record windows. One that only an export proves starts with the first export that did, if it stands alone."""
    windows = [(storable(user.keycloak_id), window) for user in users for window in user.windows]
    connection.exec_driver_sql(
        """
        with planned as materialized (
            select *, count(*) over (partition by keycloak_id, role) as windows
            from unnest(%(ids)b::text[], %(roles)b::text[], %(starts)b::timestamptz[], %(ends)b::timestamptz[],
                        %(paths)b::text[], %(evidence)b::text[], %(by)b::text[])
                 as given (keycloak_id, role, starts_at, ends_at, path, evidence, given_by)
        )
        insert into keycloak_windows (run_id, keycloak_id, role, starts_at, ends_at, path, evidence, given_by)
        select %(run)s, planned.keycloak_id, planned.role, least(planned.starts_at, earlier.starts_at),
               planned.ends_at, planned.path, planned.evidence, planned.given_by
        from planned left join keycloak_windows as earlier
          on earlier.run_id = %(previous)s and earlier.keycloak_id = planned.keycloak_id
         and earlier.role = planned.role and earlier.ends_at is null and earlier.evidence = 'export'
         and planned.evidence = 'export' and planned.windows = 1
        """,
        {
            "run": run.id,
            "previous": run.previous_id,
            "ids": [keycloak_id for keycloak_id, _ in windows],
            "roles": [window.role.value for _, window in windows],
            "starts": [window.start for _, window in windows],
            "ends": [window.end for _, window in windows],
            "paths": [storable(window.path) for _, window in windows],
            "evidence": [window.evidence.value for _, window in windows],
            "by": [storable(window.by) for _, window in windows],
        },
    )


def fates(connection: Connection, run_id: int) -> list[FateCount]:
    """How many users of a plan have each fate and reason, most first. Reads the whole plan."""
    rows = connection.exec_driver_sql(
        """
        select fate, reason, count(*) from keycloak_users left join unnest(reasons) as reason on true
        where run_id = %s group by fate, reason order by fate, count(*) desc, reason
        """,
        (run_id,),
    )
    return [FateCount(*row) for row in rows]


def totals(connection: Connection, run_id: int) -> dict[str, int]:
    """How many users of a plan have each fate."""
    rows = connection.exec_driver_sql(
        "select fate, count(*) from keycloak_users where run_id = %s group by fate order by fate", (run_id,)
    )
    return {fate: users for fate, users in rows}  # noqa: C416 - type checkers do not treat a Row as a pair


def window_counts(connection: Connection, run_id: int) -> list[WindowCount]:
    """How many windows of a plan each role has, by evidence."""
    rows = connection.exec_driver_sql(
        """
        select role, evidence, count(*) filter (where ends_at is null), count(ends_at)
        from keycloak_windows where run_id = %s group by role, evidence order by role, evidence
        """,
        (run_id,),
    )
    return [WindowCount(*row) for row in rows]


def users(
    connection: Connection,
    run_id: int,
    most: int,
    *,
    after: str | None = None,
    user: str | None = None,
    fate: str | None = None,
    reason: str | None = None,
) -> list[UserPlan]:
    """Up to `most` users of a plan with their windows, in the order of their ids, after one of them.

    With no filter, every user is selected.
    """
    rows = connection.exec_driver_sql(
        """
        select keycloak_id, fate, reasons, password_hasher, password_set_at, has_app
        from keycloak_users
        where run_id = %(run)s and (%(after)s::text is null or keycloak_id > %(after)s)
          and (%(user)s::text is null or keycloak_id = %(user)s)
          and (%(fate)s::text is null or fate = %(fate)s)
          and (%(reason)s::text is null or %(reason)s = any (reasons))
        order by keycloak_id limit %(most)s
        """,
        {"run": run_id, "after": after, "user": user, "fate": fate, "reason": reason, "most": most},
    ).all()
    windows = _windows(connection, run_id, [row[0] for row in rows])
    return [UserPlan(**row._asdict(), windows=windows.get(row[0], [])) for row in rows]


def _windows(connection: Connection, run_id: int, ids: Sequence[str]) -> dict[str, list[PlannedWindow]]:
    rows = connection.exec_driver_sql(
        """
        select keycloak_id, role, starts_at, ends_at, path, evidence, given_by from keycloak_windows
        where run_id = %s and keycloak_id = any(%b) order by keycloak_id, role, starts_at
        """,
        (run_id, list(ids)),
    )
    found: dict[str, list[PlannedWindow]] = {}
    for keycloak_id, *window in rows:
        found.setdefault(keycloak_id, []).append(PlannedWindow(*window))
    return found
