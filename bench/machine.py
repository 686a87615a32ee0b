"""Describes the machine and the versions of a measurement."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psutil

from bench import node

PACKAGES = ("starlette", "uvicorn", "uvloop", "httptools", "svix", "psycopg", "SQLAlchemy", "celery", "redis")
PEERS_PACKAGES = ("procrastinate", "greenlet")
"""Included only if they are installed."""


def describe(postgres: str, redis: str) -> dict[str, str]:
    """The machine and the versions by name."""
    gigabytes, system = psutil.virtual_memory().total / 1e9, f"{platform.system()} {platform.machine()}"
    return {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{os.cpu_count()} cores, {_processor()}, {gigabytes:.0f} GB, {system}",
        "Python": platform.python_version(),
        "PostgreSQL": postgres,
        "Redis": redis,
        **{name: version(name) for name in PACKAGES},
        **{name: version(name) for name in PEERS_PACKAGES if find_spec(name)},
        **node.versions(),
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
