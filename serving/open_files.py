"""The open file limit (RLIMIT_NOFILE), which limits the number of connections of a process."""

import resource

import structlog

log = structlog.get_logger()

OTHER_FILES = 200
"""File descriptors reserved for everything but client connections: PostgreSQL, Redis, logs, `/metrics`, libraries."""
LEAST_CONNECTIONS = 10


def connections(wanted: int) -> int:
    """The number of client connections to allow: `wanted`, or fewer if the hard limit of open files requires it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return wanted
    # If the limit is below twice the reserve, split it in half.
    return max(LEAST_CONNECTIONS, min(wanted, max(hard - OTHER_FILES, hard // 2)))


def allow(wanted: int) -> None:
    """Raise the soft limit of open files for `wanted` connections; log a warning if the hard limit is too low."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = connections(wanted)
    needed = allowed + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    if allowed < wanted:
        log.warning(
            "connections.limited",
            max_connections=wanted,
            connections=allowed,
            open_files=hard,
            next_step=f"raise the hard limit of open files to {wanted + OTHER_FILES} (ulimit -Hn; Docker: ulimits), "
            "or lower MAX_CONNECTIONS",
        )
