"""An inspection counts what there is, in memory that does not grow with the users."""

from pathlib import Path
from typing import Any

import pytest

from keycloak import inspection
from keycloak.export import open_export
from keycloak.inspection import Inspection
from keycloak.refusal import Masked
from keycloak.repeats import Repeats, hashed
from tests.keycloak import exports
from tests.keycloak.exports import HELD, PERSONS, person


def inspected(place: Path, persons: Any = PERSONS) -> Inspection:
    return inspection.inspect(open_export(exports.single(place / "export.json", persons)))


def test_users_and_passwords_are_counted(tmp_path: Path) -> None:
    found = inspected(tmp_path, [person(2), person(3, "sha1-1-64-no-algorithm"), person(4, "argon2d"), person(5, None)])
    assert (found.users, found.persons) == (5, 4)
    assert found.algorithms == {
        "argon2id, 5 iterations, 32 bytes": 1,
        "pbkdf2, 1 iterations, 64 bytes": 1,
        "argon2d, 5 iterations, 32 bytes": 1,
    }
    assert found.problems == {"password_algorithm": 1, "no_password": 1}
    assert found.categories == {"service_account": 1, "without_password": 2}


@pytest.mark.parametrize("combinations", [0, 1, 10_000])
def test_roles_of_persons_are_counted(combinations: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "COMBINATIONS", combinations)
    found = inspected(tmp_path)
    held = {str(role): use.effective for role, use in found.roles.items()}
    expected = {name: sum(name in roles for _, roles in HELD.values()) for name in held}
    assert {name: held[name] for name in held if "offline" not in name and "default" not in name} == {
        name: number for name, number in expected.items() if number
    }
    assert held["default-roles-akademie"] == len(PERSONS)
    assert {str(role): use.direct for role, use in found.roles.items() if use.direct} == {
        "default-roles-akademie": 5,
        "head": 1,
        "ring-a": 1,
        "lms:pupil": 1,
    }


def test_what_is_unusual_is_named_with_examples_by_id(tmp_path: Path) -> None:
    odd = [
        person(2, createdTimestamp=0, groups=["/Garden"]),
        person(3, createdTimestamp=4_102_444_800_000, realmRoles=["gardener"]),
        person(4, email=None, username="ab"),
        person(5, credentials=[exports.CREDENTIALS["argon2id-default"]] * 2),
        person(6, attributes={"note": ["ä" * 5_000]}),
    ]
    found = inspected(tmp_path, odd)
    assert [(each.count, each.examples) for each in found.oddities.values()] == [
        (1, [odd[0]["id"]]),
        (1, [odd[0]["id"]]),
        (1, [odd[1]["id"]]),
        (1, [odd[1]["id"]]),
        (1, [odd[2]["id"]]),
        (1, [odd[3]["id"]]),
        (1, [odd[4]["id"]]),
    ]


def test_what_several_users_have_is_counted(tmp_path: Path) -> None:
    persons = [person(2), person(2), person(3, email="a@b.org"), person(4, email="A@b.org", username="PERSON-3")]
    assert inspection.repeated_counts(inspected(tmp_path, persons)) == {
        "ids": 1,
        "e-mail addresses": 2,
        "usernames": 2,
    }


def test_a_masked_credential_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Masked):
        inspected(tmp_path, [person(2), person(3, "secretData-not-json")])


def test_repeats_are_found_among_many() -> None:
    repeats = Repeats()
    for number in range(20_000):
        repeats.add(f"text-{number}")
    for number in (7, 7, 19_999):
        repeats.add(f"text-{number}")
    assert repeats.found() == {hashed("text-7"), hashed("text-19999")}
