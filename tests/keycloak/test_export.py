"""Exports in every layout are read to the last user, and what is incomplete is refused with the next step."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keycloak import export
from keycloak.export import Export, open_export
from keycloak.refusal import (
    ExportRefused,
    Malformed,
    Masked,
    MasterRealm,
    MissingFile,
    NotAnExport,
    OnlyServiceAccounts,
    PartialExport,
    ReadableByOthers,
    RealmUnknown,
    SeveralRealms,
    TooFewPersons,
    Truncated,
)
from tests.keycloak import exports
from tests.keycloak.exports import HELD, PERSONS, SERVICE_ACCOUNT

DEFAULT = {"default-roles-akademie", "offline_access"}
OLD = {
    "id": "akademie",
    "realm": "akademie",
    "keycloakVersion": "3.4.3.Final",
    "defaultRoles": ["pupil"],
    "roles": {
        "realm": [exports.role("pupil"), {"name": "head", "composites": {"application": {"lms": ["manage"]}}}],
        "application": {"lms": [{"name": "manage"}]},
    },
    "groups": [{"name": "House", "realmRoles": ["head"], "subGroups": [{"name": "A/B"}]}],
}


def keys(opened: Export) -> list[str]:
    return [user.key for user in opened.users()]


def in_a_directory(place: Path) -> Path:
    return exports.directory(place)


def in_one_file(place: Path) -> Path:
    return exports.single(place / "export.json")


def in_an_array(place: Path) -> Path:
    master = {"realm": "master", "users": [exports.person(99)]}
    return exports.write(
        place / "export.json", [master, exports.realm(users=[SERVICE_ACCOUNT, *PERSONS]), {"realm": "master"}]
    )


def with_users_twice(place: Path) -> Path:
    rest = json.dumps(exports.realm())[1:]
    path = exports.write(place / "export.json", None)
    path.write_text(
        f'{{"users": {json.dumps([SERVICE_ACCOUNT, *PERSONS[:2]])}, "users": {json.dumps(PERSONS[2:])}, {rest}'
    )
    return path


LAYOUTS = [in_a_directory, in_one_file, in_an_array, with_users_twice]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_user_of_every_layout_is_read_in_order(layout: Callable[[Path], Path], tmp_path: Path) -> None:
    opened = open_export(layout(tmp_path))
    assert keys(opened) == [each["id"] for each in (SERVICE_ACCOUNT, *PERSONS)]
    assert (opened.realm.name, opened.realm.version) == ("akademie", "26.4.7")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_roles_follow_from_groups_their_parents_and_roles_within_roles(
    layout: Callable[[Path], Path], tmp_path: Path
) -> None:
    opened = open_export(layout(tmp_path))
    held = [set(map(str, opened.realm.graph.effective(user.roles, user.groups))) for user in opened.users()]
    assert [roles - DEFAULT for roles in held[1:]] == [roles for _, roles in HELD.values()]


def test_every_byte_is_reported(tmp_path: Path) -> None:
    read: list[int] = []
    opened = open_export(exports.directory(tmp_path))
    list(opened.users(read.append))
    assert sum(read) == opened.files.size


def test_the_default_role_of_a_renamed_realm_is_found_by_its_name(tmp_path: Path) -> None:
    opened = open_export(exports.single(tmp_path / "export.json", name="academy"))
    assert str(opened.realm.graph.default) == "default-roles-akademie"


def test_the_path_of_a_role_names_each_step(tmp_path: Path) -> None:
    opened = open_export(exports.directory(tmp_path))
    head = next(user for user in opened.users() if user.key == HELD["a role with others within"][0]["id"])
    paths = {str(role): path for role, path in opened.realm.graph.effective(head.roles, head.groups).items()}
    assert paths["head"] == "direct"
    assert paths["pupil"] == "role head > role coach"
    assert paths["offline_access"] == "default > role default-roles-akademie"


def test_an_export_of_an_old_version_is_read(tmp_path: Path) -> None:
    credentials = [exports.CREDENTIALS["sha256-27500-64-old-format"]]
    person = exports.person(2, None, credentials=credentials, groups=["/House/A~/B"], realmRoles=["pupil"])
    opened = open_export(exports.directory(tmp_path, [person], OLD))
    user = list(opened.users())[-1]
    held = opened.realm.graph.effective(user.roles, user.groups)
    assert set(map(str, held)) == {"pupil", "head", "lms:manage"}
    assert (user.credentials, opened.realm.old_default_roles) == (tuple(credentials), ("pupil",))


def test_users_of_other_systems_are_read_from_files_of_their_own(tmp_path: Path) -> None:
    place = exports.directory(tmp_path)
    federated = {"realm": "akademie", "federatedUsers": [{"id": "f:ldap:jo", "realmRoles": ["pupil"]}]}
    exports.write(place / "akademie-federated-users-0.json", federated)
    user = list(open_export(place).users())[-1]
    assert (user.id, user.federated) == ("f:ldap:jo", True)


def test_shapes_that_differ_from_the_documentation_are_read(tmp_path: Path) -> None:
    odd = {
        "username": "odd",
        "attributes": {"plain": "not a list", "list": ["a", 1]},
        "createdTimestamp": "1600000000000",
        "applicationRoles": {"lms": ["pupil"]},
        "realmRoles": None,
        "groups": [None],
        "credentials": ["text"],
        "email": 7,
    }
    user = list(open_export(exports.single(tmp_path / "export.json", [odd])).users())[-1]
    assert (user.key, user.id, user.email, user.enabled) == ("username:odd", None, None, True)
    assert (dict(user.attributes), user.credentials) == ({"plain": ("not a list",), "list": ("a",)}, ())
    assert user.created_at is not None
    assert user.created_at.year == 2020
    assert set(map(str, user.roles)) == {"lms:pupil"}


@pytest.mark.parametrize("time", [0, -1, 1e12, True, "soon", None, 10**18, "²"])
def test_a_time_of_registration_that_is_none_is_unknown(time: object, tmp_path: Path) -> None:
    person = exports.person(2, createdTimestamp=time)
    assert list(open_export(exports.single(tmp_path / "export.json", [person])).users())[-1].created_at is None


def test_credentials_are_not_in_the_representation_of_a_user(tmp_path: Path) -> None:
    users = list(open_export(exports.directory(tmp_path)).users())
    assert not any("secretData" in repr(user) for user in users)


def partial(place: Path) -> Path:
    return exports.write(place / "realm-export.json", exports.realm(clients=[]))


def only_settings(place: Path) -> Path:
    return exports.directory(place) / "akademie-realm.json"


def a_gap(place: Path) -> Path:
    (exports.directory(place) / "akademie-users-1.json").unlink()
    return place


def masked(place: Path) -> Path:
    return exports.single(place / "export.json", clients=[{"clientId": "lms", "secret": "**********"}])


def readable(place: Path) -> Path:
    exports.directory(place)
    (place / "akademie-users-1.json").chmod(0o640)
    return place


def master(place: Path) -> Path:
    return exports.single(place / "export.json", name="master")


def several(place: Path) -> Path:
    return exports.write(place / "export.json", [exports.realm(users=PERSONS), exports.realm("other", users=PERSONS)])


def cut_off(place: Path) -> Path:
    path = in_one_file(place)
    os.truncate(path, path.stat().st_size - 9)
    return path


def not_json(place: Path) -> Path:
    path = exports.write(place / "export.json", None)
    path.write_text('{"realm": hello}')
    return path


def something_else(place: Path) -> Path:
    return exports.write(place / "package.json", {"name": "a package", "version": "1"})


@pytest.mark.parametrize(
    ("make", "refusal", "said"),
    [
        (partial, PartialExport, "kc.sh export"),
        (only_settings, PartialExport, "give the directory"),
        (a_gap, MissingFile, "akademie-users-1.json"),
        (masked, Masked, "kc.sh export"),
        (readable, ReadableByOthers, "chmod"),
        (master, MasterRealm, "another realm"),
        (several, SeveralRealms, "akademie, other"),
        (cut_off, Truncated, "Export again"),
        (not_json, Malformed, "Byte 10"),
        (something_else, NotAnExport, "kc.sh export"),
        (lambda place: place, NotAnExport, "-realm.json"),
        (lambda place: place / "missing", NotAnExport, "does not exist"),
    ],
)
def test_an_unusable_export_is_refused_with_the_next_step(
    make: Callable[[Path], Path], refusal: type[ExportRefused], said: str, tmp_path: Path
) -> None:
    with pytest.raises(refusal, match=said):
        open_export(make(tmp_path))


def test_one_of_several_realms_is_chosen_by_its_name(tmp_path: Path) -> None:
    opened = open_export(several(tmp_path), "other")
    assert (opened.number, opened.others, len(keys(opened))) == (1, ("akademie",), len(PERSONS))
    with pytest.raises(RealmUnknown, match="akademie, other"):
        open_export(several(tmp_path), "third")
    with pytest.raises(MasterRealm):
        open_export(several(tmp_path), "master")


def test_each_realm_of_a_directory_has_its_own_files(tmp_path: Path) -> None:
    exports.directory(tmp_path)
    exports.directory(tmp_path, PERSONS[:1], exports.realm("akademie-users-1"))
    exports.directory(tmp_path, PERSONS[:2], exports.realm("master"))
    with pytest.raises(SeveralRealms):
        open_export(tmp_path)
    assert len(keys(open_export(tmp_path, "akademie"))) == 1 + len(PERSONS)
    assert len(keys(open_export(tmp_path, "akademie-users-1"))) == 2
    with pytest.raises(RealmUnknown):
        open_export(tmp_path, "third")


@pytest.mark.parametrize(
    ("persons", "users", "expected", "refusal"),
    [(0, 1, None, OnlyServiceAccounts), (0, 0, None, PartialExport), (9, 9, 10, TooFewPersons)],
)
def test_fewer_persons_than_expected_are_refused(
    persons: int, users: int, expected: int | None, refusal: type[ExportRefused]
) -> None:
    with pytest.raises(refusal):
        export.require(persons, users, expected)
    export.require(10, 11, 10)


def test_elements_that_are_no_users_are_refused(tmp_path: Path) -> None:
    broken: list[Any] = ["text"]
    with pytest.raises(NotAnExport):
        keys(open_export(exports.single(tmp_path / "export.json", broken)))
