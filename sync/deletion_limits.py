"""Decides how many deletions may be applied within an hour. Pure: values in, values out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from clerk.user import Deletion
from config.settings import DeletionSettings


@dataclass(frozen=True, slots=True)
class Limit:
    """The larger of a number of deletions per hour and a percentage of the living users."""

    per_hour: int
    percent: float

    def most(self, living: int) -> int:
        """The limit for this number of users that are not deleted."""
        return max(self.per_hour, int(living * self.percent // 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionLimits:
    """The limits for deletions by a delivery, and for those that reconciling inferred."""

    signed: Limit = Limit(100, 5)
    inferred: Limit = Limit(20, 1)


DEFAULT_LIMITS = DeletionLimits()


def configured(settings: DeletionSettings) -> DeletionLimits:
    """The limits that are set."""
    return DeletionLimits(
        signed=Limit(settings.signed_deletions_per_hour, settings.signed_deletions_percent),
        inferred=Limit(settings.inferred_deletions_per_hour, settings.inferred_deletions_percent),
    )


def admitted(wanted: int, counted: int, limit: Limit, living: Callable[[], int]) -> int:
    """How many of the `wanted` deletions may be applied, if `counted` were applied within the last hour.

    `living` returns the number of users that are not deleted; it is called only above the number per hour. Those
    deleted within the hour count as living, so that the result does not depend on how deletions are divided into sets.
    """
    most = limit.per_hour
    if counted + wanted > most:
        most = limit.most(living() + counted)
    return max(0, min(wanted, most - counted))


def in_order(deletions: Iterable[Deletion]) -> list[Deletion]:
    """The order in which deletions are admitted: those received first are first."""
    return sorted(deletions, key=lambda deletion: (deletion.received_at or deletion.at, deletion.clerk_id))
