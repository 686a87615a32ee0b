"""Free TCP ports for local processes, safe from other processes and outgoing connections.

A port that the kernel chooses for a probe is free again when the probe closes, and the kernel may choose it again: for
another test process, or for an outgoing connection. Ports below the kernel's range are never chosen, and each process
takes them from a block that it reserves for as long as it runs.
"""

import socket
from collections.abc import Iterator
from functools import cache
from itertools import cycle, islice
from pathlib import Path

FIRST = 10_000
BLOCK = 200
KERNELS_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port(host: str = "127.0.0.1") -> int:
    """A port on which nothing listens; a process gets it again only after all others of its block."""
    for port in islice(_own_block(), BLOCK):
        if _is_free(host, port):
            return port
    return _chosen_by_the_kernel(host)


@cache
def _own_block() -> Iterator[int]:
    """The ports of a block that no other process has reserved, in turn; none where the system cannot reserve one."""
    for first in range(FIRST, _kernels_first() - BLOCK + 1, BLOCK):
        reservation = socket.socket(socket.AF_UNIX)
        try:
            # An abstract name belongs to the network namespace, as ports do, and is free again when the process ends.
            reservation.bind(f"\0akako-ports-{first}")
        except OSError:
            reservation.close()
        else:
            reservation.detach()  # keeps the name until the process ends
            return cycle(range(first, first + BLOCK))
    return iter(())


def _kernels_first() -> int:
    """The first port that the kernel chooses by itself; 0 where it does not say."""
    try:
        return int(KERNELS_RANGE.read_text().split()[0])
    except OSError:
        return 0


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _chosen_by_the_kernel(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
