"""Endpoints with which admins search and show users."""

from api import cursor, responses
from api.call import ApiRequest
from api.requests import HistoryQuery, UsersQuery
from api.responses import User, Users, UserWithHistory
from api.services import Services
from db import user_search
from db.user_search import UserFilter
from roles import history


def search(services: Services, call: ApiRequest[UsersQuery, None]) -> Users:
    """List users, newest first. Pages stay consistent while users are added."""
    query = call.query
    selection = UserFilter(text=query.q, role=query.role, banned=query.banned, deleted=query.deleted)
    with services.engine.begin() as connection:
        found = user_search.search(connection, selection, query.limit + 1, query.cursor)
    page = found[: query.limit]
    more = cursor.write("users", page[-1].id) if len(found) > len(page) else None
    return Users(items=[User.model_validate(entry) for entry in page], next=more)


def show(services: Services, call: ApiRequest[HistoryQuery, None]) -> UserWithHistory:
    """Show one user with past, current and future assignments.

    With `as_of`, the assignments are shown as recorded by that time.
    """
    with services.engine.begin() as connection:
        found = history.history(connection, call.subject, call.query.as_of)
    return responses.with_history(found)
