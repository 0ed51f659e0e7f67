"""How many users, shows and watches there are on each day of a landing.

Days are numbered from 1. Everything is integer arithmetic on the settings alone, so day 181 of a
landing is the same whether it is generated at once or appended later.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta

FORMATS = ("csv", "parquet", "json")
MAX_LATE = 0.25
MAX_DIRT = 0.5
WEEKDAY_WEIGHTS = (88, 88, 90, 92, 106, 122, 114)  # Monday to Sunday, in per cent of an average day
WATCHES_PER_USER = 50
WATCHES_PER_SHOW = 2_000
MIN_USERS = 20
MIN_SHOWS = 10
USER_GROWTH = 3  # tenths of the users that arrive after day 1
SHOW_GROWTH = 2
MIN_GROWTH_DAYS = 30
SCATTER_PRIMES = (7_919, 104_729, 1_299_709, 15_485_863)


class DeliveriesError(Exception):
    """A request that cannot be met; the message names the thing, the value and the way out."""


@dataclass(frozen=True)
class Settings:
    """What a landing is made from.

    Attributes:
        watches: watches that take place in the first `days` days.
        days: days over which `watches` and the growth of the population are spread.
        format: file format, one of FORMATS.
        seed: any integer; another seed is another population.
        start: the first delivery day.
        dirt: share (0 to MAX_DIRT) of each feed's rows with one bad value.
        late: share (0 to MAX_LATE) of the watches delivered late; repeats, corrections and
            orphans scale with it.
    """

    watches: int
    days: int
    format: str
    seed: int = 42
    start: date = date(2026, 1, 1)
    dirt: float = 0.01
    late: float = 0.005

    def __post_init__(self) -> None:
        """Raise DeliveriesError for a value out of its range."""
        for name, least in (("watches", 1), ("days", 1)):
            if getattr(self, name) < least:
                raise DeliveriesError(f"{name} is {getattr(self, name)}: give at least {least}")
        for name, most in (("dirt", MAX_DIRT), ("late", MAX_LATE)):
            if not 0 <= getattr(self, name) <= most:
                raise DeliveriesError(
                    f"{name} is {getattr(self, name)}: give a share from 0 to {most}"
                )
        if self.format not in FORMATS:
            raise DeliveriesError(f"format is {self.format!r}: give one of {', '.join(FORMATS)}")

    def to_json(self) -> dict[str, object]:
        """The settings as JSON values."""
        return asdict(self) | {"start": self.start.isoformat()}

    @classmethod
    def from_json(cls, values: dict[str, object]) -> Settings:
        """The settings from what `to_json` gave; KeyError, TypeError or ValueError for the rest."""
        start = date.fromisoformat(str(values["start"]))
        return cls(**(values | {"start": start}))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Growth:
    """Ids from 1: `initial` of them on day 1, and `gained` more per `period` days, evenly."""

    initial: int
    gained: int
    period: int

    @classmethod
    def towards(cls, total: int, tenths: int, days: int) -> Growth:
        """About `total` after `days` days, of which `tenths` tenths come after day 1."""
        gained, period = tenths * total, 10 * max(days, MIN_GROWTH_DAYS)
        return cls(total - (days - 1) * gained // period, gained, period)

    def size(self, day: int) -> int:
        """How many there are on `day`; 0 before day 1."""
        return self.initial + (day - 1) * self.gained // self.period if day >= 1 else 0

    def joined_sql(self, key: str) -> str:
        """SQL of the day on which the id `key` joins: the first with size(day) >= key."""
        rounded_up = (
            f"(({key} - {self.initial}) * {self.period} + {self.gained - 1}) // {self.gained}"
        )
        return f"CASE WHEN {key} <= {self.initial} THEN 1 ELSE 1 + {rounded_up} END"

    def scattered_sql(self, rank: str) -> str:
        """SQL of the id at `rank` (from 0) of popularity: day 1's lead, in no order of ids."""
        prime = next(prime for prime in SCATTER_PRIMES if self.initial % prime)
        scattered = f"{rank} * {prime} % {self.initial}"
        return f"1 + CASE WHEN {rank} < {self.initial} THEN {scattered} ELSE {rank} END"


class Population:
    """The sizes that follow from the settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.users = Growth.towards(
            max(MIN_USERS, settings.watches // WATCHES_PER_USER), USER_GROWTH, settings.days
        )
        self.shows = Growth.towards(
            max(MIN_SHOWS, settings.watches // WATCHES_PER_SHOW), SHOW_GROWTH, settings.days
        )
        self._weight_of_all = self._weight_until(settings.days)

    def date_of(self, day: int) -> date:
        """The date of `day`."""
        return self.settings.start + timedelta(days=day - 1)

    def day(self, when: date) -> int:
        """The number of the day `when`; 0 or less before the start."""
        return (when - self.settings.start).days + 1

    def watches(self, day: int) -> tuple[int, int]:
        """The ids of the watches that take place on `day`: the first, and the next day's first."""
        return self._watches_until(day - 1) + 1, self._watches_until(day) + 1

    def _watches_until(self, day: int) -> int:
        return self.settings.watches * self._weight_until(day) // self._weight_of_all

    def _weight_until(self, day: int) -> int:
        weeks, rest = divmod(day, 7)
        first = self.settings.start.weekday()
        return weeks * sum(WEEKDAY_WEIGHTS) + sum(
            WEEKDAY_WEIGHTS[(first + i) % 7] for i in range(rest)
        )
