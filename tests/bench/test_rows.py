import re
from pathlib import Path

from bench import rows
from bench.page import BEGIN, END, rendered
from bench.report import markdown
from bench.rows import Results, Row
from bench.tables import sheets
from bench.targets import evaluate


def rate(contender: str, value: float, *, measure: str = "accepts", at: int = 32) -> Row:
    return Row(measure, contender, at, {"rate": value, "p50_ms": 1.0, "p99_ms": 2.0, "p999_ms": 3.0, "not_stored": 0.0})


def test_saved_results_can_be_loaded(tmp_path: Path) -> None:
    results = Results({"machine": "a small one"}, {"rounds": 2}, [rate("akako", 10), rate("akako", 20)])
    rows.save(results, tmp_path / "deep" / "results.json")
    assert rows.load(tmp_path / "deep" / "results.json") == results


def test_a_missing_file_has_no_results(tmp_path: Path) -> None:
    assert rows.load(tmp_path / "results.json") == Results()


def test_measuring_again_keeps_the_other_rows() -> None:
    results = Results(rows=[rate("akako", 1), rate("node", 2), rate("akako", 3, measure="applies")])
    assert results.without(["accepts"], []).rows == results.rows[2:]


def test_only_the_named_contenders_are_measured_again() -> None:
    results = Results(rows=[rate("akako", 1), rate("akako, grown", 1), rate("node", 2), rate("bare", 3)])
    assert results.without(["accepts"], ["akako", "node"]).rows == results.rows[3:]


def test_a_target_is_evaluated_round_by_round_with_the_amount_by_which_it_is_missed() -> None:
    results = Results(rows=[rate("akako", 900), rate("delay_id", 100), rate("akako", 700), rate("delay_id", 100)])
    (verdict,) = evaluate(results)
    assert (verdict.target, verdict.reached.median) == ("accepts relative to peer 3, 32 connections", 8)
    assert (verdict.met, verdict.missing) == (False, "20%")


def test_walks_and_imports_are_compared_with_their_targets() -> None:
    spent = {"cpu": 61.0, "largest_mb": 149.0}
    rates = [Row("import", name, 9, {"rate": value}) for name, value in (("akako, backfill", 6), ("akako, events", 10))]
    verdicts = evaluate(Results(rows=[*rates, Row("walk", "akako, reconciling", 9, spent)]))
    assert [(each.unit, each.wanted, each.met) for each in verdicts] == [
        ("x", 0.5, True),
        ("s", 60, False),
        ("MB", 150, True),
    ]


def test_a_target_without_rows_is_not_evaluated() -> None:
    assert evaluate(Results(rows=[rate("akako", 900)])) == []


def test_every_target_and_every_contender_is_written_between_the_marks() -> None:
    results = Results(rows=[rate("akako", 900), rate("node", 100), rate("bare", 1_000)])
    page = rendered(f"before {BEGIN} old {END} after", results, ["accepts"])
    assert page.startswith("before ")
    assert page.endswith(" after")
    assert " old " not in page
    assert all(text in page for text in ("accepts relative to Node, 32", "Akako Sync", "bare Starlette", "accepts.svg"))


def test_a_missing_figure_of_a_contender_is_empty() -> None:
    results = Results(rows=[rate("akako", 900), Row("accepts", "bare", 32, {"rate": 1.0})])
    lines = [line for sheet in sheets(results) for line in markdown(sheet) if "bare Starlette |" in line]
    assert lines == ["| bare Starlette | 32 | 1 | 1 - 1 |  |  |  |  | 1 |"]


def test_the_page_shows_every_plot_and_their_background_is_transparent() -> None:
    shown = re.findall(r"\(benchmarks/(\w+\.svg)\)", Path("docs/benchmarks.md").read_text())
    plots = {plot.name: plot.read_text() for plot in Path("docs/benchmarks").iterdir()}
    assert sorted(shown) == sorted(plots)
    assert not any("fill: #ffffff" in picture for picture in plots.values())


def test_rows_that_are_kept_show_from_when_on_they_were_measured() -> None:
    results = Results({"measured": "Monday"}, rows=[rate("akako", 1)])
    assert Results().machine_since({"measured": "Monday"}) == {"measured": "Monday"}
    for later in ("Tuesday", "Friday"):
        results.machine = results.machine_since({"measured": later})
        assert results.machine == {"measured": f"Monday to {later}"}


def test_rows_that_are_kept_show_what_they_were_measured_on() -> None:
    measured = {"measured": "Monday"}
    results = Results(measured | {"machine": "old", "peer": "1"}, rows=[rate("akako", 1)])
    for machine in ("new", "old", "new"):
        results.machine = results.machine_since(measured | {"machine": machine})
    assert (results.machine["machine"], results.machine["peer"]) == ("old or new", "1")
