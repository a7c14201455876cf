"""What is seen of bands, people and gateways in; what needs doing today, most urgent first, and what mends it, out.

Urgent is what leaves somebody unwatched now, then what will soon, then what makes it worse. Nothing here is a number
alone: each task says what is so, what to do, and has the one tap that does it, or leads to where it is done.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from alerts.views import Blind, WearerView
from console.amounts import lasting
from console.clock import clock_time
from console.rows import LOW_BATTERY_PCT
from console.standing import QUIET_S, Look, ModelsAt, gateways_to_see_to, links, models_to_see_to
from console.support.office import Person
from ingest.admission import Verdict
from ingest.bands import BandReport, ConsentDue, Overview

LONG_S: Final = 600.0
"""A signal that is poor for longer does not mend itself: somebody looks how the band sits."""

CHARGE_PCT: Final = 30
"""From here down a band is swapped with the next change of shifts: six hours of one that lasts twenty."""

AFTER_S: Final = 150.0
"""A gateway lets go of a band that long after it was offered last, and fetches a little of what came before."""

CLOCK_SETS: Final = 3
"""A band whose clock was set so often in one boot loses its time: it is worth a charge and a restart."""


class Urgency(IntEnum):
    """How soon."""

    NOW = 0  # somebody is not watched
    SOON = 1  # somebody will not be, or may be watched under another's name
    TODAY = 2  # it is worse than it could be


@dataclass(frozen=True, slots=True)
class Tap:
    """What mends it: a word, and where; ``posts``: a form that does it at once, with its fields."""

    verb: str
    where: str
    posts: bool = False
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do: about whom or what, what is so, what to do, and the taps that do it, the likeliest first."""

    urgency: Urgency
    glyph: str
    about: str
    what: str
    do: str
    taps: tuple[Tap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is looked at: an overview, what boards show of people, who there is, the models, what calls people, and
    which bands were ``offered`` to gateways for a pairing, from when to when [UTC s]."""

    overview: Overview
    views: Sequence[WearerView]
    people: Sequence[Person]
    models: ModelsAt
    zone: ZoneInfo
    name: Callable[[str], str]
    offered: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def clock(self, at_s: float) -> str:
        """Return a moment by the clock on the wall."""
        return clock_time(at_s, zone=self.zone, now_s=self.overview.at_s)


def tasks_of(seen: Seen) -> tuple[Task, ...]:
    """Return what needs doing, the most urgent first; what is as urgent stays in the order of its kind."""
    found = [
        *_of_nobody(seen),
        *_unrecorded(seen),
        *_bands(seen),
        *_without(seen),
        *_exchanged(seen),
        *_gateways(seen),
        *_models(seen),
        *_clocks(seen),
        *_firmware(seen),
    ]
    return tuple(sorted(found, key=lambda task: task.urgency))


def band_path(band: str, what: str = "") -> str:
    """Return where a band's page is, or one beneath it."""
    return f"/bands/{quote(band, safe='')}{what}"


def _of_nobody(seen: Seen) -> list[Task]:
    found = []
    for each in seen.overview.bands:
        if each.is_urgent and each.waiting is not None and not _only_offered(seen, each):
            goes = seen.clock(each.waiting.first_goes_s)
            what = f"Nobody is known to wear it, so nobody is watched by it. Its readings are erased from {goes} on."
            taps = (
                Tap("Pair it", f"/pair?band={quote(each.band, safe='')}"),
                Tap("Whose were they?", band_path(each.band, "/correct")),
            )
            found.append(Task(Urgency.NOW, "band", each.band, what, "Say who wears it from now on.", taps))
    return found


def _only_offered(seen: Seen, each: BandReport) -> bool:
    """Whether a band sent only while somebody paired: it lay in a hand or on a charger, and its readings may go."""
    if each.waiting is None or each.last_heard_s is None or each.band not in seen.offered:
        return False
    keep_s = each.waiting.last_goes_s - each.last_heard_s
    since_s, (begun_s, ended_s) = each.waiting.first_goes_s - keep_s, seen.offered[each.band]
    return since_s >= begun_s - AFTER_S and each.last_heard_s <= ended_s + AFTER_S


def _unrecorded(seen: Seen) -> list[Task]:
    return [_consent(seen, each) for each in seen.overview.consents]


def _consent(seen: Seen, due: ConsentDue) -> Task:
    taps = (Tap("To the consents", "/admin/consents"),)
    name = seen.name(due.wearer)
    if due.to_confirm:
        what = "A consent was carried over from before, and nobody gave it."
        return Task(Urgency.TODAY, "cannot", name, what, "Ask whoever may agree; an administrator enters it.", taps)
    if due.ends_s is None:
        what = "Not recording: no consent to care covers today. Nothing is kept, and no alert can come."
        do = "Look in. If somebody agrees, an administrator enters who."
        return Task(Urgency.NOW, "notrecording", name, what, do, taps)
    what = f"The consent to care ends {seen.clock(due.ends_s)}, in {lasting(due.ends_s - seen.overview.at_s)}."
    return Task(Urgency.TODAY, "clock", name, what, "Ask for a new one before that.", taps)


def _bands(seen: Seen) -> list[Task]:
    views = {view.wearer: view for view in seen.views}
    linked = links(seen.overview.standing, clock=seen.clock)
    found = []
    for each in seen.overview.bands:
        if each.wearer is None or each.verdict is not Verdict.KEEP:
            continue
        fault = linked[each.band].fault if each.band in linked else ""
        task = _band(seen, each, views.get(each.wearer), fault)
        found += [task] if task is not None else []
    return found


def _band(seen: Seen, each: BandReport, view: WearerView | None, fault: str) -> Task | None:
    """The worst that ails a band that is worn: one task a band, or nobody reads them."""
    now_s, about = seen.overview.at_s, f"{seen.name(each.wearer or '')}, {each.band}"
    look, swap = Tap("Look at it", band_path(each.band)), Tap("Swap it", band_path(each.band, "/swap"))
    if each.last_heard_s is None or now_s - each.last_heard_s > QUIET_S:
        since = "It was never heard" if each.last_heard_s is None else f"Silent since {seen.clock(each.last_heard_s)}"
        what = f"{since}: nobody is watched by it{f'. {fault[0].upper()}{fault[1:]}' if fault else ''}."
        do = "Is it charged, on the wrist, and near a gateway?"
        return Task(Urgency.NOW, "unprotected", about, what, do, (look, swap))
    battery = each.sent.battery_pct
    if battery is not None and battery <= LOW_BATTERY_PCT:
        what = f"Battery {battery} %. When it is empty, nobody is watched by it."
        return Task(Urgency.SOON, "band", about, what, "Swap it for a charged one.", (swap,))
    reason, since_s = (view.sight.reason, view.sight.since_s) if view is not None else (None, now_s)
    if reason is Blind.NOT_WORN:
        what = f"Off the wrist since {seen.clock(since_s)}: nobody is watched by it."
        return Task(Urgency.NOW, "bandoff", about, what, "Look in. Put it on, or say that nobody wears it.", (look,))
    if reason is Blind.POOR_SIGNAL and now_s - since_s > LONG_S:
        what = f"Loose, or dry: no clear signal since {seen.clock(since_s)}."
        return Task(Urgency.SOON, "cannot", about, what, "Check how it sits.", (Tap("Check the fit", look.where),))
    if battery is not None and battery <= CHARGE_PCT:
        what = f"Battery {battery} %."
        return Task(Urgency.TODAY, "band", about, what, "Swap it with the next change of shifts.", (swap,))
    return None


def _without(seen: Seen) -> list[Task]:
    """Everybody whom a consent covers, and who wears nothing: by choice, perhaps, and then it is right so."""
    what = "Wears no band: not watched."
    return [
        Task(
            Urgency.TODAY,
            "person",
            seen.name(each.wearer),
            what,
            "If that is not as it should be, pair one.",
            (Tap("Pair a band", f"/pair?wearer={quote(each.wearer, safe='')}"),),
        )
        for each in seen.people
        if each.band is None and each.agreed
    ]


def _exchanged(seen: Seen) -> list[Task]:
    found = []
    for doubt in seen.overview.doubts:
        since = seen.clock(doubt.since_s)
        pairs = [(doubt.band, doubt.wearer), (doubt.other_band, doubt.other_wearer)]
        (band, mine), *rest = [(band, wearer) for band, wearer in pairs if band is not None]
        theirs = doubt.other_wearer if mine == doubt.wearer else doubt.wearer
        right = [("band", each) for each, _ in ((band, mine), *rest)]
        taps = [Tap("Each is on the right wrist", "/bands/right", posts=True, fields=tuple(right))]
        if rest:
            exchange = f"?exchange={quote(rest[0][0], safe='')}&since={doubt.since_s:.0f}"
            taps.insert(0, Tap("They are exchanged", band_path(band, f"/correct{exchange}")))
        about = " and ".join(each for _, each in right)
        what = f"{band} has looked like {seen.name(theirs)} rather than {seen.name(mine)} since {since}."
        do = "Look whose band it is. Alerts go on meanwhile, under these names."
        found.append(Task(Urgency.SOON, "handover", about, what, do, tuple(taps)))
    return found


def _gateways(seen: Seen) -> list[Task]:
    gateways = {each.gateway for each in seen.overview.standing.gateways}
    found = []
    for look in gateways_to_see_to(seen.overview.standing, now_s=seen.overview.at_s):
        urgency = Urgency.NOW if look.glyph == "unprotected" else Urgency.SOON
        where = f"/gateways#{quote(look.about, safe='')}" if look.about in gateways else band_path(look.about)
        found.append(_of_look(look, urgency, (Tap("Look at it", where),)))
    return found


def _models(seen: Seen) -> list[Task]:
    return [_of_look(look, Urgency.TODAY, ()) for look in models_to_see_to(seen.models, name=seen.name)]


def _of_look(look: Look, urgency: Urgency, taps: tuple[Tap, ...]) -> Task:
    return Task(urgency, look.glyph, look.about, look.what, look.do, taps)


def _clocks(seen: Seen) -> list[Task]:
    return [
        Task(
            Urgency.TODAY,
            "clock",
            each.band,
            f"Its clock was set {each.clock.sets} times since it started: its readings may lie beside their moments.",
            "Swap it, and charge it full.",
            (Tap("Swap it", band_path(each.band, "/swap")),),
        )
        for each in seen.overview.bands
        if each.wearer is not None and each.clock is not None and each.clock.sets >= CLOCK_SETS
    ]


def _firmware(seen: Seen) -> list[Task]:
    """Bands whose firmware is not what most of their kind have."""
    said = {
        each.band: (each.status.seen.profile, each.status.seen.firmware)
        for each in seen.overview.standing.bands
        if each.status.seen is not None and each.status.seen.firmware
    }
    found = []
    for profile in sorted({profile for profile, _ in said.values()}):
        of = [firmware for other, firmware in said.values() if other == profile and firmware]
        usual = max(sorted(set(of)), key=of.count)
        behind = sorted(band for band, (other, firmware) in said.items() if other == profile and firmware != usual)
        if behind and of.count(usual) > len(behind):
            what = f"Their firmware is not {usual}, which {of.count(usual)} others of their kind have."
            do = "Bring them to the same when they are charged."
            found.append(Task(Urgency.TODAY, "band", ", ".join(behind), what, do, ()))
    return found
