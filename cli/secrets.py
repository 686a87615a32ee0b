"""`akako secrets`: shows which signing secrets verify deliveries, and which can be removed."""

import json

import click

from clerk.signature import fingerprint
from cli import output
from cli.connection import transaction
from cli.rotation import Advice, advise
from cli.times import formatted
from config.formats import split_secrets
from config.settings import SigningSettings, load
from db import clock
from db import secrets as verified
from db.secrets import Use


@click.command(
    epilog="""\b
    Examples:
      akako secrets
      akako secrets --days 30
      akako secrets --json
    """
)
@click.option("--days", type=click.IntRange(1, 365), default=7, show_default=True, help="Number of days to count.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def secrets(days: int, as_json: bool) -> None:
    """Show when each signing secret last verified a delivery.

    Shows whether each can be removed safely.

    Secrets are identified by their fingerprints and never shown. Run the command with the receiver's value of
    CLERK_WEBHOOK_SIGNING_SECRET, which defines the configured secrets.
    """
    given = load(SigningSettings).clerk_webhook_signing_secret
    configured = [fingerprint(secret) for secret in split_secrets(given)]
    with transaction() as connection:
        uses = {use.fingerprint: use for use in verified.uses(connection, days)}
        now = clock.now(connection)
    advice = [(name, uses.get(name), advise(name, configured, uses, now)) for name in _names(configured, uses)]
    if as_json:
        click.echo(json.dumps([_as_dict(*each) for each in advice], indent=2))
        return
    output.table(
        "Signing secrets",
        ("Fingerprint", "First verified", "Last verified", f"In {days} days", "What to do"),
        ((name, *_figures(use), each.sentence) for name, use, each in advice),
    )


def _names(configured: list[str], uses: dict[str, Use]) -> list[str]:
    return [*configured, *(name for name in uses if name not in configured)]


def _figures(use: Use | None) -> tuple[str, str, str]:
    if use is None:
        return "never", "never", "0"
    return formatted(use.first_at), formatted(use.last_at), f"{use.lately:,}"


def _as_dict(name: str, use: Use | None, advice: Advice) -> dict[str, object]:
    return {
        "fingerprint": name,
        "first_verified_at": use.first_at.isoformat() if use else None,
        "last_verified_at": use.last_at.isoformat() if use else None,
        "deliveries": use.lately if use else 0,
        "configured": advice.configured,
        "safe_to_remove": advice.safe_to_remove,
        "advice": advice.sentence,
    }
