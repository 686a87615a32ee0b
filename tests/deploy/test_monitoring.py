"""Dashboard and alerts use only exported metrics, and each alert has a section in the runbook."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY, ProcessCollector

import api.metrics
import health.process_starts
import reconcile.metrics
import sync.metrics
import webhooks.metrics
from akako_guard.role import Role
from config.redis_url import RedisAddress
from db import audit, claims_switch, clerk_instance, clock, reconciling, walks
from db.reconciling import Reconciling
from db.walks import Phase
from dev import procfile
from health.broker import Broker
from health.database import DatabaseProbe
from health.gauges import BrokerGauge, DatabaseGauges, StallGauge
from health.heartbeat import Heartbeat
from tests.clerk_sender import Clerk
from tests.ledger import keep
from tests.servers import Database

ROOT = procfile.PATH.parent
ALERTS: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
RULES: list[dict[str, Any]] = ALERTS["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/akako-sync.json").read_text())
RUNBOOK = (ROOT / "docs/how-to/runbook.md").read_text()
REFERENCE = (ROOT / "docs/reference/metrics.md").read_text()
# Metrics of a module are registered when it is imported.
MODULES = (api.metrics, health.process_starts, webhooks.metrics, sync.metrics, reconcile.metrics)
NAMES = re.compile(r"\b(?:akako|process)_[a-z_]+\b")


def exported(database: Database, engine: Any) -> set[str]:
    """The names of all exported metrics."""
    clerk = Clerk()
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada", reason="Menus need roles.")
        clerk_instance.pin(connection, "ins_1", None)
        reconciling.save(connection, Reconciling(instance_id="ins_1", answered_at=clock.now(connection)))
        walk = walks.start(connection, "ins_1", 0, kind=walks.RECONCILE)
        claims_switch.turn_on(connection, "ins_1", Role.LEARNER)
        walks.save(connection, replace(walk, phase=Phase.ENDED, outcome="complete"))
    keep(engine, clerk, clerk.created())
    heart = Heartbeat(database.app_url, "worker")
    heart.beat(0)
    heart.close()
    gauges = [
        DatabaseGauges(DatabaseProbe(database.app_url)),
        BrokerGauge(Broker(RedisAddress("redis://127.0.0.1:1/0"))),
        StallGauge(lambda: 0),
        ProcessCollector(registry=None),
    ]
    found = [metric for collector in (REGISTRY, *gauges) for metric in collector.collect()]
    return {name for metric in found for name in _spelt(metric.name, metric.type)}


def _spelt(name: str, kind: str) -> Iterator[str]:
    yield name
    ends = {"counter": ["total"], "histogram": ["bucket", "sum", "count"]}.get(kind, [])
    yield from (f"{name}_{end}" for end in ends)


def expressions() -> list[str]:
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
    return [rule["expr"] for rule in RULES] + panels


def anchor(heading: str) -> str:
    return heading.strip().lower().replace(" ", "-")


@pytest.fixture
def names(database: Database, engine: Any) -> set[str]:
    return exported(database, engine)


def test_alerts_and_dashboard_use_only_exported_metrics(names: set[str]) -> None:
    used = {name for expression in expressions() for name in NAMES.findall(expression)}

    assert len(used) > 15
    assert used - names == set()


def test_every_metric_is_documented(names: set[str]) -> None:
    documented = set(re.findall(r"^\| `(akako_\w+)`", REFERENCE, re.MULTILINE))
    ends = ("_bucket", "_sum", "_count")
    ours = {name for name in names if name.startswith("akako_") and not name.endswith(ends)}

    assert {name for name in ours if f"{name}_total" not in ours} == documented


def test_every_metric_is_on_the_dashboard_or_in_an_alert(names: set[str]) -> None:
    documented = set(re.findall(r"^\| `(akako_\w+)`", REFERENCE, re.MULTILINE))
    used = " ".join(expressions())

    assert {name for name in documented if name not in used} == set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_every_alert_links_to_its_section_of_the_runbook(rule: dict[str, Any]) -> None:
    page, _, section = rule["annotations"]["runbook_url"].partition("#")
    spaced = re.sub(r"(?<!^)(?=[A-Z])", "-", rule["alert"]).lower()

    assert (ROOT / page).exists()
    assert section == spaced
    assert section in {anchor(heading) for heading in re.findall(r"^## (.*)$", RUNBOOK, re.MULTILINE)}
    assert rule["annotations"]["summary"]
    assert rule["labels"]["severity"] in {"page", "ticket"}


def test_a_target_that_is_down_pages_with_its_name() -> None:
    (rule,) = [rule for rule in RULES if rule["alert"] == "ProcessDown"]

    assert rule["expr"] == 'up{job="akako"} == 0'
    assert rule["labels"]["severity"] == "page"
    assert "$labels.process" in rule["annotations"]["summary"]


def test_a_receiver_that_has_stored_nothing_counts_as_zero() -> None:
    (rule,) = [rule for rule in RULES if rule["alert"] == "SignaturesInvalid"]

    # In PromQL, an empty operand of `and` is not zero: the alert would never fire.
    assert "(sum(increase(akako_deliveries_stored_total[15m])) or vector(0)) == 0" in rule["expr"]


def test_every_section_of_the_runbook_belongs_to_an_alert_and_has_a_remedy() -> None:
    sections = re.split(r"^## ", RUNBOOK, flags=re.MULTILINE)[1:]
    alerts = {rule["annotations"]["runbook_url"].partition("#")[2] for rule in RULES}

    assert {anchor(section.split("\n", 1)[0]) for section in sections} == alerts
    assert [section for section in sections if "**Means**" not in section or "**do**" not in section.lower()] == []


def test_the_scrape_targets_are_the_services_of_compose() -> None:
    scraped: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    targets = [target for each in scraped["scrape_configs"][0]["static_configs"] for target in each["targets"]]

    assert targets == [f"{name}:9100" for name in services if "METRICS_PORT" in services[name].get("environment", {})]
    assert scraped["rule_files"] == [Path("alerts.yml").name]
