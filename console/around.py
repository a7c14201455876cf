"""Care in; what stands beside the views out, looked up at most once a second for all tablets together."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from starlette.concurrency import run_in_threadpool

from alerts.delivery.events import Station
from console.beside import NOTHING, Around, Going, Next, Plan
from console.care import Care, ProofAt

log = logging.getLogger(__name__)

EVERY_S: Final = 0.9
"""A little less than a beat: each beat says something new, and no two tablets look it up twice."""

DOUBT: Final = "Nobody can say at the moment whether an alert would reach anybody."

_SHOWN: Final = (Station.ON_TABLET, Station.SOUNDED, Station.SEEN)


class Lookout:
    """Keeps the newest ``Around``. ``look`` belongs to one event loop; what it looks up may block, so that it is looked
    up on a thread. A look-up that fails is said: nobody counts as protected by what was true a while ago."""

    def __init__(self, care: Care | None, *, clock: Callable[[], float]) -> None:
        self.now = NOTHING
        self._care = care
        self._clock = clock
        self._looked_at = -EVERY_S
        self._looking = asyncio.Lock()

    async def look(self, wearers: Iterable[str]) -> Around:
        """Return what stands beside the views of ``wearers``, at most about a second old."""
        if self._care is None:
            return self.now
        async with self._looking:
            loop = asyncio.get_running_loop()
            if loop.time() - self._looked_at >= EVERY_S:
                try:
                    self.now = await run_in_threadpool(around, self._care, tuple(wearers), self._clock())
                except Exception:
                    if not self.now.doubt:
                        log.exception("what stands beside the views cannot be looked up")
                    self.now = Around(doubt=DOUBT)
                self._looked_at = loop.time()
        return self.now

    def outdate(self) -> None:
        """Let the next look be a new one: somebody has just done something."""
        self._looked_at = -EVERY_S


def around(care: Care, wearers: Iterable[str], now_s: float) -> Around:
    """Return what stands beside the views of ``wearers`` at ``now_s`` [UTC s]; may block."""
    shifts = care.duty.shifts()
    plans = {wearer: care.plans.plan(wearer) for wearer in wearers}
    return Around(
        covers=dict(care.covers.covers()),
        going=tuple(going(proof, now_s=now_s) for proof in care.delivery.proofs()),
        plans={wearer: Plan(plan.helps, plan.avoid) for wearer, plan in plans.items() if plan is not None},
        shift=tuple(dict.fromkeys(shift.carer for shift in shifts)),
        offered=tuple(
            f"{shift.offered_to}: until you tap, {shift.carer} has them" for shift in shifts if shift.offered_to
        ),
    )


def going(proof: ProofAt, *, now_s: float) -> Going:
    """Return how far ``proof`` says its matter has come at ``now_s``."""
    matter = proof.matter
    came: dict[Station, dict[str, float]] = {station: {} for station in _SHOWN}
    for leg in proof.legs:
        if leg.station in came:
            first = came[leg.station].get(leg.to, leg.at_s)
            came[leg.station][leg.to] = min(first, leg.at_s)
    shown = set().union(*(set(came[station]) for station in _SHOWN))
    firsts = {station: min(times.values(), default=None) for station, times in came.items()}
    coming = [step for step in proof.steps if matter.since_s + step.after_s > now_s]
    step = min(coming, key=lambda it: it.after_s, default=None)
    paused = proof.snoozed_until_s
    return Going(
        matter_id=matter.matter_id,
        kind=matter.kind,
        wearer=matter.wearer,
        since_s=matter.since_s,
        words=matter.words,
        on_tablet_s=min((s for s in firsts.values() if s is not None), default=None),
        tablets=len(shown),
        sounded_s=firsts[Station.SOUNDED],
        sounding=len(came[Station.SOUNDED]),
        seen_s=firsts[Station.SEEN],
        next=None if step is None else Next(step.who, step.channel, matter.since_s + step.after_s),
        snoozed_until_s=paused if paused is not None and paused > now_s else None,
    )
