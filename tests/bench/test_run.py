"""A tiny run of the benchmark: its rows, and that each measure works. Does not check speed."""

import pytest

from bench.contenders import AKAKO, BARE, DELAY_PAYLOAD
from bench.databases import make_templates
from bench.measuring import MEASURES
from bench.rows import Results
from bench.scale import TINY
from bench.setup import Setup
from dev.embedded.servers import Servers

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]  # starts about thirty services, one after the other

QUICK = [name for name, measure in MEASURES.items() if measure.quick]
OTHERS = [name for name, measure in MEASURES.items() if not measure.quick and name != "pairs"]


@pytest.fixture(scope="module")
def setup(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Setup:
    make_templates(servers)
    return Setup(servers, tmp_path_factory.mktemp("bench"), TINY, (AKAKO, DELAY_PAYLOAD, BARE), lambda _: None)


@pytest.fixture(scope="module")
def quick(setup: Setup) -> Results:
    return Results(setup.machine(), {}, [row for name in QUICK for row in MEASURES[name].rows(setup)])


def test_every_contender_is_measured_at_every_setting_in_every_round(quick: Results) -> None:
    all_contenders, with_worker, with_storage = (
        ("akako", "delay_payload", "bare"),
        ("akako", "delay_payload"),
        ("akako", "delay_payload"),
    )
    assert [(row.measure, row.contender, row.at) for row in quick.rows] == [
        *(("accepts", name, TINY.connections[0]) for name in all_contenders),
        *(("steady", name, TINY.steady_rate) for name in all_contenders),
        *(("applies", name, 2) for name in with_worker),
        *(("visible", name, TINY.visible_rates[0]) for name in with_storage),
        *(("import", name, TINY.backlog) for name in ("akako, events", "akako, backfill")),
        *(
            ("walk", name, TINY.walk_users)
            for name in ("reading the pages alone", "akako, backfill", "akako, reconciling")
        ),
    ]


def test_every_delivery_is_answered_2xx_and_stored(quick: Results) -> None:
    rows = [*quick.of("accepts"), *quick.of("steady")]
    assert [row.values["not_stored"] for row in rows] == [0] * len(rows)
    assert all(row.values["rate"] > 0 for row in rows)


def test_every_worker_applies_its_whole_backlog(quick: Results) -> None:
    assert [row.values["applied"] for row in quick.of("applies")] == [TINY.backlog, TINY.slow_backlog]


def test_every_role_is_seen_at_the_fixed_rate(quick: Results) -> None:
    assert [row.values["seen_share"] for row in quick.of("visible")] == [1, 1]


def test_a_walk_and_an_import_have_figures(quick: Results) -> None:
    rows = [*quick.of("walk"), *quick.of("import")]
    assert all(row.values["cpu"] > 0 and row.values["largest_mb"] > 0 for row in rows)


def test_machine_and_versions_are_recorded(quick: Results) -> None:
    assert {"measured", "machine", "Python", "PostgreSQL", "Redis", "starlette", "celery"} <= quick.machine.keys()


@pytest.mark.parametrize("name", OTHERS)
def test_each_other_measure_yields_its_rows_with_figures(setup: Setup, name: str) -> None:
    rows = list(MEASURES[name].rows(setup))
    assert {row.measure for row in rows} == set(MEASURES[name].yields)
    assert all(row.values for row in rows)


def test_duplicates_result_in_one_row_per_delivery(setup: Setup) -> None:
    row = next(row for row in MEASURES["duplicates"].rows(setup) if row.contender == "akako")
    stored = setup.existing(AKAKO).database.run("select count(*) from webhook_events where svix_id ^@ 'msg_d0_'")
    assert row.values["answered"] > TINY.distinct
    assert stored == [(TINY.distinct,)]
