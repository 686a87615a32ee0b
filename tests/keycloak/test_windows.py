"""Windows follow from events where they say which role, and claim no past otherwise."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako_guard.role import Role
from keycloak import history, mapping, user
from keycloak.history import History, RoleEvent, Source
from keycloak.refusal import ExportRefused, Malformed, NotAnExport, ReadableByOthers, Truncated
from keycloak.roles import KeycloakRole
from keycloak.user import User
from keycloak.windows import Evidence, Window, WindowPlanner
from tests.keycloak import exports
from tests.keycloak.maps import MAP, changed

EXPORTED = datetime(2026, 11, 1, tzinfo=UTC)
REGISTERED = datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)
COACH, HEAD, PUPIL = KeycloakRole("coach"), KeycloakRole("head"), KeycloakRole("pupil")
COACHES = "/House/Coaches"
WITH_GROUP = MAP + f'[groups]\n"{COACHES}" = "ADMIN"\n'
DIRECT = changed(('"effective"', '"direct"'))


def held(*roles: str, groups: Sequence[str] = ()) -> User:
    """A user with these roles and groups."""
    return user.parse(
        exports.person(1, realmRoles=list(roles), groups=list(groups), createdTimestamp=exports.REGISTERED)
    )


def year(number: int) -> datetime:
    return datetime(number, 1, 1, tzinfo=UTC)


def event(number: int, given: bool, source: Source) -> RoleEvent:
    return RoleEvent(year(number), given, source, "admin-1")


def planned(who: User, *events: RoleEvent, text: str = MAP) -> list[Window]:
    return WindowPlanner(exports.parsed_realm().graph, mapping.parse(text), EXPORTED).plan(who, events)


def spans(windows: Sequence[Window], role: Role) -> list[tuple[datetime, datetime | None, Evidence]]:
    return [(each.start, each.end, each.evidence) for each in windows if each.role is role]


def test_without_events_a_learner_holds_it_since_the_registration_and_others_since_the_export() -> None:
    windows = planned(held("head"))
    assert spans(windows, Role.LEARNER) == [(REGISTERED, None, Evidence.REGISTRATION)]
    assert spans(windows, Role.MENTOR) == [(EXPORTED, None, Evidence.EXPORT)]
    assert spans(windows, Role.ADMIN) == [(EXPORTED, None, Evidence.EXPORT)]


@pytest.mark.parametrize("time", [0, exports.REGISTERED * 2, None])
def test_a_registration_that_is_unknown_or_after_the_export_proves_nothing(time: int | None) -> None:
    who = user.parse(exports.person(1, realmRoles=["pupil"], createdTimestamp=time))
    assert spans(planned(who), Role.LEARNER) == [(EXPORTED, None, Evidence.EXPORT)]


def test_every_window_names_its_path() -> None:
    windows = planned(held("head", groups=[COACHES]))
    assert {window.role: window.path for window in windows} == {
        Role.ADMIN: "role head",
        Role.MENTOR: f"group {COACHES} > role coach",
        Role.LEARNER: "group /House > role pupil",
    }


def test_events_with_details_give_windows_of_the_past() -> None:
    events = [event(2021, True, HEAD), event(2022, False, HEAD), event(2023, True, HEAD)]
    windows = planned(held("head"), *events)
    proven = [
        (year(2021), year(2022), Evidence.ADMIN_EVENT),
        (year(2023), None, Evidence.ADMIN_EVENT),
    ]
    assert spans(windows, Role.ADMIN) == proven
    assert spans(windows, Role.MENTOR) == proven
    assert {window.by for window in windows} == {"admin-1"}


def test_a_role_that_was_taken_away_has_only_a_past() -> None:
    windows = planned(held(), event(2021, True, COACH), event(2022, False, COACH))
    assert spans(windows, Role.MENTOR) == [(year(2021), year(2022), Evidence.ADMIN_EVENT)]


@pytest.mark.parametrize(
    "events",
    [
        [event(2021, False, HEAD)],
        [event(2021, True, HEAD), event(2022, False, HEAD), event(2027, True, HEAD)],
        [event(2021, True, COACH)],
    ],
    ids=["only taken", "given after the export", "another role"],
)
def test_events_that_do_not_prove_the_present_leave_it_to_the_export(events: list[RoleEvent]) -> None:
    assert spans(planned(held("head"), *events), Role.ADMIN)[-1] == (EXPORTED, None, Evidence.EXPORT)


def test_an_event_of_a_role_that_is_not_held_any_more_and_was_never_taken_proves_no_window() -> None:
    assert planned(held(), event(2021, True, HEAD)) == []


def test_the_past_of_an_admin_needs_an_event_that_names_what_the_map_names() -> None:
    member = held(groups=[COACHES])
    events = [event(2021, True, COACHES)]
    assert spans(planned(member, *events), Role.MENTOR) == [(year(2021), None, Evidence.ADMIN_EVENT)]
    as_admin = changed(('coach = "MENTOR"', 'coach = "ADMIN"'))
    assert spans(planned(member, *events, text=as_admin), Role.ADMIN) == [(EXPORTED, None, Evidence.EXPORT)]
    named = planned(member, *events, text=WITH_GROUP)
    assert spans(named, Role.ADMIN) == [(year(2021), None, Evidence.ADMIN_EVENT)]


def test_a_group_gives_what_the_map_says_to_members_of_groups_within_it_too() -> None:
    text = MAP + '[groups]\n"/House" = "ADMIN"\n'
    assert spans(planned(held(groups=[COACHES]), text=text), Role.ADMIN) == [(EXPORTED, None, Evidence.EXPORT)]
    only_direct = DIRECT + '[groups]\n"/House" = "ADMIN"\n'
    assert planned(held(groups=[COACHES]), text=only_direct) == []


def test_only_direct_roles_count_if_the_map_says_so() -> None:
    assert [window.role for window in planned(held("head"), text=DIRECT)] == [Role.ADMIN]
    assert planned(held(groups=["/House"]), text=DIRECT) == []


def test_the_default_role_is_held_by_every_user() -> None:
    text = changed(('"default-roles-akademie" = "ignore"', '"default-roles-akademie" = "LEARNER"'))
    assert spans(planned(held("coach"), text=text), Role.LEARNER) == [(REGISTERED, None, Evidence.REGISTRATION)]


EVENTS = st.builds(
    event, st.integers(2019, 2028), st.booleans(), st.sampled_from([COACH, HEAD, PUPIL, COACHES, "/House"])
)


@given(
    events=st.lists(EVENTS, max_size=8).map(lambda found: sorted(found, key=lambda each: each.at)),
    roles=st.lists(st.sampled_from(["head", "coach", "pupil"]), unique=True),
    groups=st.lists(st.sampled_from([COACHES, "/House"]), unique=True),
    text=st.sampled_from([MAP, DIRECT, WITH_GROUP]),
)
def test_windows_never_overlap_and_agree_with_the_export(
    events: list[RoleEvent], roles: list[str], groups: list[str], text: str
) -> None:
    who = held(*roles, groups=groups)
    windows = planned(who, *events, text=text)
    for one, other in pairwise(windows):
        assert one.role is not other.role or (one.end is not None and one.end <= other.start)
    now = {window.role for window in windows if window.end is None}
    assert now == {window.role for window in planned(who, text=text)}
    assert all(window.start <= EXPORTED and (window.end or EXPORTED) <= EXPORTED for window in windows)
    admin_named = {HEAD, COACHES} if text is WITH_GROUP else {HEAD}
    given = {each.at for each in events if each.given and each.source in admin_named}
    assert all(window.start in given | {EXPORTED} for window in windows if window.role is Role.ADMIN)


def raw(time: int, kind: str, path: str, details: object, given: bool = True, **more: Any) -> dict[str, Any]:
    """An admin event as Keycloak writes it."""
    representation = {} if details is None else {"representation": json.dumps(details)}
    return {
        "time": int(year(time).timestamp() * 1_000),
        "realmId": "akademie",
        "authDetails": {"userId": "admin-1"},
        "operationType": "CREATE" if given else "DELETE",
        "resourceType": kind,
        "resourcePath": path,
        **representation,
        **more,
    }


RAW = [
    raw(2021, "REALM_ROLE_MAPPING", "users/u1/role-mappings/realm", [{"name": "head"}, {"name": "coach"}]),
    raw(2023, "CLIENT_ROLE_MAPPING", "users/u1/role-mappings/clients/x-lms", [{"name": "pupil"}]),
    raw(2022, "GROUP_MEMBERSHIP", "users/u1/groups/g-/House", {"path": "/its-earlier-name"}, given=False),
    raw(2019, "GROUP_MEMBERSHIP", "users/u1/groups/deleted", {"path": "/Garden"}),
    raw(2020, "GROUP_MEMBERSHIP", "users/u1/groups/g-/House", None),
    raw(2024, "REALM_ROLE_MAPPING", "users/u1/role-mappings/realm", None),
    raw(2024, "CLIENT_ROLE_MAPPING", "users/u1/role-mappings/clients/gone", [{"name": "pupil"}]),
    raw(2024, "REALM_ROLE_MAPPING", "groups/g-/House/role-mappings/realm", [{"name": "pupil"}]),
    raw(2024, "REALM_ROLE_MAPPING", "users/u1/role-mappings/realm", [{"name": "head"}], realmId="other"),
    raw(2024, "REALM_ROLE_MAPPING", "users/u1/role-mappings/realm", None, representation="{"),
    {"operationType": "UPDATE", "resourceType": "USER", "resourcePath": "users/u1"},
]
SAID = [
    event(2019, True, "/Garden"),
    event(2020, True, "/House"),
    event(2021, True, HEAD),
    event(2021, True, COACH),
    event(2022, False, "/House"),
    event(2023, True, KeycloakRole("pupil", "lms")),
]


def events_in(path: Path) -> History:
    return history.read(path, exports.parsed_realm())


@pytest.mark.parametrize("layout", ["lines", "array"])
def test_events_that_say_which_role_are_read(layout: str, tmp_path: Path) -> None:
    path = exports.write(tmp_path / "events.json", RAW)
    if layout == "lines":
        path.write_text("".join(json.dumps(each) + "\n" for each in RAW))
    found = events_in(path)
    assert found.of("u1") == SAID
    assert (found.read, found.without_details, found.of("u2"), found.of(None)) == (len(RAW), 3, [], [])


@pytest.mark.parametrize(("text", "refusal"), [("[1]", NotAnExport), ("{", Truncated), ('{"a": }', Malformed)])
def test_what_is_no_event_is_refused(text: str, refusal: type[ExportRefused], tmp_path: Path) -> None:
    path = exports.write(tmp_path / "events.json", None)
    path.write_text(text)
    with pytest.raises(refusal):
        events_in(path)


def test_events_that_others_can_read_are_refused(tmp_path: Path) -> None:
    path = exports.write(tmp_path / "events.json", RAW)
    path.chmod(0o644)
    with pytest.raises(ReadableByOthers):
        events_in(path)


def test_a_window_without_duration_is_left_out() -> None:
    same = [event(2021, True, COACH), event(2021, False, COACH)]
    assert planned(held(), *same) == []
