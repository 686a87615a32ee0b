"""What stands in the way of ending a move from Keycloak."""

import pytest

from db.keycloak_imports import State
from reconcile import keycloak_cutover
from reconcile.keycloak_parity import Difference

pytestmark = pytest.mark.clerk

DONE = {State.APPLIED: 7, State.REFUSED: 1}
REFUSED = Difference("kc-eve", "not_imported", "refused")


@pytest.mark.parametrize("state", list(State))
def test_every_user_is_imported_or_refused(state: State) -> None:
    obstacles = keycloak_cutover.judge({State.APPLIED: 7, state: 2}, {}, [], ()).obstacles
    if state in (State.APPLIED, State.CREATED, State.REFUSED):  # the others are differences, which can be accepted
        assert obstacles == []
    else:
        assert [each.partition(".")[0] for each in obstacles] == [f"Users are not imported: 2 {state}"]


def test_differences_need_an_explanation_or_a_person_who_accepts_their_kind() -> None:
    explained = Difference("kc-ada", "name", explained=True)
    assert keycloak_cutover.judge(DONE, {}, [explained], ()).obstacles == []
    [obstacle] = keycloak_cutover.judge(DONE, {}, [REFUSED, explained], ("name",)).obstacles
    assert "1 not_imported" in obstacle
    accepted = keycloak_cutover.judge(DONE, {}, [REFUSED], ("not_imported",))
    assert (accepted.obstacles, accepted.accepted) == ([], {"not_imported": 1})


def test_an_export_that_differs_is_an_obstacle_that_is_not_accepted() -> None:
    [obstacle] = keycloak_cutover.judge(DONE, {"roles": 2}, [], ("roles",)).obstacles
    assert "differs from the plan: 2 roles" in obstacle
