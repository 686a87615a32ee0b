"""`akako claims`: turns the push of roles into session tokens on and off, and shows and repeats it."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click
from sqlalchemy import Connection

from cli import output
from cli.claims_check import check
from cli.connection import author, author_options, transaction
from cli.text_options import CLERK_ID
from config.settings import NewUserSettings, load
from db import audit, claims_switch, claims_vitals, clerk_instance
from db import claims as pushes
from db.claims_switch import Switch
from db.claims_vitals import ClaimsVitals, Progress
from dev.terminal import escape

WARNING = (
    "The roles of all users are written to `public_metadata` at Clerk, from where they reach session tokens, which"
    " browsers can read. Turn claims on?"
)
PARKED_STEP = "akako claims push --parked, when the cause is gone"


@click.group()
def claims() -> None:
    """Push the roles held now to Clerk, which puts them into session tokens.

    \b
      akako claims on --reason "Menus need the roles."
      akako claims status
      akako claims check --user user_2abc

    The process `clerk` pushes; see docs/how-to/put-roles-into-tokens.md.
    """


@claims.command(epilog='Example: akako claims on --reason "Menus need the roles."')
@author_options
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def on(by: str | None, reason: str, yes: bool) -> None:
    """Turn claims on for the pinned instance and this database, and push the roles of all users.

    Run it again after this database was moved or restored: a copy of a database does not push until then.
    """
    default_role = load(NewUserSettings).default_role
    if not yes:
        click.confirm(WARNING, abort=True)
    with transaction() as connection:
        pinned = clerk_instance.read(connection)
        if pinned is None:
            raise click.ClickException("No instance is pinned. Run `akako instance pin` with CLERK_SECRET_KEY set.")
        audit.set_author(connection, author(by, reason))
        claims_switch.turn_on(connection, pinned.instance_id, default_role)
    click.echo(f"Claims are on for {pinned.instance_id}. `akako claims status` shows how far the first push is.")


@claims.command(epilog='Example: akako claims off --reason "The tokens grew too large."')
@author_options
def off(by: str | None, reason: str) -> None:
    """Turn claims off: nothing is pushed any more. Clerk keeps the roles that it has, and they become outdated.

    So remove the claim from the session token at Clerk as well.
    """
    with transaction() as connection:
        audit.set_author(connection, author(by, reason))
        was_on = claims_switch.turn_off(connection)
    click.echo("Claims are off." if was_on else "Claims were off already.")
    if was_on:
        click.echo("Clerk keeps the roles that were pushed: remove them from the session token at Clerk too.")


@claims.command(
    epilog="""\b
    Examples:
      akako claims push --user user_2abc --user user_2def
      akako claims push --parked        those that were set aside
      akako claims push --all           every user, the most important first
    """
)
@click.option("--user", "clerk_ids", multiple=True, type=CLERK_ID, help="Clerk id of a user; can be repeated.")
@click.option("--parked", is_flag=True, help="All users that are parked.")
@click.option("--all", "everything", is_flag=True, help="All users, also those that are parked.")
def push(clerk_ids: tuple[str, ...], parked: bool, everything: bool) -> None:
    """Compare the roles of users with what Clerk has, and push them where that differs.

    Users that are parked, and that this selects, are pushed again; a marker of another installation is replaced.

    The process `clerk` does so within seconds; `akako claims status` shows how many are due. Exit code 1 if claims are
    off, or if a user is not known.
    """
    if [bool(clerk_ids), parked, everything].count(True) != 1:
        raise click.UsageError("Give either users (--user), or --parked, or --all.")
    with transaction() as connection:
        _require_on(connection)
        marked = pushes.mark(connection, set(clerk_ids)) if clerk_ids else pushes.mark_parked(connection)
        if everything:
            claims_switch.push_all_again(connection)
    click.echo("All users are compared again." if everything else f"{marked:,} users are due.")
    if clerk_ids and marked < len(set(clerk_ids)):
        raise click.ClickException(
            f"{len(set(clerk_ids)) - marked} users are not known, or the first push has not reached them yet."
            " Check the ids with `akako users show USER`."
        )


def _require_on(connection: Connection) -> Switch:
    switch = claims_switch.read(connection)
    if switch is None or not switch.is_on:
        raise click.ClickException("Claims are off. Turn them on with `akako claims on`.")
    return switch


@claims.command(
    epilog="""\b
    Examples:
      akako claims status
      akako claims status --json
    """
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """Show whether claims are on, how far the first push is, and which users are due or parked.

    Exit code 1 if nothing is pushed although claims are on, or if a user is parked.
    """
    with transaction() as connection:
        switch = claims_switch.read(connection)
        seen, progress = claims_vitals.read(connection), claims_vitals.progress(connection)
    if as_json:
        found: dict[str, Any] = {**asdict(seen), **asdict(progress)}
        if switch:
            found |= {
                "instance_id": switch.instance_id,
                "installation": switch.installation,
                "reached_at": switch.reached_at,
            }
        click.echo(escape(json.dumps(found, indent=2)))
    else:
        output.table("Claims", ("", "", "What to do next"), _rows(switch, seen, progress))
    sys.exit(1 if seen.stopped_because or any(seen.parked.values()) else 0)


def _rows(switch: Switch | None, seen: ClaimsVitals, progress: Progress) -> Iterator[tuple[str, str, str]]:
    if switch is None or not seen.is_on:
        yield "claims", "off", "akako claims on"
        return
    if seen.stopped_because:
        yield "claims", f"stopped: {seen.stopped_because}", "docs/how-to/runbook.md#claims-are-stopped"
    else:
        yield "claims", "on", ""
    yield "instance", switch.instance_id, ""
    yield "database", switch.reached_at or "not reached by the process `clerk` yet", ""
    yield "marker of this installation", switch.installation, ""
    yield "users pushed at least once", f"{progress.pushed:,} of {progress.users:,}{_left(seen, progress)}", ""
    yield "pushed in the last minute", f"{progress.last_minute:,}", ""
    more = " or more" if seen.due >= claims_vitals.MOST_COUNTED else ""
    yield "due", f"{seen.due:,}{more}", ""
    yield "longest due", f"{seen.oldest_due_seconds:.0f} s" if seen.due else "none is due", ""
    yield "failed, tried again", f"{seen.failing:,}", "log lines `claims.not_pushed`" if seen.failing else ""
    for reason, count in seen.parked.items():
        yield f"parked: {reason.replace('_', ' ')}", f"{count:,}", PARKED_STEP if count else ""


def _left(seen: ClaimsVitals, progress: Progress) -> str:
    """The time that the first push takes at the rate of the last minute."""
    left = progress.users - progress.pushed
    if not left or (seen.is_seeded and not seen.due) or not progress.last_minute:
        return ""
    hours, minutes = divmod(left // progress.last_minute + 1, 60)
    return f", {hours} h {minutes} min left" if hours else f", {minutes} min left"


claims.add_command(check)
