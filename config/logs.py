"""Configures logging: structlog, JSON lines outside a terminal, and never a payload, a secret or personal data."""

import logging
import logging.config
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

REPEAT_SECONDS = 10.0
ROOT = Path(__file__).parents[1]
"""The checkout, or `site-packages` when installed from the wheel."""
PACKAGES = frozenset(
    {
        "access",
        "api",
        "clerk",
        "cli",
        "config",
        "db",
        "dev",
        "health",
        "roles",
        "serving",
        "sync",
        "webhooks",
        "worker",
    }
)
"""The packages of the wheel."""
OURS = PACKAGES | {"bench", "tests"}


def configure(process: str, *, form: str = "auto", level: str = "INFO", stream: TextIO | None = None) -> None:
    """Write everything that this process logs, also through `logging`, to one stream in one format.

    The stream is standard output unless given. In JSON, uncaught exceptions are logged as well.
    """
    stream = stream or sys.stdout
    plain = form == "console" or (form == "auto" and stream.isatty())

    def named(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        # Not a context variable: a thread would not have it.
        event.setdefault("process", process)
        return event

    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        named,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_particulars,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty()) if plain else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(RateLimitFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    _quieten()
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    if not plain:
        _log_uncaught()


def _log_uncaught() -> None:
    """Log uncaught exceptions in place of Python's traceback, which has several lines and may quote personal data."""

    def log(level: int, event: str, error: BaseException | None) -> None:
        if not isinstance(error, SystemExit):
            structlog.get_logger().log(level, event, exc_info=error)

    sys.excepthook = lambda _, error, __: log(logging.CRITICAL, "process.failed", error)
    threading.excepthook = lambda failed: log(logging.CRITICAL, "thread.failed", failed.exc_value)
    sys.unraisablehook = lambda ignored: log(logging.WARNING, "exception.ignored", ignored.exc_value)


def _quieten() -> None:
    """Let libraries speak through our handler only, and not about every request or task."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "celery", "celery.beat", "celery.task"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in ("uvicorn.access", "celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(name).setLevel(logging.WARNING)


def fault(error: BaseException) -> dict[str, str]:
    """What may be said of an exception: its type, its SQLSTATE and where it arose; its text may hold personal data."""
    said = {"error": type(error).__name__}
    if sqlstate := getattr(getattr(error, "orig", error), "sqlstate", None):
        said["sqlstate"] = sqlstate
    if constraint := getattr(getattr(getattr(error, "orig", error), "diag", None), "constraint_name", None):
        said["constraint"] = constraint
    if frames := traceback.extract_tb(error.__traceback__):
        ours = [frame for frame in frames if _is_ours(Path(frame.filename))]
        said["at"] = " < ".join(map(_place, (ours or frames[-1:])[:-4:-1]))
    return said


def _is_ours(path: Path) -> bool:
    return path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in OURS


def _place(frame: traceback.FrameSummary) -> str:
    path = Path(frame.filename)
    return f"{path.parent.name}/{path.name}:{frame.lineno} {frame.name}"


def without_particulars(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Put `fault` in the place of an exception, and of a library's sentence about one (it quotes values)."""
    record: logging.LogRecord | None = event.get("_record")
    exc_info: Any = event.pop("exc_info", None) or (record.exc_info if record else None)
    if not exc_info:
        return event
    if record is not None:
        record.exc_info = None
        record.exc_text = None
        event["event"] = f"{record.name}.failed"
    error = exc_info if isinstance(exc_info, BaseException) else (sys.exc_info() if exc_info is True else exc_info)[1]
    if error is not None:
        event.update(fault(error))
    return event


class RateLimitFilter(logging.Filter):
    """Passes a library's warning once in a while, so that strangers cannot fill the log by provoking it."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """False for a repeated line of a library's; our own lines are always passed."""
        if record.levelno < logging.WARNING or not record.name.startswith(("uvicorn", "asyncio")):
            return True
        key, now = (record.name, str(record.msg)[:80]), time.monotonic()
        if now - self._last.get(key, -REPEAT_SECONDS) < REPEAT_SECONDS:
            return False
        if len(self._last) >= 100:
            self._last.clear()
        self._last[key] = now
        return True
