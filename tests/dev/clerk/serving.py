"""A development Clerk that listens on a port, in a thread of the test's process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from dev.clerk.application import build
from dev.clerk.instance import Instance
from dev.ports import free_port
from tests.dev.groups import until


@contextmanager
def serving(instance: Instance) -> Iterator[str]:
    """The URL of the instance while the block runs."""
    port = free_port()
    config = uvicorn.Config(build(instance), host="127.0.0.1", port=port, log_config=None, access_log=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)
