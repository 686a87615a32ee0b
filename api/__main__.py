"""`python -m api`: the desk on uvicorn, listening on HOST and PORT."""

import signal
import sys

import uvicorn

from config import logs
from config.settings import ApiSettings, load
from health import counts, exposition

GRACE_SECONDS = 20
LARGEST_HEAD_BYTES = 32_768


def main() -> None:
    """Serve until told to stop; then answer what was taken, and end."""
    settings = load(ApiSettings)
    logs.configure("api", form=settings.log_format, level=settings.log_level)
    exposition.start(settings, counts.PLACE)
    # uvicorn repeats the signal when all is done, which would end the process as if it had been killed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        "api.app:app",
        host=settings.host,
        port=settings.port,
        workers=settings.api_processes,
        loop="uvloop",
        # Not httptools, which would gather a head without end.
        http="h11",
        h11_max_incomplete_event_size=LARGEST_HEAD_BYTES,
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
