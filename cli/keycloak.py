"""`akako keycloak`: plans and makes the move of users, passwords and roles from Keycloak to Clerk."""

import click

from cli.keycloak_canary import canary
from cli.keycloak_cutover import cutover
from cli.keycloak_demo import demo
from cli.keycloak_import import import_
from cli.keycloak_inspect import inspect
from cli.keycloak_parity import parity
from cli.keycloak_plan import plan
from cli.keycloak_runs import runs, show
from cli.keycloak_undo import undo


@click.group()
def keycloak() -> None:
    """Inspect an export of Keycloak, plan the move of its users to Clerk, and import them.

    The guide is docs/how-to/migrate-from-keycloak.md.
    """


keycloak.add_command(canary)
keycloak.add_command(cutover)
keycloak.add_command(demo)
keycloak.add_command(import_)
keycloak.add_command(inspect)
keycloak.add_command(parity)
keycloak.add_command(plan)
keycloak.add_command(runs)
keycloak.add_command(show)
keycloak.add_command(undo)
