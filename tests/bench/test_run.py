"""A tiny run of the benchmark: what its results hold and how they are shown. Never how fast anything was."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from rich.console import Console

from bench import report
from bench.run import Bench, Results
from bench.scale import TINY
from bench.targets import judge
from ops.embedded.servers import Servers


@pytest.fixture(scope="module")
def results(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return Bench(servers, tmp_path_factory.mktemp("bench"), TINY, lambda _: None).run()


def test_every_receiver_is_measured_at_every_number_of_connections(results: Results) -> None:
    measured = {(each.contender, each.connections): len(each.rounds) for each in results.receiving}
    names = ("bare", "ours", "usual", "ours, full tables")
    assert measured == {(name, count): TINY.rounds for name in names for count in TINY.connections}


def test_every_delivery_of_a_calm_receiver_is_answered_2xx_and_kept(results: Results) -> None:
    assert [one.not_kept for each in results.receiving for one in each.rounds] == [0] * 4
    assert all(one.rate > 0 for each in results.receiving for one in each.rounds)


def test_every_worker_applies_its_whole_backlog_in_every_round(results: Results) -> None:
    measured = {each.contender: len(each.rounds) for each in results.applying}
    assert measured == dict.fromkeys(("ours", "ours, full tables", "usual"), TINY.apply_rounds)


def test_every_role_is_seen_at_the_fixed_rate(results: Results) -> None:
    assert results.visible.seen == results.visible.deliveries == TINY.visible_rate * TINY.visible_seconds


def test_memory_is_read_of_the_receiver_and_of_the_worker_with_its_two_processes(results: Results) -> None:
    assert results.receiver_mb > 0
    assert len(results.worker_mb) == 3


def test_machine_and_versions_are_told(results: Results) -> None:
    assert {"measured", "machine", "Python", "PostgreSQL", "Redis", "starlette", "celery"} <= results.machine.keys()


def test_results_are_json_and_every_table_shows_them(results: Results, tmp_path: Path) -> None:
    with (tmp_path / "shown").open("w") as shown:
        report.show(results, Console(file=shown, width=200))
    assert json.loads(json.dumps(asdict(results)))["scale"]["rounds"] == TINY.rounds
    text = (tmp_path / "shown").read_text()
    assert all(verdict.promise in text and verdict.promise in report.markdown(results) for verdict in judge(results))
