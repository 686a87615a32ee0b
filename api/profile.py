"""The caller's own user: read, and made at the first login."""

import structlog

from access.guard import living
from access.refusal import UserUnknown
from api import answers
from api.answers import Profile
from api.call import Call
from api.desk import Desk
from api.problems import Away
from clerk.backend import Absent, Unavailable
from config import logs
from db import assignments, callers, directory
from worker.apply import apply_snapshot

log = structlog.get_logger()


def profile(desk: Desk, call: Call[None, None]) -> Profile:
    """The caller's own user, with the roles held now and every window of time."""
    return _read(desk, call.caller.clerk_id)


def sync(desk: Desk, call: Call[None, None]) -> Profile:
    """Make the caller's own user at the first login, if Clerk's webhook has not brought the user yet.

    What is known of the user comes from Clerk's Backend API, never from the request, and goes the way of an event: the
    default role is given once. A user whom we know is answered as it is. As everywhere, 401 answers a deleted user
    (nobody comes back from a tombstone) and 403 a banned one. If Clerk cannot be asked: 503, and nothing was done.
    """
    clerk_id = call.session.clerk_id
    with desk.engine.begin() as connection:
        known = callers.find(connection, [clerk_id])
    if clerk_id not in known:
        _fetch(desk, clerk_id, call.request_id)
        with desk.engine.begin() as connection:
            known = callers.find(connection, [clerk_id])
    return _read(desk, living(known.get(clerk_id), call.session).clerk_id)


def _fetch(desk: Desk, clerk_id: str, request_id: str) -> None:
    """Bring the user from Clerk, in one transaction; nobody, if Clerk does not know the user either."""
    try:
        said = desk.backend.user(clerk_id)
    except Unavailable as error:
        log.warning("backend.away", why=str(error), **logs.fault(error))
        raise Away("Clerk cannot be asked about you at the moment.") from error
    if isinstance(said, Absent):
        log.info("user.unknown_at_clerk", clerk_id=clerk_id)
        return
    with desk.turns.take(clerk_id):
        apply_snapshot(desk.engine, said, request_id, desk.default_role)


def _read(desk: Desk, clerk_id: str) -> Profile:
    with desk.engine.begin() as connection:
        entry = directory.show(connection, clerk_id)
        if entry is None:
            raise UserUnknown
        windows = assignments.history(connection, entry.id)
    return answers.profile(entry, windows)
