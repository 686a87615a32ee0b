"""`python -m webhooks`: the receiver on uvicorn, listening on HOST and PORT."""

import resource
import signal
import sys

import uvicorn

from config import logs
from config.settings import ReceiverSettings, load
from serving.protocol import BoundedProtocol

GRACE_SECONDS = 20
START_SECONDS = 30
"""How long one of several processes may take to start, or to say that it is there, before it is given up."""
OTHER_FILES = 200
"""Open files of a process beside its connections with senders."""


def main() -> None:
    """Serve until told to stop; then answer what was taken, and end."""
    settings = load(ReceiverSettings)
    logs.configure("receiver", form=settings.log_format, level=settings.log_level)
    _allow_open_files(settings.max_connections + OTHER_FILES)
    # uvicorn repeats the signal when all is done, which would end the process as if it had been killed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        "webhooks.app:app",
        host=settings.host,
        port=settings.port,
        workers=settings.web_processes,
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


if __name__ == "__main__":
    main()
