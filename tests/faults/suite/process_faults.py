"""Faults of our own processes: receiver, worker, calendar, and all at once."""

import os
import signal
from contextlib import suppress

import psutil

from tests.faults.suite.stack import Stack


def kill(stack: Stack, name: str) -> None:
    """`kill -9` for a process and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(stack.pid(name), signal.SIGKILL)


def kill_receiver(stack: Stack) -> None:
    """At any moment, with requests in every state."""
    kill(stack, "web")


def kill_worker(stack: Stack) -> None:
    """The whole group, whatever it does."""
    kill(stack, "worker")


def kill_hand(stack: Stack) -> None:
    """One of the processes that the worker applies with."""
    _hands(stack)[0].kill()


def kill_calendar(stack: Stack) -> None:
    """The one that sweeps; events are lost meanwhile, so that a sweep is needed."""
    kill(stack, "beat")
    stack.flush()


def stall_worker(stack: Stack) -> None:
    """All the processes that it applies with stand still: it is there, it answers, and nothing is applied."""
    for hand in _hands(stack):
        hand.suspend()


def stall_hand(stack: Stack) -> None:
    """One of them stands still, perhaps in the middle of a transaction."""
    _hands(stack)[0].suspend()


def kill_everything(stack: Stack) -> None:
    """All processes of the machine at once, the servers too; they are started again."""
    for name in ("web", "worker", "beat"):
        kill(stack, name)
    stack.servers.redis.kill()
    stack.servers.postgres.kill()
    stack.servers.postgres.start()
    stack.servers.redis.start()


def roll_receivers(stack: Stack) -> None:
    """Replace every receiving process, each when its successor answers, and end the old one with SIGTERM."""
    before = {process.pid for process in _receiving(stack)}
    os.kill(stack.pid("web"), signal.SIGHUP)
    stack.until(lambda: _replaced(stack, before), "every receiving process was replaced", 60)


def _replaced(stack: Stack, before: set[int]) -> bool:
    now = {process.pid for process in _receiving(stack)}
    return len(now) == len(before) and not now & before


def _receiving(stack: Stack) -> list[psutil.Process]:
    children = psutil.Process(stack.pid("web")).children()
    return [each for each in children if "spawn_main" in " ".join(_command(each))]


def _command(process: psutil.Process) -> list[str]:
    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return process.cmdline()
    return []


def _hands(stack: Stack) -> list[psutil.Process]:
    return [each for each in stack.family(stack.pid("worker")) if not each.children()]
