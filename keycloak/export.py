"""Opens an export of Keycloak, and reads its users one by one, in memory that does not grow with their number."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from keycloak import files, json_stream, realm, user
from keycloak.files import ExportFiles
from keycloak.json_scanner import Read
from keycloak.realm import Realm
from keycloak.realm_source import Advance
from keycloak.refusal import (
    Masked,
    NotAnExport,
    OnlyServiceAccounts,
    PartialExport,
    TooFewPersons,
)
from keycloak.user import User

USERS, FEDERATED = "users", "federatedUsers"
_STREAMED = frozenset({USERS, FEDERATED})


@dataclass(frozen=True, slots=True)
class Export:
    """The export of one realm, whose settings were read."""

    path: Path
    """The file or directory."""
    files: ExportFiles
    realm: Realm
    number: int
    """Which realm of the file it is, from 0."""
    others: tuple[str, ...]
    """The names of the other realms beside it."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return self.files.size

    @property
    def name(self) -> str:
        """The path of the export."""
        return str(self.path.absolute())

    @property
    def written_at(self) -> datetime:
        """When the newest file was last written: not before the export."""
        return max(datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in self.files.all)

    def users(self, advance: Advance = lambda _: None) -> Iterator[User]:
        """Every user, in the order of the files. Raises ExportRefused if a file is damaged."""
        for path in self.files.all:
            with path.open("rb", buffering=0) as file:
                read = _counting(file.read, advance)
                for member in json_stream.members(read, _STREAMED, _STREAMED.__contains__):
                    if member.realm == self.number or path != self.files.realm:
                        yield _parsed(member.key, member.value)


def open_export(path: Path, realm_name: str | None = None, advance: Advance = lambda _: None) -> Export:
    """Read the settings of the realm in a file or directory. Raises ExportRefused.

    Without a name, the only realm beside `master` is chosen.
    """
    if path.is_dir():
        names = files.realms(path)
        if not names:
            raise NotAnExport(f"{path} has no file that ends in -realm.json.")
        chosen = realm.choose(names, realm_name)
        found = files.of_realm(path, chosen)
        settings = _settings(found.realm, advance)
        number = 0
        settings[0].setdefault("realm", chosen)
    else:
        found = files.single(path)
        settings = _settings(found.realm, advance)
        names = tuple(str(each.get("realm") or "") for each in settings)
        chosen = realm.choose(names, realm_name)
        number = names.index(chosen)
    read = realm.parse(settings[number])
    if not found.users and not settings[number].get(USERS):
        raise PartialExport
    if read.masked:
        raise Masked
    return Export(path, found, read, number, tuple(name for name in names if name != chosen))


def require(persons: int, users: int, expected: int | None) -> None:
    """Raise OnlyServiceAccounts or TooFewPersons, given the numbers of persons and of all users that were read."""
    if not persons:
        raise OnlyServiceAccounts if users else PartialExport
    if expected is not None and persons < expected:
        raise TooFewPersons(f"Expected at least {expected:,}, and found {persons:,}.")


def _settings(path: Path, advance: Advance) -> list[dict[str, Any]]:
    """The settings of each realm of a file, and whether it has users. Raises NotAnExport if it is none."""
    found: list[dict[str, Any]] = []
    with path.open("rb", buffering=0) as file:
        for member in json_stream.members(_counting(file.read, advance), _STREAMED, realm.SETTINGS.__contains__):
            while len(found) <= member.realm:
                found.append({})
            found[member.realm][member.key] = True if member.key in _STREAMED else member.value
    if not found or not any("realm" in each or USERS in each for each in found):
        raise NotAnExport(f"{path.name} has no realm.")
    return found


def _counting(read: Read, advance: Advance) -> Read:
    def counted(size: int) -> bytes:
        chunk = read(size)
        advance(len(chunk))
        return chunk

    return counted


def _parsed(key: str, value: Any) -> User:
    if not isinstance(value, dict):
        raise NotAnExport(f"An element of {key} is not an object.")
    return user.parse(value, federated=key == FEDERATED)
