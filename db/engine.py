"""The connection pool of a process."""

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, ExceptionContext, create_engine, event

from db.session import SETTINGS

CONNECT_TIMEOUT_SECONDS = 2
SILENCE_MILLISECONDS = 10_000
CANCEL_SECONDS = 2
READ_ONLY = "25006"


# Whatever the host's defaults are: an answered commit is on disk, and a statement sees what was committed before it,
# so that whoever waited for a lock decides by what is there then. Every name is qualified, since the search path is not
# set yet.
_SESSION = f"""
    select {", ".join(f"pg_catalog.set_config('{name}', '{value}', false)" for name, value in SETTINGS.items())},
           pg_catalog.set_config('statement_timeout', %s, false), pg_catalog.set_config('lock_timeout', %s, false),
           pg_catalog.set_config('idle_in_transaction_session_timeout', %s, false),
           case when pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.=) 'off'
                then pg_catalog.set_config('synchronous_commit', 'on', false) end
"""

# A session keeps its plans, those of triggers and foreign keys too, until the tables are analyzed. Made while hardly
# anybody was there, they would read all users for every row of a database that has just begun to fill. They are kept
# whatever the server believes of the arrays it is given: to plan each statement anew cost as much as to execute it.
_LOOK_UP = """
    select set_config(name, 'off', false), set_config('plan_cache_mode', 'force_generic_plan', false)
    from unnest(array['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']) as way (name)
"""


def connect(
    url: str,
    process: str,
    *,
    connections: int = 2,
    statement_seconds: float = 60,
    lock_seconds: float = 0,
    idle_seconds: float = 0,
    looks_up: bool = False,
) -> Engine:
    """An engine on psycopg 3 that connects when it is first used, with at most `connections` at a time.

    `url` is libpq's own (`postgresql://` or `postgres://`), whatever parameters the host gave with it. A statement
    that takes longer than `statement_seconds`, or waits for one lock longer than `lock_seconds`, is cancelled by the
    server, and a transaction in which we say nothing for `idle_seconds` is ended by it (0: never); a server that falls
    silent is given up. With `looks_up` each row is found through an index wherever there is one, however small the
    tables seem.
    """

    limits = [f"{seconds * 1_000:.0f}" for seconds in (statement_seconds, lock_seconds, idle_seconds)]

    def open_connection() -> psycopg.Connection:
        connection = psycopg.connect(
            url,
            application_name=f"akako {process}",
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=SILENCE_MILLISECONDS,
        )
        try:
            connection.execute(_SESSION, limits)
            if looks_up:
                connection.execute(_LOOK_UP)
            connection.commit()
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine(
        "postgresql+psycopg://",
        creator=open_connection,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=CONNECT_TIMEOUT_SECONDS,
        pool_use_lifo=True,
        hide_parameters=True,
    )
    event.listen(engine, "handle_error", _leave_a_demoted_primary)
    event.listen(engine, "handle_error", _cancel)
    return engine


def _leave_a_demoted_primary(context: ExceptionContext) -> None:
    """A connection that came to be read-only is as good as lost: a new one may lead to the new primary."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def _cancel(context: ExceptionContext) -> None:
    """Stop what a signal's exception has left running: the server would go on, and hold its locks, though nobody waits.

    psycopg does so itself for Ctrl-C only, not for a task's time limit.
    """
    driver = context.connection.connection.driver_connection if context.connection else None
    if isinstance(driver, psycopg.Connection) and driver.info.transaction_status is TransactionStatus.ACTIVE:
        driver.cancel_safe(timeout=CANCEL_SECONDS)
