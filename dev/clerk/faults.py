"""Faults that the instance shows on demand, each for a number of times or until it is cleared."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dev.sample_events import new_id

API = "/v1/"
DELIVERY = "delivery"
"""What stands in place of a path for what is no request."""
ANSWERS = {
    "rate-limited": "Answers 429 with Retry-After (--seconds, default 1).",
    "rate-limited-without-retry-after": "Answers 429 without Retry-After.",
    "server-error": "Answers a 5xx or any other error (--status, default 500; --code).",
    "cut-off": "Sends half an answer and closes the connection.",
    "silent": "Does not answer for --seconds (default: until the client gives up).",
}
"""Faults of the answers to requests below /v1."""
READS = {
    "stale-reads": "Reads see the users as they were when the fault was set, as on a replica that lags.",
    "empty-instance": "Reads see an instance without users.",
    "other-instance": "Requests and deliveries see another instance: another id, and no users.",
    "vanished-cursor": "starting_after names a user that does not exist any more.",
    "payment-required": "Bans answer 402: the plan does not include them.",
}
SIGN_INS = {
    "sign-in-without-delivery": "A sign-in moves updated_at and no delivery tells of it.",
    "stale-claims": "A new token has a fresh iat and the custom claims of the token before.",
}
DELIVERIES = {
    "drop-delivery": "A delivery is never sent.",
    "delay-delivery": "A delivery is sent --seconds later (default 60).",
    "duplicate-delivery": "A delivery is sent twice.",
    "reorder-deliveries": "A delivery is sent after the one that follows it.",
}
KINDS = ANSWERS | READS | SIGN_INS | DELIVERIES
"""Every fault, with what it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault that is set."""

    id: str
    kind: str
    times: int | None = 1
    """How often it still happens; None: until it is cleared."""
    path: str = ""
    """Only for requests whose path begins with this."""
    seconds: float | None = None
    status: int = 500
    code: str = "internal_clerk_error"


class Faults:
    """The faults that are set, oldest first."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}

    def all(self) -> list[Fault]:
        """The faults that are set."""
        return list(self._faults.values())

    def add(self, fault: Fault) -> Fault:
        """Set a fault. Raises KeyError for an unknown kind."""
        if fault.kind not in KINDS:
            raise KeyError(fault.kind)
        fault = replace(fault, id=fault.id or new_id("fault"))
        self._faults[fault.id] = fault
        return fault

    def clear(self, fault_id: str | None = None) -> int:
        """Clear one fault, or all; returns how many."""
        gone = [each for each in self._faults if fault_id in (None, each)]
        for each in gone:
            del self._faults[each]
        return len(gone)

    def take(self, kinds: Iterable[str], path: str = DELIVERY) -> Fault | None:
        """The oldest fault of these kinds for this path, which has then happened once more; None if none is set.

        Requests outside of the API, those of the page and of commands, meet no fault.
        """
        if path != DELIVERY and not path.startswith(API):
            return None
        wanted = set(kinds)
        for fault in self._faults.values():
            if fault.kind in wanted and path.startswith(fault.path):
                self._count(fault)
                return fault
        return None

    def _count(self, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times <= 1:
            del self._faults[fault.id]
        else:
            self._faults[fault.id] = replace(fault, times=fault.times - 1)
