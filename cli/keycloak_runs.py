"""`akako keycloak runs` and `show`: the stored plans of moves from Keycloak."""

import click
from pydantic import RootModel

from cli import keycloak_report, output, paging
from cli.connection import transaction
from cli.times import formatted
from db import keycloak_plans
from db.keycloak_plans import Run
from keycloak.fate import Fate


@click.command(epilog="\b\nExamples:\n  akako keycloak runs\n  akako keycloak runs --limit 1 --json")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Maximum number.")
@click.option("--before", type=int, help="Continue before this id (`next` of the previous page).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def runs(limit: int, before: int | None, as_json: bool) -> None:
    """List the stored plans, newest first.

    JSON is `{"items": [...], "next": ...}`, with the map of each plan; pass `next` to --before.
    """
    with transaction() as connection:
        page, more = paging.first(keycloak_plans.page(connection, limit + 1, before), limit)
    last = page[-1].id if more else None
    if as_json:
        output.page_as_json((RootModel[Run](run) for run in page), last)
    else:
        output.table(
            "Plans",
            ("Id", "Realm", "Exported (UTC)", "Planned (UTC)", "By", "Stage (UTC)", "Export"),
            (
                (
                    str(run.id),
                    run.realm,
                    formatted(run.exported_at),
                    formatted(run.planned_at),
                    run.planned_by,
                    keycloak_report.stage(run),
                    run.path,
                )
                for run in page
            ),
        )
    if more:
        paging.next_page(before=last)


@click.command(
    epilog="""\b
    Examples:
      akako keycloak show 3 --fate refused
      akako keycloak show 3 --reason duplicate_email --limit 1000 --json
    """
)
@click.argument("run_id", type=click.IntRange(1, 2**63 - 1), metavar="RUN")
@click.option("--user", help="Only the user with this id in Keycloak.")
@click.option("--fate", type=click.Choice(list(map(str, Fate))), help="Only users with this fate.")
@click.option("--reason", help="Only users with this reason, such as duplicate_email.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Maximum number.")
@click.option("--after", help="Continue after this user (`next` of the previous page).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(
    run_id: int,
    user: str | None,
    fate: str | None,
    reason: str | None,
    limit: int,
    after: str | None,
    as_json: bool,
) -> None:
    """Show the plan RUN: its numbers, and the fate, reasons and roles of its users.

    JSON is `{"run": ..., "items": [...], "next": ...}`; pass `next` to --after. It is null on the last page.
    """
    with transaction() as connection:
        run = keycloak_plans.get(connection, run_id)
        if run is None:
            raise click.ClickException(f"There is no plan {run_id}. `akako keycloak runs` lists the plans.")
        found = keycloak_plans.users(connection, run_id, limit + 1, after=after, user=user, fate=fate, reason=reason)
        page, more = paging.first(found, limit)
        last = page[-1].keycloak_id if more else None
        if as_json:
            items = map(keycloak_report.PlannedUser, page)
            output.page_as_json(items, last, run=keycloak_report.run_as_json(run))
        else:
            keycloak_report.summary(connection, run)
            keycloak_report.users("Users", page)
    if more:
        paging.next_page(after=last)
