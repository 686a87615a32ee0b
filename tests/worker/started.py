"""The settings of Celery that a worker or calendar would run with."""

import json
import os
import subprocess
import sys
from typing import Any

SETTINGS = (
    "import json; from worker.app import app; print(json.dumps({name: app.conf[name] for name in %r}, default=repr))"
)


def started_with(*names: str, **environment: str) -> dict[str, Any]:
    """What a worker or calendar would run with, read in a process of its own as Celery starts it."""
    said = subprocess.run(
        [sys.executable, "-c", SETTINGS % (names,)],
        env={
            **os.environ,
            "DATABASE_URL": "postgresql://akako@127.0.0.1:1/akako",
            "REDIS_URL": "redis://127.0.0.1:1/0",
            **environment,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(said.stdout)
    return found
