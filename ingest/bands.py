"""What is stored, how clocks run, who wears what and who agreed in; a report on every band and every consent out. Pure.

Staff read it, on a page and on a terminal: a band that nobody is known to wear comes first.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ingest.admission import Admit, Verdict
from ingest.clock.clocks import ClockState, GatewayState
from ingest.control.picture import Standing
from ingest.intake.counts import Counters, HeldBack
from ingest.registry.assignments import LINGER_S
from ingest.registry.claims import Claims
from ingest.registry.consents import Given, Scope
from ingest.store.protocol import BandSummary, Refusal

ENDS_SOON_S: Final = 7 * 86_400.0
"""How long before it ends a consent is shown: a week finds whoever can give it anew."""

PACKET_S: Final = 1.0
"""A packet belongs to whoever wore the band at its end, so the samples of one that is claimed reach that far out."""

NO_CLAIMS: Final = Claims()
NOTHING_SAID: Final = Standing()


@dataclass(frozen=True, slots=True)
class Sent:
    """What the newest packet of a band said: which gateway carried it, and the charge; None where none has said so."""

    gateway: str | None = None
    battery_pct: int | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The newest readings of a band are nobody's, and wait for an assignment; the first of them go about
    ``first_goes_s`` [UTC s], which may be now, and the last that came at ``last_goes_s``."""

    first_goes_s: float
    last_goes_s: float


@dataclass(frozen=True, slots=True)
class BandReport:
    """One band as it stands.

    ``wearer`` is the pseudonym of who wears it now, None: nobody is known to. ``verdict`` is what becomes of what it
    sends now: kept, waiting for an assignment, or dropped for want of consent. ``last_heard_s`` [UTC s] counts what
    was dropped too; None: never heard. ``boots``, ``packets`` and ``samples`` are what is stored. ``clock`` is that of
    the boot heard last, None while not known; ``waiting`` is None where no readings wait. ``given_up_s`` is when it was
    given up [UTC s], where gateways still hold it to fetch what it keeps, for ``LINGER_S`` from then on; else None.
    """

    band: str
    wearer: str | None
    verdict: Verdict
    last_heard_s: float | None
    boots: int
    packets: int
    samples: int
    sent: Sent
    clock: ClockState | None
    waiting: Waiting | None
    given_up_s: float | None = None

    @property
    def is_urgent(self) -> bool:
        """Whether nobody is known to wear it while readings of it wait: they go, and nobody is watched by them. Not so
        of a band that was given up just now: that nobody wears it is what was said."""
        return self.verdict is Verdict.WAIT and self.waiting is not None and self.given_up_s is None


@dataclass(frozen=True, slots=True)
class ConsentDue:
    """A consent that somebody must see to. ``to_confirm``: nobody gave it, it was carried over from an earlier version.
    Else ``ends_s`` is when nothing will cover the wearer's care any more [UTC s]; None: nothing covers it now, so
    nothing of them is recorded."""

    wearer: str
    scope: Scope
    to_confirm: bool
    ends_s: float | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Since ``since_s`` [UTC s] what ``band`` tells looks less like its wearer than like ``other_wearer``, and what
    ``other_band`` tells the other way round. A band is None where its wearer wears none now."""

    band: str | None
    wearer: str
    other_band: str | None
    other_wearer: str
    since_s: float


@dataclass(frozen=True, slots=True)
class Overview:
    """What staff see of the way from a band to the store at ``at_s`` [UTC s]; ``names`` to show for pseudonyms.

    ``held_back`` says why nothing can be stored now, None while it can. ``refusals`` are the last messages that went to
    quarantine, the latest first. ``faults`` say what could not be looked up, and so is missing here. ``standing`` is
    what gateways say, ``doubts`` which bands look exchanged.
    """

    at_s: float
    names: Mapping[str, str]
    bands: tuple[BandReport, ...]
    gateways: tuple[GatewayState, ...]
    counters: Counters
    held_back: HeldBack | None
    refusals: tuple[Refusal, ...]
    consents: tuple[ConsentDue, ...]
    faults: tuple[str, ...] = ()
    standing: Standing = NOTHING_SAID
    doubts: tuple[Doubt, ...] = ()


def doubts_of(suspected: Iterable[tuple[str, str, float]], worn: Mapping[str, str]) -> tuple[Doubt, ...]:
    """Return what is doubted of pairs of wearers since then [UTC s], with the bands that they wear now: ``worn`` maps
    wearers to bands. Nothing is doubted of two of whom neither wears any."""
    found = (Doubt(worn.get(one), one, worn.get(other), other, since_s) for one, other, since_s in suspected)
    return tuple(each for each in found if each.band is not None or each.other_band is not None)


def band_reports(
    *,
    known: Iterable[str],
    summaries: Iterable[BandSummary],
    clocks: Iterable[ClockState],
    claims: Mapping[str, Claims],
    admit: Admit,
    sent: Mapping[str, Sent],
    imported: Iterable[str],
    now_s: float,
    keep_s: float,
) -> list[BandReport]:
    """Return a report on every band at ``now_s`` [UTC s]: first those whose readings wait to be somebody's, then, by
    name, those that are worn, then the rest.

    ``known`` are the bands that were entered, heard or not; ``summaries`` what is stored; ``clocks`` every boot, the
    one heard last at the end; ``claims`` which readings are somebody's (``Registry.claims``); ``admit`` the verdict on
    what a band sends; ``sent`` what its newest packet said, where that is known. ``imported`` are recordings that look
    like bands to a store: they are left out. What is nobody's is kept for ``keep_s`` after its arrival.
    """
    stored = {summary.band: summary for summary in summaries}
    clock = {state.band: state for state in clocks}
    found = []
    for band in (set(known) | stored.keys() | clock.keys()) - set(imported):
        admission, summary, state = admit(band, now_s), stored.get(band), clock.get(band)
        heard = [summary.last_received_s] if summary else []
        heard += [state.last_s] if state and state.last_s is not None else []
        found.append(
            BandReport(
                band=band,
                wearer=admission.wearer,
                verdict=admission.verdict,
                last_heard_s=max(heard, default=None),
                boots=summary.boots if summary else 0,
                packets=summary.packets if summary else 0,
                samples=summary.samples if summary else 0,
                sent=sent.get(band, Sent()),
                clock=state,
                waiting=waiting(summary, claims.get(band, NO_CLAIMS), now_s=now_s, keep_s=keep_s) if summary else None,
                given_up_s=_given_up_s(admission.verdict, claims.get(band, NO_CLAIMS), now_s),
            )
        )
    return sorted(found, key=lambda each: (not each.is_urgent, each.verdict is Verdict.WAIT, each.band))


def _given_up_s(verdict: Verdict, claims: Claims, now_s: float) -> float | None:
    ended = [until_s for _, until_s in claims.covered if now_s - LINGER_S < until_s <= now_s]
    return max(ended) if ended and verdict is Verdict.WAIT else None


def waiting(summary: BandSummary, claims: Claims, *, now_s: float, keep_s: float) -> Waiting | None:
    """Return when the newest readings of a band go, and those before them that nobody claims either; None where the
    newest are somebody's, or gone.

    Readings are taken to have come when they were taken, save for the last ones, whose arrival is known: what a band
    kept to itself for a while goes later than is said here, never sooner.
    """
    last_goes_s = summary.last_received_s + keep_s
    since_s = summary.first_s
    for low, high in sorted((*claims.covered, *claims.erased)):
        if low - PACKET_S < summary.last_s <= high + PACKET_S:
            return None
        if high < summary.last_s:
            since_s = max(since_s, high)
    return Waiting(max(since_s + keep_s, now_s), last_goes_s) if last_goes_s > now_s else None


def consents_due(wearing: Iterable[str], given: Iterable[Given], *, now_s: float) -> list[ConsentDue]:
    """Return what is to be seen to at ``now_s`` [UTC s]: who is ``wearing`` a band though nothing covers their care,
    then what ends within ``ENDS_SOON_S``, the soonest first, then what is to be confirmed. Nothing is said twice of one
    wearer's care, and nothing of a consent that ended for somebody who wears no band, such as that to an import."""
    consents = list(given)
    worn = dict.fromkeys(wearing)
    care: dict[str, list[Given]] = {wearer: [] for wearer in worn}
    for each in consents:
        if each.scope is Scope.CARE:
            care.setdefault(each.wearer, []).append(each)
    ends = {wearer: _ends(theirs, now_s=now_s) for wearer, theirs in care.items()}
    soon = [(end_s, wearer) for wearer, end_s in ends.items() if end_s is not None and end_s - now_s <= ENDS_SOON_S]
    found = [ConsentDue(wearer, Scope.CARE, False, None) for wearer in worn if ends[wearer] is None]
    found += [ConsentDue(wearer, Scope.CARE, False, end_s) for end_s, wearer in sorted(soon)]
    said = {(due.wearer, due.scope) for due in found}
    unsure = dict.fromkeys((each.wearer, each.scope) for each in consents if each.to_confirm and each.covers(now_s))
    return found + [ConsentDue(wearer, scope, True, None) for wearer, scope in unsure if (wearer, scope) not in said]


def _ends(care: Iterable[Given], *, now_s: float) -> float | None:
    """When what is covered now no longer is, infinite where that has no end; None: nothing covers it now."""
    spans = sorted((each.from_s, _end(each)) for each in care if each.withdrawn_s is None and _end(each) > now_s)
    at_s = now_s
    for from_s, until_s in spans:
        if from_s <= at_s:
            at_s = max(at_s, until_s)
    return None if at_s == now_s else at_s


def _end(given: Given) -> float:
    return math.inf if given.until_s is None else given.until_s
