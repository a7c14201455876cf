"""A link that a carer was sent in; a page that names nobody cared for, and with one tap whose the matter is, out.

Messengers fetch every link to show a preview: nothing but the button takes, and opening a link proves nothing.
"""

from dataclasses import dataclass
from typing import Final, Literal
from zoneinfo import ZoneInfo

import jinja2
from fastapi import FastAPI, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from alerts.delivery.matter import Kind
from alerts.delivery.seals import Expired, Forged, Take
from console.api.here import Here
from console.api.matters import taken
from console.clock import clock_time
from console.refusal import Refusal, only_from_here

PATH: Final = "/take/"

WHAT: Final = {
    Kind.ALERT: "Somebody may need you now",
    Kind.PROTECTION: "Somebody is not protected",
    Kind.UNCOVERED: "Somebody has no carer",
    Kind.OPEN_LONG: "An alert has been open for long",
    Kind.HOUSE: "Forecalm needs somebody",
    Kind.TEST: "This is a test",
}
"""What the page says: who it is stands on the board, and nowhere else."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows: it is "open" to be taken, it is "held" by somebody, or it is "over". ``risk`` is the hue;
    ``by`` is whom the link was sent to, who takes it."""

    state: Literal["open", "held", "over"]
    what: str
    who: str = ""
    since: str = ""
    risk: Literal["alert", "held", ""] = ""
    by: str = ""


def add_taking(app: FastAPI, here: Here, page: jinja2.Template, zone: ZoneInfo) -> None:
    """Serve take links."""

    def refused(refusal: Refusal) -> Response:
        return HTMLResponse(page.render(refusal=refusal), refusal.status)

    @app.get(PATH + "{token}", include_in_schema=False)
    async def show(token: str) -> Response:
        try:
            allowed = await _read(here, token)
        except Refusal as refusal:
            return refused(refusal)
        return HTMLResponse(page.render(shown=await here.acts.run(_shown, here, allowed, zone)))

    @app.post(PATH + "{token}", include_in_schema=False)
    async def take(token: str, request: Request) -> Response:
        try:
            only_from_here(request)
            allowed = await _read(here, token)
            await here.acts.run(taken, here, allowed.matter_id, by=allowed.to)
        except Refusal as refusal:
            if refusal.status not in (404, 409):  # else it was over in the meantime: the page says so
                return refused(refusal)
        return RedirectResponse(token, status_code=303)


async def _read(here: Here, token: str) -> Take:
    try:
        return here.given.seals.read(token, now_s=here.clock())
    except Forged as error:
        refusal = Refusal(403, "This link does not fit", "Open it anew from the message, or look at the board.")
        raise here.refuse(refusal, what="take link", because="forged") from error
    except Expired as error:
        refusal = Refusal(410, "This link is too old", "Please look at the board, or at a newer message.")
        raise here.refuse(refusal, what="take link", because="expired") from error


def _shown(here: Here, allowed: Take, zone: ZoneInfo) -> Shown:
    """Return what the page shows of a matter; may block."""
    proof = here.given.delivery.proof(allowed.matter_id)
    alert = here.alert(allowed.matter_id)
    what = WHAT[Kind.ALERT if proof is None else proof.matter.kind]
    if alert is not None and alert.resolved_s is None:
        by, at_s, is_open = alert.acknowledged_by or "", alert.acknowledged_s, alert.acknowledged_by is None
    elif alert is None and proof is not None and (proof.is_open or proof.matter.kind is not Kind.ALERT):
        by, at_s, is_open = proof.ended_by, proof.ended_s, proof.is_open
    else:
        return Shown("over", what)
    if is_open:
        since_s = alert.raised_s if alert is not None else proof.matter.since_s if proof is not None else here.clock()
        since = clock_time(since_s, zone=zone, now_s=here.clock())
        return Shown("open", what, since=since, risk="alert" if what == WHAT[Kind.ALERT] else "", by=allowed.to)
    if not by or at_s is None:
        return Shown("over", what)
    who = "You have" if by == allowed.to else f"{by} has"
    return Shown("held", what, who, clock_time(at_s, zone=zone, now_s=here.clock()), "held")
