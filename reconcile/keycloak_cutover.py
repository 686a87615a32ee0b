"""Judges whether Keycloak can stop being the authority for a realm. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from db.keycloak_imports import State
from reconcile.keycloak_parity import Difference

UNFINISHED = (State.PLANNED, State.CREATING, State.UNDOING, State.UNDONE)
"""States of users of the plan with which the import is not finished.

Users that exist at Clerk without the planned roles, and refused ones, are differences that a person can accept."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What stands in the way of ending the move, and what does not."""

    states: Mapping[State, int]
    """Users of the plan."""
    newer: Mapping[str, int]
    """How many users the export says something else about than the plan, by kind."""
    unexplained: Mapping[str, int]
    """Differences between export, Clerk and our tables that nothing explains, by kind."""
    accepted: Mapping[str, int]
    """Those of the kinds that a person accepts."""

    @property
    def obstacles(self) -> list[str]:
        """Why the move cannot end yet, each with what to do; empty if it can."""
        found = []
        unfinished: dict[str, int] = {state: self.states[state] for state in UNFINISHED if self.states.get(state)}
        if unfinished:
            found.append(
                f"Users are not imported: {_listed(unfinished)}. Run `akako keycloak import`, and"
                " `akako keycloak undo` of plans whose undoing is not finished."
            )
        if self.newer:
            found.append(
                f"The export differs from the plan: {_listed(self.newer)}. Plan this export, with the same --events,"
                " and import the plan."
            )
        if self.unexplained:
            found.append(
                f"Differences are not explained: {_listed(self.unexplained)}. `akako keycloak parity` names the users."
                " Correct them, or accept a kind with --accept."
            )
        return found


def judge(
    states: Mapping[State, int],
    newer: Mapping[str, int],
    differences: Iterable[Difference],
    accepted: Collection[str],
) -> Readiness:
    """What stands in the way, if differences of the kinds `accepted` do not."""
    counts = Counter(each.kind for each in differences if not each.explained)
    return Readiness(
        states,
        newer,
        {kind: number for kind, number in sorted(counts.items()) if kind not in accepted},
        {kind: number for kind, number in sorted(counts.items()) if kind in accepted},
    )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {kind}" for kind, number in counts.items())
