"""What a database error means for the work at hand; borrowed errors are told apart here and nowhere else."""

import re
from collections.abc import Sequence

from sqlalchemy import exc
from sqlalchemy.exc import DBAPIError

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_COLLISIONS = frozenset({"40001", "40P01", "23505"})
_AWAY = {
    "08": "check DATABASE_URL and the network between",
    "57P": "check DATABASE_URL (host, user, password, database), and that PostgreSQL runs and takes connections",
    "53100": "make room: PostgreSQL's disk is full",
    "53": "PostgreSQL is out of a resource (connections, memory): raise its limit or lower ours",
    "25006": "PostgreSQL is read-only here: point DATABASE_URL at the primary",
    "42P05": "set DATABASE_POOLER=transaction: a pooler in between mixes up prepared statements",
    "26": "set DATABASE_POOLER=transaction: a pooler in between mixes up prepared statements",
    "42501": "run `akako migrate` with DATABASE_OWNER_URL: the application's role lacks a right",
    "42": "run `akako migrate`: the tables are not of this version",
    "28": "check the user and password in DATABASE_URL",
    "3D": "check the database's name in DATABASE_URL",
    "55000": "look at PostgreSQL's log",
    "58": "look at PostgreSQL's log",
    "XX": "look at PostgreSQL's log",
}
_DUPLICATE_PREPARED_STATEMENT = "42P05"
_WRONG_SETTINGS = (
    "set DATABASE_POOLER=transaction if a pooler is in use; otherwise find out what changes session settings"
)
# PgBouncer's words; while a connection is opened there is no SQLSTATE.
_UNSUPPORTED = re.compile(r"unsupported startup parameter(?: in options)?: (\w+)")
_UNREACHABLE = ("08", "57P", "28", "3D")


class NotPrimary(Exception):
    """This server takes no writes (any more): what was written meanwhile, a revocation perhaps, is known elsewhere."""


class WrongSettings(Exception):
    """Session settings are not as every statement of ours needs them; the names."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"session settings are not as needed: {', '.join(names)}")


def _sqlstate(error: BaseException) -> str | None:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state if isinstance(state, str) else None


def is_unique_violation(error: BaseException) -> bool:
    """Two transactions got in each other's way: the same work succeeds when it is done again."""
    return _sqlstate(error) in _COLLISIONS


def is_exclusion_violation(error: BaseException) -> bool:
    """Two windows in force of one role of one user would overlap."""
    return _sqlstate(error) == "23P01"


def is_lock(error: BaseException) -> bool:
    """Somebody holds a lock for longer than we wait for one."""
    return _sqlstate(error) == "55P03"


def is_busy(error: BaseException) -> bool:
    """There was no time for this: the statement took too long, or no connection became free."""
    return isinstance(error, exc.TimeoutError) or _sqlstate(error) == "57014"


def is_unavailable(error: BaseException) -> bool:
    """The database cannot be used (gone, full, read-only, not migrated, no right), whatever is asked of it."""
    return remedy(error) is not None


def remedy(error: BaseException) -> str | None:
    """What a person does when the database cannot be used; None if the fault is another."""
    if isinstance(error, (exc.TimeoutError, exc.InterfaceError)):
        return _AWAY["57P"]
    if isinstance(error, NotPrimary):
        return _AWAY["25006"]
    if isinstance(error, WrongSettings):
        return _WRONG_SETTINGS
    if not isinstance(error, DBAPIError):
        return None
    if refused := _UNSUPPORTED.search(str(error.orig)):
        return f"remove `{refused[1]}` from DATABASE_URL: the pooler in between does not accept it"
    state = _sqlstate(error)
    known = next((advice for known, advice in _AWAY.items() if state and state.startswith(known)), None)
    if known is None and (error.connection_invalidated or (state is None and isinstance(error, exc.OperationalError))):
        return _AWAY["57P"]
    return known


def is_unreachable(error: BaseException) -> bool:
    """There is no connection: none could be made, or it broke. A server that says what else is wrong was reached."""
    state = _sqlstate(error)
    return is_unavailable(error) and not isinstance(error, NotPrimary) and (state or "08").startswith(_UNREACHABLE)


def is_schema_mismatch(error: BaseException) -> bool:
    """The tables, or our rights to them, are not those of this version."""
    state = _sqlstate(error) or ""
    return state.startswith("42") and state != _DUPLICATE_PREPARED_STATEMENT


def is_lost(error: BaseException) -> bool:
    """The connection broke, or led to what was the primary: a new one may work, and what was done is not known."""
    return isinstance(error, NotPrimary) or (isinstance(error, DBAPIError) and error.connection_invalidated)
