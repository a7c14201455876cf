"""Alerts and other matters in; who has them, how far they came, and for how long their sound is paused, out."""

from fastapi import APIRouter, Depends, Request

from alerts.errors import UnknownAlert
from alerts.views import AlertView
from console.access.entrance import by_of, may_of
from console.access.roles import Act
from console.api.answers import CoverAnswer, CoversAnswer, MatterAnswer, MatterTaken, Notice, SnoozedUntil, Taken
from console.api.bodies import ByBody, Identity, SnoozeBody
from console.api.here import Here, caller
from console.refusal import Refusal


def routes(here: Here) -> APIRouter:
    """Return the routes of alerts, matters and protection."""
    router = APIRouter(tags=["matters"], dependencies=[Depends(caller(here))])

    @router.post("/alerts/{alert_id}/acknowledge")
    async def acknowledge(request: Request, alert_id: Identity, body: ByBody) -> Taken:
        """Take an alert on, by name. Who took it first has it, and is who is answered."""
        alert = await here.acts.run(acknowledged, here, alert_id, by=by_of(request, body.by))
        return Taken(
            alert_id=alert_id,
            wearer=alert.wearer,
            name=name_of(request, here, alert.wearer),
            by=alert.acknowledged_by or "",
            at_s=alert.acknowledged_s or 0.0,
        )

    @router.post("/matters/{matter_id}/take")
    async def take(request: Request, matter_id: Identity, body: ByBody) -> MatterTaken:
        """Take any matter on, by name: an alert, somebody not protected, somebody without a carer."""
        return await here.acts.run(taken, here, matter_id, by=by_of(request, body.by))

    @router.post("/matters/{matter_id}/snooze")
    async def snooze(request: Request, matter_id: Identity, body: SnoozeBody) -> SnoozedUntil:
        """Pause the sound of one matter. Whoever is told next is told all the same, and any other matter sounds."""
        until_s = here.clock() + body.minutes * 60
        await here.rest.run(_snooze, here, matter_id, body, by_of(request, body.by), until_s)
        here.done()
        return SnoozedUntil(matter_id=matter_id, snoozed_until_s=until_s)

    @router.get("/matters")
    async def list_matters(request: Request) -> list[MatterAnswer]:
        """Everything that nobody has yet, with its proof so far."""
        proofs = await here.rest.run(here.given.delivery.proofs)
        return [
            MatterAnswer.of(proof, name=name_of(request, here, proof.matter.wearer))
            for proof in proofs
            if not proof.matter.wearer or may_of(request, Act.BOARD, proof.matter.wearer)
        ]

    @router.get("/matters/{matter_id}")
    async def show_matter(request: Request, matter_id: Identity) -> MatterAnswer:
        """One matter from hand to hand, open or over: every step with its time."""
        proof = await here.rest.run(here.given.delivery.proof, matter_id)
        if proof is None:
            raise _unknown()
        return MatterAnswer.of(proof, name=name_of(request, here, proof.matter.wearer))

    @router.get("/cover")
    async def tell_cover(request: Request) -> CoversAnswer:
        """Whether somebody would be told if signs rose, for everybody; and what the house should know."""
        return await here.rest.run(_cover, request, here)

    return router


def name_of(request: Request, here: Here, wearer: str) -> str:
    """Return what whoever asks calls ``wearer``: the name, or the pseudonym where they know nobody by name."""
    return here.name(wearer) if not wearer or may_of(request, Act.NAMES, wearer) else wearer


def acknowledged(here: Here, alert_id: str, *, by: str) -> AlertView:
    """Give an open alert to ``by`` and return it; refused with 404 where none is open. May block."""
    try:
        alert = here.desk.acknowledge(alert_id, by=by, at_s=here.clock())
    except UnknownAlert as error:
        raise Refusal(404, "That alert is no longer open", "It may be over. Please look at the board.") from error
    here.done()
    return alert


def taken(here: Here, matter_id: str, *, by: str) -> MatterTaken:
    """Give a matter to ``by``; who has it already keeps it. Refused with 404 where nobody knows it. May block.

    An alert of somebody whom the desk watches no more is delivery's alone: it must not be told for ever.
    """
    if here.alert(matter_id) is not None:
        alert = acknowledged(here, matter_id, by=by)
        return MatterTaken(matter_id=matter_id, by=alert.acknowledged_by or "", at_s=alert.acknowledged_s or 0.0)
    delivery = here.given.delivery
    proof = delivery.proof(matter_id)
    if proof is None:
        raise _unknown()
    if proof.is_open:
        delivery.taken(matter_id, by)
        here.done()
        proof = delivery.proof(matter_id) or proof
    if proof.ended_s is None or not proof.ended_by:
        raise Refusal(409, "That is over", "Nobody needs to take it any more. Please look at the board.")
    return MatterTaken(matter_id=matter_id, by=proof.ended_by, at_s=proof.ended_s)


def _snooze(here: Here, matter_id: str, body: SnoozeBody, by: str, until_s: float) -> None:
    delivery = here.given.delivery
    proof = delivery.proof(matter_id)
    if proof is None:
        raise _unknown()
    if not proof.is_open:
        raise Refusal(409, "That sounds no more", "Somebody has it, or it is over.")
    delivery.snooze(matter_id, by=by, reason=body.reason, until_s=until_s, at_s=here.clock())


def _cover(request: Request, here: Here) -> CoversAnswer:
    covers = here.given.covers
    return CoversAnswer(
        covers=[
            CoverAnswer(
                wearer=cover.wearer,
                name=name_of(request, here, cover.wearer),
                level=cover.level,
                since_s=cover.since_s,
                link=cover.link,
                why=cover.why,
                told=cover.told,
            )
            for cover in covers.covers().values()
            if may_of(request, Act.BOARD, cover.wearer)
        ],
        notices=[
            Notice(matter_id=it.matter_id, kind=it.kind, since_s=it.since_s, words=list(it.words))
            for it in covers.notices()
            if not it.wearer or may_of(request, Act.BOARD, it.wearer)
        ],
    )


def _unknown() -> Refusal:
    return Refusal(404, "Nobody knows of that", "Ask GET /api/v1/matters for what is open.")
