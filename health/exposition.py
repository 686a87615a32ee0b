"""Serves `/metrics` and `/healthz` on a separate port, out of reach of untrusted clients and without delaying work."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from socketserver import TCPServer
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
    """The metrics of all processes that count in one directory."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def describe(self) -> Iterator[Metric]:
        """Empty, so that registration reads nothing."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """The sums. Skips empty files, of processes that have just started or were killed then."""
        files = [str(file) for file in Path(self._directory).glob("*.db") if _has_content(file)]
        yield from MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]


def _has_content(file: Path) -> bool:
    with suppress(FileNotFoundError):
        return file.stat().st_size > 0
    return False


class _WithoutForks(Collector):
    """Collects from several collectors, with forks held off meanwhile."""

    def __init__(self, *collectors: Collector) -> None:
        self._collectors = collectors

    def describe(self) -> Iterator[Metric]:
        """Empty, so that registration queries nothing."""
        yield from ()

    def collect(self) -> list[Metric]:
        """The metrics of all collectors."""
        with forking.without_forks():
            return [metric for collector in self._collectors for metric in collector.collect()]


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log no request."""


def start(
    settings: MetricsSettings, directory: str, *collectors: Collector, healthy: Callable[[], bool] = lambda: True
) -> None:
    """Start serving Prometheus and health probes for all processes that count in this directory, if a port is set.

    `/healthz` is 200 while `healthy` returns true, else 503. A port that is in use is retried and not an error: work
    matters more than metrics, and after a restart the port is soon free.
    """
    if not settings.metrics_port:
        return
    database = DatabaseGauges(DatabaseProbe(settings.database_url.get_secret_value(), settings.database_pooler))
    registry = CollectorRegistry()
    registry.register(_WithoutForks(Counted(directory), ProcessCollector(registry=None), database, *collectors))
    app = application(make_wsgi_app(registry), healthy)
    threading.Thread(target=_listen, args=(settings, app), name="metrics", daemon=True).start()


def application(metrics: Any, healthy: Callable[[], bool]) -> Any:
    """The WSGI application: `/healthz`, and metrics at every other path."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/healthz":
            answered: Iterable[bytes] = metrics(environ, start_response)
            return answered
        well = healthy()
        start_response("200 OK" if well else "503 Service Unavailable", [("Content-Type", "application/json")])
        return [b'{"status":"ok"}' if well else b'{"status":"stalled"}']

    return answer


def _listen(settings: MetricsSettings, app: Any) -> None:
    logged = False
    while True:
        try:
            with forking.without_forks():
                server = _server(settings.metrics_host, settings.metrics_port, app)
        except OSError as error:
            if not logged:
                log.warning(
                    "metrics.not_served",
                    port=settings.metrics_port,
                    next_step="free the port, or change METRICS_HOST and METRICS_PORT",
                    **logs.fault(error),
                )
            logged = True
            time.sleep(RETRY_SECONDS)
        else:
            log.info("metrics.served", port=settings.metrics_port)
            server.serve_forever()


def _server(host: str, port: int, app: Any) -> WSGIServer:
    """A listening server with one thread per request, like prometheus_client's own, for IPv4 or IPv6."""
    (family, _, _, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)

    class Server(ThreadingWSGIServer):
        address_family = family

        def server_bind(self) -> None:
            """Bind without HTTPServer's reverse lookup of the host name, which can take long, while forks wait."""
            TCPServer.server_bind(self)
            self.server_name, self.server_port = host, int(self.server_address[1])
            self.setup_environ()

    return make_server(str(address[0]), port, app, Server, handler_class=_Silent)
