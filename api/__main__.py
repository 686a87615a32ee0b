"""`python -m api`: the desk on uvicorn, listening on HOST and PORT."""

import uvicorn

from config.settings import ApiSettings, load

GRACE_SECONDS = 20
LARGEST_HEAD_BYTES = 32_768


def main() -> None:
    """Serve until told to stop; then answer what was taken, and end."""
    settings = load(ApiSettings)
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
