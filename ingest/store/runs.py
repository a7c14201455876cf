"""Handled sequence numbers of one boot in, the fewest runs of them out; a run costs the same whatever its length."""

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from ingest.store.protocol import Run


class Runs:
    """Whole numbers as runs that neither touch nor overlap, in rising order."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._firsts, self._lasts, strict=True)

    def around(self, number: int) -> Run | None:
        """The run that ``number`` is in; None where it is in none."""
        at = bisect_right(self._firsts, number) - 1
        return Run(self._firsts[at], self._lasts[at]) if at >= 0 and number <= self._lasts[at] else None

    def missing(self, first: int, last: int) -> int:
        """How many numbers from ``first`` to ``last`` are in no run."""
        at, known = bisect_left(self._lasts, first), 0
        while at < len(self._firsts) and self._firsts[at] <= last:
            known += min(last, self._lasts[at]) - max(first, self._firsts[at]) + 1
            at += 1
        return last - first + 1 - known

    def take(self, first: int, last: int) -> bool:
        """Take them in, and return whether all of them are new."""
        at = bisect_left(self._lasts, first)
        alone = at == len(self._firsts) or self._firsts[at] > last
        self.add(first, last)
        return alone

    def add(self, first: int, last: int) -> bool:
        """Take in every number from ``first`` to ``last``; return whether any of them is new."""
        lasts = self._lasts
        if lasts and first == lasts[-1] + 1:  # the next one: nearly always
            lasts[-1] = last
            return True
        low = bisect_left(lasts, first - 1)  # the first run that touches, or lies above
        high = bisect_right(self._firsts, last + 1)  # the first that lies above without touching
        if low < high and self._firsts[low] <= first and last <= lasts[low]:
            return False
        if low < high:
            first, last = min(first, self._firsts[low]), max(last, lasts[high - 1])
        self._firsts[low:high] = [first]
        lasts[low:high] = [last]
        return True


def load_runs(db: sqlite3.Connection, boot_id: int) -> Runs:
    """Return what the table holds of a boot."""
    runs = Runs()
    for first, last in db.execute("SELECT first, last FROM runs WHERE boot_id = ? ORDER BY first", (boot_id,)):
        runs.add(first, last)
    return runs


def keep_run(db: sqlite3.Connection, boot_id: int, first: int, last: int) -> None:
    """Join a run to the table's, touching only its neighbours."""
    below = db.execute(
        "SELECT first, last FROM runs WHERE boot_id = ? AND first <= ? ORDER BY first DESC LIMIT 1", (boot_id, first)
    ).fetchall()
    above = db.execute(
        "SELECT first, last FROM runs WHERE boot_id = ? AND first > ? AND first <= ?", (boot_id, first, last + 1)
    ).fetchall()
    for run_first, run_last in [*below, *above]:
        if run_last >= first - 1:
            db.execute("DELETE FROM runs WHERE boot_id = ? AND first = ?", (boot_id, run_first))
            first, last = min(first, run_first), max(last, run_last)
    db.execute("INSERT INTO runs VALUES (?, ?, ?)", (boot_id, first, last))
