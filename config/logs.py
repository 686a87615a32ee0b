"""Configures logging with structlog: JSON lines outside a terminal, without payloads, secrets and personal data."""

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

from akako_guard.log import Line

REPEAT_SECONDS = 10.0
ROOT = Path(__file__).parents[1]
"""The checkout, or `site-packages` when installed from the wheel."""
PACKAGES = frozenset(
    {
        "akako_guard",
        "api",
        "clerk",
        "cli",
        "config",
        "console",
        "db",
        "dev",
        "health",
        "keycloak",
        "reconcile",
        "roles",
        "serving",
        "sync",
        "webhooks",
        "worker",
    }
)
"""The packages of the two wheels."""
OURS = PACKAGES | {"bench", "sdk", "tests"}


def configure(process: str, *, form: str = "auto", level: str = "INFO", stream: TextIO | None = None) -> None:
    """Write all logs of this process, including those through `logging`, to one stream in one format.

    The default stream is standard output. In JSON, uncaught exceptions are logged as well.
    """
    stream = stream or sys.stdout
    plain = form == "console" or (form == "auto" and stream.isatty())

    def named(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        # Not a context variable, since threads do not inherit it.
        event.setdefault("process", process)
        return event

    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        named,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        with_fields,
        summarise_exception,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty()) if plain else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=processors,
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
        processors=[*processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    if not plain:
        _log_uncaught()


def _log_uncaught() -> None:
    """Log uncaught exceptions instead of printing tracebacks, which span lines and may contain personal data."""

    def log(level: int, event: str, error: BaseException | None) -> None:
        if not isinstance(error, SystemExit):
            structlog.get_logger().log(level, event, exc_info=error)

    sys.excepthook = lambda _, error, __: log(logging.CRITICAL, "process.failed", error)
    threading.excepthook = lambda failed: log(logging.CRITICAL, "thread.failed", failed.exc_value)
    sys.unraisablehook = lambda ignored: log(logging.WARNING, "exception.ignored", ignored.exc_value)


def _quieten() -> None:
    """Send the logs of libraries to our handler only, without a line for each request or task."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "celery", "celery.beat", "celery.task"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in ("uvicorn.access", "celery.worker.strategy", "celery.app.trace", "celery.beat", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def fault(error: BaseException) -> dict[str, str]:
    """Fields of an exception for the log: type, SQLSTATE, constraint, origin. Its text may contain personal data."""
    fields = {"error": type(error).__name__}
    if sqlstate := getattr(getattr(error, "orig", error), "sqlstate", None):
        fields["sqlstate"] = sqlstate
    if constraint := getattr(getattr(getattr(error, "orig", error), "diag", None), "constraint_name", None):
        fields["constraint"] = constraint
    if frames := traceback.extract_tb(error.__traceback__):
        ours = [frame for frame in frames if _is_ours(Path(frame.filename))]
        fields["at"] = " < ".join(map(_location, (ours or frames[-1:])[:-4:-1]))
    return fields


def _is_ours(path: Path) -> bool:
    return path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in OURS


def _location(frame: traceback.FrameSummary) -> str:
    path = Path(frame.filename)
    return f"{path.parent.name}/{path.name}:{frame.lineno} {frame.name}"


def summarise_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace an exception by its `fault`, and a library's message about it, which may quote values, by a fixed one."""
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


def with_fields(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Take apart a line of `akako_guard`, which logs through `logging`: an event and its named values."""
    record: logging.LogRecord | None = event.get("_record")
    if record is not None and isinstance(record.msg, Line):
        event["event"] = record.msg.event
        event.update(record.msg.fields)
    return event


class RateLimitFilter(logging.Filter):
    """Limits the rate of a library's repeated warnings, so that untrusted clients cannot fill the log with them."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """False for a repeated line of a library; our own lines always pass."""
        if record.levelno < logging.WARNING or not record.name.startswith(("uvicorn", "asyncio")):
            return True
        key, now = (record.name, str(record.msg)[:80]), time.monotonic()
        if now - self._last.get(key, -REPEAT_SECONDS) < REPEAT_SECONDS:
            return False
        if len(self._last) >= 100:
            self._last.clear()
        self._last[key] = now
        return True
