"""Every conformance scenario against this project: real servers and processes, and a look into the tables."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.conformance.catalogue import EVERY
from dev.conformance.judgement import Verdict
from dev.conformance.run import run
from dev.conformance.scenario import Scenario
from dev.conformance.sending import Client
from dev.embedded.servers import Servers
from tests.conformance.incidents import OUTAGES, SIGNED_IN, Incident, World
from tests.conformance.world import akako


@pytest.fixture(scope="module")
def world(servers: Servers) -> Iterator[World]:
    """This project on a database of its own, shared by all scenarios."""
    with tempfile.TemporaryDirectory(prefix="akako-tests-") as directory, akako(servers, Path(directory)) as built:
        yield built


@pytest.mark.parametrize("scenario", EVERY, ids=lambda each: each.name)
def test_this_project_passes(scenario: Scenario, world: World) -> None:
    result = run(scenario, world.sender, Client(world.subject.url), world.tables)
    assert result.verdict is Verdict.PASSED, result


@pytest.mark.parametrize("incident", SIGNED_IN, ids=lambda each: each.name)
def test_this_project_passes_with_session_tokens(incident: Incident, world: World) -> None:
    result = incident.result(world)
    assert result.verdict is Verdict.PASSED, result


@pytest.mark.recovery
@pytest.mark.parametrize("incident", OUTAGES, ids=lambda each: each.name)
def test_this_project_loses_nothing_in_an_outage(incident: Incident) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="akako-tests-") as directory,
        Servers(Path(directory) / "servers") as own,
        akako(own, Path(directory)) as built,
    ):
        result = incident.result(built)
    assert result.verdict is Verdict.PASSED, result
