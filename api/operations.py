"""Everything that the desk does."""

from access.guard import require
from api import events, profile, roles, trail, users
from api.event_requests import Discard, EventsQuery, Replay, Reveal
from api.event_responses import Census, Discarded, Events, InspectedEvent, Replayed
from api.operation import Operation
from api.requests import Assign, AuditQuery, ChangeEnd, ExplainQuery, HistoryQuery, Revoke, RolesQuery, UsersQuery
from api.responses import Assignment, Explanation, Profile, RolesAt, Trail, Users, UserWithHistory
from config.role import Role

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
        answers=Profile,
        refusals=(403,),
        at_once=8,
    ),
    Operation(
        name="profile",
        method="GET",
        path="/api/user/profile",
        run=profile.profile,
        requires=require(),
        answers=Profile,
    ),
    Operation(
        name="users",
        method="GET",
        path="/api/admin/users",
        run=users.search,
        requires=_ADMIN,
        query=UsersQuery,
        answers=Users,
    ),
    Operation(
        name="user",
        method="GET",
        path=_USER,
        run=users.show,
        requires=_ADMIN,
        query=HistoryQuery,
        answers=UserWithHistory,
        refusals=(404,),
    ),
    Operation(
        name="roles",
        method="GET",
        path=f"{_USER}/roles",
        run=roles.at,
        requires=_ADMIN,
        query=RolesQuery,
        answers=RolesAt,
        refusals=(404,),
    ),
    Operation(
        name="assign",
        method="POST",
        path=f"{_USER}/roles",
        run=roles.assign,
        requires=_ADMIN,
        body=Assign,
        answers=Assignment,
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
        answers=Assignment,
        refusals=(404, 409),
    ),
    Operation(
        name="revoke",
        method="DELETE",
        path=f"{_USER}/roles/{{id}}",
        run=roles.revoke,
        requires=_ADMIN,
        body=Revoke,
        answers=Assignment,
        refusals=(404, 409),
    ),
    Operation(
        name="explain",
        method="GET",
        path=f"{_USER}/explain",
        run=roles.explain,
        requires=_ADMIN,
        query=ExplainQuery,
        answers=Explanation,
        refusals=(404,),
    ),
    Operation(
        name="audit",
        method="GET",
        path="/api/admin/audit",
        run=trail.show,
        requires=_ADMIN,
        query=AuditQuery,
        answers=Trail,
        streams=("text/csv", "application/jsonl"),
    ),
    Operation(
        name="events",
        method="GET",
        path=_EVENTS,
        run=events.search,
        requires=_ADMIN,
        query=EventsQuery,
        answers=Events,
    ),
    Operation(
        name="event_stats",
        method="GET",
        path=f"{_EVENTS}/stats",
        run=events.stats,
        requires=_ADMIN,
        answers=Census,
    ),
    Operation(
        name="replay",
        method="POST",
        path=f"{_EVENTS}/replay",
        run=events.replay,
        requires=_ADMIN,
        body=Replay,
        answers=Replayed,
    ),
    Operation(
        name="discard",
        method="POST",
        path=f"{_EVENTS}/discard",
        run=events.discard,
        requires=_ADMIN,
        body=Discard,
        answers=Discarded,
    ),
    Operation(
        name="event",
        method="GET",
        path=f"{_EVENTS}/{{svix_id}}",
        run=events.show,
        requires=_ADMIN,
        answers=InspectedEvent,
        refusals=(404,),
    ),
    Operation(
        name="reveal",
        method="POST",
        path=f"{_EVENTS}/{{svix_id}}/reveal",
        run=events.reveal,
        requires=_ADMIN,
        body=Reveal,
        answers=InspectedEvent,
        refusals=(404,),
    ),
)
