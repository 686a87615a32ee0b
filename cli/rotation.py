"""Decides when an old signing secret can be removed: when no delivery that only it verifies can still arrive."""

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
    """What to do with one secret; `configured` lists the secrets, newest first, and `uses` what each has verified."""
    if name not in configured:
        return Advice("none: not configured any more", configured=False)
    newer = [uses[other] for other in configured[: configured.index(name)] if other in uses]
    if not configured.index(name):
        return Advice("keep: newest secret" if name in uses else "keep: has not verified a delivery yet")
    if not newer:
        return Advice("keep: no newer secret has verified a delivery yet")
    since = min(use.first_at for use in newer)
    if name in uses:
        since = max(since, uses[name].last_at)
    if now - since > RETRIES:
        return Advice(
            "remove: newer secrets have verified every delivery for longer than Svix retries", safe_to_remove=True
        )
    return Advice(f"keep until {since + RETRIES:%Y-%m-%d %H:%M} UTC, if it verifies no more deliveries")
