"""What a database error means for the work at hand; borrowed errors are told apart here and nowhere else."""

from sqlalchemy import exc
from sqlalchemy.exc import DBAPIError

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_COLLISIONS = frozenset({"40001", "40P01", "23505"})
_AWAY_CLASSES = ("08", "53", "57P", "58", "XX", "25006")


def _sqlstate(error: BaseException) -> str | None:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state if isinstance(state, str) else None


def is_collision(error: BaseException) -> bool:
    """Two transactions got in each other's way: the same work succeeds when it is done again."""
    return _sqlstate(error) in _COLLISIONS


def is_overlap(error: BaseException) -> bool:
    """Two windows in force of one role of one user would overlap."""
    return _sqlstate(error) == "23P01"


def is_away(error: BaseException) -> bool:
    """The database cannot be used now (gone, going, full, read-only, no connection free), whatever is asked of it."""
    if isinstance(error, (exc.TimeoutError, exc.InterfaceError)):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = _sqlstate(error)
    if state is None:
        return error.connection_invalidated or isinstance(error, exc.OperationalError)
    return error.connection_invalidated or state.startswith(_AWAY_CLASSES)


def is_lost(error: BaseException) -> bool:
    """The connection broke under the statement: a new connection may work, and what was done is not known."""
    return isinstance(error, DBAPIError) and error.connection_invalidated
