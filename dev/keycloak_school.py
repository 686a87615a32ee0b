"""An invented school in Keycloak: its export, its admin events, its map, and what is expected of every person."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from akako_guard.role import Role
from keycloak import samples

REALM = "school"
REGISTERED = datetime(2023, 9, 1, 8, tzinfo=UTC)
HIRED = datetime(2024, 2, 1, 9, tzinfo=UTC)
LEFT = datetime(2025, 7, 31, 16, tzinfo=UTC)
APP = {"type": "otp", "secretData": '{"value":"a-key-of-an-app-1234"}', "credentialData": json.dumps(
    {"subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1"})}  # fmt: skip
UNKNOWN_PASSWORD = {
    "type": "password",
    "secretData": '{"value":"AAAA","salt":"AAAA"}',
    "credentialData": '{"hashIterations":1,"algorithm":"scrypt-of-an-extension"}',
}
MAP = """\
count = "effective"

[roles.realm]
"default-roles-school" = "ignore"
pupil = "LEARNER"
coach = "MENTOR"
head = "ADMIN"

[users]
disabled = "ban"
unverified = "reserve"
federated = "skip"
social_only = "import"
without_password = "import"
"""


@dataclass(frozen=True, slots=True)
class Window:
    """An expected role; None as start: since the export."""

    role: Role
    start: datetime | None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the realm, and what is expected."""

    name: str
    fate: str = "planned"
    reason: str | None = None
    """One of the reasons that the plan names."""
    windows: tuple[Window, ...] = ()
    password: str | None = field(default=None, repr=False)
    """Works at Clerk after the move."""
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Beside the usual in the export."""

    @property
    def id(self) -> str:
        """Keycloak's id."""
        return f"kc-{self.name.lower()}"

    def exported(self) -> dict[str, Any]:
        """The user as an export has it."""
        return {
            "id": self.id,
            "username": f"{self.name.lower()}-school",
            "email": f"{self.name.lower()}@school.example.org",
            "emailVerified": True,
            "enabled": True,
            "firstName": self.name,
            "createdTimestamp": milliseconds(REGISTERED),
            "realmRoles": ["default-roles-school"],
            "groups": [],
            **self.data,
        }


def persons() -> list[Person]:
    """Everyone, with new passwords."""
    return [*_staff(), *_pupils(), *_difficult()]


def _staff() -> Iterator[Person]:
    argon2 = next(each for each in samples.make() if each.name.startswith("argon2id"))
    learner = Window(Role.LEARNER, REGISTERED)
    data = {"realmRoles": ["head"], "credentials": [argon2.credential, APP]}
    roles = (Window(Role.ADMIN, HIRED), learner, Window(Role.MENTOR, HIRED))
    yield Person("Ada", windows=roles, password=argon2.password, data=data)
    data = {"groups": ["/Staff/Coaches"]}
    yield Person("Ben", reason="no_password", windows=(learner, Window(Role.MENTOR, None)), data=data)
    yield Person("Cleo", reason="no_password", windows=(learner, Window(Role.MENTOR, HIRED, LEFT)))


def _pupils() -> Iterator[Person]:
    """One for each algorithm and key length that Clerk verifies."""
    learner = (Window(Role.LEARNER, REGISTERED),)
    for number, sample in enumerate(samples.make(), 1):
        data = {"credentials": [sample.credential]}
        yield Person(f"Pupil{number}", windows=learner, password=sample.password, data=data)


def _difficult() -> Iterator[Person]:
    learner = (Window(Role.LEARNER, REGISTERED),)
    yield Person("Dora", reason="banned", windows=learner, data={"enabled": False})
    yield Person("Emil", reason="email_reserved", windows=learner, data={"emailVerified": False})
    yield Person("Finn", reason="password_algorithm", windows=learner, data={"credentials": [UNKNOWN_PASSWORD]})
    yield Person("Gus", reason="email_unusable", windows=learner, data={"email": "gus@localhost"})
    data: dict[str, Any] = {"federatedIdentities": [{"identityProvider": "google"}]}
    yield Person("Hana", reason="social_only", windows=learner, data=data)
    yield Person("Ida", "skipped", "federated", data={"federationLink": "ldap"})
    yield Person("Jon", "refused", "duplicate_email", data={"email": "family@school.example.org"})
    yield Person("Kim", "refused", "duplicate_email", data={"email": "family@school.example.org"})
    data = {"serviceAccountClientId": "lms", "email": None}
    yield Person("Robot", "skipped", "service_account", data=data)


def write(place: Path, everyone: list[Person]) -> None:
    """Write `export/`, `admin-events.json` and `map.toml`, which only this user can read."""
    export = place / "export"
    export.mkdir(mode=0o700)
    users = [each.exported() for each in everyone]
    _write(export / f"{REALM}-realm.json", _realm())
    _write(export / f"{REALM}-users-0.json", {"realm": REALM, "users": users})
    _write(place / "admin-events.json", _events())
    (place / "map.toml").write_text(MAP, "utf-8")


def milliseconds(moment: datetime) -> int:
    """The time as Keycloak writes it."""
    return int(moment.timestamp()) * 1_000


def _realm() -> dict[str, Any]:
    def role(name: str, *inner: str) -> dict[str, Any]:
        return {"name": name, "composites": {"realm": inner}}

    coaches = {"id": "g-2", "name": "Coaches", "path": "/Staff/Coaches", "realmRoles": ["coach"]}
    return {
        "id": REALM,
        "realm": REALM,
        "keycloakVersion": "26.4.7",
        "adminEventsDetailsEnabled": True,
        "defaultRole": {"name": "default-roles-school"},
        "roles": {
            "realm": [role("default-roles-school", "pupil"), role("pupil"), role("coach"), role("head", "coach")]
        },
        "groups": [{"id": "g-1", "name": "Staff", "path": "/Staff", "subGroups": [coaches]}],
    }


def _events() -> list[dict[str, Any]]:
    return [
        _event("CREATE", "kc-ada", "head", HIRED),
        _event("CREATE", "kc-cleo", "coach", HIRED),
        _event("DELETE", "kc-cleo", "coach", LEFT),
    ]


def _event(operation: str, user: str, role: str, at: datetime) -> dict[str, Any]:
    return {
        "time": milliseconds(at),
        "realmId": REALM,
        "operationType": operation,
        "resourceType": "REALM_ROLE_MAPPING",
        "resourcePath": f"users/{user}/role-mappings/realm",
        "representation": json.dumps([{"name": role}]),
        "authDetails": {"userId": "kc-secretary"},
    }


def _write(path: Path, data: object) -> None:
    path.touch(0o600)
    path.write_text(json.dumps(data, indent=2), "utf-8")
