"""Plans the move of each user of an export: what happens, why, and which windows of roles it gives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from keycloak import person, repeats
from keycloak.fate import Decision, Fate, Judge
from keycloak.history import History
from keycloak.inspection import Inspection
from keycloak.mapping import RoleMap
from keycloak.realm_source import Advance, RealmSource
from keycloak.refusal import MapRefused
from keycloak.windows import Window, WindowPlanner


@dataclass(frozen=True, slots=True)
class PlannedUser:
    """What happens to one user. Has neither a digest nor a secret, a name or an address."""

    keycloak_id: str
    """Keycloak's id; of a user without one, `username:` and the name."""
    decision: Decision
    hasher: str | None
    """With which Clerk verifies the password; None without a password."""
    password_set_at: datetime | None
    has_app: bool
    """Whether the secret of an authenticator app is transferred."""
    app_set_at: datetime | None
    windows: Sequence[Window]
    """None unless the user is imported."""


def users(
    source: RealmSource,
    inspection: Inspection,
    roles: RoleMap,
    history: History,
    exported_at: datetime,
    advance: Advance = lambda _: None,
) -> Iterator[PlannedUser]:
    """Plan every user once, in the order of the export.

    Raises MapRefused at the end if the map keeps users that the export does not have, and ExportRefused.
    """
    planner = WindowPlanner(source.realm.graph, roles, exported_at)
    judge = Judge(roles, inspection.repeated)
    repeated, unseen = set[str](), set(roles.keep)
    for user in source.users(advance):
        key = user.key
        unseen.discard(key)
        if key in repeated:
            continue
        if repeats.hashed(key) in inspection.repeated.ids:
            repeated.add(key)
        found = person.of(user)
        windows = planner.plan(user, history.of(user.id))
        decision = judge.decide(found, bool(windows))
        planned = decision.fate is Fate.PLANNED
        yield PlannedUser(
            keycloak_id=key,
            decision=decision,
            hasher=found.digest.hasher if found.digest and planned else None,
            password_set_at=found.password_set_at,
            has_app=found.totp_secret is not None and planned,
            app_set_at=found.app_set_at if planned else None,
            windows=windows if planned else (),
        )
    if unseen:
        raise MapRefused(f"[users] keeps ids that the export does not have: {', '.join(sorted(unseen))}.")
