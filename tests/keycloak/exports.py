"""Invented exports of Keycloak: the realm `akademie` of a school, in every layout that Keycloak writes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keycloak.realm import Realm
from keycloak.realm import parse as parse_realm

ANSWERS: dict[str, list[dict[str, Any]]] = json.loads(Path(__file__).with_name("known_answers.json").read_text())
"""Passwords and authenticator apps with known answers, computed by other implementations."""
CREDENTIALS = {each["name"]: each["credential"] for kind in ("passwords", "refused") for each in ANSWERS[kind]}
REGISTERED = 1_600_000_000_000
DAY = 86_400_000

Data = dict[str, Any]


def role(name: str, *composites: str, **client: Sequence[str]) -> Data:
    """A role; composites are roles of the realm, keywords the roles of clients."""
    within = {key: value for key, value in (("realm", list(composites)), ("client", client)) if value}
    return {"id": f"r-{name}", "name": name, "composite": bool(within), **({"composites": within} if within else {})}


def group(path: str, *inner: Data, roles: Sequence[str] = (), **clients: Sequence[str]) -> Data:
    """A group by its path."""
    return {
        "id": f"g-{path}",
        "name": path.rpartition("/")[2],
        "path": path,
        "realmRoles": list(roles),
        "clientRoles": clients,
        "subGroups": list(inner),
    }


def realm(name: str = "akademie", **more: Any) -> Data:
    """Settings: roles that contain others, two of them each other; groups within groups; a client with roles."""
    return {
        "id": "akademie",
        "realm": name,
        "keycloakVersion": "26.4.7",
        "adminEventsDetailsEnabled": True,
        "roles": {
            "realm": [
                role("default-roles-akademie", "offline_access"),
                role("offline_access"),
                role("pupil"),
                role("coach", "pupil"),
                role("head", "coach", lms=["manage"]),
                role("ring-a", "ring-b"),
                role("ring-b", "ring-a", "pupil"),
            ],
            "client": {"lms": [role("manage"), role("pupil")]},
        },
        "defaultRole": {"name": "default-roles-akademie"},
        "groups": [
            group(
                "/House",
                group("/House/Coaches", roles=["coach"]),
                {**group("/House/A~/B", lms=["manage"]), "name": "A/B"},
                roles=["pupil"],
            )
        ],
        "clients": [{"id": "x-lms", "clientId": "lms", "secret": "a-secret-of-the-client"}],
        "smtpServer": {"password": "a-secret-of-the-mail-server"},
        **more,
    }


def person(number: int, password: str | None = "argon2id-default", **more: Any) -> Data:
    """A person with an e-mail address and a password by the name of its known answer."""
    return {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "username": f"person-{number}",
        "email": f"person-{number}@school.org",
        "emailVerified": True,
        "enabled": True,
        "createdTimestamp": REGISTERED + number * DAY,
        "credentials": [CREDENTIALS[password]] if password else [],
        "requiredActions": [],
        "realmRoles": ["default-roles-akademie"],
        "groups": [],
        **more,
    }


SERVICE_ACCOUNT = person(
    1,
    None,
    username="service-account-lms",
    email=None,
    serviceAccountClientId="lms",
    realmRoles=["default-roles-akademie", "head"],
)
HELD: dict[str, tuple[Data, set[str]]] = {
    "a group": (person(2, groups=["/House"]), {"pupil"}),
    "a group within a group": (person(3, groups=["/House/Coaches"]), {"pupil", "coach"}),
    "a role with others within": (person(4, realmRoles=["head"]), {"head", "coach", "pupil", "lms:manage"}),
    "a role of a client": (person(5, clientRoles={"lms": ["pupil"]}), {"lms:pupil"}),
    "roles that contain each other": (person(6, realmRoles=["ring-a"]), {"ring-a", "ring-b", "pupil"}),
    "a slash in a name": (person(7, groups=["/House/A~/B"]), {"pupil", "lms:manage"}),
    "an unknown group": (person(8, groups=["/Garden"]), set()),
}
"""Persons with the roles that they hold beside the default role and what is within it."""
PERSONS = [data for data, _ in HELD.values()]


def write(path: Path, data: Any, **layout: Any) -> Path:
    """Write JSON that only its owner can read."""
    path.write_text(json.dumps(data, **layout))
    path.chmod(0o600)
    return path


def directory(place: Path, persons: Sequence[Data] = PERSONS, settings: Data | None = None, per_file: int = 3) -> Path:
    """A directory as `kc.sh export --dir` writes it: the service account in the realm's file, persons in others."""
    settings = settings or realm()
    name = settings["realm"]
    write(place / f"{name}-realm.json", {"users": [SERVICE_ACCOUNT], **settings}, indent=2)
    for number, start in enumerate(range(0, len(persons), per_file)):
        part = {"realm": name, "users": persons[start : start + per_file]}
        write(place / f"{name}-users-{number}.json", part, indent=2)
    return place


def single(path: Path, persons: Sequence[Data] = PERSONS, **settings: Any) -> Path:
    """A single file with everything."""
    return write(path, realm(users=[SERVICE_ACCOUNT, *persons], **settings), indent=2)


def parsed_realm() -> Realm:
    """The settings, parsed."""
    return parse_realm(realm())
