"""`akako keycloak inspect`: shows what an export of Keycloak, or its database, contains."""

import json
from pathlib import Path
from typing import Any

import click

from cli import output
from cli.keycloak_source import inspected, opened, refusals, source_options
from cli.times import formatted
from keycloak import export, map_template
from keycloak.inspection import Inspection, repeated_counts
from keycloak.realm_source import RealmSource


@click.command(
    epilog="""\b
    Examples:
      akako keycloak inspect export/
      akako keycloak inspect export/ --expect 12000 --write-map map.toml
      akako keycloak inspect realm.json --realm school --json
      akako keycloak inspect --database --realm school
    """
)
@source_options
@click.option("--write-map", type=click.Path(path_type=Path), help="Write a map to fill in; an existing file is kept.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def inspect(
    path: Path | None,
    from_database: bool,
    realm_name: str | None,
    expect: int | None,
    write_map: Path | None,
    as_json: bool,
) -> None:
    """Show what the export in PATH contains: users, passwords, roles, and what is unusual.

    PATH is a file or a directory that `kc.sh export` wrote; without --database, no network and no database is used.
    With --database, Keycloak's database is read in one read-only transaction. Prints no names, addresses and secrets.

    Exit code 1 if the export is incomplete; the reason is shown after the counts.
    """
    with refusals(), opened(path, realm_name, from_database=from_database) as source:
        found = inspected(source)
        if as_json:
            click.echo(json.dumps(_document(source, found), indent=2))
        else:
            _print(source, found)
        export.require(found.persons, found.users, expect)
        if write_map:
            _write(write_map, map_template.template(source.realm, found))


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.ClickException(f"{path} exists and is kept. Give another name, or remove it.") from None
    click.echo(f'Wrote {path}. Replace each "choose", then run `akako keycloak plan` with `--map {path}`.', err=True)


def _document(source: RealmSource, found: Inspection) -> dict[str, Any]:
    return {
        "realm": source.realm.name,
        "keycloak_version": source.realm.version,
        "other_realms": source.others,
        "source": source.name,
        "written_at": source.written_at.isoformat(),
        "admin_events_have_details": source.realm.records_details,
        "default_role": str(source.realm.graph.default) if source.realm.graph.default else None,
        "users": found.users,
        "persons": found.persons,
        "categories": dict(sorted(found.categories.items())),
        "passwords": dict(found.algorithms.most_common()),
        "authenticator_apps": found.apps,
        "not_transferable": dict(found.problems.most_common()),
        "roles": [
            {"role": role.name, "client": role.client, "direct": use.direct, "effective": use.effective}
            for role, use in sorted(found.roles.items(), key=lambda each: -each[1].effective)
        ],
        "groups": dict(found.groups.most_common()),
        "identity_providers": dict(found.identity_providers.most_common()),
        "required_actions": dict(found.required_actions.most_common()),
        "repeated": repeated_counts(found),
        "oddities": {
            name: {"users": oddity.count, "examples": oddity.examples} for name, oddity in found.oddities.items()
        },
    }


def _print(source: RealmSource, found: Inspection) -> None:
    rows = [
        ("Name", source.realm.name),
        ("Keycloak", source.realm.version or "unknown version"),
        ("Other realms", ", ".join(source.others)),
        ("Source", source.name),
        ("Written (UTC)", formatted(source.written_at)),
        ("Users", f"{found.users:,}; persons: {found.persons:,}"),
        *((f"- {name}", f"{number:,}") for name, number in sorted(found.categories.items())),
        ("Authenticator apps that can be transferred", f"{found.apps:,}"),
        *((f"{each} that occur more than once", f"{number:,}") for each, number in repeated_counts(found).items()),
        ("Admin events with details", "yes" if source.realm.records_details else "no"),
    ]
    output.table("Realm", ("", ""), [row for row in rows if row[1]])
    _counts("Passwords", "Algorithm", found.algorithms.most_common())
    _counts("Cannot be transferred", "Reason", found.problems.most_common())
    output.table(
        "Roles of persons",
        ("Role", "Direct", "Effective"),
        (
            (str(role), f"{use.direct:,}", f"{use.effective:,}")
            for role, use in sorted(found.roles.items(), key=lambda each: -each[1].effective)
        ),
    )
    _counts("Groups", "Group", found.groups.most_common())
    _counts("Identity providers", "Provider", found.identity_providers.most_common())
    _counts("Required actions, which Clerk does not have", "Action", found.required_actions.most_common())
    if found.oddities:
        output.table(
            "Unusual",
            ("What", "Users", "For example"),
            ((name, f"{each.count:,}", ", ".join(each.examples)) for name, each in found.oddities.items()),
        )


def _counts(title: str, what: str, counts: list[tuple[str, int]]) -> None:
    if counts:
        output.table(title, (what, "Users"), ((name, f"{number:,}") for name, number in counts))
