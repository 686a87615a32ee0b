"""The one way in which a process of ours listens: uvicorn on uvloop, every connection within bounds."""

import resource
import signal
import sys

import uvicorn

from config.settings import ListeningSettings
from serving.protocol import BoundedProtocol

GRACE_SECONDS = 20
START_SECONDS = 30
"""How long one of several processes may take to start, or to say that it is there, before it is given up."""
OTHER_FILES = 200
"""Open files of a process beside its connections with strangers."""


def serve(app: str, settings: ListeningSettings, processes: int) -> None:
    """Serve an application, whose lifespan hands its `limits` to the connections, until told to stop.

    What was taken until then is answered, within `GRACE_SECONDS`; the process ends with 0.
    """
    _allow_open_files(settings.max_connections + OTHER_FILES)
    # uvicorn repeats the signal when all is done, which would end the process as if it had been killed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        workers=processes,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_worker_healthcheck=START_SECONDS,
    )


def _allow_open_files(wanted: int) -> None:
    """Raise this process's limit of open files as far as it is needed, and as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )
