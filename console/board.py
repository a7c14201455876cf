"""The desk's views, the house's names and the time in; rows, their tally and the stream's events out."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import msgspec

from alerts.delivery.matter import Kind, Matter
from alerts.views import AlertView, Stamp, WearerView
from console.access.asker import EVERYWHERE
from console.around import Lookout
from console.beside import Around, Going
from console.care import Care
from console.clock import clock_time, to_the_second
from console.rows import Row, Tally, row_of, tally_of
from console.sight import EVERYBODY, Sight
from console.telling import ended, taken_words

NOBODY_HERE: Final = "Nobody is on shift"
"""What the board says where shifts are kept and nobody has one: the page marks it as a doubt."""


SLICE_S: Final = 0.005
"""For so long rows are drawn before whatever else waits has its turn [s]: a thousand of them hold up no alert."""

FRESH_S: Final = 2
"""A tally may be of rows that were drawn in the second before [s]: what follows them second by second is their age."""


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

    def close(self, alert_id: str, *, by: str, at_s: float) -> AlertView:
        """End the alert because ``by`` says that it is over; raises as ``acknowledge`` does."""
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
class Notice:
    """What the house should know, in words; its sound is paused until ``snoozed_until_s``, and can be paused only
    where somebody is being told of it; then it can be taken, too. ``taken`` says who did."""

    matter_id: str
    kind: Kind
    text: str
    snoozed_until_s: float | None = None
    can_snooze: bool = False
    taken: str = ""


@dataclass(frozen=True, slots=True)
class Beat:
    """One ``beat`` event: the server's clock, so that a watch that stopped is noticed, and what holds for the house;
    ``standby`` says why another model watches than was chosen, "" where none does, and ``shift`` who is on shift.
    ``indoors``: nobody but the tablets is told. ``version`` is that of the page that belongs to this server."""

    now_s: float
    clock: str
    tally: Tally
    wearers: tuple[str, ...]
    standby: str = ""
    shift: str = ""
    notices: tuple[Notice, ...] = ()
    indoors: bool = False
    version: str = ""


class Board:
    """Turns views into what tablets show. All methods belong to one event loop.

    Parameters
    ----------
    names : pseudonym to the name that the house uses, and may grow; a pseudonym without one stands for itself.
    zone : the zone of the site's clocks.
    clock : UTC seconds now.
    care : what stands beside the desk; None: rows go by sight alone.
    version : that of the page's scripts, styles and templates.
    site_of : at which site a wearer is; answers at once.

    What is shown goes by the ``Sight`` of whoever looks, and is made once for all who see the same.
    """

    def __init__(
        self,
        *,
        names: Mapping[str, str],
        zone: ZoneInfo,
        clock: Callable[[], float],
        care: Care | None = None,
        version: str = "",
        site_of: Callable[[str], str] = lambda wearer: "",
    ) -> None:
        self.version = version
        self._names = names
        self._zone = zone
        self._clock = clock
        self._lookout = Lookout(care, clock=clock)
        self._site_of = site_of
        self._shown: dict[tuple[str, bool], tuple[WearerView, int, Around, Row]] = {}
        self._encoded: dict[tuple[str, bool], tuple[Row, bytes]] = {}
        self._beaten: dict[Sight, tuple[object, tuple[WearerView, ...], bytes]] = {}

    async def look(self) -> None:
        """Look up what stands beside the views, at most once a second for all tablets."""
        alerts = [view.alert.alert_id for view, *_ in self._shown.values() if view.alert]
        await self._lookout.look(alerts)

    def outdate(self) -> None:
        """Look it up anew at the next beat: somebody has just done something."""
        self._lookout.outdate()

    def seen(self, views: Iterable[WearerView], sight: Sight) -> list[WearerView]:
        """Return the views of those whom ``sight`` sees."""
        if sight.is_whole:
            return list(views)
        site_of, sites = self._site_of, sight.seen
        return [view for view in views if site_of(view.wearer) in sites]

    def rows(self, views: Iterable[WearerView], sight: Sight = EVERYBODY) -> list[Row]:
        """Return a row for every view, by name, so that everybody keeps their place."""
        rows = [self.row(view, sight, within_s=FRESH_S) for view in self.seen(views, sight)]
        return sorted(rows, key=lambda row: (row.name.casefold(), row.wearer))

    async def drawn(self, views: Collection[WearerView], sight: Sight = EVERYBODY) -> dict[str, bytes]:
        """Return the ``row`` event of every view, which ``sight`` sees, drawn a slice at a time."""
        loop, events = asyncio.get_running_loop(), {}
        until_s = loop.time() + SLICE_S
        for view in views:
            events[view.wearer] = self.row_event(view, sight)
            if loop.time() >= until_s:
                await asyncio.sleep(0)
                until_s = loop.time() + SLICE_S
        return events

    def name(self, wearer: str, sight: Sight = EVERYBODY) -> str:
        """Return what the house calls this wearer; the pseudonym to whom ``sight`` tells no names."""
        return self._names.get(wearer, wearer) if self._is_named(wearer, sight) else wearer

    def wall_clock(self) -> str:
        """Return the site's time as 14:32:08."""
        return to_the_second(self._clock(), self._zone)

    def row_event(self, view: WearerView, sight: Sight = EVERYBODY) -> bytes:
        """Return the ``row`` event of ``view`` as it stands in this second, encoded once for all tablets: once with a
        name, and once without where somebody is shown none."""
        which, row = (view.wearer, self._is_named(view.wearer, sight)), self.row(view, sight)
        encoded = self._encoded.get(which)
        if encoded is None or encoded[0] is not row:
            encoded = self._encoded[which] = (row, _event("row", _facts(row, view)))
        return encoded[1]

    def beat_event(
        self, views: Iterable[WearerView], sight: Sight = EVERYBODY, *, kept: bool, stored: bool, standby: str
    ) -> bytes:
        """Return the ``beat`` event of a tablet that has been told ``views``, all of them in ``sight``; the rest is as
        in ``tally_of``, and ``Beat``. It is made once a second for all who have been told the same."""
        told, around = tuple(views), self._lookout.now
        house = (int(self._clock()), id(around), kept, stored, standby)
        beaten = self._beaten.get(sight)
        if beaten and beaten[0] == house and _same(beaten[1], told):
            return beaten[2]
        rows = self.rows(told, sight)
        wearers, tally = tuple(row.wearer for row in rows), tally_of(rows, kept=kept, stored=stored)
        beat = Beat(
            self._clock(),
            self.wall_clock(),
            tally,
            wearers,
            standby,
            self.shift(sight),
            self.notices(sight),
            indoors=self.indoors,
            version=self.version,
        )
        event = _event("beat", beat)
        self._beaten = {of: made for of, made in self._beaten.items() if made[0] == house} | {
            sight: (house, told, event)
        }
        return event

    def shift(self, sight: Sight = EVERYBODY) -> str:
        """Return who is on shift in words, for anybody whom ``sight`` sees; "" where nobody keeps shifts here."""
        around = self._lookout.now
        if around.shift is None:
            return ""
        carers, offered = around.shift, around.offered
        if not sight.is_whole:
            shifts = [it for it in around.shifts if not it.wearers or any(map(partial(self._sees, sight), it.wearers))]
            carers = tuple(dict.fromkeys(it.carer for it in shifts))
            offered = tuple(f"{it.offered_to}: until you tap, {it.carer} has them" for it in shifts if it.offered_to)
        if not carers:
            return NOBODY_HERE
        return ". ".join([f"On shift: {', '.join(carers)}", *offered])

    @property
    def indoors(self) -> bool:
        """Whether an alert would be told to nobody but the tablets of this house."""
        return self._lookout.now.indoors

    def notices(self, sight: Sight = EVERYBODY) -> tuple[Notice, ...]:
        """Return what the house should know beside what stands in the rows: what is about somebody to whom ``sight``
        sees, what is about the house to everybody."""
        around = self._lookout.now
        inner = (Kind.ALERT, Kind.PROTECTION)
        known = {it.matter_id: Notice(it.matter_id, it.kind, self._about(it, sight)) for it in around.notices}
        known |= {
            it.matter_id: Notice(
                it.matter_id, it.kind, self._about(it, sight), it.snoozed_until_s, not it.over, self._taken(it)
            )
            for it in around.going
            if it.kind not in inner or it.matter_id in known
        }
        about = {it.matter_id: it.wearer for it in around.notices} | {it.matter_id: it.wearer for it in around.going}
        return tuple(it for it in known.values() if not about[it.matter_id] or self._sees(sight, about[it.matter_id]))

    def _sees(self, sight: Sight, wearer: str) -> bool:
        return sight.is_whole or self._site_of(wearer) in sight.seen

    def _is_named(self, wearer: str, sight: Sight) -> bool:
        return EVERYWHERE in sight.named or self._site_of(wearer) in sight.named

    def _taken(self, it: Going) -> str:
        return taken_words(it, clock=lambda at_s: clock_time(at_s, zone=self._zone, now_s=self._clock()))

    def _about(self, it: Matter | Going, sight: Sight) -> str:
        """Return what a notice says, with whom it is about first."""
        name, said = self.name(it.wearer, sight) if it.wearer else "", _said(it.words)
        return said if name in said else f"{name}: {said}"

    def row(self, view: WearerView, sight: Sight = EVERYBODY, *, within_s: int = 1) -> Row:
        """Return the row of ``view``, no older than ``within_s``."""
        second, around = int(self._clock()), self._lookout.now
        which = (view.wearer, self._is_named(view.wearer, sight))
        kept = self._shown.get(which)
        if kept is None or kept[0] is not view or not 0 <= second - kept[1] < within_s or kept[2] is not around:
            name = self.name(view.wearer, sight)
            row = row_of(view, name=name, zone=self._zone, now_s=float(second), around=around)
            kept = self._shown[which] = (view, second, around, row)
        return kept[3]


def _said(words: Iterable[str]) -> str:
    return " ".join(map(ended, words))


def _same(some: tuple[WearerView, ...], others: tuple[WearerView, ...]) -> bool:
    """Return whether these are the same views: of most it is enough that they are the very same."""
    return some == others


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
