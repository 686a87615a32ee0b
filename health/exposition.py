"""`/metrics` on a port of its own: strangers do not come by there, and the process's own work is not delayed."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Metric, ProcessCollector, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from config import logs
from config.settings import MetricsSettings
from health import forking
from health.gauges import DatabaseGauges
from health.look import Look

log = structlog.get_logger()

RETRY_SECONDS = 5.0


class Counted(Collector):
    """What all processes counted at one place."""

    def __init__(self, place: str) -> None:
        self._place = place

    def describe(self) -> Iterator[Metric]:
        """None beforehand, so that registering reads nothing."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """The sums. A process that has only just begun, or was killed then, has an empty file: that is none."""
        files = [str(file) for file in Path(self._place).glob("*.db") if _is_begun(file)]
        yield from MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]


def _is_begun(file: Path) -> bool:
    with suppress(FileNotFoundError):
        return file.stat().st_size > 0
    return False


class _Together(Collector):
    """Collects from several at once, so that no fork happens in the middle."""

    def __init__(self, *collectors: Collector) -> None:
        self._collectors = collectors

    def describe(self) -> Iterator[Metric]:
        """None beforehand, so that registering asks nobody."""
        yield from ()

    def collect(self) -> list[Metric]:
        """All that they say."""
        with forking.held_off():
            return [metric for collector in self._collectors for metric in collector.collect()]


def start(settings: MetricsSettings, place: str, *collectors: Collector) -> None:
    """Answer Prometheus from now on, for all who count at this place; nothing if no port is set.

    A port that is taken is tried again: work is more important than being seen, and after a restart it is soon free.
    """
    if not settings.metrics_port:
        return
    database = DatabaseGauges(Look(settings.database_url.get_secret_value(), settings.database_pooler))
    registry = CollectorRegistry()
    registry.register(_Together(Counted(place), ProcessCollector(registry=None), database, *collectors))
    threading.Thread(target=_listen, args=(settings, registry), name="metrics", daemon=True).start()


def _listen(settings: MetricsSettings, registry: CollectorRegistry) -> None:
    told = False
    while True:
        try:
            with forking.held_off():
                start_http_server(settings.metrics_port, settings.metrics_host, registry)
        except OSError as error:
            if not told:
                log.warning(
                    "metrics.not_served",
                    port=settings.metrics_port,
                    next_step="free the port, or set METRICS_HOST and METRICS_PORT to others",
                    **logs.fault(error),
                )
            told = True
            time.sleep(RETRY_SECONDS)
        else:
            log.info("metrics.served", port=settings.metrics_port)
            return
