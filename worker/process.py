"""What one worker process holds: its own engine and queue, made after the fork that connections do not survive."""

from dataclasses import dataclass

from sqlalchemy import Engine

from config.settings import WorkerSettings
from db import engine
from worker.enqueue import Queue

# Below the soft time limit of a task: a statement that waits for ever fails, and its event is found and postponed.
STATEMENT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Tools:
    """What the tasks of this process work with."""

    settings: WorkerSettings
    engine: Engine
    queue: Queue


_tools: list[Tools] = []


def equip(settings: WorkerSettings) -> None:
    """Make this process's tools."""
    url = settings.database_url.get_secret_value()
    queue = Queue(settings.redis_url.get_secret_value(), settings.apply_set_size)
    _tools[:] = [
        Tools(settings, engine.connect(url, "worker", connections=1, statement_seconds=STATEMENT_SECONDS), queue)
    ]


def tools() -> Tools:
    """This process's tools."""
    return _tools[0]
