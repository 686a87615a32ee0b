"""Finds the files of an export, and refuses those that are incomplete or readable by other users."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from keycloak.refusal import MissingFile, NotAnExport, PartialExport, ReadableByOthers, RealmUnknown

OTHERS = 0o077
"""The permissions of group and others."""
_REALM_FILE = re.compile(r"(?P<realm>.+)-realm\.json")


@dataclass(frozen=True, slots=True)
class ExportFiles:
    """The files of one realm, or one file that may hold several realms."""

    realm: Path
    """The file with the realm's settings, which may hold users too."""
    users: tuple[Path, ...] = ()
    """Further files with users, in the order of their numbers."""
    federated: tuple[Path, ...] = ()
    """Files with what the realm stores about users of other systems."""

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file, in the order in which they are read."""
        return (self.realm, *self.users, *self.federated)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.all)


def realms(directory: Path) -> tuple[str, ...]:
    """The names of the realms that a directory has files of, sorted."""
    found = (_REALM_FILE.fullmatch(path.name) for path in directory.iterdir())
    return tuple(sorted(match["realm"] for match in found if match))


def of_realm(directory: Path, realm: str) -> ExportFiles:
    """The files of one realm in a directory. Raises MissingFile, RealmUnknown or ReadableByOthers."""
    settings = directory / f"{realm}-realm.json"
    if not settings.is_file():
        raise RealmUnknown(f"{settings} is missing.")
    files = ExportFiles(
        settings, _numbered(directory, f"{realm}-users"), _numbered(directory, f"{realm}-federated-users")
    )
    refuse_readable(files.all)
    return files


def single(path: Path) -> ExportFiles:
    """One file. Raises NotAnExport, PartialExport or ReadableByOthers."""
    if not path.is_file():
        raise NotAnExport(f"{path} does not exist.")
    match = _REALM_FILE.fullmatch(path.name)
    if match and _numbered(path.parent, f"{match['realm']}-users"):
        raise PartialExport(f"The users are in files beside {path.name}: give the directory {path.parent}.")
    refuse_readable([path])
    return ExportFiles(path)


def refuse_readable(paths: Iterable[Path]) -> None:
    """Raise ReadableByOthers if group or others have any permission on a file."""
    open_to_others = [path for path in paths if path.stat().st_mode & OTHERS]
    if open_to_others:
        more = f" and {len(open_to_others) - 1:,} more" if len(open_to_others) > 1 else ""
        raise ReadableByOthers(f"Readable: {open_to_others[0]}{more}.")


def _numbered(directory: Path, stem: str) -> tuple[Path, ...]:
    """The files STEM-0.json, STEM-1.json and so on. Raises MissingFile if a number is missing."""
    pattern = re.compile(re.escape(stem) + r"-(?P<number>\d+)\.json")
    found = (pattern.fullmatch(path.name) for path in directory.iterdir())
    numbers = sorted(int(match["number"]) for match in found if match)
    missing = _gaps(numbers)
    if missing:
        raise MissingFile(f"Missing: {', '.join(f'{stem}-{number}.json' for number in missing[:5])}.")
    return tuple(directory / f"{stem}-{number}.json" for number in numbers)


def _gaps(numbers: Sequence[int]) -> list[int]:
    """The numbers from 0 to the last one that are missing."""
    present = set(numbers)
    return [number for number in range(max(present, default=-1) + 1) if number not in present]
