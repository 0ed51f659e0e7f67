"""What has landed, day by day, by one listing for the commands and for the signal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

from sqlmesh import Context, ExecutionContext
from sqlmesh.core.model import Model

from macros.feeds import FEEDS
from macros.reading.listing import delivered
from macros.settings import setting
from operations.landing import MODEL, SIGNAL


@dataclass(frozen=True)
class Deliveries:
    """What has landed, as it is found at one moment; a day is looked up once.

    Args:
        feeds: Those that make a day whole.
        context: Has the engine that lists a volume which is no folder here.
        hours: For how many hours after its end a day is waited for; None: not at all.
        landing: The landing; empty: none, the seeds are the delivery.
        files_format: The format of its files.
    """

    feeds: Sequence[str]
    context: Context | ExecutionContext
    hours: int | None
    landing: str
    files_format: str
    moment: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    _landed: dict[date, set[str]] = field(default_factory=dict)

    def missing(self, day: date) -> list[str]:
        """The feeds that have no file of a day.

        Raises:
            SQLMeshError: The landing cannot be listed.
        """
        if not self.landing:
            return []
        if day not in self._landed:
            self._look(day, max(day, self.moment.date()))
        return [feed for feed in self.feeds if feed not in self._landed[day]]

    def deadline(self, day: date) -> datetime:
        """From when on a day is loaded as it is."""
        end = datetime(day.year, day.month, day.day, tzinfo=timezone.utc) + timedelta(days=1)
        return end + timedelta(hours=self.hours or 0)

    def is_waited_for(self, day: date) -> bool:
        """Whether a day is not to be loaded yet.

        Raises:
            SQLMeshError: The landing cannot be listed.
        """
        is_early = self.hours is not None and self.moment < self.deadline(day)
        return is_early and bool(self.missing(day))

    def _look(self, start: date, end: date) -> None:
        """Looks up all days from one on, of which the later ones are asked for next."""
        days = (start + timedelta(days=n) for n in range((end - start).days + 1))
        self._landed.update((day, set()) for day in days)
        landing = self.landing, self.feeds, self.files_format
        for file in delivered(self.context.engine_adapter, *landing, start, end):
            self._landed[file.day].add(file.feed)


def look(feeds: Sequence[str], context: Context | ExecutionContext) -> Deliveries:
    """Looks at the landing now, by the settings.

    Raises:
        ConfigError: A setting is wrong.
    """
    hours = setting("STREAMING_DELIVERY_WAIT_HOURS")
    return Deliveries(
        feeds,
        context,
        int(hours) if hours else None,
        setting("STREAMING_LANDING"),
        setting("STREAMING_LANDING_FORMAT"),
    )


def feeds_of(models: Iterable[Model]) -> list[str]:
    """The feeds whose models, `delivered_<feed>`, have the signal; requests may be absent."""
    found = {m.view_name for m in models if any(name == SIGNAL for name, _ in m.signals)}
    return sorted(feed for feed in FEEDS if f"{MODEL}{feed}" in found)
