"""All operations of the API."""

from akako_guard.guard import require
from akako_guard.role import Role
from api import events, profile, roles, trail, users
from api.event_requests import Discard, EventsQuery, Replay, Reveal
from api.event_responses import Discarded, Events, EventStats, InspectedEvent, Replayed
from api.operation import Operation
from api.requests import Assign, AuditQuery, ChangeEnd, ExplainQuery, HistoryQuery, Revoke, RolesQuery, UsersQuery
from api.responses import Assignment, AuditPage, Explanation, Profile, RolesAt, Users, UserWithHistory

_USER = "/api/admin/users/{clerk_id}"
_EVENTS = "/api/admin/events"
_ADMIN = require(Role.ADMIN)

OPERATIONS = (
    Operation(
        name="sync",
        method="POST",
        path="/api/auth/sync",
        run=profile.sync,
        requires=None,
        response=Profile,
        refusals=(403,),
        max_concurrent=8,
    ),
    Operation(
        name="profile",
        method="GET",
        path="/api/user/profile",
        run=profile.profile,
        requires=require(),
        response=Profile,
    ),
    Operation(
        name="users",
        method="GET",
        path="/api/admin/users",
        run=users.search,
        requires=_ADMIN,
        query=UsersQuery,
        response=Users,
    ),
    Operation(
        name="user",
        method="GET",
        path=_USER,
        run=users.show,
        requires=_ADMIN,
        query=HistoryQuery,
        response=UserWithHistory,
        refusals=(404,),
    ),
    Operation(
        name="roles",
        method="GET",
        path=f"{_USER}/roles",
        run=roles.at,
        requires=_ADMIN,
        query=RolesQuery,
        response=RolesAt,
        refusals=(404,),
    ),
    Operation(
        name="assign",
        method="POST",
        path=f"{_USER}/roles",
        run=roles.assign,
        requires=_ADMIN,
        body=Assign,
        response=Assignment,
        status=201,
        refusals=(404, 409),
    ),
    Operation(
        name="change_end",
        method="PATCH",
        path=f"{_USER}/roles/{{id}}",
        run=roles.change_end,
        requires=_ADMIN,
        body=ChangeEnd,
        response=Assignment,
        refusals=(404, 409),
    ),
    Operation(
        name="revoke",
        method="DELETE",
        path=f"{_USER}/roles/{{id}}",
        run=roles.revoke,
        requires=_ADMIN,
        body=Revoke,
        response=Assignment,
        refusals=(404, 409),
    ),
    Operation(
        name="explain",
        method="GET",
        path=f"{_USER}/explain",
        run=roles.explain,
        requires=_ADMIN,
        query=ExplainQuery,
        response=Explanation,
        refusals=(404,),
    ),
    Operation(
        name="audit",
        method="GET",
        path="/api/admin/audit",
        run=trail.show,
        requires=_ADMIN,
        query=AuditQuery,
        response=AuditPage,
        streams=("text/csv", "application/jsonl"),
    ),
    Operation(
        name="events",
        method="GET",
        path=_EVENTS,
        run=events.search,
        requires=_ADMIN,
        query=EventsQuery,
        response=Events,
    ),
    Operation(
        name="event_stats",
        method="GET",
        path=f"{_EVENTS}/stats",
        run=events.stats,
        requires=_ADMIN,
        response=EventStats,
    ),
    Operation(
        name="replay",
        method="POST",
        path=f"{_EVENTS}/replay",
        run=events.replay,
        requires=_ADMIN,
        body=Replay,
        response=Replayed,
    ),
    Operation(
        name="discard",
        method="POST",
        path=f"{_EVENTS}/discard",
        run=events.discard,
        requires=_ADMIN,
        body=Discard,
        response=Discarded,
    ),
    Operation(
        name="event",
        method="GET",
        path=f"{_EVENTS}/{{svix_id}}",
        run=events.show,
        requires=_ADMIN,
        response=InspectedEvent,
        refusals=(404,),
    ),
    Operation(
        name="reveal",
        method="POST",
        path=f"{_EVENTS}/{{svix_id}}/reveal",
        run=events.reveal,
        requires=_ADMIN,
        body=Reveal,
        response=InspectedEvent,
        refusals=(404,),
    ),
)
