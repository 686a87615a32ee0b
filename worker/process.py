"""The engine and queue of one worker process, opened after the fork, since connections do not survive it."""

from dataclasses import dataclass

from sqlalchemy import Engine

from akako_guard.database import engine
from config.settings import WorkerSettings
from sync import deletion_limits
from sync.deletion_limits import DeletionLimits
from sync.enqueue import Queue

# Far below the soft time limit of a task, so that a blocked event is found by bisecting and postponed.
STATEMENT_SECONDS = 15
LOCK_SECONDS = 2
# The rows of a process that is suspended in the middle of a set are released then, so that another can apply them.
IDLE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class ProcessResources:
    """The resources of the tasks of this process."""

    settings: WorkerSettings
    engine: Engine
    queue: Queue

    @property
    def deletion_limits(self) -> DeletionLimits:
        """The limits above which deletions are held."""
        return deletion_limits.configured(self.settings)


_resources: list[ProcessResources] = []


def open_resources(settings: WorkerSettings) -> None:
    """Open the resources of this process."""
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
    _resources[:] = [ProcessResources(settings, pool, queue)]


def resources() -> ProcessResources:
    """The resources of this process."""
    return _resources[0]
