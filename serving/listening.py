"""Opens the listening sockets of a process."""

import socket
import sys

import structlog

log = structlog.get_logger()


def sockets(host: str, port: int) -> list[socket.socket]:
    """Sockets bound to every address of a host (`::` for both IPv6 and IPv4); exits with 1 if binding fails."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return [_bound(family, address) for family, _, _, _, address in dict.fromkeys(found)]
    except OSError as error:
        log.error(
            "listening.failed",
            host=host,
            port=port,
            reason=error.strerror,
            next_step="free the port, or set HOST and PORT to an address of this machine and a free port",
        )
        sys.exit(1)


def _bound(family: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            everywhere = address[0] == "::"
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not everywhere)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener
