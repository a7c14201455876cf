"""Care in; what stands beside the views out, looked up at most once a second for all tablets together."""

import asyncio
import logging
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool

from alerts.delivery.events import AT_TABLETS, Station, Step
from alerts.delivery.matter import Kind
from alerts.delivery.proof import BOARD, MQTT, ON_SHIFT, PUSH, Proof
from alerts.protection.cover import Level
from console.beside import NOTHING, Around, Going, Next, Plan
from console.care import Care

log = logging.getLogger(__name__)

EVERY_S: Final = 0.9
"""A little less than a beat: each beat says something new, and no two tablets look it up twice."""

PATIENCE_S: Final = 0.1
"""How long a stream waits for it: well below what an alert may take in all, and far more than it needs."""

LATE_S: Final = 5.0
"""From then on what was found before proves nothing: a tablet frames its clock as late, too."""

HELD_S: Final = 900.0
"""How long boards still say who sees to what nobody tells the end of: until then it is mended, or said anew."""

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
            near = self._near(alerts)
            self._looking = asyncio.create_task(run_in_threadpool(around, self._care, near, self._clock()))
            self._looking.add_done_callback(self._found)
        if self._looking is not None:
            await asyncio.wait({self._looking}, timeout=PATIENCE_S)
        late = self._looking is not None and loop.time() - self._began_at >= LATE_S
        if late or self.now is NOTHING:
            self.now = Around(doubt=DOUBT)
        return self.now

    def _near(self, alerts: Collection[str]) -> set[str]:
        """Return the alerts at hand, and what was going just now: somebody may have taken it since."""
        return {*alerts, *(it.matter_id for it in self.now.going if it.kind is not Kind.ALERT)}

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


def around(care: Care, near: Collection[str], now_s: float) -> Around:
    """Return what stands beside the views at ``now_s`` [UTC s]; may block. What somebody has is told of ``near``."""
    proofs = {proof.matter.matter_id: proof for proof in care.delivery.proofs()}
    notices, covers = tuple(care.covers.notices()), dict(care.covers.covers())
    known = {it.matter_id for it in notices}
    taken = [*care.delivery.taken_lately(now_s - HELD_S)]
    taken += [proof for it in {*near, *known} - proofs.keys() if (proof := care.delivery.proof(it)) is not None]
    shifts, outside = care.duty.shifts(), care.outside() if care.outside else None
    uncovered = any(not care.duty.on_shift(wearer, now_s) for wearer in covers) if covers else not shifts
    still = Still(
        known=known,
        uncovered=uncovered,
        protected={wearer for wearer, cover in covers.items() if cover.level is Level.PROTECTED},
        now_s=now_s,
    )
    proofs |= {it.matter.matter_id: it for it in taken if still.holds(it)}

    def devices(wearer: str) -> tuple[str, ...] | None:
        if outside is None:
            return None
        return tuple(carer for carer in care.duty.on_shift(wearer, now_s) if carer in outside.devices)

    return Around(
        covers=covers,
        notices=notices,
        going=tuple(going(it, now_s=now_s, devices=devices(it.matter.wearer)) for it in proofs.values()),
        indoors=outside is not None and not outside.contacts and not outside.devices,
        plans={wearer: Plan(plan.helps, plan.avoid) for wearer, plan in care.plans.plans().items()},
        shift=tuple(dict.fromkeys(shift.carer for shift in shifts)),
        offered=tuple(
            f"{shift.offered_to}: until you tap, {shift.carer} has them" for shift in shifts if shift.offered_to
        ),
        shifts=tuple(shifts),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """What holds at ``now_s``: the ``known`` notices of the house, whether somebody is ``uncovered``, and who is known
    to be ``protected``: of whom nobody can say it, as before the first look after a restart, is not."""

    known: Collection[str]
    uncovered: bool
    protected: Collection[str]
    now_s: float

    def holds(self, proof: Proof) -> bool:
        """Return whether boards still say who has it: no longer than it is so, where anybody can tell."""
        matter, ended_s = proof.matter, proof.ended_s
        if proof.is_open or matter.kind is Kind.ALERT:
            return True
        if not proof.ended_by or ended_s is None:
            return False
        if matter.matter_id in self.known:
            return True
        lately = self.now_s - ended_s < HELD_S
        match matter.kind:
            case Kind.HOUSE:
                return False
            case Kind.UNCOVERED:
                return lately and self.uncovered
            case Kind.PROTECTION:
                return lately and matter.wearer not in self.protected
            case _:
                return lately


def going(proof: Proof, *, now_s: float, devices: tuple[str, ...] | None = None) -> Going:
    """Return how far ``proof`` says its matter has come at ``now_s``. ``devices``: who on shift would get a message,
    None where nobody can say."""
    matter = proof.matter
    came: dict[Station, dict[str, float]] = {station: {} for station in AT_TABLETS}
    for leg in proof.legs:
        for station, at_s in leg.times if leg.channel == BOARD else ():
            if station in came:
                came[station][leg.to] = min(at_s, came[station].get(leg.to, at_s))
    first = {station: min(times.values(), default=None) for station, times in came.items()}
    paused = proof.snoozed_until_s
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
        next=_next(proof, devices),
        snoozed_until_s=paused if proof.is_open and paused is not None and paused > now_s else None,
        by=proof.ended_by,
        ended_s=proof.ended_s,
    )


def _next(proof: Proof, devices: tuple[str, ...] | None) -> Next | None:
    """Return who is told next: nobody is promised a message who has no device for it."""
    coming = proof.next()
    if coming is None:
        return None
    told = [step for step in proof.steps if step.channel != MQTT]
    if not coming.again:
        left = [step for number, step in enumerate(proof.steps) if step in told and not proof.rounds(number)]
        steps = [(step, coming.at_s + step.after_s - left[0].after_s) for step in left]
    else:
        steps = [(step, coming.at_s) for step in reversed(told)]
    return next((Next(_who(step, devices), step.channel, at_s) for step, at_s in steps if _who(step, devices)), None)


def _who(step: Step, devices: tuple[str, ...] | None) -> str:
    """Return whom a step tells, "" where that is nobody."""
    return ", ".join(devices) if devices is not None and (step.who, step.channel) == (ON_SHIFT, PUSH) else step.who
