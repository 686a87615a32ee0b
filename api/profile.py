"""The caller's own user: read, and made at the first login."""

import structlog

from access.guard import living
from api import responses
from api.call import ApiRequest
from api.errors import DependencyUnavailable
from api.responses import Profile
from api.services import Services
from clerk.backend import ClerkUnavailable
from clerk.session import Session
from clerk.user import Implausible
from config import logs
from db import assignments, callers, user_search
from db.callers import KnownUser
from roles.refusal import UserUnknown

log = structlog.get_logger()


def profile(services: Services, call: ApiRequest[None, None]) -> Profile:
    """The caller's own user, with the roles held now and every window of time."""
    return _read(services, call.caller.clerk_id)


def sync(services: Services, call: ApiRequest[None, None]) -> Profile:
    """Make the caller's own user at the first login, if Clerk's webhook has not brought the user yet.

    What is known of the user comes from Clerk's Backend API, never from the request, and goes the way of an event: the
    default role is given once. The user is always the token's own; a body is not read. A user whom we know is answered
    as it is. As everywhere, 401 answers a deleted user
    (nobody comes back from a tombstone) and 403 a banned one. If Clerk cannot be asked: 503, and nothing was done.
    """
    session = call.session
    known = _find(services, session)
    if session.clerk_id not in known:
        _bring(services, session.clerk_id, call.request_id)
        known = _find(services, session)
    impersonator = known.get(session.actor) if session.actor else None
    return _read(services, living(known.get(session.clerk_id), session, impersonator).clerk_id)


def _find(services: Services, session: Session) -> dict[str, KnownUser]:
    """The session's user and the impersonator, as far as we know them."""
    with services.engine.begin() as connection:
        return callers.find(connection, {session.clerk_id, session.actor or session.clerk_id})


def _bring(services: Services, clerk_id: str, request_id: str) -> None:
    try:
        services.first_logins.bring(clerk_id, request_id)
    except ClerkUnavailable as error:
        log.warning("clerk_api.unavailable", why=str(error), **logs.fault(error))
        raise DependencyUnavailable("Clerk cannot be asked about you at the moment.") from error
    except Implausible as error:
        log.error("user.implausible", clerk_id=clerk_id, next_step=str(error))
        raise DependencyUnavailable("What Clerk says about you is dated in the future.") from error


def _read(services: Services, clerk_id: str) -> Profile:
    with services.engine.begin() as connection:
        entry = user_search.show(connection, clerk_id)
        if entry is None:
            raise UserUnknown
        windows = assignments.history(connection, entry.id)
    return responses.profile(entry, windows)
