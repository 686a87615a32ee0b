"""One Clerk instance: applies changes to its state and publishes what Clerk would deliver."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dev.clerk import changes
from dev.clerk.errors import ClerkError, not_found, quota_exceeded
from dev.clerk.faults import API, DELIVERY, Fault, Faults
from dev.clerk.message import Message
from dev.clerk.rate_limit import Limits, RateLimit
from dev.clerk.requests import CreateUser
from dev.clerk.schedule_clock import ScheduleClock
from dev.clerk.sender import Sender
from dev.clerk.state import State
from dev.clerk.user import User, deleted, touch
from dev.clerk_instance import ClerkInstance
from dev.sample_events import new_id

LAG_MS = 20
"""How much later than the change an event is made: 10 to 58 ms in real deliveries."""
OTHER_INSTANCE = "ins_another"
REQUEST = {"http_request": {"client_ip": "127.0.0.1", "user_agent": "akako clerk"}}


class Instance:
    """The state, and everything that changes it. Not thread-safe: one event loop uses it."""

    def __init__(
        self,
        state: State,
        signer: ClerkInstance,
        *,
        limits: Limits | None = None,
        saved: Callable[[State], None] = lambda _: None,
        wall: Callable[[], float] = time.time,
        speed: float = 1,
    ) -> None:
        self.state = state
        self.signer = signer
        self.limits = limits or Limits()
        self.rate_limit = RateLimit(wall)
        self.faults = Faults()
        self._wall = wall
        self._saved = saved
        self._frozen: dict[str, User] = {}
        clock = ScheduleClock(wall, offset=state.schedule_offset, speed=speed)
        self.sender = Sender(state, self.faults, clock, self.save)

    def now(self) -> int:
        """Milliseconds since 1970."""
        return round(self._wall() * 1_000)

    def save(self) -> None:
        """Keep the state, if there is a file for it."""
        self.state.schedule_offset = self.sender.clock.offset
        self._saved(self.state)

    def id_of(self, path: str) -> str:
        """The instance's id, or that of another one if the fault is set."""
        return OTHER_INSTANCE if self.faults.take(("other-instance",), path) else self.state.instance_id

    def readable(self, path: str) -> Mapping[str, User]:
        """The users that a request at this path sees: usually those that there are."""
        fault = self.faults.take(("empty-instance", "other-instance", "stale-reads"), path)
        if fault is None:
            return self.state.users
        return self._frozen if fault.kind == "stale-reads" else {}

    def set_fault(self, fault: Fault) -> Fault:
        """Set a fault. Raises KeyError for an unknown kind."""
        if fault.kind == "stale-reads":
            self._frozen = dict(self.state.users)
        return self.faults.add(fault)

    def user(self, user_id: str) -> User:
        """The user, to change it. Raises ClerkError (404)."""
        if user_id not in self.state.users:
            raise not_found("user", user_id)
        return self.state.users[user_id]

    def create(self, body: CreateUser) -> User:
        """Create a user. Raises ClerkError."""
        if self.limits.users and len(self.state.users) >= self.limits.users:
            raise quota_exceeded(self.limits.users)
        if body.banned:
            self._check_plan()
        user = changes.create(self.state.users, body, self.now())
        return self.put(user, "user.created")

    def put(self, user: User, event: str | None = "user.updated") -> User:
        """Store a user and publish the event."""
        self.state.users[user.id] = user
        if event is not None:
            self._publish(event, user.id, user.as_json, user.updated_at + LAG_MS)
        self.save()
        return user

    def set_banned(self, user_id: str, banned: bool) -> User:
        """Ban a user, which revokes the sessions, or end the ban."""
        self._check_plan()
        user = self.user(user_id)
        if banned:
            self.end_sessions(user_id, "revoked")
        return self.put(touch(user, self.now(), banned=banned))

    def delete(self, user_id: str) -> dict[str, Any]:
        """Delete a user, and return what the answer and the event have of it."""
        user = self.user(user_id)
        del self.state.users[user_id]
        self.end_sessions(user_id, "ended")
        self._publish("user.deleted", user_id, deleted(user), self.now())
        self.save()
        return deleted(user)

    def end_sessions(self, user_id: str, status: str) -> None:
        """End every active session of the user."""
        for session in self.state.sessions.values():
            if session.user_id == user_id and session.status == "active":
                self.state.sessions[session.id] = replace(session, status=status, updated_at=self.now())

    def _check_plan(self) -> None:
        if self.faults.take(("payment-required",), API):
            raise ClerkError(402, "unsupported_subscription_plan_features", "Your plan does not support this feature.")

    def _publish(self, kind: str, user_id: str, data: dict[str, Any], timestamp: int) -> None:
        event = {
            "type": kind,
            "object": "event",
            "data": data,
            "timestamp": timestamp,
            "instance_id": self.id_of(DELIVERY),
            "event_attributes": REQUEST,
        }
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        message = Message(id=new_id("msg"), type=kind, user_id=user_id, body=body, created_at=self.now())
        self.sender.publish(message)
