"""`python -m tests.conformance`: runs every scenario against this project and the alternatives, and writes the results.

`--only NAME` runs one receiver and writes nothing; it may be repeated.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from dev.conformance import catalogue
from dev.conformance.judgement import Result, Verdict
from dev.conformance.run import run
from dev.conformance.scenario import new_user_id
from dev.conformance.sending import Client
from dev.conformance.users import created, user
from dev.embedded.postgres import QUICK
from dev.embedded.servers import Servers
from tests.conformance import results, tokens, verifiers, versions
from tests.conformance.alternatives import ALTERNATIVES
from tests.conformance.incidents import NEEDS_SIGN_IN, OUTAGES, SIGNED_IN, World
from tests.conformance.results import Outcome, Results
from tests.conformance.subject import Description
from tests.conformance.world import AKAKO, akako

SYMBOLS = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.SKIPPED: "–"}
INCIDENTS = (*SIGNED_IN, *OUTAGES)
RECEIVERS = (AKAKO, *(each.description for each in ALTERNATIVES))


def main() -> None:
    """Run everything and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=[each.name for each in RECEIVERS])
    only = parser.parse_args().only
    used = versions.versions()
    outcomes: dict[str, Mapping[str, Outcome]] = {}
    accepted: dict[str, Mapping[str, bool]] = {}
    with tempfile.TemporaryDirectory(prefix="akako-conformance-") as directory:
        for receiver in RECEIVERS:
            if not only or receiver.name in only:
                place = Path(directory) / receiver.name
                outcomes[receiver.name], found = _one(receiver, place)
                accepted |= found
    if not only:
        results.write(_results(used, outcomes, accepted))
        print(f"Written to {results.PATH}. Continue with: python -m tests.conformance.page")


def _one(receiver: Description, place: Path) -> tuple[Mapping[str, Outcome], Mapping[str, Mapping[str, bool]]]:
    """The outcomes of one receiver, and what its pages and, once, the libraries accept."""
    print(f"\n{receiver.title}")
    with Servers(place, postgres_options=QUICK) as servers, _running(receiver, servers, place) as world:
        accepted = _tokens(receiver, world)
        found = {}
        for result in _results_of(receiver, world):
            print(f"{SYMBOLS[result.verdict]} {result.name:26} {result.seen}  {result.problem}", flush=True)
            found[result.name] = Outcome(result.verdict, result.seen, result.problem)
    passed, applicable = results.passed(list(found.values()))
    print(f"{passed} of {applicable}")
    return found, accepted


def _running(receiver: Description, servers: Servers, place: Path) -> AbstractContextManager[World]:
    if receiver is AKAKO:
        return akako(servers, place)
    (alternative,) = (each for each in ALTERNATIVES if each.description is receiver)
    return alternative.running(servers, place)


def _results_of(receiver: Description, world: World) -> Iterator[Result]:
    for scenario in catalogue.EVERY:
        if reason := receiver.skips.get(scenario.name):
            yield Result(scenario.name, scenario.sentence, Verdict.SKIPPED, "", "", reason)
        else:
            yield run(scenario, world.sender, Client(world.subject.url), world.tables)
    for incident in INCIDENTS:
        if incident.name in NEEDS_SIGN_IN and not world.subject.pages:
            yield Result(incident.name, incident.sentence, Verdict.SKIPPED, "", "", "It verifies no session tokens.")
        else:
            yield incident.result(world)


def _tokens(receiver: Description, world: World) -> Mapping[str, Mapping[str, bool]]:
    """What the receiver's pages accept; with this project's instance, what the libraries accept, too."""
    data = user(new_user_id())
    world.send(created(world.sender, data))
    made = tokens.tokens(world.instance, data["id"])
    found = {name: verifiers.pages(url, made) for name, url in world.subject.pages.items()}
    if receiver is AKAKO:
        found |= verifiers.libraries(world.instance, world.clerk_api.url, made)
    return found


def _results(
    used: Mapping[str, str], outcomes: Mapping[str, Mapping[str, Outcome]], accepted: Mapping[str, Mapping[str, bool]]
) -> Results:
    return Results(
        measured=datetime.now(UTC).strftime("%Y-%m-%d"),
        versions=used,
        scenarios={each.name: each.sentence for each in (*catalogue.EVERY, *INCIDENTS)},
        receivers={each.name: each.title for each in RECEIVERS},
        outcomes=outcomes,
        tokens=tokens.names(),
        verifiers=accepted,
    )


if __name__ == "__main__":
    main()
