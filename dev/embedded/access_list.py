"""Reads and writes POSIX access control lists, which Linux stores in an extended attribute (acl(5))."""

import errno
import os
import struct
from dataclasses import dataclass
from pathlib import Path

_NAME = "system.posix_acl_access"
_VERSION = struct.Struct("<I")
_ENTRY = struct.Struct("<HHI")
_OWNER, _USER, _GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x10, 0x20
_NO_ID = 0xFFFF_FFFF
_EXECUTE = 1


@dataclass(frozen=True, slots=True)
class AccessList:
    """The entries of a list: tag, permissions, id of the user or group."""

    entries: tuple[tuple[int, int, int], ...]

    def lets_pass(self, user: int) -> bool:
        """Whether an entry for this user permits searching the directory."""
        mask = next((permissions for tag, permissions, _ in self.entries if tag == _MASK), 0)
        return any(
            (tag, of) == (_USER, user) and permissions & mask & _EXECUTE for tag, permissions, of in self.entries
        )

    def letting_pass(self, user: int) -> "AccessList":
        """The same list with such an entry. It gives no other user more permissions."""
        mask = next((permissions for tag, permissions, _ in self.entries if tag == _MASK), None)
        # Without a mask, the owning group has the permissions of its entry; with one, at most those of the mask.
        widened = mask is not None and not mask & _EXECUTE
        entries = {(tag, of): permissions for tag, permissions, of in self.entries}
        for (tag, of), permissions in entries.items():
            if widened and tag not in (_OWNER, _OTHERS, _MASK):
                entries[tag, of] = permissions & ~_EXECUTE
        group = entries[_GROUP, _NO_ID]
        entries[_MASK, _NO_ID] = (group if mask is None else mask) | _EXECUTE
        entries[_USER, user] = _EXECUTE
        return AccessList(tuple((tag, entries[tag, of], of) for tag, of in sorted(entries)))


def read(path: Path) -> AccessList:
    """The list of a file or directory; derived from its mode if it has none."""
    try:
        raw = os.getxattr(path, _NAME)
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
        mode = path.stat().st_mode
        ordinary = ((_OWNER, mode >> 6 & 7, _NO_ID), (_GROUP, mode >> 3 & 7, _NO_ID), (_OTHERS, mode & 7, _NO_ID))
        return AccessList(ordinary)
    return AccessList(tuple(_ENTRY.iter_unpack(raw[_VERSION.size :])))


def write(path: Path, acl: AccessList) -> None:
    """Set the list of a file or directory."""
    os.setxattr(path, _NAME, _VERSION.pack(2) + b"".join(_ENTRY.pack(*entry) for entry in acl.entries))
