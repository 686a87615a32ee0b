"""The limit of open files, which bounds how many connections a process can hold."""

import resource

import structlog

log = structlog.get_logger()

OTHER_FILES = 200
"""Open files of a process beside its connections with strangers: PostgreSQL, Redis, logs, `/metrics`, libraries."""
LEAST_CONNECTIONS = 10


def connections(wanted: int) -> int:
    """How many connections this process may hold: as many as wanted, or as the hard limit of open files allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return wanted
    # Below twice the reserve, half: a limit so low leaves too little for either.
    return max(LEAST_CONNECTIONS, min(wanted, max(hard - OTHER_FILES, hard // 2)))


def allow(wanted: int) -> None:
    """Raise the soft limit of open files for so many connections; warn if the hard limit is too low for them."""
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
