"""`akako conformance`: sends deliveries to any Clerk webhook receiver and judges its responses."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from cli import signing_secret
from dev.terminal import escape

if TYPE_CHECKING:
    from dev.conformance.judgement import Result
    from dev.conformance.scenario import Scenario

SYMBOLS = {"passed": "✓", "failed": "✗", "skipped": "–"}
CONTROL = "valid-creation"
ADVICE = (
    "The receiver did not accept a valid delivery, so that the other results mean little: check --url, --secret and "
    "both clocks."
)


@click.command(
    epilog="""\b
    Examples:
      akako conformance --secret whsec_...                  the receiver of `akako up`
      akako conformance --url http://127.0.0.1:3000/api/webhooks --secret whsec_...
      akako conformance --only stale-timestamp --only duplicate
      akako conformance --json > conformance.json
      akako conformance --list

    \b
    Exit codes: 0 every scenario passed, 1 one failed or the receiver cannot be reached, 2 usage error.
    """
)
@click.option("--url", default="http://127.0.0.1:8000/webhooks/clerk", show_default=True, help="URL of the receiver.")
@click.option(
    "--secret",
    envvar="CLERK_WEBHOOK_SIGNING_SECRET",
    show_envvar=True,
    help="Signing secret of the receiver (whsec_...); the first is used if several are given, separated by commas.",
)
@click.option("--only", multiple=True, metavar="NAME", help="Run this scenario; may be repeated. [default: all]")
@click.option("--list", "listing", is_flag=True, help="Print the scenarios.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def conformance(url: str, secret: str | None, only: tuple[str, ...], listing: bool, as_json: bool) -> None:
    """Test how any Clerk webhook receiver handles difficult deliveries.

    It sends forged, repeated, late and malformed deliveries, and users that are hard to store.

    The receiver is judged by its HTTP responses only. It stores more than 30 test users with addresses at example.com:
    use an instance whose database can be discarded, never production.
    """
    scenarios = _chosen(only)
    if listing:
        _print_list(scenarios)
        return
    results = _run(scenarios, url, signing_secret.newest(secret))
    _print_json(url, results) if as_json else _print(results)
    sys.exit(1 if any(each.verdict == "failed" for each in results) else 0)


def _chosen(names: tuple[str, ...]) -> "Sequence[Scenario]":
    from dev.conformance import catalogue

    try:
        return catalogue.chosen(names)
    except KeyError as error:
        raise click.BadParameter(
            f"There is no scenario {error.args[0]!r}. `akako conformance --list` prints them.", param_hint="--only"
        ) from error


def _run(scenarios: "Sequence[Scenario]", url: str, secret: str) -> "list[Result]":
    from cli import progress
    from dev.conformance.run import run
    from dev.conformance.scenario import Sender
    from dev.conformance.sending import Client, Unreachable

    results = []
    client, sender = Client(url), Sender(secret)
    try:
        with progress.bar("Scenarios", len(scenarios)) as advance:
            for scenario in scenarios:
                results.append(run(scenario, sender, client))
                advance(1)
    except Unreachable as error:
        done = f" after {len(results)} scenarios" if results else ""
        raise click.ClickException(
            f"{url} cannot be reached{done} ({error}). Start the receiver, and give the full URL of its endpoint "
            "with --url."
        ) from error
    return results


def _print_list(scenarios: "Sequence[Scenario]") -> None:
    from cli import output

    output.table("Scenarios", ("Name", "What is expected"), [(each.name, each.sentence) for each in scenarios])


def _print(results: "Sequence[Result]") -> None:
    from cli import output

    rows = [(SYMBOLS[each.verdict], each.name, each.expected, each.seen, each.sentence) for each in results]
    output.table("Conformance", ("", "Scenario", "Expected", "Seen", "What is expected"), rows)
    failed = [each for each in results if each.verdict == "failed"]
    for each in failed:
        click.echo(escape(f"✗ {each.name}: {each.problem}"))
    click.echo(f"{len(failed)} of {len(results)} failed." if failed else f"All {len(results)} passed.")
    click.echo("Only the HTTP responses were judged, not what the receiver stored.")
    if any(each.name == CONTROL for each in failed):
        click.echo(ADVICE, err=True)


def _print_json(url: str, results: "Sequence[Result]") -> None:
    failed = sum(each.verdict == "failed" for each in results)
    found = {
        "url": url,
        "ok": not failed,
        "failed": failed,
        "judged_by": "http responses",
        "results": [asdict(each) for each in results],
    }
    click.echo(escape(json.dumps(found, ensure_ascii=False, indent=2)))
