"""`/metrics` on a port of its own: strangers do not come by there, and the process's own work is not delayed."""

import threading
import time

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from config import logs
from config.settings import MetricsSettings
from health.gauges import DatabaseGauges
from health.look import Look

log = structlog.get_logger()

RETRY_SECONDS = 5.0


def start(settings: MetricsSettings, place: str, *collectors: Collector) -> None:
    """Answer Prometheus from now on, for all who count at this place; nothing if no port is set.

    A port that is taken is tried again: work is more important than being seen, and after a restart it is soon free.
    """
    if not settings.metrics_port:
        return
    registry = CollectorRegistry()
    MultiProcessCollector(registry, place)  # type: ignore[no-untyped-call]
    ProcessCollector(registry=registry)
    registry.register(DatabaseGauges(Look(settings.database_url.get_secret_value())))
    for collector in collectors:
        registry.register(collector)
    threading.Thread(target=_listen, args=(settings, registry), name="metrics", daemon=True).start()


def _listen(settings: MetricsSettings, registry: CollectorRegistry) -> None:
    told = False
    while True:
        try:
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
