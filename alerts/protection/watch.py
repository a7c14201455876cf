"""Facts in, moment by moment; everybody's cover, its changes in the journal, and notices to staff, out."""

import logging
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Final

from alerts.alarm_words import PRIORITIES
from alerts.delivery.again import Again, Taken, anew, next_id
from alerts.delivery.events import DeliveryBegun, DeliveryEnded
from alerts.delivery.matter import Matter, Priority
from alerts.events import Event
from alerts.journal import Log
from alerts.kept import Kept
from alerts.protection.breaks import ARRIVAL, RANK, TABLE, WORST_FIRST, Reach, severity
from alerts.protection.cover import Cover, Level, Link
from alerts.protection.damping import Damped, Watched
from alerts.protection.events import CoverChanged
from alerts.protection.links import Broken, Facts, broken, level_of

log = logging.getLogger(__name__)

SETTLE_S: Final = 20.0
"""Nobody is sent a notice so soon after a start: until gateways, bands and tablets have said that they are there."""

PATIENCE_MAX: Final = 2.0
"""Of the patience: somebody whose reason changes again and again is told of all the same after that."""

APART_MOST: Final = 3
APART_S: Final = 60.0
"""Notices of the same, of one person after the other, within so long; whoever comes then is told of in one, when there
is room again. Bands that come off one by one at bedtime would else ring a phone for each."""

BACK: Final = "protected again"
"""Why a notice is over."""

ELSE: Final = "no longer so: something else is broken"
"""Why one is over of which somebody is not back; also one from before a restart that was not taken up again."""

PREFIX: Final = "protection"
"""Begins the id of every notice."""


@dataclass(slots=True)
class _Standing:
    """What is remembered of one person: what was the cause when it was last partly (1) or not at all (2), and what is
    said now. ``cause_s`` and ``broken_s`` are watched seconds: since when it is this cause, and this bad. ``told`` is
    what staff were told of since protection was lost; ``is_now``: it is broken, and not only believed to be still."""

    damped: Damped
    cover: Cover
    causes: list[Broken | None] = field(default_factory=lambda: [None, None, None])
    cause: Broken | None = None
    cause_s: float = 0.0
    broken_s: float = 0.0
    is_now: bool = False
    told: set[tuple[Level, Link, str]] = field(default_factory=set)

    def lasts(self, now_s: float, grace_s: float) -> bool:
        """Whether staff are to be told, at ``now_s`` watched seconds."""
        patience = None if self.cause is None else TABLE[self.cause.how].patience
        if patience is None or not self.is_now:
            return False
        due_s = patience * grace_s
        return now_s - self.cause_s >= due_s or now_s - self.broken_s >= PATIENCE_MAX * due_s


@dataclass(slots=True)
class _Notice:
    """What staff were told: because of what, and of whom, each with when (watched seconds) it last stood for them. It
    stands for somebody until they are protected again, or broken by something that it does not say."""

    matter: Matter
    cause: Broken
    stood_s: dict[str, float]
    because: str = BACK

    def stands_for(self, wearer: str, cause: Broken | None) -> bool:
        """Whether somebody who was told of this has been told of ``cause``."""
        if cause is None or wearer not in self.stood_s or severity(cause.level) > severity(self.cause.level):
            return False
        return _alike(cause, self.cause) or _explains(cause, self.cause)


def _untold(_: str) -> str:
    """Nobody proves what was told."""
    return ""


def _untaken(_: str) -> None:
    """Nobody takes what was told."""


class Watch:
    """Everybody's protection. ``tick`` about once a second, from one thread; ``covers`` and ``notices`` from any.

    A break is shown in the tick that sees it; that it is over is believed after ``damping.HOLD_S``. Each change is
    written to ``journal``, from whose history ``since_s`` goes on; where it cannot be written, people are shown it all
    the same, and what changed last is written later. Staff are told (``tell``) of what lasts longer than ``grace_s()``,
    once for all whom one cause concerns, and not twice of the same, unless somebody took it and it goes on
    (``alerts.delivery.again``); ``over(matter_id, because)`` ends that. Who was told before a restart is not told
    again: ids go on from the journal.

    ``told(matter_id)`` says who was told when ("": nobody yet), ``taken(matter_id)`` who took it, ``clock`` writes a
    moment for people. Listeners that fail are logged, and what they missed they are told in the next tick.
    """

    def __init__(
        self,
        *,
        journal: Log,
        tell: Callable[[Matter], None],
        over: Callable[[str, str], None],
        clock: Callable[[float], str],
        grace_s: Callable[[], float],
        told: Callable[[str], str] = _untold,
        taken: Callable[[str], Taken | None] = _untaken,
    ) -> None:
        self._tell = tell
        self._over = over
        self._clock = clock
        self._told = told
        self._grace_s = grace_s
        self._watched = Watched()
        self._past = {event.wearer: event for event in journal.history if isinstance(event, CoverChanged)}
        self._known, self._before, self._given = _begun(journal.history)
        self._again = Again(taken, before=_taken_before(journal.history))
        self._people: dict[str, _Standing] = {}
        self._notices: dict[str, _Notice] = {}
        self._apart_s: defaultdict[tuple[str, str], deque[float]] = defaultdict(lambda: deque(maxlen=APART_MOST))
        self._kept = Kept(journal, anyway="protection is shown", wait=_last_of_each)
        self._covers: Mapping[str, Cover] = MappingProxyType({})
        self._open: tuple[Matter, ...] = ()

    @property
    def journal_fault(self) -> str:
        """Why changes cannot be written, "" where they can."""
        return self._kept.fault or ""

    def covers(self) -> Mapping[str, Cover]:
        """Return everybody's cover by pseudonym as the last tick left it."""
        return self._covers

    def notices(self) -> Sequence[Matter]:
        """Return what staff have been told of and is not over; from any thread."""
        return self._open

    def tick(self, facts: Facts, now_s: float) -> Mapping[str, Cover]:
        """Judge everybody at ``now_s`` [UTC s], tell what is to be told, and return how they are covered."""
        watched_s = self._watched.at(now_s)
        found = broken(facts, clock=self._clock)
        for gone in self._people.keys() - found.keys():
            del self._people[gone]
            self._past.pop(gone, None)
        changed = [self._judge(wearer, theirs, now_s, watched_s) for wearer, theirs in found.items()]
        self._kept.write([event for event in changed if event is not None])
        self._end_notices(watched_s)
        if watched_s >= SETTLE_S:
            self._give_notices(watched_s)
            self._tell_anew(now_s, watched_s)
        told = {wearer: self._who(id_) for id_, each in self._notices.items() for wearer in each.stood_s}
        self._covers = MappingProxyType(
            {
                wearer: replace(standing.cover, told=told[wearer]) if told.get(wearer) else standing.cover
                for wearer, standing in self._people.items()
            }
        )
        self._open = tuple(notice.matter for notice in self._notices.values())
        return self._covers

    def _judge(self, wearer: str, found: Sequence[Broken], now_s: float, watched_s: float) -> CoverChanged | None:
        """Take what is broken of one person; return what is to be written of it."""
        standing = self._people.get(wearer)
        if standing is None:
            standing = self._people[wearer] = self._begin(wearer, now_s, watched_s)
        before = standing.cover
        raw = severity(level_of(found))
        shown = standing.damped.believe(raw, watched_s)
        if shown == 0 and before.level is Level.PROTECTED and wearer in self._past and before.since_s <= now_s:
            return None
        for each in reversed(found):
            standing.causes[severity(each.level)] = each
        cause = (standing.causes[shown] or standing.causes[-1]) if shown else None
        if not (_same(cause, standing.cause) or _explains(cause, standing.cause)):
            standing.cause_s = watched_s
        standing.cause, standing.is_now = cause, raw == shown
        level, since_s = WORST_FIRST[-1 - shown], min(before.since_s, now_s)
        if level is not before.level:
            worse = shown > severity(before.level)
            since_s = min(max(cause.since_s, since_s), now_s) if worse and cause is not None else now_s
            standing.broken_s = watched_s
        if cause is not None:
            meaning = TABLE[cause.how]
            standing.cover = replace(
                before, level=level, since_s=since_s, link=cause.link, why=cause.words, passing=meaning.passing
            )
        elif shown:
            standing.cover = replace(before, since_s=since_s)  # from before a restart: what was said stands
        else:
            standing.cover = Cover(wearer=wearer, level=level, since_s=since_s)
            standing.causes = [None, None, None]
            standing.told.clear()
        return self._change(standing.cover, now_s)

    def _begin(self, wearer: str, now_s: float, watched_s: float) -> _Standing:
        """Return how somebody stands whom this process has not seen yet: as the journal left them."""
        past = self._past.get(wearer)
        if past is None:
            return _Standing(Damped(0, watched_s), Cover(wearer=wearer, level=Level.PROTECTED, since_s=now_s))
        cover = Cover(wearer=wearer, level=past.level, since_s=min(past.since_s, now_s), link=past.link)
        return _Standing(Damped(severity(past.level), watched_s), cover)

    def _change(self, cover: Cover, now_s: float) -> CoverChanged | None:
        past = self._past.get(cover.wearer)
        if past is not None and (past.level, past.link) == (cover.level, cover.link):
            return None
        event = CoverChanged(wearer=cover.wearer, at_s=now_s, level=cover.level, link=cover.link, since_s=cover.since_s)
        self._past[cover.wearer] = event
        return event

    def _end_notices(self, watched_s: float) -> None:
        """End what stands for nobody any more; a cause that is away for a moment is not over."""
        grace_s = self._grace_s()
        for matter_id, notice in list(self._notices.items()):
            for wearer, stood_s in list(notice.stood_s.items()):
                standing = self._people.get(wearer)
                if standing is not None and notice.stands_for(wearer, standing.cause):
                    notice.stood_s[wearer] = watched_s
                elif standing is None or standing.cause is None:
                    del notice.stood_s[wearer]
                elif watched_s - stood_s > grace_s:
                    del notice.stood_s[wearer]
                    notice.because = ELSE
            if not notice.stood_s and self._say(partial(self._over, matter_id, notice.because)):
                del self._notices[matter_id]
        if self._before and watched_s >= SETTLE_S + PATIENCE_MAX * grace_s:
            ended = {each for each in self._before if self._say(partial(self._over, each, ELSE))}
            self._before -= ended
            self._known -= ended  # whoever is broken so after all was told that it is over
            self._given |= ended

    def _give_notices(self, watched_s: float) -> None:
        """Tell staff of everybody whose break has lasted and who is in no notice yet, once for each cause."""
        grace_s = self._grace_s()
        due: defaultdict[tuple[str, str], dict[str, Broken]] = defaultdict(dict)
        for wearer, standing in self._people.items():
            cause = standing.cause
            if cause is None or _told(cause) in standing.told:
                continue
            if any(each.stands_for(wearer, cause) for each in self._notices.values()):
                continue
            lasts = standing.lasts(watched_s, grace_s)
            if lasts or TABLE[cause.how].reach is not Reach.PERSON:
                due[_key(cause)][wearer] = cause
        for key, causes in due.items():
            if not any(self._people[wearer].lasts(watched_s, grace_s) for wearer in causes):
                continue
            apart_s = self._apart_s[key]
            if len(apart_s) == APART_MOST and watched_s - apart_s[0] < APART_S and _is_of_person(causes):
                continue
            apart_s.append(watched_s)
            self._give_notice(causes, watched_s)

    def _give_notice(self, causes: Mapping[str, Broken], watched_s: float) -> None:
        wearers, cause = list(causes), min(causes.values(), key=lambda each: RANK[each.how])
        matter = self._matter(wearers, cause)
        while next_id(matter.matter_id) in self._known:  # told again before a restart
            matter = replace(matter, matter_id=next_id(matter.matter_id))
        if matter.matter_id in self._known or self._say(partial(self._tell, matter)):
            self._before.discard(matter.matter_id)
            self._given.add(matter.matter_id)
            self._notices[matter.matter_id] = _Notice(matter, cause, dict.fromkeys(wearers, watched_s))
            for wearer, each in causes.items():
                self._people[wearer].told.add(_told(each))

    def _tell_anew(self, now_s: float, watched_s: float) -> None:
        """Tell again what somebody took and is so still."""
        for matter_id, notice in list(self._notices.items()):
            taken = self._again.is_due(matter_id, now_s=now_s, watched_s=watched_s)
            at = [each for each, stood_s in notice.stood_s.items() if stood_s == watched_s]
            broken_now = {each: self._people[each].cause or notice.cause for each in at if self._people[each].is_now}
            if taken is None or not broken_now:
                continue
            cause = min(broken_now.values(), key=lambda each: RANK[each.how])
            matter = replace(self._matter(list(broken_now), cause), matter_id=matter_id)
            matter = anew(matter, taken, clock=self._clock)
            while matter.matter_id in self._given:
                matter = replace(matter, matter_id=next_id(matter.matter_id))
            if self._say(partial(self._tell, matter)):
                del self._notices[matter_id]
                self._given.add(matter.matter_id)
                self._notices[matter.matter_id] = replace(notice, matter=matter)
        self._again.keep(self._notices)

    def _matter(self, wearers: Sequence[str], cause: Broken) -> Matter:
        """Return the notice. Its id names a person only where ``wearer`` does, so that it goes with them."""
        meaning = TABLE[cause.how]
        since_s = min(self._people[wearer].cover.since_s for wearer in wearers)
        one = wearers[0] if len(wearers) == 1 else ""
        about = one if meaning.reach is Reach.PERSON else cause.what
        parts = (PREFIX, meaning.link.value.replace(" ", "-"), about or str(len(wearers)), str(round(since_s)))
        matter_id = "-".join(parts)
        while matter_id in self._given:
            matter_id += "-again"
        level = str(cause.level)
        who = level.capitalize() if one else f"{len(wearers)} people {level}"
        return Matter(
            matter_id=matter_id,
            kind=meaning.kind,
            priority=PRIORITIES[meaning.kind] if cause.level is Level.NOT else Priority.LOW,
            wearer=one,
            since_s=since_s,
            words=(f"{who} since {self._clock(since_s)}.", cause.words),
        )

    def _who(self, matter_id: str) -> str:
        try:
            return self._told(matter_id)
        except Exception:  # who was told is told beside: it must not stand in the way of who is unprotected
            log.exception("nobody knows who was told")
            return ""

    def _say(self, act: Callable[[], None]) -> bool:
        try:
            act()
        except Exception:
            log.exception("staff could not be told of protection: tried again in the next tick")
            return False
        return True


def _last_of_each(waiting: list[Event], events: Sequence[Event]) -> list[Event]:
    """Of everybody's cover only the last waits for the disk."""
    newest = {event.wearer: event for event in (*waiting, *events) if isinstance(event, CoverChanged)}
    return list(newest.values())


def _is_of_person(causes: Mapping[str, Broken]) -> bool:
    """Whether it is what happens to one person after the other; what breaks a gateway or the house waits for nobody."""
    return all(TABLE[cause.how].reach is Reach.PERSON for cause in causes.values())


def _key(cause: Broken) -> tuple[str, str]:
    """What is told at once: what breaks a gateway's or the house's link as badly, or the same of several people."""
    reach = TABLE[cause.how].reach
    return (cause.how.value, "") if reach is Reach.PERSON else (f"{cause.link} {cause.level}", cause.what)


def _told(cause: Broken) -> tuple[Level, Link, str]:
    """What somebody need not be told of again before it is over."""
    return cause.level, cause.link, "" if TABLE[cause.how].reach is Reach.PERSON else cause.what


def _same(one: Broken | None, other: Broken | None) -> bool:
    """Whether it is the same break, or none both times."""
    if one is None or other is None:
        return one is other
    return one.level is other.level and _alike(one, other)


def _alike(one: Broken, other: Broken) -> bool:
    """Whether it is the same link of the same thing, of one person or another."""
    mine = TABLE[one.how].reach is Reach.PERSON and TABLE[other.how].reach is Reach.PERSON
    return one.link is other.link and (mine or one.what == other.what)


def _explains(one: Broken | None, other: Broken | None) -> bool:
    """Whether ``one`` is why ``other`` is so: nothing arrives, and now it is known from further up."""
    if one is None or other is None:
        return False
    return one.how in ARRIVAL and other.how in ARRIVAL and RANK[one.how] < RANK[other.how]


def _begun(history: Sequence[object]) -> tuple[set[str], set[str], set[str]]:
    """Return the notices of a journal that hold until they are over, those of them that nobody took, and those that are
    over: no id stands for two."""
    begun = {
        event.matter_id
        for event in history
        if isinstance(event, DeliveryBegun) and event.matter_id.startswith(f"{PREFIX}-")
    }
    ended = {event.matter_id: event.by for event in history if isinstance(event, DeliveryEnded)}
    over = {matter_id for matter_id, by in ended.items() if not by} & begun
    return begun - over, begun - ended.keys(), over


def _taken_before(history: Sequence[object]) -> dict[str, Taken]:
    """Return who took which notice of a journal."""
    return {
        event.matter_id: Taken(by=event.by, at_s=event.at_s, on_shift=False)
        for event in history
        if isinstance(event, DeliveryEnded) and event.by and event.matter_id.startswith(f"{PREFIX}-")
    }
