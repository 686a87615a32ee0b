import dataclasses
import json
import logging
import re
import sys
import threading
import tomllib
import warnings
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from config import logs
from db import events
from tests.clerk_sender import Clerk
from tests.ledger import opened

SECRET = "ada@example.com"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The logging of this test process, put back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    yield
    root.handlers[:], root.level = handlers, level
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(capture: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """What was logged."""
    return [json.loads(line) for line in capture.readouterr().out.splitlines()]


def test_outside_a_terminal_a_line_is_json_with_named_values(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("worker")
    structlog.get_logger().info("events.applied", count=3)
    (line,) = lines(capsys)
    assert (line["event"], line["count"], line["level"], line["process"]) == ("events.applied", 3, "info", "worker")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", str(line["timestamp"]))


def test_an_exception_is_logged_by_type_and_place_and_never_by_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("worker")
    try:
        raise ValueError(SECRET)
    except ValueError:
        structlog.get_logger().exception("event.failed")
        logging.getLogger("celery.worker").exception("Task failed with %s", SECRET)
    ours, library = lines(capsys)
    assert (ours["event"], ours["error"]) == ("event.failed", "ValueError")
    assert "test_logs.py" in str(ours["at"])
    assert (library["event"], library["error"]) == ("celery.worker.failed", "ValueError")
    assert SECRET not in json.dumps([ours, library])


def test_a_fault_of_the_database_names_our_own_lines_and_the_constraint_and_no_value(engine: Engine) -> None:
    clerk = Clerk()
    delivery = dataclasses.replace(opened(clerk, clerk.created()), type=SECRET, status="invented")
    with pytest.raises(IntegrityError) as raised, engine.begin() as connection:
        events.store(connection, [delivery])
    assert SECRET in str(raised.value)
    said = logs.fault(raised.value)
    assert (said["sqlstate"], said["constraint"]) == ("23514", "webhook_events_known_status")
    assert re.fullmatch(r"db/events\.py:\d+ store < config/test_logs\.py:\d+ \w+", said["at"])
    assert SECRET not in str(said)


def test_a_warning_that_untrusted_clients_can_cause_is_rate_limited(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("receiver")
    for _ in range(100):
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    assert [line["event"] for line in lines(capsys)] == ["Invalid HTTP request received."]


def test_a_line_of_our_own_is_never_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("receiver")
    for _ in range(3):
        structlog.get_logger("ours").warning("delivery.refused")
    assert len(lines(capsys)) == 3


def test_lines_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("worker", level="WARNING")
    structlog.get_logger().info("events.applied")
    assert lines(capsys) == []


def test_uncaught_exceptions_are_json_lines_without_their_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("worker", form="json")
    error = ValueError(SECRET)
    sys.excepthook(ValueError, error, None)
    threading.excepthook(SimpleNamespace(exc_value=error))  # type: ignore[arg-type]
    threading.excepthook(SimpleNamespace(exc_value=SystemExit()))  # type: ignore[arg-type]
    sys.unraisablehook(SimpleNamespace(exc_value=error))
    logged = lines(capsys)
    assert [line["event"] for line in logged] == ["process.failed", "thread.failed", "exception.ignored"]
    assert {line["error"] for line in logged} == {"ValueError"}
    assert SECRET not in json.dumps(logged)


def test_warnings_are_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("worker", form="json")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("an old name", DeprecationWarning, stacklevel=1)
    (line,) = lines(capsys)
    assert line["level"] == "warning"


def test_every_package_of_the_wheel_counts_as_our_code() -> None:
    project = tomllib.loads((logs.ROOT / "pyproject.toml").read_text())
    assert {*project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"], "akako_guard"} == logs.PACKAGES
