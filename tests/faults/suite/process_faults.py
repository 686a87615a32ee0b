"""Faults of the project's own processes: receiver, worker, beat, and all at once."""

import os
import signal
from contextlib import suppress

import psutil

from tests.faults.suite.stack import Stack


def kill(stack: Stack, name: str) -> None:
    """Kill a process and its children with SIGKILL."""
    with suppress(ProcessLookupError):
        os.killpg(stack.pid(name), signal.SIGKILL)


def kill_receiver(stack: Stack) -> None:
    """Kill the receiver at a random moment, with requests in every state."""
    kill(stack, "web")


def kill_worker(stack: Stack) -> None:
    """Kill the worker's whole process group."""
    kill(stack, "worker")


def kill_child(stack: Stack) -> None:
    """Kill one of the worker's child processes."""
    _children(stack)[0].kill()


def kill_beat(stack: Stack) -> None:
    """Kill the scheduler and flush Redis, so that a sweep is needed."""
    kill(stack, "beat")
    stack.flush()


def stall_worker(stack: Stack) -> None:
    """Suspend all child processes of the worker: it runs and answers, but nothing is applied."""
    for child in _children(stack):
        child.suspend()


def stall_child(stack: Stack) -> None:
    """Suspend one child process of the worker, possibly during a transaction."""
    _children(stack)[0].suspend()


def kill_everything(stack: Stack) -> None:
    """Kill all processes and servers at once; they are restarted."""
    for name in ("web", "worker", "beat"):
        kill(stack, name)
    stack.servers.redis.kill()
    stack.servers.postgres.kill()
    stack.servers.postgres.start()
    stack.servers.redis.start()


def roll_receivers(stack: Stack) -> None:
    """Replace every receiver process: each is stopped with SIGTERM when its successor answers."""
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


def _children(stack: Stack) -> list[psutil.Process]:
    return [each for each in stack.family(stack.pid("worker")) if not each.children()]
