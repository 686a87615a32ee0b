"""The endpoint that deliveries go to: its address, its secrets, and whether it is disabled. Frozen values."""

from dataclasses import dataclass, replace

DAY = 86_400
OVERLAP_SECONDS = DAY
"""How long the old secret signs too after a rotation."""
DISABLED_AFTER_SECONDS = 5 * DAY


@dataclass(frozen=True, slots=True)
class Secret:
    """A signing secret; `until` is on the clock of the schedule."""

    value: str
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where deliveries go. Without a URL nothing is sent."""

    url: str | None = None
    secrets: tuple[Secret, ...] = ()
    disabled: bool = False
    failing_since: float | None = None

    def live(self, now: float) -> list[str]:
        """The secrets that sign at that time, newest first."""
        return [each.value for each in self.secrets if each.until is None or each.until > now]


def rotated(endpoint: Endpoint, secret: str, now: float, overlap: float = OVERLAP_SECONDS) -> Endpoint:
    """The endpoint with a new secret; those before sign until `overlap` seconds have passed."""
    older = [replace(each, until=min(each.until or now + overlap, now + overlap)) for each in endpoint.secrets]
    kept = [each for each in older if each.until is not None and each.until > now]
    return replace(endpoint, secrets=(Secret(secret), *kept))


def after_attempt(endpoint: Endpoint, succeeded: bool, now: float) -> Endpoint:
    """The endpoint after an attempt; five days of failures disable it."""
    if succeeded:
        return replace(endpoint, failing_since=None)
    since = now if endpoint.failing_since is None else endpoint.failing_since
    disabled = endpoint.disabled or now - since >= DISABLED_AFTER_SECONDS
    return replace(endpoint, failing_since=since, disabled=disabled)


def enabled(endpoint: Endpoint) -> Endpoint:
    """The endpoint enabled again."""
    return replace(endpoint, disabled=False, failing_since=None)
