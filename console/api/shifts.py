"""Taps of carers who come, go and hand over in; who has whom out."""

from collections.abc import Sequence
from dataclasses import replace

from fastapi import APIRouter, Depends, Request

from alerts.duty.errors import LeftAlone
from alerts.duty.roster import Shift
from console.access.entrance import by_of, carer_of, carers_of, check_people, may_of
from console.access.roles import Act
from console.api.answers import ShiftAnswer, SummaryAnswer
from console.api.bodies import EndBody, Identity, OfferBody, ShiftBody, TakeOverBody
from console.api.here import Here, caller
from console.care import Care
from console.refusal import Refusal


def routes(here: Here) -> APIRouter:
    """Return the routes of shifts."""
    router = APIRouter(prefix="/shifts", tags=["shifts"], dependencies=[Depends(caller(here))])

    @router.get("")
    async def list_shifts(request: Request) -> list[ShiftAnswer]:
        """Who is on shift, for whom, and until when."""
        shifts = await here.rest.run(here.given.duty.shifts)
        return [ShiftAnswer.of(shift, now_s=here.clock()) for shift in seen_by(request, shifts)]

    @router.get("/{shift_id}/summary")
    async def summarise(shift_id: Identity) -> SummaryAnswer:
        """What happened on a shift, for whoever takes over."""
        lines = await here.rest.run(here.given.duty.summary, shift_id)
        return SummaryAnswer(shift_id=shift_id, lines=list(lines))

    _add_taking_turns(router, here)
    return router


def _add_taking_turns(router: APIRouter, here: Here) -> None:
    """Add what changes who is on shift."""

    @router.post("", status_code=201)
    async def begin(request: Request, body: ShiftBody) -> ShiftAnswer:
        """Begin a shift, or prolong the one for the same people."""
        wearers = await here.rest.run(theirs, request, here, body.wearers)
        shift = await here.rest.run(
            here.given.duty.begin,
            carer_of(request, body.carer, field="carer", new=body.new),
            wearers,
            until_s=body.until_s,
            by=by_of(request, body.by),
            at_s=here.clock(),
        )
        here.done()
        return ShiftAnswer.of(shift, now_s=here.clock())

    @router.post("/{shift_id}/offer")
    async def offer(request: Request, shift_id: Identity, body: OfferBody) -> ShiftAnswer:
        """Offer a shift to somebody. Until they take it, whoever has it has it."""
        to = carers_of(request, body.to, field="to")
        shift = await here.rest.run(here.given.duty.offer, shift_id, to=to, note=body.note, at_s=here.clock())
        here.done()
        return ShiftAnswer.of(shift, now_s=here.clock())

    @router.post("/{shift_id}/take")
    async def take(request: Request, shift_id: Identity, body: TakeOverBody) -> ShiftAnswer:
        """Take a shift over that was offered; refused with 409 where it was offered to somebody else."""
        shift = await here.rest.run(_take, here.given, shift_id, body, by_of(request, body.by), here.clock())
        here.done()
        return ShiftAnswer.of(shift, now_s=here.clock())

    @router.post("/{shift_id}/end")
    async def end(request: Request, shift_id: Identity, body: EndBody) -> ShiftAnswer:
        """End a shift; refused with 409 where somebody would have nobody, unless ``anyway`` says why."""
        try:
            shift = await here.rest.run(
                here.given.duty.end, shift_id, by=by_of(request, body.by), at_s=here.clock(), anyway=body.anyway
            )
        except LeftAlone as error:
            raise Refusal(409, "Somebody would have nobody", str(error), field="anyway") from error
        here.done()
        return ShiftAnswer.of(shift, now_s=here.clock())


def seen_by(request: Request, shifts: Sequence[Shift]) -> list[Shift]:
    """Return the shifts for anybody whom the asker may see, each without those whom they may not."""
    seen = []
    for shift in shifts:
        wearers = tuple(wearer for wearer in shift.wearers if may_of(request, Act.BOARD, wearer))
        if wearers or not shift.wearers:
            seen.append(replace(shift, wearers=wearers))
    return seen


def theirs(request: Request, here: Here, wearers: Sequence[str]) -> list[str]:
    """Return for whom a shift is that names ``wearers``: none named, everybody whom the asker may keep shifts for. No
    more than they may. May block."""
    check_people(request, Act.SHIFT, wearers)
    if wearers:
        return list(wearers)
    watched = [view.wearer for view in here.desk.views()]
    may = [wearer for wearer in watched if may_of(request, Act.SHIFT, wearer)]
    return [] if may == watched else may


def _take(care: Care, shift_id: str, body: TakeOverBody, by: str, now_s: float) -> Shift:
    """Take a shift over; that it is offered to somebody else is a conflict, not a mistake in what was sent."""
    for shift in care.duty.shifts():
        if shift.shift_id == shift_id and not shift.offered_as(by):
            raise Refusal(409, "It is not offered to you", f"{shift.carer} has them, and can offer them.", field="by")
    return care.duty.take(shift_id, by=by, at_s=now_s, until_s=body.until_s)
