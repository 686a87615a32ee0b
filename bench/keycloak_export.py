"""Measures how fast exports of Keycloak are read, in how much memory: `python -m bench.keycloak_export [USERS]`.

Writes an invented export as one file with indentation, as `kc.sh export --file` does, and reads it in processes of
their own: every value without a look at it (`values`), every user parsed (`users`), and everything that
`akako keycloak inspect` counts (`inspect`).
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import commands
from keycloak import inspection, json_stream
from keycloak.export import open_export

USERS = 1_000_000
CREDENTIAL = {
    "id": "9f1b2c1e-0000-4000-8000-000000000000",
    "type": "password",
    "createdDate": 1_700_000_000_000,
    "secretData": json.dumps(
        {
            "value": "kr5LV/SdMqKsgEb2JCw2DJDoZraCPCdmEjM0ujKSlgU=",
            "salt": "AAECAwQFBgcICQoLDA0ODw==",
            "additionalParameters": {},
        }
    ),
    "credentialData": json.dumps(
        {
            "hashIterations": 5,
            "algorithm": "argon2",
            "additionalParameters": {
                "hashLength": ["32"],
                "memory": ["7168"],
                "type": ["id"],
                "version": ["1.3"],
                "parallelism": ["1"],
            },
        }
    ),
}


def user(number: int) -> dict[str, object]:
    """A user with a password, an attribute and a few roles."""
    return {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "username": f"person-{number}",
        "firstName": "Ada",
        "lastName": f"Person {number}",
        "email": f"person-{number}@school.org",
        "emailVerified": True,
        "createdTimestamp": 1_600_000_000_000 + number,
        "enabled": True,
        "totp": False,
        "attributes": {"locale": ["de"]},
        "credentials": [CREDENTIAL],
        "disableableCredentialTypes": [],
        "requiredActions": [],
        "realmRoles": ["default-roles-school", "pupil"] if number % 7 else ["default-roles-school", "coach"],
        "notBefore": 0,
        "groups": [f"/House/{number % 40}"],
    }


def write(path: Path, users: int) -> None:
    """Write an export with this many users."""
    roles = [{"name": name} for name in ("default-roles-school", "pupil", "coach")]
    groups = [{"name": "House", "path": "/House", "subGroups": [{"name": str(each)} for each in range(40)]}]
    head = {"realm": "school", "keycloakVersion": "26.4.7", "roles": {"realm": roles}, "groups": groups}
    with path.open("w") as file:
        file.write(json.dumps(head, indent=2).removesuffix("\n}") + ',\n  "users" : [ ')
        for number in range(users):
            file.write((", " if number else "") + json.dumps(user(number), indent=2))
        file.write(" ]\n}\n")
    path.chmod(0o600)


def values(path: Path) -> Iterator[object]:
    """Every value of the file."""
    with path.open("rb", buffering=0) as file:
        yield from json_stream.members(file.read, {"users"})


def parsed(path: Path) -> Iterator[object]:
    """Every user, parsed."""
    yield from open_export(path).users()


def counted(path: Path) -> Iterator[object]:
    """What `akako keycloak inspect` does."""
    yield inspection.inspect(open_export(path))


WAYS: dict[str, Callable[[Path], Iterator[object]]] = {"values": values, "users": parsed, "inspect": counted}


def main() -> None:
    """Write an export, and read it in each way in a process of its own."""
    if len(sys.argv) == 3:
        print(sum(1 for _ in WAYS[sys.argv[1]](Path(sys.argv[2]))))
        return
    users = int(sys.argv[1]) if len(sys.argv) > 1 else USERS
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "export.json"
        write(path, users)
        print(f"{users:,} users, {path.stat().st_size / 1e6:,.0f} MB")
        for way in WAYS:
            ended = commands.run([sys.executable, "-m", "bench.keycloak_export", way, str(path)], {})
            print(f"{way}: {ended.seconds:.1f} s, {ended.cpu_seconds:.1f} s of CPU time, {ended.largest_mb:.0f} MB")


if __name__ == "__main__":
    main()
