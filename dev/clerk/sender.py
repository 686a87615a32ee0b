"""Delivers messages as Svix does: signed, retried on its schedule, and stopped when the endpoint is disabled."""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

import httpx

from dev.clerk import endpoint as endpoints
from dev.clerk.faults import DELIVERIES, Fault, Faults
from dev.clerk.message import PAUSES_SECONDS, Attempt, Message, headers
from dev.clerk.schedule_clock import ScheduleClock
from dev.clerk.state import State

TIMEOUT_SECONDS = 15.0
HELD_SECONDS = 60.0
"""How long a message waits for one that is to overtake it."""
LONGEST_SLEEP_SECONDS = 1.0
DELAY_SECONDS = 60.0


class Sender:
    """Keeps the messages in the state up to date; `run` sends what is due until it is cancelled."""

    def __init__(self, state: State, faults: Faults, clock: ScheduleClock, changed: Callable[[], None]) -> None:
        self._state = state
        self._faults = faults
        self.clock = clock
        self._changed = changed
        self._sending: set[str] = set()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def publish(self, message: Message) -> None:
        """Accept a message for delivery."""
        fault = self._faults.take(DELIVERIES)
        for held in self._held_behind("next"):
            self._put(replace(held, behind=message.id))
        if self._state.endpoint.disabled or not self._state.endpoint.url:
            message = replace(message, status="skipped")
        else:
            message = _with_fault(replace(message, due=self.clock.now()), fault, self.clock.now())
        self._put(message)

    def redeliver(self, svix_id: str) -> Message | None:
        """Deliver a message again, now; None if there is no such message."""
        message = self._state.messages.get(svix_id)
        if message is None:
            return None
        return self._put(replace(message, status="pending", due=self.clock.now(), behind=None))

    def recover(self) -> int:
        """Deliver again whatever was not delivered; returns how many."""
        missed = [each for each in self._state.messages.values() if each.status in ("failed", "skipped", "dropped")]
        for message in missed:
            self.redeliver(message.id)
        return len(missed)

    def advance(self, seconds: float) -> None:
        """Let time pass on the schedule."""
        self.clock.advance(seconds)
        self._look_again()

    def due(self) -> list[Message]:
        """The messages to send now, oldest first."""
        now = self.clock.now()
        return [
            each
            for each in self._state.messages.values()
            if each.due is not None and each.due <= now and each.id not in self._sending
        ]

    async def send_due(self, client: httpx.AsyncClient) -> int:
        """Send whatever is due, at the same time, and wait for the answers; returns how many attempts were made."""
        messages = self.due()
        await asyncio.gather(*(self._attempt(client, each) for each in messages))
        return len(messages)

    async def run(self, client: httpx.AsyncClient) -> None:
        """Send messages as they become due, until cancelled."""
        self._loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                for message in self.due():
                    group.create_task(self._attempt(client, message))
                    await asyncio.sleep(0)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._pause())

    def _pause(self) -> float:
        waiting = [each.due for each in self._state.messages.values() if each.due and each.id not in self._sending]
        if not waiting:
            return LONGEST_SLEEP_SECONDS
        return min(max(0.01, (min(waiting) - self.clock.now()) / self.clock.speed), LONGEST_SLEEP_SECONDS)

    async def _attempt(self, client: httpx.AsyncClient, message: Message) -> None:
        endpoint = self._state.endpoint
        if endpoint.disabled or not endpoint.url:
            self._put(replace(message, status="skipped", due=None))
            return
        self._sending.add(message.id)
        try:
            attempt, aborted = await _send(client, endpoint.url, message, endpoint.live(self.clock.now()))
        finally:
            self._sending.discard(message.id)
        now = self.clock.now()
        self._state.endpoint = endpoints.after_attempt(self._state.endpoint, attempt.succeeded, now)
        self._put(after_attempt(self._state.messages.get(message.id, message), attempt, aborted, now))
        for held in self._held_behind(message.id):
            self._put(replace(held, behind=None, due=now))

    def _held_behind(self, svix_id: str) -> list[Message]:
        return [each for each in self._state.messages.values() if each.behind == svix_id]

    def _put(self, message: Message) -> Message:
        self._state.messages[message.id] = message
        self._changed()
        self._look_again()
        return message

    def _look_again(self) -> None:
        """Let `run` look for what is due; also from other threads, in which tests change an instance."""
        if self._loop is None or self._loop.is_closed():
            self._wake.set()
        else:
            self._loop.call_soon_threadsafe(self._wake.set)


def after_attempt(message: Message, attempt: Attempt, aborted: bool, now: float) -> Message:
    """The message after an attempt: delivered, due again later, or given up. Pure."""
    attempts = (*message.attempts, attempt)
    message = replace(message, attempts=attempts)
    if attempt.succeeded and message.copies:
        return replace(message, copies=message.copies - 1, due=now)
    if attempt.succeeded:
        return replace(message, status="delivered", due=None)
    if aborted:
        return replace(message, status="aborted", due=None)
    failed = _failures_at_the_end(attempts)
    if failed > len(PAUSES_SECONDS):
        return replace(message, status="failed", due=None)
    return replace(message, due=now + PAUSES_SECONDS[failed - 1])


def _failures_at_the_end(attempts: Iterable[Attempt]) -> int:
    failed = 0
    for each in attempts:
        failed = 0 if each.succeeded else failed + 1
    return failed


def _with_fault(message: Message, fault: Fault | None, now: float) -> Message:
    match fault.kind if fault else None:
        case "drop-delivery":
            return replace(message, status="dropped", due=None)
        case "delay-delivery":
            return replace(message, due=now + ((fault and fault.seconds) or DELAY_SECONDS))
        case "duplicate-delivery":
            return replace(message, copies=1)
        case "reorder-deliveries":
            return replace(message, due=now + HELD_SECONDS, behind="next")
        case _:
            return message


async def _send(client: httpx.AsyncClient, url: str, message: Message, secrets: list[str]) -> tuple[Attempt, bool]:
    """One attempt, and whether the receiver wants no more of them."""
    started = time.time()
    signed = headers(message.id, int(started), message.body, secrets)
    status = error = None
    aborted = False
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            answer = await client.post(url, content=message.body.encode(), headers=signed, timeout=TIMEOUT_SECONDS)
        status, aborted = answer.status_code, answer.headers.get("webhook-delivery") == "abort-message"
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as failure:  # ValueError: a strange URL
        error = f"{type(failure).__name__}: {failure}".rstrip(": ")
    took = round((time.time() - started) * 1_000)
    return Attempt(round(started * 1_000), status, error, took), aborted
