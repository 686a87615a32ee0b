"""Users, as admins look them up."""

from api import cursor, responses
from api.call import ApiRequest
from api.requests import HistoryQuery, UsersQuery
from api.responses import User, Users, UserWithHistory
from api.services import Services
from db import user_search
from db.user_search import UserFilter
from roles import history


def search(services: Services, call: ApiRequest[UsersQuery, None]) -> Users:
    """Users, the newest first, a page at a time. A page stays right while users are added."""
    query = call.query
    wanted = UserFilter(text=query.q, role=query.role, banned=query.banned, deleted=query.deleted)
    with services.engine.begin() as connection:
        found = user_search.search(connection, wanted, query.limit + 1, query.cursor)
    page = found[: query.limit]
    more = cursor.write("users", page[-1].id) if len(found) > len(page) else None
    return Users(items=[User.model_validate(entry) for entry in page], next=more)


def show(services: Services, call: ApiRequest[HistoryQuery, None]) -> UserWithHistory:
    """One user, with roles past, present and future.

    With `as_of` the assignments are as they had been recorded by that instant.
    """
    with services.engine.begin() as connection:
        found = history.history(connection, call.subject, call.query.as_of)
    return responses.with_history(found)
