"""Care in; what stands beside the views out, looked up at most once a second for all tablets together."""

import asyncio
import logging
import math
from collections.abc import Callable, Collection
from typing import Final

from starlette.concurrency import run_in_threadpool

from alerts.delivery.events import AT_TABLETS, Station
from alerts.delivery.proof import BOARD, Proof
from console.beside import NOTHING, Around, Going, Next, Plan
from console.care import Care

log = logging.getLogger(__name__)

EVERY_S: Final = 0.9
"""A little less than a beat: each beat says something new, and no two tablets look it up twice."""

PATIENCE_S: Final = 0.1
"""How long a stream waits for it: well below what an alert may take in all, and far more than it needs."""

LATE_S: Final = 5.0
"""From then on what was found before proves nothing: a tablet frames its clock as late, too."""

DOUBT: Final = "Nobody can say at the moment whether an alert would reach anybody."


class Lookout:
    """Keeps the newest ``Around``. ``look`` belongs to one event loop; what it looks up may block, so that it is looked
    up on a thread, once at a time, and nobody who looks waits for long: an alert's row must not wait for a database.
    A look-up that fails, or takes too long, is said: nobody counts as protected by what was true a while ago."""

    def __init__(self, care: Care | None, *, clock: Callable[[], float]) -> None:
        self.now = NOTHING
        self._care = care
        self._clock = clock
        self._began_at = self._looked_at = -math.inf
        self._looking: asyncio.Task[Around] | None = None

    async def look(self, alerts: Collection[str]) -> Around:
        """Return what stands beside the views, at most about a second old, or that nobody can say; within
        ``PATIENCE_S``. ``alerts`` are those at hand, taken or not."""
        if self._care is None:
            return self.now
        loop = asyncio.get_running_loop()
        if self._looking is None and loop.time() - self._looked_at >= EVERY_S:
            self._began_at = loop.time()
            self._looking = asyncio.create_task(run_in_threadpool(around, self._care, alerts, self._clock()))
            self._looking.add_done_callback(self._found)
        if self._looking is not None:
            await asyncio.wait({self._looking}, timeout=PATIENCE_S)
        late = self._looking is not None and loop.time() - self._began_at >= LATE_S
        if late or self.now is NOTHING:
            self.now = Around(doubt=DOUBT)
        return self.now

    def _found(self, looked: asyncio.Task[Around]) -> None:
        self._looking = None
        self._looked_at = asyncio.get_running_loop().time()
        if looked.cancelled():
            return
        error = looked.exception()
        if error is None:
            self.now = looked.result()
            return
        if not self.now.doubt:
            log.error("what stands beside the views cannot be looked up", exc_info=error)
        self.now = Around(doubt=DOUBT)

    def outdate(self) -> None:
        """Let the next look be a new one: somebody has just done something."""
        self._looked_at = -math.inf


def around(care: Care, alerts: Collection[str], now_s: float) -> Around:
    """Return what stands beside the views at ``now_s`` [UTC s]; may block. What somebody has is told of ``alerts``."""
    proofs = {proof.matter.matter_id: proof for proof in care.delivery.proofs()}
    taken = [care.delivery.proof(alert) for alert in alerts if alert not in proofs]
    proofs |= {proof.matter.matter_id: proof for proof in taken if proof is not None}
    shifts = care.duty.shifts()
    return Around(
        covers=dict(care.covers.covers()),
        notices=tuple(care.covers.notices()),
        going=tuple(going(proof, now_s=now_s) for proof in proofs.values()),
        plans={wearer: Plan(plan.helps, plan.avoid) for wearer, plan in care.plans.plans().items()},
        shift=tuple(dict.fromkeys(shift.carer for shift in shifts)),
        offered=tuple(
            f"{shift.offered_to}: until you tap, {shift.carer} has them" for shift in shifts if shift.offered_to
        ),
    )


def going(proof: Proof, *, now_s: float) -> Going:
    """Return how far ``proof`` says its matter has come at ``now_s``."""
    matter = proof.matter
    came: dict[Station, dict[str, float]] = {station: {} for station in AT_TABLETS}
    for leg in proof.legs:
        for station, at_s in leg.times if leg.channel == BOARD else ():
            if station in came:
                came[station][leg.to] = min(at_s, came[station].get(leg.to, at_s))
    first = {station: min(times.values(), default=None) for station, times in came.items()}
    coming, paused = proof.next(), proof.snoozed_until_s
    return Going(
        matter_id=matter.matter_id,
        kind=matter.kind,
        over=not proof.is_open,
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
