"""`/metrics` and `/healthz` on a port of their own: strangers do not come by there, and no work is delayed."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import CollectorRegistry, Metric, ProcessCollector, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from config import logs
from config.settings import MetricsSettings
from health import forking
from health.database import DatabaseProbe
from health.gauges import DatabaseGauges

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
        with forking.without_forks():
            return [metric for collector in self._collectors for metric in collector.collect()]


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log no request."""


def start(
    settings: MetricsSettings, place: str, *collectors: Collector, healthy: Callable[[], bool] = lambda: True
) -> None:
    """Answer Prometheus and health probes from now on, for all who count at this place; nothing if no port is set.

    `/healthz` is 200 while `healthy` says so, else 503. A port that is taken is tried again: work is more important
    than being seen, and after a restart it is soon free.
    """
    if not settings.metrics_port:
        return
    database = DatabaseGauges(DatabaseProbe(settings.database_url.get_secret_value(), settings.database_pooler))
    registry = CollectorRegistry()
    registry.register(_Together(Counted(place), ProcessCollector(registry=None), database, *collectors))
    app = application(make_wsgi_app(registry), healthy)
    threading.Thread(target=_listen, args=(settings, app), name="metrics", daemon=True).start()


def application(metrics: Any, healthy: Callable[[], bool]) -> Any:
    """The WSGI application: `/healthz`, and metrics everywhere else."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/healthz":
            answered: Iterable[bytes] = metrics(environ, start_response)
            return answered
        well = healthy()
        start_response("200 OK" if well else "503 Service Unavailable", [("Content-Type", "application/json")])
        return [b'{"status":"ok"}' if well else b'{"status":"stalled"}']

    return answer


def _listen(settings: MetricsSettings, app: Any) -> None:
    told = False
    while True:
        try:
            with forking.without_forks():
                server = _server(settings.metrics_host, settings.metrics_port, app)
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
            server.serve_forever()


def _server(host: str, port: int, app: Any) -> WSGIServer:
    """A listening server with a thread for each request, as prometheus_client's own, for IPv4 or IPv6."""
    (family, _, _, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)

    class Server(ThreadingWSGIServer):
        address_family = family

    return make_server(str(address[0]), port, app, Server, handler_class=_Silent)
