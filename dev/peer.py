"""Finds out which user of this machine opened a connection to one of its ports."""

import os
import socket
import struct
from ipaddress import IPv4Address, ip_address
from pathlib import Path

_TABLE = Path("/proc/net/tcp")
ESTABLISHED = "01"
_TRUSTED = frozenset({0, os.getuid()})
"""The users whose connections are our own: root and this one."""


def is_own(client: tuple[str, int] | None, server: tuple[str, int] | None) -> bool:
    """Whether the connection comes from this machine, and from our own user or root.

    Only Linux says who opened a connection; elsewhere every user of the machine counts as our own.
    """
    if client is None or server is None or not _is_loopback(client[0]):
        return False
    if not _TABLE.exists():
        return True
    wanted = (_encoded(client), _encoded(server))
    for line in _TABLE.read_text("ascii").splitlines()[1:]:
        fields = line.split()
        if (fields[1], fields[2]) == wanted:
            # A socket that is closed already belongs to no process, and is listed with the number of root.
            return (fields[3], int(fields[7])) in {(ESTABLISHED, user) for user in _TRUSTED} and fields[9] != "0"
    return False


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return isinstance(address, IPv4Address) and address.is_loopback


def _encoded(address: tuple[str, int]) -> str:
    """The address as /proc/net/tcp writes it: the number of the host in the order of this machine's bytes."""
    (number,) = struct.unpack("=I", socket.inet_aton(address[0]))
    return f"{number:08X}:{address[1]:04X}"
