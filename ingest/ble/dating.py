"""When a band's clock was read, by UTC, in; when a record that comes late would have been heard out. Pure.

A gateway reads a band's clock whenever it connects, and writes down for the band what time it was. So records that wait
in the band's memory have a time, also those of boots that are over.
"""

from typing import Final

from ingest.gatt.forecalm.control import TimeMark

DRIFT_MAX: Final = 2e-4  # of a crystal, as ingest/clock has it: marks that say more contradict each other
APART_US: Final = 600_000_000  # two marks nearer than ten minutes say less of the drift than their errors do


class Dates:
    """The marks of a band's boots: the last known before this link, and the newest."""

    def __init__(self, marks: tuple[TimeMark, ...] = ()) -> None:
        self._marks: dict[int, list[TimeMark]] = {mark.boot: [mark] for mark in marks}

    @property
    def boots(self) -> frozenset[int]:
        """Of which anything can be dated."""
        return frozenset(self._marks)

    def take(self, mark: TimeMark) -> None:
        """The clock was read."""
        known = self._marks.get(mark.boot, [])
        self._marks[mark.boot] = [*[one for one in known[:1] if _agree(one, mark)], mark]

    def heard_us(self, boot: int, tick_us: int) -> int | None:
        """When a record that ended at ``tick_us`` would have been heard [UTC us]; None where nobody can know."""
        marks = self._marks.get(boot)
        if not marks:
            return None
        first, last = marks[0], marks[-1]
        rate = 1.0
        if last.tick_us - first.tick_us >= APART_US:
            rate = (last.utc_us - first.utc_us) / (last.tick_us - first.tick_us)
        return max(0, last.utc_us + last.error_us + round((tick_us - last.tick_us) * rate))


def _agree(one: TimeMark, other: TimeMark) -> bool:
    ticks_us, passed_us = other.tick_us - one.tick_us, other.utc_us - one.utc_us
    return ticks_us > 0 and abs(passed_us - ticks_us) <= DRIFT_MAX * ticks_us + one.error_us + other.error_us
