"""The metrics of a receiver before its first request."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.processes

EXPOSED = "import webhooks.metrics; from prometheus_client import generate_latest; print(generate_latest().decode())"


def test_counters_start_at_zero() -> None:
    lines = subprocess.run(
        [sys.executable, "-c", EXPOSED], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert {
        'akako_deliveries_stored_total{outcome="accepted"} 0.0',
        'akako_deliveries_stored_total{outcome="duplicate"} 0.0',
        'akako_deliveries_refused_total{reason="signature_wrong"} 0.0',
        'akako_deliveries_refused_total{reason="too_many_connections"} 0.0',
        'akako_deliveries_not_stored_total{reason="database_unavailable"} 0.0',
        'akako_deliveries_not_stored_total{reason="row_refused"} 0.0',
    } <= set(lines)
