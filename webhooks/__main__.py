"""`python -m webhooks`: the receiver on uvicorn, listening on HOST and PORT."""

import uvicorn

from config.settings import ReceiverSettings, load
from webhooks.protocol import BoundedProtocol

GRACE_SECONDS = 20


def main() -> None:
    """Serve until told to stop; then answer what was taken, and end."""
    settings = load(ReceiverSettings)
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
