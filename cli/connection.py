"""Database connections of commands, and the messages for database errors."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from akako_guard.database import engine, faults
from cli.text_options import NAME, REASON
from config.settings import MigrationSettings, load
from db.audit import Author
from db.event_search import CursorUnknown
from dev.terminal import escape
from roles import authorship
from sync.refusal import Refused

Command = TypeVar("Command", bound=Callable[..., Any])

BY = click.option("--by", type=NAME, help="Your name for the audit trail. [default: the system user]")


@contextmanager
def database(
    connections: int = 1, lock_seconds: float = 0, *, looks_up: bool = False, as_owner: bool = False
) -> Iterator[Engine]:
    """An engine on DATABASE_URL; `lock_seconds=0` waits for locks without a timeout.

    With `looks_up`, plans use indexes even while the tables are small: for commands that fill them. With `as_owner`, it
    is on DATABASE_OWNER_URL, if that is set.

    Refusals and database errors end the command with a message (ClickException).
    """
    settings = load(MigrationSettings)
    url = (as_owner and settings.database_owner_url) or settings.database_url
    pool = engine.connect(
        url.get_secret_value(),
        "akako",
        pooler=settings.database_pooler,
        connections=connections,
        lock_seconds=lock_seconds,
        looks_up=looks_up,
    )
    try:
        yield pool
    except (Refused, CursorUnknown) as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except DBAPIError as error:
        raise click.ClickException(_advice(error)) from error
    finally:
        pool.dispose()


@contextmanager
def transaction() -> Iterator[Connection]:
    """One transaction on DATABASE_URL, committed unless the block raises."""
    with database() as pool, pool.begin() as connection:
        yield connection


@contextmanager
def owner(message: str, *constraints: str, lock_seconds: float = 0, looks_up: bool = False) -> Iterator[Engine]:
    """The same on DATABASE_OWNER_URL, if that is set.

    If PostgreSQL refuses what only the owner of the tables may do, by a privilege or one of these constraints, the
    command ends with the message.
    """
    try:
        with database(as_owner=True, lock_seconds=lock_seconds, looks_up=looks_up) as pool:
            yield pool
    except click.ClickException as error:
        cause = error.__cause__.orig if isinstance(error.__cause__, DBAPIError) else None
        if isinstance(cause, psycopg.errors.InsufficientPrivilege) or (
            isinstance(cause, psycopg.Error) and cause.diag.constraint_name in constraints
        ):
            raise click.ClickException(f"{message} Set DATABASE_OWNER_URL, as for `akako migrate`.") from error
        raise


def _advice(error: DBAPIError) -> str:
    problem, step = complaint(error)
    return problem + (f"\nWhat to do: {step}" if step else "")


def complaint(error: DBAPIError) -> tuple[str, str]:
    """What is wrong with PostgreSQL, and what to do if that is known."""
    problem = "PostgreSQL is unreachable" if faults.is_unreachable(error) else "PostgreSQL returned an error"
    step = faults.remedy(error)
    return escape(f"{problem}: {error.orig}"), f"{step}." if step else ""


def author(by: str | None, reason: str) -> Author:
    """The operator as recorded in the audit trail."""
    return Author(actor=f"operator:{by or _system_user()}", reason=reason)


def _system_user() -> str:
    """The login name of the user who runs the command."""
    try:
        return authorship.operator(getpass.getuser())
    except (KeyError, OSError, ValueError):  # a container's user may have no name
        raise click.UsageError("Your system user has no usable name. Give your name with --by.") from None


def author_options(command: Command) -> Command:
    """Add the options of a command that changes data: --by and --reason."""
    reason = click.option("--reason", type=REASON, required=True, help="Reason, recorded in the audit trail.")
    return reason(BY(command))
