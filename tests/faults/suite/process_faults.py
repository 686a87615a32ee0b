"""Faults of our own processes: receiver, worker, calendar, and all at once."""

import os
import signal
from contextlib import suppress

import psutil

from tests.faults.suite.stack import House


def kill(house: House, name: str) -> None:
    """`kill -9` for a process and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(house.pid(name), signal.SIGKILL)


def kill_receiver(house: House) -> None:
    """At any moment, with requests in every state."""
    kill(house, "web")


def kill_worker(house: House) -> None:
    """The whole group, whatever it does."""
    kill(house, "worker")


def kill_hand(house: House) -> None:
    """One of the processes that the worker applies with."""
    _hands(house)[0].kill()


def kill_calendar(house: House) -> None:
    """The one that sweeps; events are lost meanwhile, so that a sweep is needed."""
    kill(house, "beat")
    house.flush()


def stall_worker(house: House) -> None:
    """All the processes that it applies with stand still: it is there, it answers, and nothing is applied."""
    for hand in _hands(house):
        hand.suspend()


def stall_hand(house: House) -> None:
    """One of them stands still, perhaps in the middle of a transaction."""
    _hands(house)[0].suspend()


def kill_everything(house: House) -> None:
    """All processes of the machine at once, the servers too; they are started again."""
    for name in ("web", "worker", "beat"):
        kill(house, name)
    house.servers.redis.kill()
    house.servers.postgres.kill()
    house.servers.postgres.start()
    house.servers.redis.start()


def roll_receivers(house: House) -> None:
    """Replace every receiving process, each when its successor answers, and end the old one with SIGTERM."""
    before = {process.pid for process in _receiving(house)}
    os.kill(house.pid("web"), signal.SIGHUP)
    house.until(lambda: _replaced(house, before), "every receiving process was replaced", 60)


def _replaced(house: House, before: set[int]) -> bool:
    now = {process.pid for process in _receiving(house)}
    return len(now) == len(before) and not now & before


def _receiving(house: House) -> list[psutil.Process]:
    children = psutil.Process(house.pid("web")).children()
    return [each for each in children if "spawn_main" in " ".join(_command(each))]


def _command(process: psutil.Process) -> list[str]:
    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return process.cmdline()
    return []


def _hands(house: House) -> list[psutil.Process]:
    return [each for each in house.family(house.pid("worker")) if not each.children()]
