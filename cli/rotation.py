"""When an old signing secret can go: when nothing that it alone would verify can still come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from db.secrets import Use

RETRIES = timedelta(hours=27, minutes=35)
"""How long Svix tries to deliver one event (5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h)."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do with one secret."""

    sentence: str
    configured: bool = True
    safe_to_remove: bool = False


def advise(name: str, configured: Sequence[str], uses: Mapping[str, Use], now: datetime) -> Advice:
    """Judge one secret among those that are configured, newest first, by what each has verified."""
    if name not in configured:
        return Advice("none: it is not configured any more", configured=False)
    newer = [uses[other] for other in configured[: configured.index(name)] if other in uses]
    if not configured.index(name):
        return Advice("keep it: it is the newest" if name in uses else "keep it: it has verified nothing yet")
    if not newer:
        return Advice("keep it: no newer one has verified anything yet")
    since = min(use.first_at for use in newer)
    if name in uses:
        since = max(since, uses[name].last_at)
    if now - since > RETRIES:
        return Advice("remove it: newer ones verify everything, for longer than Svix retries", safe_to_remove=True)
    return Advice(f"keep it until {since + RETRIES:%Y-%m-%d %H:%M} UTC, as long as it verifies nothing more")
