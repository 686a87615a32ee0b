"""Refuses plans and imports of a realm of which Keycloak is not the authority any more."""

from sqlalchemy import Connection

from db import keycloak_imports, keycloak_plans
from db.keycloak_plans import Run
from sync.refusal import Refused


class RealmCutOver(Refused):
    """Keycloak is not the authority for this realm any more, so nothing is planned, imported or undone."""

    word = "realm_cut_over"


def require(connection: Connection, realm: str) -> None:
    """Raise RealmCutOver if Keycloak stopped being the authority."""
    run = keycloak_plans.cut_over(connection, realm)
    if run is None:
        return
    raise RealmCutOver(
        f"It ended with plan {run.id}, at {run.cut_over_at:%Y-%m-%d %H:%M} UTC, by {run.cut_over_by}. To go back, run"
        f" `akako keycloak cutover {run.id} --back --reason ...`."
    )


class ImportEnded(Exception):
    """The run was undone, or the move ended, while it was imported."""


def require_open(connection: Connection, run: Run) -> None:
    """Raise ImportEnded if the run is undone, or the move has ended."""
    if not keycloak_imports.is_open(connection, run):
        raise ImportEnded
