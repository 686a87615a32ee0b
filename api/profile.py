"""Endpoints for the caller's own user: the profile, and creation at the first login."""

import structlog

from akako_guard.database import callers
from akako_guard.database.callers import KnownUser
from akako_guard.guard import active_caller
from akako_guard.session import Session
from api import responses
from api.call import ApiRequest
from api.errors import DependencyUnavailable
from api.responses import Profile
from api.services import Services
from clerk.http import ClerkUnavailable
from clerk.user import Implausible
from config import logs
from db import assignments, clock, user_search
from roles.refusal import UserUnknown

log = structlog.get_logger()


def profile(services: Services, call: ApiRequest[None, None]) -> Profile:
    """Return the caller's own user, with the roles held now and all assignments."""
    return _read(services, call.caller.clerk_id)


def sync(services: Services, call: ApiRequest[None, None]) -> Profile:
    """Create the caller's own user at the first login, if no webhook has created it yet.

    The data comes from Clerk's Backend API, never from the request, and is applied like an event: a new user gets the
    default role once. The user is always the subject of the token; a request body is ignored. If the user already
    exists, it is returned unchanged. Returns 401 for a deleted user (a tombstone is never restored), 403 for a banned
    user, and 503 without any change if Clerk is unavailable.
    """
    session = call.session
    known = _find(services, session)
    if session.clerk_id not in known:
        _fetch(services, session.clerk_id, call.request_id)
        known = _find(services, session)
    impersonator = known.get(session.actor) if session.actor else None
    return _read(services, active_caller(known.get(session.clerk_id), session, impersonator).clerk_id)


def _find(services: Services, session: Session) -> dict[str, KnownUser]:
    """The user of the session and the impersonator, if they are known."""
    with services.engine.begin() as connection:
        return callers.find(connection, {session.clerk_id, session.actor or session.clerk_id})


def _fetch(services: Services, clerk_id: str, request_id: str) -> None:
    try:
        services.first_logins.fetch(clerk_id, request_id)
    except ClerkUnavailable as error:
        log.warning("clerk_api.unavailable", why=str(error), **logs.fault(error))
        raise DependencyUnavailable("Clerk is unavailable, so your user cannot be fetched.") from error
    except Implausible as error:
        log.error("user.implausible", clerk_id=clerk_id, next_step=str(error))
        raise DependencyUnavailable("The data about you at Clerk is dated in the future.") from error


def _read(services: Services, clerk_id: str) -> Profile:
    with services.engine.begin() as connection:
        entry = user_search.show(connection, clerk_id)
        if entry is None:
            raise UserUnknown
        windows = assignments.history(connection, entry.id)
        at = clock.now(connection)
    return responses.profile(entry, windows, at)
