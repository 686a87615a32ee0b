"""Faults of PostgreSQL: killed, restarted, its sessions ended or all taken, standing still, its disk full."""

import time
from contextlib import ExitStack, suppress

import psutil
import psycopg

from tests.faults.suite.stack import Stack

STOPPED_SECONDS = 5
TAKEN_SECONDS = 10
FULL_SECONDS = 5
TERMINATING_SECONDS = 60
A_SECOND = 10

END_ONE = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name like 'akako %%' order by random() limit 1
"""
END_ALL = "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'akako %%'"


def kill(stack: Stack) -> None:
    """`kill -9`, and start it again."""
    stack.servers.postgres.kill()
    stack.servers.postgres.start()


def restart(stack: Stack) -> None:
    """End it in order, and start it again."""
    stack.servers.postgres.stop()
    stack.servers.postgres.start()


def end_sessions(stack: Stack, seconds: float = TERMINATING_SECONDS) -> None:
    """Ten times a second, somebody's session."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        stack.run(END_ONE)
        time.sleep(1 / A_SECOND)


def end_sessions_shortly(stack: Stack) -> None:
    """The same for a few seconds."""
    end_sessions(stack, 5)


def take_all_connections(stack: Stack) -> None:
    """Nobody gets one: those that we had are ended, and others take them."""
    with ExitStack() as others:
        deadline = time.monotonic() + TAKEN_SECONDS
        while time.monotonic() < deadline:
            _fill(others, stack.servers.app_url)
            stack.run(END_ALL)
            _fill(others, stack.servers.app_url)
            time.sleep(0.2)


def stand_still(stack: Stack) -> None:
    """The server and all its sessions stand still, and go on."""
    every = stack.family(stack.servers.postgres.pid)
    for process in every:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    time.sleep(STOPPED_SECONDS)
    for process in every:
        with suppress(psutil.NoSuchProcess):
            process.resume()


def fill_the_disk(stack: Stack) -> None:
    """Not a byte is left where its data is; then there is room again, and it is started if it gave up."""
    ballast = stack.directory / "ballast"
    with ballast.open("wb", buffering=0) as file:
        deadline = time.monotonic() + FULL_SECONDS
        while time.monotonic() < deadline:
            with suppress(OSError):
                while True:
                    file.write(bytes(65_536))
            with suppress(OSError):
                while True:
                    file.write(b"x")
            time.sleep(0.05)
    ballast.unlink()
    if not _answers(stack):
        stack.servers.postgres.kill()
        stack.servers.postgres.start()


def _fill(others: ExitStack, url: str) -> None:
    with suppress(psycopg.OperationalError):
        while True:
            others.enter_context(psycopg.connect(url, connect_timeout=2))


def _answers(stack: Stack) -> bool:
    with suppress(psycopg.OperationalError):
        stack.until(lambda: stack.run("select 1"), "PostgreSQL answers", 5)
        return True
    return False
