"""Plans that are stored as `akako keycloak plan` does, and imports that have begun."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from akako_guard.role import Role
from db import keycloak_decisions, keycloak_imports, keycloak_plans
from db.audit import Author
from db.keycloak_plans import Run
from keycloak.fate import Decision, Fate
from keycloak.plan import PlannedUser
from keycloak.windows import Evidence, Window
from tests.ledger import as_owner, values

EXPORTED = datetime(2024, 6, 1, tzinfo=UTC)
REGISTERED = datetime(2020, 9, 1, tzinfo=UTC)
LEFT = datetime(2022, 7, 1, tzinfo=UTC)
LEARNER = Window(Role.LEARNER, REGISTERED, None, "role pupil", Evidence.REGISTRATION)
MENTOR = Window(Role.MENTOR, REGISTERED, LEFT, "group /House > role coach", Evidence.ADMIN_EVENT, "kc-head")


def planned(keycloak_id: str, *windows: Window, fate: Fate = Fate.PLANNED) -> PlannedUser:
    """A user of a plan, without a password."""
    return PlannedUser(
        keycloak_id=keycloak_id,
        decision=Decision(fate, ()),
        hasher=None,
        password_set_at=None,
        has_app=False,
        app_set_at=None,
        windows=windows,
    )


def plan(engine: Engine, *users: PlannedUser, begun: bool = True, realm: str = "akademie") -> Run:
    """Store a plan, and begin its import."""
    with as_owner(engine) as connection:
        run = keycloak_plans.start(
            connection,
            realm=realm,
            keycloak_version="26.4.7",
            exported_at=EXPORTED,
            planned_by="operator:tests",
            path="/export",
            map_text="",
            previous=keycloak_plans.latest(connection, realm),
        )
        keycloak_plans.add(connection, run, users)
    if begun:
        with as_owner(engine) as connection:
            keycloak_imports.begin(connection, run, "operator:tests")
    return run


def creating(engine: Engine, run: Run, *keycloak_ids: str) -> None:
    """Record that users are about to be created."""
    with engine.begin() as connection:
        for keycloak_id in keycloak_ids:
            assert keycloak_imports.creating(connection, run, keycloak_id)


def marker(engine: Engine, run: Run) -> str:
    """What the users of a run have at Clerk."""
    [found] = values(engine, "select marker from keycloak_runs where id = %s", run.id)
    return str(found)


def undo(engine: Engine, run: Run) -> None:
    """Record that a run is about to be undone."""
    with as_owner(engine) as connection:
        assert keycloak_decisions.begin_undo(connection, run, Author(actor="operator:tests", reason="For a test."))
