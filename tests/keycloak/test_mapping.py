"""A map decides about everything, or says what is missing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako_guard.role import Role
from keycloak import inspection, map_template, mapping
from keycloak.export import Export, open_export
from keycloak.inspection import Inspection
from keycloak.mapping import RoleMap, Treatment
from keycloak.person import Category
from keycloak.refusal import MapRefused
from keycloak.roles import KeycloakRole
from tests.keycloak import exports
from tests.keycloak.exports import PERSONS
from tests.keycloak.maps import MAP, changed

UNUSUAL = [exports.person(20, enabled=False), exports.person(21, emailVerified=False), exports.person(22, None)]


@pytest.fixture
def opened(tmp_path: Path) -> Export:
    return open_export(exports.directory(tmp_path, [*PERSONS, *UNUSUAL]))


@pytest.fixture
def found(opened: Export) -> Inspection:
    return inspection.inspect(opened)


def refusal(text: str, opened: Export, found: Inspection) -> str:
    with pytest.raises(MapRefused) as refused:
        mapping.check(mapping.parse(text), opened.realm, found)
    return str(refused.value)


def test_a_map_of_everything_is_accepted(opened: Export, found: Inspection) -> None:
    roles = mapping.parse(MAP)
    mapping.check(roles, opened.realm, found)
    assert roles.target(KeycloakRole("coach")) is Role.MENTOR
    assert roles.target(KeycloakRole("pupil", "lms")) is Role.LEARNER
    assert roles.target(KeycloakRole("manage", "lms")) is None
    assert roles.treatments[Category.DISABLED] is Treatment.BAN


def test_every_role_without_a_decision_is_named_with_its_persons(opened: Export, found: Inspection) -> None:
    text = changed(('coach = "MENTOR"', ""), ('manage = "ignore"', 'manage = "choose"'))
    said = refusal(text, opened, found)
    assert '[roles.realm] does not say what "coach" becomes, which 2 persons hold' in said
    assert '[roles.client."lms"] does not say what "manage" becomes' in said
    assert said.count("does not say") == 2


def test_only_direct_roles_need_a_decision_if_only_those_count(opened: Export, found: Inspection) -> None:
    text = changed(('"effective"', '"direct"'), ('coach = "MENTOR"', ""), ('offline_access = "ignore"', ""))
    mapping.check(mapping.parse(text), opened.realm, found)


@pytest.mark.parametrize("category", ["disabled", "unverified", "without_password"])
def test_every_kind_of_users_without_a_decision_is_named(category: str, opened: Export, found: Inspection) -> None:
    text = "\n".join(line for line in MAP.splitlines() if not line.startswith(category))
    assert f"[users] does not say what to do with {category} (1)" in refusal(text, opened, found)


def test_kinds_of_users_that_the_export_does_not_have_need_no_decision(opened: Export, found: Inspection) -> None:
    mapping.check(mapping.parse(changed(('federated = "skip"', ""))), opened.realm, found)


def test_names_that_the_realm_does_not_have_are_mistakes(opened: Export, found: Inspection) -> None:
    text = changed(("coach =", "caoch =")) + '[groups]\n"/Garden" = "MENTOR"\n'
    said = refusal(text, opened, found)
    assert 'the realm has no role "caoch"' in said
    assert 'the realm has no group "/Garden"' in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("count = ", "not valid TOML"),
        (changed(('"MENTOR"', '"TEACHER"')), "roles.realm.coach"),
        (changed(('"ban"', '"import"')), "users.disabled"),
        (changed(('count = "effective"', "")), "count: Field required"),
        (MAP + 'colour = "red"', "users.colour"),
        (changed(('"effective"', "1")), "count"),
    ],
)
def test_a_mistake_is_named_by_its_place(text: str, said: str) -> None:
    with pytest.raises(MapRefused, match=said):
        mapping.parse(text)


def test_a_new_map_is_read_and_names_everything_that_is_to_be_chosen(opened: Export, found: Inspection) -> None:
    text = map_template.template(opened.realm, found)
    assert '"coach" = "choose"  # 2 persons, 0 of them directly' in text
    said = refusal(text, opened, found)
    chosen = {"pupil", "coach", "head", "ring-a", "ring-b", "manage"}
    assert [name for name in chosen if f'"{name}" becomes' not in said] == []
    assert said.count("does not say") == len(chosen) + 1 + 3


def test_a_new_map_that_was_filled_in_is_accepted(opened: Export, found: Inspection) -> None:
    roles, users = map_template.template(opened.realm, found).split("[users]")
    text = roles.replace('"choose"', '"LEARNER"') + "[users]" + users.replace('"choose"', '"skip"')
    mapping.check(mapping.parse(text), opened.realm, found)


@given(
    names=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=5, unique=True)
)
def test_a_new_map_of_any_names_is_valid(names: list[str]) -> None:
    found, realm = Inspection(), exports.parsed_realm()
    for name in names:
        found.roles[KeycloakRole(name)] = inspection.RoleUse(1, 1)
        found.roles[KeycloakRole(name, name)] = inspection.RoleUse(1, 1)
        found.groups[name] = 1
    roles: RoleMap = mapping.parse(map_template.template(realm, found))
    assert set(roles.roles) == set(found.roles)
