"""The desk's views, the house's names and the time in; rows, their tally and the stream's events out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from alerts.views import AlertView, Stamp, WearerView
from console.rows import Row, Tally, row_of, tally_of


class DeskLike(Protocol):
    """What the console needs of the desk. Called from any thread, while the engine runs."""

    @property
    def journal_fault(self) -> str | None:
        """Why alerts are not kept on disk, or None while they are."""
        ...

    def views(self) -> list[WearerView]:
        """Return the newest view of every wearer."""
        ...

    def acknowledge(self, alert_id: str, *, by: str, at_s: float) -> AlertView:
        """Give the alert to ``by`` at ``at_s`` [UTC s]; raises UnknownAlert, or AlertError where it cannot be given."""
        ...


@dataclass(frozen=True, slots=True)
class RowEvent:
    """One ``row`` event: what the page shows and, for clients without eyes, the facts (docs/board-events.md)."""

    row: Row
    at_s: float
    risk_state: str
    blind: str | None
    probability: float | None
    alert_id: str | None
    acknowledged_by: str | None
    stamp: Stamp | None
    alert_model: str | None = None


@dataclass(frozen=True, slots=True)
class Beat:
    """One ``beat`` event: the server's clock, so that a watch that stopped is noticed, and what holds for the house;
    ``standby`` says why another model watches than was chosen, "" where none does."""

    now_s: float
    clock: str
    tally: Tally
    wearers: tuple[str, ...]
    standby: str = ""


class Board:
    """Turns views into what tablets show. All methods belong to one event loop.

    Parameters
    ----------
    names : pseudonym to the name that the house uses, and may grow; a pseudonym without one stands for itself.
    zone : the zone of the site's clocks.
    clock : UTC seconds now.
    """

    def __init__(self, *, names: Mapping[str, str], zone: ZoneInfo, clock: Callable[[], float]) -> None:
        self._names = names
        self._zone = zone
        self._clock = clock
        self._encoded: dict[str, tuple[WearerView, int, bytes]] = {}

    def rows(self, views: Iterable[WearerView]) -> list[Row]:
        """Return a row for every view, by name, so that everybody keeps their place."""
        now_s = self._clock()
        rows = [row_of(view, name=self.name(view.wearer), zone=self._zone, now_s=now_s) for view in views]
        return sorted(rows, key=lambda row: (row.name.casefold(), row.wearer))

    def name(self, wearer: str) -> str:
        """Return what the house calls this wearer."""
        return self._names.get(wearer, wearer)

    def wall_clock(self) -> str:
        """Return the site's time as 14:32:08."""
        return f"{datetime.fromtimestamp(self._clock(), self._zone):%H:%M:%S}"

    def row_event(self, view: WearerView) -> bytes:
        """Return the ``row`` event of ``view`` as it stands in this second, encoded once for all tablets."""
        second = int(self._clock())
        kept = self._encoded.get(view.wearer)
        if kept is None or kept[0] is not view or kept[1] != second:
            row = row_of(view, name=self.name(view.wearer), zone=self._zone, now_s=float(second))
            kept = (view, second, _event("row", _facts(row, view)))
            self._encoded[view.wearer] = kept
        return kept[2]

    def beat_event(self, views: Iterable[WearerView], *, kept: bool, stored: bool, standby: str) -> bytes:
        """Return the ``beat`` event of a tablet that has been told ``views``; the rest is as in ``tally_of``, and
        ``Beat``."""
        rows = self.rows(views)
        wearers, tally = tuple(row.wearer for row in rows), tally_of(rows, kept=kept, stored=stored)
        return _event("beat", Beat(self._clock(), self.wall_clock(), tally, wearers, standby))


def _facts(row: Row, view: WearerView) -> RowEvent:
    return RowEvent(
        row=row,
        at_s=view.at_s,
        risk_state=view.risk.value,
        blind=None if view.sight.reason is None else view.sight.reason.value,
        probability=view.probability,
        alert_id=view.alert.alert_id if view.alert else None,
        acknowledged_by=view.alert.acknowledged_by if view.alert else None,
        stamp=view.stamp,
        alert_model=view.alert.model if view.alert else None,
    )


def _event(name: str, data: RowEvent | Beat) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(data))
