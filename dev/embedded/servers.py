"""Starts and stops both embedded servers together."""

import atexit
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from dev.embedded.postgres import Postgres
from dev.embedded.redis import Redis


class Servers:
    """PostgreSQL and Redis in one directory; they stop when the `with` block or the program ends."""

    def __init__(
        self,
        directory: Path,
        *,
        version: int = 18,
        postgres_options: Mapping[str, str] = MappingProxyType({}),
        redis_options: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.postgres = Postgres(directory, version=version, options=postgres_options)
        self.redis = Redis(directory, options=redis_options)

    def __enter__(self) -> Self:
        atexit.register(self.stop)
        try:
            self.postgres.start()
            self.redis.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def owner_url(self) -> str:
        """The URL of the role that owns the tables, for migrations."""
        return self.postgres.url("akako_owner")

    @property
    def app_url(self) -> str:
        """The URL of the application's role, which owns nothing."""
        return self.postgres.url("akako_app")

    @property
    def redis_url(self) -> str:
        """The URL of Celery's broker."""
        return self.redis.url()

    def stop(self) -> None:
        """Stop both servers in any state; a second call does nothing."""
        atexit.unregister(self.stop)
        self.redis.stop()
        self.postgres.stop()
