"""Runs an ASGI application with uvicorn on uvloop and `BoundedProtocol`."""

import socket
import sys

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from config.settings import ListeningSettings
from serving import listening, open_files
from serving.protocol import BoundedProtocol

GRACE_SECONDS = 20
START_SECONDS = 30
"""How long one of several processes may take to start, or to answer a health check, before it is replaced."""


def serve(app: str | ASGIApp, settings: ListeningSettings, processes: int) -> None:
    """Serve an application until the process receives a stop signal. Its lifespan state must be a `ServerState`.

    Several processes need its name; one process can serve the application itself.

    Requests in progress are completed within `GRACE_SECONDS`; the process then exits with 0
    (`health.stop_signals` has to be installed).
    """
    open_files.allow(settings.max_connections)
    sockets = listening.sockets(settings.host, settings.port)
    config = uvicorn.Config(
        app,
        workers=processes,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_worker_healthcheck=START_SECONDS,
    )
    sys.exit(_run_several(config, sockets) if processes > 1 else _run(config, sockets))


def _run(config: uvicorn.Config, sockets: list[socket.socket]) -> int:
    server = uvicorn.Server(config)
    server.run(sockets)
    return 0 if server.started else 1


def _run_several(config: uvicorn.Config, sockets: list[socket.socket]) -> int:
    supervisor = Multiprocess(config, sockets)
    supervisor.run()
    return int(any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes))
