"""Faults of PostgreSQL: killed, restarted, sessions terminated, connections exhausted, suspended, disk full."""

import time
from contextlib import ExitStack, suppress

import psutil
import psycopg

from tests.faults.suite.stack import Stack

STOPPED_SECONDS = 5
TAKEN_SECONDS = 10
FULL_SECONDS = 5
TERMINATING_SECONDS = 60
PER_SECOND = 10

END_ONE = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name like 'akako %%' order by random() limit 1
"""
END_ALL = "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'akako %%'"


def kill(stack: Stack) -> None:
    """Kill PostgreSQL with SIGKILL, and restart it."""
    stack.servers.postgres.kill()
    stack.servers.postgres.start()


def restart(stack: Stack) -> None:
    """Shut PostgreSQL down, and restart it."""
    stack.servers.postgres.stop()
    stack.servers.postgres.start()


def end_sessions(stack: Stack, seconds: float = TERMINATING_SECONDS) -> None:
    """Terminate a random session ten times per second."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        stack.run(END_ONE)
        time.sleep(1 / PER_SECOND)


def end_sessions_shortly(stack: Stack) -> None:
    """Terminate sessions for five seconds."""
    end_sessions(stack, 5)


def take_all_connections(stack: Stack) -> None:
    """Exhaust all connections: terminate the sessions of Akako Sync, and open others in their place."""
    with ExitStack() as others:
        deadline = time.monotonic() + TAKEN_SECONDS
        while time.monotonic() < deadline:
            _fill(others, stack.servers.app_url)
            stack.run(END_ALL)
            _fill(others, stack.servers.app_url)
            time.sleep(0.2)


def suspend(stack: Stack) -> None:
    """Suspend the server and all its sessions, and resume them."""
    every = stack.family(stack.servers.postgres.pid)
    for process in every:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    time.sleep(STOPPED_SECONDS)
    for process in every:
        with suppress(psutil.NoSuchProcess):
            process.resume()


def fill_the_disk(stack: Stack) -> None:
    """Fill the disk of the data directory, then free it, and restart the server if it has exited."""
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
