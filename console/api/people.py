"""What it was, and what helps somebody, in two taps or a few lines in; the same with its history out."""

import contextlib
from collections.abc import Sequence
from typing import TypedDict

from fastapi import APIRouter, Depends, Request

from alerts.errors import UnknownAlert
from alerts.outcomes.events import OutcomeTold, What
from console.access.entrance import by_of
from console.api.answers import OutcomeAnswer, PlanAnswer
from console.api.bodies import Identity, OutcomeBody, PlanBody
from console.api.here import Here, caller
from console.refusal import Refusal


class Said(TypedDict):
    """What somebody says of an outcome, as ``Outcomes`` takes it."""

    by: str
    what: What
    helped: tuple[str, ...]
    began_s: float | None
    uncertainty_s: float | None
    ended_s: float | None
    at_s: float


def routes(here: Here) -> APIRouter:
    """Return the routes of outcomes and support plans."""
    router = APIRouter(tags=["people"], dependencies=[Depends(caller(here))])

    @router.post("/alerts/{alert_id}/outcome", status_code=201)
    async def tell(request: Request, alert_id: Identity, body: OutcomeBody) -> OutcomeAnswer:
        """Say what an alert was. An open one is over with it; one that is over keeps its end."""
        told = await here.rest.run(_tell_of_alert, here, alert_id, body, by_of(request, body.by))
        here.done()
        return OutcomeAnswer.of(told)

    @router.post("/wearers/{wearer}/outcomes", status_code=201)
    async def tell_without_alert(request: Request, wearer: Identity, body: OutcomeBody) -> OutcomeAnswer:
        """Say what happened though no alert was raised; ``began_s`` is needed then."""
        return OutcomeAnswer.of(await here.rest.run(_tell_of_wearer, here, wearer, body, by_of(request, body.by)))

    @router.post("/outcomes/{outcome_id}/correct", status_code=201)
    async def correct(request: Request, outcome_id: Identity, body: OutcomeBody) -> OutcomeAnswer:
        """Put another outcome in the place of one; both are kept."""
        return OutcomeAnswer.of(await here.rest.run(_correct, here, outcome_id, body, by_of(request, body.by)))

    @router.get("/wearers/{wearer}/outcomes")
    async def list_outcomes(wearer: Identity) -> list[OutcomeAnswer]:
        """Everything that was told of a person, the oldest first, corrections among it."""
        return [OutcomeAnswer.of(told) for told in await here.rest.run(_of, here, wearer)]

    @router.get("/wearers/{wearer}/plan")
    async def show_plan(wearer: Identity) -> PlanAnswer:
        """What helps a person, and what to avoid."""
        return await here.records.run(_plan, here, wearer)

    @router.put("/wearers/{wearer}/plan")
    async def write_plan(request: Request, wearer: Identity, body: PlanBody) -> PlanAnswer:
        """Write a person's plan anew; the one before is kept."""
        answer = await here.records.run(_write_plan, here, wearer, body, by_of(request, body.by))
        here.done()
        return answer

    return router


def _tell_of_alert(here: Here, alert_id: str, body: OutcomeBody, by: str) -> OutcomeTold:
    """Tell first, end then: an alert that was ended without its outcome is one that nobody learns from."""
    told = here.given.outcomes.tell("", alert_id=alert_id, **_said(here, body, by))
    if here.alert(alert_id) is not None:
        with contextlib.suppress(UnknownAlert):  # it was over in the meantime
            here.desk.close(alert_id, by=by, at_s=here.clock())
    return told


def _tell_of_wearer(here: Here, wearer: str, body: OutcomeBody, by: str) -> OutcomeTold:
    here.view(wearer)
    if body.began_s is None:
        raise Refusal(422, "When did it begin?", "began_s: no alert says when, so that somebody must.", field="began_s")
    return here.given.outcomes.tell(wearer, alert_id="", **_said(here, body, by))


def _correct(here: Here, outcome_id: str, body: OutcomeBody, by: str) -> OutcomeTold:
    return here.given.outcomes.correct(outcome_id, **_said(here, body, by))


def _said(here: Here, body: OutcomeBody, by: str) -> Said:
    return Said(
        by=by,
        what=What(body.what),
        helped=tuple(body.helped),
        began_s=body.began_s,
        uncertainty_s=body.uncertainty_s,
        ended_s=body.ended_s,
        at_s=here.clock(),
    )


def _of(here: Here, wearer: str) -> Sequence[OutcomeTold]:
    here.view(wearer)
    return here.given.outcomes.of(wearer)


def _plan(here: Here, wearer: str) -> PlanAnswer:
    here.view(wearer)
    return PlanAnswer.of(wearer, here.given.plans.plan(wearer))


def _write_plan(here: Here, wearer: str, body: PlanBody, by: str) -> PlanAnswer:
    here.view(wearer)
    return PlanAnswer.of(wearer, here.given.plans.set_plan(wearer, helps=body.helps, avoid=body.avoid, by=by))
