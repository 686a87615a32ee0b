"""What one worker process holds: its own engine and queue, made after the fork that connections do not survive."""

from dataclasses import dataclass

from sqlalchemy import Engine

from config.settings import WorkerSettings
from db import engine
from sync.enqueue import Queue

# Far below the soft time limit of a task, so that an event that cannot get on is found by halving and postponed.
STATEMENT_SECONDS = 15
LOCK_SECONDS = 2
# A process that stops in the middle of a set lets go of its rows then, for another one to apply them.
IDLE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class ProcessResources:
    """What the tasks of this process work with."""

    settings: WorkerSettings
    engine: Engine
    queue: Queue


_tools: list[ProcessResources] = []


def open_resources(settings: WorkerSettings) -> None:
    """Make this process's tools."""
    url = settings.database_url.get_secret_value()
    queue = Queue(settings.redis, settings.apply_set_size)
    pool = engine.connect(
        url,
        "worker",
        pooler=settings.database_pooler,
        connections=1,
        statement_seconds=STATEMENT_SECONDS,
        lock_seconds=LOCK_SECONDS,
        idle_seconds=IDLE_SECONDS,
        looks_up=True,
    )
    _tools[:] = [ProcessResources(settings, pool, queue)]


def resources() -> ProcessResources:
    """This process's tools."""
    return _tools[0]
