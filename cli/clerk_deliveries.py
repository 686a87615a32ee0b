"""The deliveries of the development Clerk: list, send again, let time pass, rotate the secret."""

from typing import Any

import click

from cli.clerk_connection import ask, moment, options, print_json, table

DAY = 86_400
MOST = 1_000


@click.command(
    epilog="""\b
    Examples:
      akako clerk deliveries
      akako clerk deliveries --limit 5 --json
    """
)
@click.option("--limit", type=click.IntRange(1, MOST), default=20, show_default=True, help="Maximum number.")
@options
def deliveries(limit: int, as_json: bool) -> None:
    """List deliveries with their attempts, newest first."""
    found = ask("GET", "/deliveries", limit=limit)
    if as_json:
        print_json(found)
        return
    _print(found["deliveries"])
    if found["total"] > limit:
        click.echo(f"{found['total']} deliveries in all. Show more with --limit.", err=True)


@click.command(
    epilog="""\b
    Examples:
      akako clerk redeliver msg_2abc
      akako clerk redeliver --missed
    """
)
@click.argument("svix_id", required=False)
@click.option("--missed", is_flag=True, help="Whatever failed, was dropped, or met a disabled endpoint.")
@options
def redeliver(svix_id: str | None, missed: bool, as_json: bool) -> None:
    """Deliver an event again, with the same id."""
    if (svix_id is None) == (not missed):
        raise click.UsageError("Give either SVIX_ID or --missed.")
    found = ask("POST", f"/deliveries/{svix_id}/redeliver" if svix_id else "/deliveries/recover")
    if as_json:
        print_json(found)
    else:
        click.echo(f"Delivers {svix_id} again." if svix_id else f"Delivers {found['redelivered']} again.")


@click.command(
    epilog="""\b
    Examples:
      akako clerk advance 300        the second retry is due
      akako clerk advance 432000     five days
    """
)
@click.argument("seconds", type=click.FloatRange(0, min_open=True))
@options
def advance(seconds: float, as_json: bool) -> None:
    """Let SECONDS pass at once for the schedule of retries. Signatures keep the real time."""
    found = ask("POST", "/advance", {"seconds": seconds})
    if as_json:
        print_json(found)
    else:
        click.echo(f"The schedule is {found['ahead_seconds']} s ahead; {found['due']} deliveries are due.")


@click.command(
    epilog="""\b
    Examples:
      akako clerk endpoint
      akako clerk endpoint --disable
      akako clerk endpoint --to http://127.0.0.1:9000/webhooks/clerk --speed 60
    """
)
@click.option("--to", metavar="URL", help="The receiver; empty: deliver nothing.")
@click.option("--disable/--enable", "disabled", default=None, help="Stop or continue deliveries.")
@click.option("--speed", type=click.FloatRange(0, min_open=True), help="How much faster than time retries are due.")
@options
def endpoint(to: str | None, disabled: bool | None, speed: float | None, as_json: bool) -> None:
    """Show or change where events are delivered."""
    wanted = {"url": to, "disabled": disabled, "speed": speed}
    found = ask("PATCH", "/endpoint", wanted)
    if as_json:
        print_json(found)
        return
    state = "disabled" if found["disabled"] else "enabled"
    click.echo(f"{found['url'] or 'No endpoint'} ({state}, {found['live_secrets']} signing secrets)")


@click.command(epilog="\b\nExamples:\n  akako clerk rotate --overlap 3600")
@click.option(
    "--overlap",
    type=click.IntRange(0, 7 * DAY),
    default=DAY,
    show_default=True,
    help="Seconds for which the old secret signs too.",
)
@options
def rotate(overlap: int, as_json: bool) -> None:
    """Rotate the signing secret, and print the value for CLERK_WEBHOOK_SIGNING_SECRET."""
    found = ask("POST", "/endpoint/rotate", {"overlap_seconds": overlap})
    if as_json:
        print_json(found)
    else:
        click.echo(",".join(found["secrets"]))


def _print(found: list[dict[str, Any]]) -> None:
    table(
        "Deliveries of the development Clerk",
        ("Created (UTC)", "Event", "User", "Id", "Status", "Due in", "Attempts"),
        (
            (
                moment(each["created_at"]),
                each["type"],
                each["user_id"],
                each["id"],
                each["status"],
                None if each["due_in_seconds"] is None else f"{max(0, each['due_in_seconds']):g} s",
                ", ".join(str(attempt["status"] or attempt["error"]) for attempt in each["attempts"]),
            )
            for each in found
        ),
    )
