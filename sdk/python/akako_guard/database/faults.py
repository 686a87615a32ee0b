"""Classifies database errors. No other module inspects SQLSTATEs or driver exceptions."""

import re
from collections.abc import Sequence

from sqlalchemy import exc
from sqlalchemy.exc import DBAPIError

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_CONFLICTS = frozenset({"40001", "40P01", "23505"})
_REMEDIES = {
    "08": "check DATABASE_URL and the network connection to PostgreSQL",
    "57P": "check DATABASE_URL (host, user, password, database), and that PostgreSQL runs and accepts connections",
    "53100": "free disk space: the disk of PostgreSQL is full",
    "53": "PostgreSQL is out of a resource (connections, memory): raise its limit or lower the limits of Akako Sync",
    "25006": "PostgreSQL is read-only here: point DATABASE_URL at the primary",
    "42P05": "set DATABASE_POOLER=transaction: a pooler mixes up prepared statements",
    "26": "set DATABASE_POOLER=transaction: a pooler mixes up prepared statements",
    "42501": "run `akako migrate` with DATABASE_OWNER_URL: the role of the application lacks a privilege",
    "42": "run `akako migrate`: the database schema is not the one of this version",
    "28": "check the user and password in DATABASE_URL",
    "3D": "check the database name in DATABASE_URL",
    "55000": "check the PostgreSQL log",
    "58": "check the PostgreSQL log",
    "XX": "check the PostgreSQL log",
}
_DUPLICATE_PREPARED_STATEMENT = "42P05"
_WRONG_SETTINGS = (
    "set DATABASE_POOLER=transaction if a pooler is in use; otherwise find out what changes session settings"
)
# The error message of PgBouncer. Errors while a connection is opened have no SQLSTATE.
_UNSUPPORTED = re.compile(r"unsupported startup parameter(?: in options)?: (\w+)")
# libpq's and OpenSSL's words: what is wrong with TLS, and what to do.
_TLS = (
    (
        re.compile(r"certificate verify failed"),
        "has a certificate that is not trusted",
        "name the file of its CA in DATABASE_URL (sslrootcert=/path/ca.pem, or sslrootcert=system)",
    ),
    (
        re.compile(r"root certificate file .* does not exist"),
        "has a certificate that cannot be verified: the file of its CA is missing",
        "name the file of its CA in DATABASE_URL (sslrootcert=/path/ca.pem, or sslrootcert=system)",
    ),
    (
        re.compile(r"could not read root certificate file|could not load root certificate|could not read certificate"),
        "cannot be verified: a certificate file cannot be read",
        "give the path of a PEM file in DATABASE_URL (sslrootcert, sslcert)",
    ),
    (
        re.compile(r"server certificate for .* does not match host name"),
        "has a certificate for another host name",
        "use in DATABASE_URL a host name of the certificate, or sslmode=verify-ca",
    ),
    (
        re.compile(r"certificate authentication failed|requires a valid client certificate|connection requires"),
        "asks for a client certificate",
        "name yours in DATABASE_URL (sslcert, sslkey)",
    ),
    (
        re.compile(r"server does not support SSL"),
        "does not speak TLS",
        "switch TLS on in PostgreSQL (ssl = on), or write sslmode=prefer in DATABASE_URL",
    ),
    (
        re.compile(r"no pg_hba.conf entry .* no encryption"),
        "accepts no connection without TLS",
        "write sslmode=verify-full (or require) in DATABASE_URL",
    ),
    (
        re.compile(r"SSL error"),
        "ends the TLS connection",
        "check sslmode and the certificates in DATABASE_URL, and PostgreSQL's log",
    ),
)
_UNREACHABLE = ("08", "57P", "28", "3D")


class NotPrimary(Exception):
    """The server is read-only, so its data may be outdated: recent changes, such as a revocation, may be missing."""


class WrongSettings(Exception):
    """Session settings differ from the required ones. The message lists their names."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"session settings have wrong values: {', '.join(names)}")


def _sqlstate(error: BaseException) -> str | None:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state if isinstance(state, str) else None


def is_conflict(error: BaseException) -> bool:
    """Whether concurrent transactions conflicted (unique violation, deadlock, serialization failure): retry."""
    return _sqlstate(error) in _CONFLICTS


def is_exclusion_violation(error: BaseException) -> bool:
    """Whether two active assignments of one role to one user would overlap."""
    return _sqlstate(error) == "23P01"


def is_lock(error: BaseException) -> bool:
    """Whether the lock timeout was exceeded."""
    return _sqlstate(error) == "55P03"


def is_busy(error: BaseException) -> bool:
    """Whether the statement timeout was exceeded, or no pooled connection became free in time."""
    return isinstance(error, exc.TimeoutError) or _sqlstate(error) == "57014"


def is_unavailable(error: BaseException) -> bool:
    """Whether the database is unusable for any statement (unreachable, full, read-only, not migrated, no privilege)."""
    return remedy(error) is not None


def remedy(error: BaseException) -> str | None:
    """What an operator should do if the database is unusable; None for any other error."""
    if isinstance(error, (exc.TimeoutError, exc.InterfaceError)):
        return _REMEDIES["57P"]
    if isinstance(error, NotPrimary):
        return _REMEDIES["25006"]
    if isinstance(error, WrongSettings):
        return _WRONG_SETTINGS
    if not isinstance(error, DBAPIError):
        return None
    if refused := _UNSUPPORTED.search(str(error.orig)):
        return f"remove `{refused[1]}` from DATABASE_URL: the pooler does not support it"
    if tls := _tls(error):
        return tls[1]
    state = _sqlstate(error)
    known = next((advice for known, advice in _REMEDIES.items() if state and state.startswith(known)), None)
    if known is None and (error.connection_invalidated or (state is None and isinstance(error, exc.OperationalError))):
        return _REMEDIES["57P"]
    return known


def tls_reason(error: BaseException) -> str | None:
    """In a few words what is wrong with TLS, if that is why there is no connection."""
    found = _tls(error)
    return found[0] if found else None


def _tls(error: BaseException) -> tuple[str, str] | None:
    """The reason and the remedy; errors with an SQLSTATE came over a connection that worked."""
    if not isinstance(error, DBAPIError) or _sqlstate(error) is not None:
        return None
    return next(((reason, step) for words, reason, step in _TLS if words.search(str(error.orig))), None)


def is_unreachable(error: BaseException) -> bool:
    """Whether no connection could be opened, or it was lost. A server that reports another error was reached."""
    state = _sqlstate(error)
    return is_unavailable(error) and not isinstance(error, NotPrimary) and (state or "08").startswith(_UNREACHABLE)


def is_schema_mismatch(error: BaseException) -> bool:
    """Whether the schema, or a privilege on it, is not the one that this version requires."""
    state = _sqlstate(error) or ""
    return state.startswith("42") and state != _DUPLICATE_PREPARED_STATEMENT


def is_lost(error: BaseException) -> bool:
    """Whether the connection was lost or the server is no longer the primary.

    A new connection may work. Whether the statement took effect is unknown.
    """
    return isinstance(error, NotPrimary) or (isinstance(error, DBAPIError) and error.connection_invalidated)
