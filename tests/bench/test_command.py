import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.__main__ import main


def test_help_shows_examples_and_every_measure() -> None:
    printed = CliRunner().invoke(main, ["--help"]).output
    assert "python -m bench --quick" in printed
    assert all(name in printed for name in ("accepts", "applies", "visible", "migration", "delay_id", "node"))


def test_an_unknown_peer_is_refused_with_the_valid_names() -> None:
    answer = CliRunner().invoke(main, ["--peers", "rails"])
    assert answer.exit_code == 2
    assert "Choose from: akako, in_request" in answer.output


@pytest.mark.bench
def test_one_measure_replaces_its_own_rows_and_keeps_the_others(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    rows = [{"measure": name, "contender": "akako", "at": 0, "values": {"rate": 1.0}} for name in ("expiry", "accepts")]
    file.write_text(json.dumps({"machine": {"measured": "2026-11-01 12:00 UTC"}, "scale": {}, "rows": rows}))
    options = ["--quick", "--only", "expiry", "--json", "--results", str(file)]
    answer = CliRunner().invoke(main, options, catch_exceptions=False)
    assert [row["measure"] for row in json.loads(answer.stdout)["rows"]] == ["accepts", "expiry"]
    assert json.loads(answer.stdout)["machine"]["measured"].startswith("2026-11-01 12:00 UTC to 2")
    assert json.loads(file.read_text()) == json.loads(answer.stdout)
