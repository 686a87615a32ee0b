"""`akako clerk faults`: lists, sets and clears the faults of the development Clerk."""

import click

from cli.clerk_connection import ask, options, print_json, table
from dev.clerk.faults import KINDS


@click.group()
def faults() -> None:
    """List, set and clear faults of the development Clerk."""


@faults.command("list", epilog="\b\nExamples:\n  akako clerk faults list")
@options
def list_(as_json: bool) -> None:
    """List the faults that are set, and the kinds that there are."""
    found = ask("GET", "/faults")
    if as_json:
        print_json(found)
        return
    table(
        "Faults that are set",
        ("Id", "Fault", "Times", "Path", "Seconds"),
        (
            (
                each["id"],
                each["kind"],
                "until cleared" if each["times"] is None else str(each["times"]),
                each["path"],
                None if each["seconds"] is None else f"{each['seconds']:g}",
            )
            for each in found["faults"]
        ),
    )
    table("Kinds", ("Fault", "What happens"), found["kinds"].items())


@faults.command(
    "set",
    epilog="""\b
    Examples:
      akako clerk faults set rate-limited --seconds 3 --times 5
      akako clerk faults set server-error --status 503 --path /v1/users --times 0
      akako clerk faults set drop-delivery
    """,
)
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.option("--times", type=click.IntRange(0), default=1, show_default=True, help="How often; 0: until cleared.")
@click.option("--path", default="", help="Only requests whose path begins with this.")
@click.option("--seconds", type=click.FloatRange(0), help="Of Retry-After, of silence, or of a delay.")
@click.option("--status", type=click.IntRange(400, 599), default=500, show_default=True, help="Of server-error.")
@click.option("--code", default="internal_clerk_error", show_default=True, help="Error code of server-error.")
@options
def set_(kind: str, times: int, path: str, seconds: float | None, status: int, code: str, as_json: bool) -> None:
    """Set a fault. `akako clerk faults list` shows what each kind does."""
    wanted = {"kind": kind, "times": times, "path": path, "seconds": seconds, "status": status, "code": code}
    fault = ask("POST", "/faults", wanted)
    if as_json:
        print_json(fault)
    else:
        click.echo(f"{fault['id']}: {KINDS[kind]}")


@faults.command(epilog="\b\nExamples:\n  akako clerk faults clear\n  akako clerk faults clear fault_2abc")
@click.argument("fault_id", required=False)
@options
def clear(fault_id: str | None, as_json: bool) -> None:
    """Clear one fault, or all."""
    cleared = ask("DELETE", f"/faults/{fault_id}" if fault_id else "/faults")
    if as_json:
        print_json(cleared)
    else:
        click.echo(f"Cleared {cleared['cleared']}.")
