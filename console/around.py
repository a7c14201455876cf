"""Care in; what stands beside the views out, looked up at most once a second for all tablets together."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from starlette.concurrency import run_in_threadpool

from alerts.delivery.events import Station
from alerts.delivery.proof import BOARD, Proof
from console.beside import NOTHING, Around, Going, Next, Plan
from console.care import Care

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

    async def look(self) -> Around:
        """Return what stands beside the views, at most about a second old."""
        if self._care is None:
            return self.now
        async with self._looking:
            loop = asyncio.get_running_loop()
            if loop.time() - self._looked_at >= EVERY_S:
                try:
                    self.now = await run_in_threadpool(around, self._care, self._clock())
                except Exception:
                    if not self.now.doubt:
                        log.exception("what stands beside the views cannot be looked up")
                    self.now = Around(doubt=DOUBT)
                self._looked_at = loop.time()
        return self.now

    def outdate(self) -> None:
        """Let the next look be a new one: somebody has just done something."""
        self._looked_at = -EVERY_S


def around(care: Care, now_s: float) -> Around:
    """Return what stands beside the views at ``now_s`` [UTC s]; may block."""
    shifts = care.duty.shifts()
    return Around(
        covers=dict(care.covers.covers()),
        going=tuple(going(proof, now_s=now_s) for proof in care.delivery.proofs()),
        plans={wearer: Plan(plan.helps, plan.avoid) for wearer, plan in care.plans.plans().items()},
        shift=tuple(dict.fromkeys(shift.carer for shift in shifts)),
        offered=tuple(
            f"{shift.offered_to}: until you tap, {shift.carer} has them" for shift in shifts if shift.offered_to
        ),
    )


def going(proof: Proof, *, now_s: float) -> Going:
    """Return how far ``proof`` says its matter has come at ``now_s``."""
    matter = proof.matter
    came: dict[Station, dict[str, float]] = {station: {} for station in _SHOWN}
    for leg in proof.legs:
        for station, at_s in leg.times if leg.channel == BOARD else ():
            if station in came:
                came[station][leg.to] = min(at_s, came[station].get(leg.to, at_s))
    first = {station: min(times.values(), default=None) for station, times in came.items()}
    coming, paused = proof.next(), proof.snoozed_until_s
    return Going(
        matter_id=matter.matter_id,
        kind=matter.kind,
        wearer=matter.wearer,
        since_s=matter.since_s,
        words=matter.words,
        on_tablet_s=first[Station.ON_TABLET],
        tablets=len(came[Station.ON_TABLET]),
        sounded_s=first[Station.SOUNDED],
        sounding=len(came[Station.SOUNDED]),
        seen_s=first[Station.SEEN],
        next=None if coming is None else Next(coming.who, coming.channel, coming.at_s),
        snoozed_until_s=paused if paused is not None and paused > now_s else None,
    )
