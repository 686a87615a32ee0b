"""`python -m webhooks`: the receiver on uvicorn, listening on HOST and PORT."""

import signal
import sys

import uvicorn

from config import logs
from config.settings import ReceiverSettings, load
from webhooks.protocol import BoundedProtocol

GRACE_SECONDS = 20


def main() -> None:
    """Serve until told to stop; then answer what was taken, and end."""
    settings = load(ReceiverSettings)
    logs.configure("receiver", form=settings.log_format, level=settings.log_level)
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
    )


if __name__ == "__main__":
    main()
