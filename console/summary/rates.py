"""Watched minutes and moments in; how often for each watched hour, how sure that is, and what stands out, out.

Hours that nobody watched count nowhere: neither among the hours, nor what happened in them among the times.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from scipy.special import bdtrc

from console.research.intervals import of_count

HOUR_S: Final = 3600.0

OF_HOURS: Final = 10.0
"""Rates are told for so many watched hours: a waking day, and most are numbers near one."""

FEW: Final = 5
"""Fewer times than that show nothing about when: chance makes any pattern of them."""

LEAST_HOURS: Final = 2.0
"""Watched for less, a rate is of no use to anybody."""

DOUBT: Final = 0.05
"""The chance that anything at all is said to stand out where nothing does, shared by all that are compared
(Bonferroni; Dunn 1961, doi:10.1080/01621459.1961.10482090)."""

PARTS: Final = (("Night, 22 to 6", 22, 6), ("Morning, 6 to 12", 6, 12), ("Afternoon, 12 to 18", 12, 18))
EVENING: Final = "Evening, 18 to 22"
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """In all that is called ``name``: for how long somebody watched [s], how many ``times`` came then, and between
    which two numbers the times of ``OF_HOURS`` watched hours lie with 95 % confidence, None where it was too little.
    ``stands_out``: there were more than chance would put there."""

    name: str
    watched_s: float
    times: int
    low: float | None = None
    high: float | None = None
    stands_out: bool = False

    @property
    def of_hours(self) -> float | None:
        """Times in ``OF_HOURS`` watched hours; None where it was too little to say."""
        return None if self.low is None else self.times / (self.watched_s / HOUR_S) * OF_HOURS


def part_of_day(at: datetime) -> str:
    """Return the part of the day that a clock's time is in."""
    for name, begins, ends in PARTS:
        if begins <= at.hour < ends or (begins > ends and (at.hour >= begins or at.hour < ends)):
            return name
    return EVENING


def day_of_week(at: datetime) -> str:
    """Return the name of its day."""
    return DAYS[at.weekday()]


def rates(
    watched: Mapping[float, float],
    moments: Iterable[float],
    zone: ZoneInfo,
    *,
    of: Callable[[datetime], str],
    names: Sequence[str],
    compared: int,
) -> tuple[Rate, ...]:
    """Return the rate of each of ``names``, which ``of`` puts a time of the clock in ``zone`` into. ``watched`` is how
    many seconds were, of each minute by its start [UTC s]; ``compared`` how many rates are looked at in all."""
    hours: dict[str, float] = defaultdict(float)
    place: dict[float, str] = {}
    for at_s, known_s in watched.items():
        quarter_s = at_s // 900 * 900  # zones change by quarters of an hour
        if quarter_s not in place:
            place[quarter_s] = of(datetime.fromtimestamp(quarter_s, zone))
        hours[place[quarter_s]] += known_s
    times: dict[str, int] = defaultdict(int)
    for at_s in moments:
        times[of(datetime.fromtimestamp(at_s, zone))] += 1
    all_s, all_times = sum(hours.values()), sum(times.values())
    return tuple(_rate(name, hours[name], times[name], all_s, all_times, compared) for name in names)


def _rate(name: str, watched_s: float, times: int, all_s: float, all_times: int, compared: int) -> Rate:
    if watched_s < LEAST_HOURS * HOUR_S:
        return Rate(name=name, watched_s=watched_s, times=times)
    low, high = (each / (watched_s / HOUR_S) * OF_HOURS for each in of_count(times))
    return Rate(
        name=name,
        watched_s=watched_s,
        times=times,
        low=low,
        high=high,
        stands_out=_stands_out(times, all_times, watched_s / all_s, compared),
    )


def _stands_out(times: int, of: int, share: float, compared: int) -> bool:
    """Whether so many of all times in so small a share of the watched hours is more than chance (binomial: as if each
    came by itself)."""
    if of < FEW or share >= 1.0 or times / of <= share:
        return False
    return float(bdtrc(times - 1, of, share)) < DOUBT / compared


def overall(watched: Mapping[float, float], times: int) -> Rate:
    """Return the rate of the whole period."""
    watched_s = sum(watched.values())
    return _rate("All watched hours", watched_s, times, watched_s or 1.0, times, 1)
