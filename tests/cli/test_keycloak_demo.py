"""`akako keycloak demo`."""

import json
from pathlib import Path

import pytest

from tests.dev import groups

pytestmark = [pytest.mark.processes, pytest.mark.recovery]


def test_every_expectation_holds_and_nothing_is_left_running(mark: str, directory: Path) -> None:
    printed = directory / "printed"
    # Its own servers are used, whatever the environment says.
    elsewhere = {"DATABASE_URL": "postgresql://absent@127.0.0.1:1/nothing", "REDIS_URL": "redis://127.0.0.1:1/0"}
    with groups.akako(mark, "keycloak", "demo", "--json", output=printed, **elsewhere) as demo:
        assert demo.wait(240) == 0, printed.read_text()
    result = json.loads(printed.read_text())
    assert (result["ok"], [each["text"] for each in result["expectations"] if not each["holds"]]) == (True, [])
    assert {each["fate"] for each in result["persons"]} == {"planned", "skipped", "refused"}
    assert groups.marked(mark) == []
