"""Taps of carers on plain pages in (forms that work before a script); outcomes and shifts, and those pages, out."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import jinja2
from fastapi import FastAPI, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from alerts.errors import UnknownAlert
from alerts.outcomes.events import OutcomeTold, What
from alerts.outcomes.helped import offered
from alerts.views import WearerView
from console.access.asker import Kind
from console.access.entrance import asker_of, by_of, carers_of, check_place, may_of, may_place
from console.access.roles import Act
from console.api.here import Here
from console.api.matters import name_of
from console.api.shifts import seen_by, theirs
from console.clock import clock_time, to_the_minute
from console.forms import Form, form_of
from console.refusal import Refusal

SHIFT_S: Final = 8 * 3600.0
"""How long a shift is that somebody begins without saying until when."""

SHIFT_STEP_S: Final = 1800.0
"""Shifts end on the half hour."""

ANSWERS: Final = (
    (What.SETTLED, "Anxious, then settled", "settle"),
    (What.INCIDENT, "Incident", "burst"),
    (What.EXERCISE, "Exercise", "run"),
    (What.EXCITED, "Happy, excited", "joy"),
    (What.BAND, "Band problem", "band"),
    (What.UNSURE, "Not sure", "cannot"),
)

PLAN_LINES: Final = 6
"""Lines of the person's own plan that are offered: with the usual ones as many as are read at a glance."""

BEGAN: Final = (("15", "15 min before"), ("5", "5 min before"), ("0", "At the alert"), ("", "Did not see"))
"""Minutes before the alert, and how they are said. Who does not say when has not said it: the readings know better."""

AGO: Final = (("2", "Just now"), ("10", "10 min ago"), ("30", "30 min ago"), ("60", "1 hour ago"))
"""The same where there was no alert. Nothing is chosen beforehand: what nobody tapped would be taught as if seen."""

UNSURE_OF_S: Final = {"15": 300.0, "5": 180.0, "0": 120.0, "2": 120.0, "10": 300.0, "30": 600.0, "60": 1200.0}
"""Give or take, for each answer: about half the way to the next one."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose alert it was, when it was raised [UTC s], and who has it."""

    wearer: str
    raised_s: float
    by: str


def add_care_pages(
    app: FastAPI, here: Here, pages: jinja2.Environment, *, place: str, carers: Sequence[str], zone: ZoneInfo
) -> None:
    """Add the pages of outcomes and of the hand-over to ``app``."""

    def shown(request: Request, page: str, /, **facts: object) -> Response:
        house = {"place": place, "carers": carers, "clock": to_the_minute(here.clock(), zone)}
        return HTMLResponse(pages.get_template(page).render(**house, me=_me(request), **facts))

    def time(at_s: float) -> str:
        return clock_time(at_s, zone=zone, now_s=here.clock())

    _add_outcomes(app, here, shown, time)
    _add_hand_over(app, here, shown, time)

    @app.get("/outside", include_in_schema=False)
    async def tell_how_to_reach_more(request: Request) -> Response:
        return shown(request, "outside.html")


def _add_outcomes(app: FastAPI, here: Here, shown: Callable[..., Response], time: Callable[[float], str]) -> None:
    @app.get("/alerts/{alert_id}/outcome", include_in_schema=False)
    async def ask_outcome(alert_id: str, request: Request) -> Response:
        return shown(request, "outcome.html", **await here.rest.run(_question, request, here, alert_id, time))

    @app.post("/alerts/{alert_id}/outcome", include_in_schema=False)
    async def tell_outcome(alert_id: str, request: Request) -> Response:
        form = await form_of(request)
        await here.rest.run(_tell_of_alert, here, alert_id, form, _by(request, form))
        here.done()
        return RedirectResponse("/", status_code=303)

    @app.get("/outcome", include_in_schema=False)
    async def ask_whom(request: Request) -> Response:
        people = _people(request, here, await here.rest.run(here.desk.views), Act.TELL)
        return shown(request, "whom.html", people=people)

    @app.get("/wearers/{wearer}/outcome", include_in_schema=False)
    async def ask_incident(wearer: str, request: Request) -> Response:
        return shown(request, "outcome.html", **await here.rest.run(_question_without, request, here, wearer))

    @app.post("/wearers/{wearer}/outcome", include_in_schema=False)
    async def tell_incident(wearer: str, request: Request) -> Response:
        form = await form_of(request)
        await here.rest.run(_tell_of_wearer, here, wearer, form, _by(request, form))
        return RedirectResponse("/", status_code=303)


def _add_hand_over(app: FastAPI, here: Here, shown: Callable[..., Response], time: Callable[[float], str]) -> None:
    @app.get("/shift", include_in_schema=False)
    async def show_shift(request: Request) -> Response:
        shifts = await here.rest.run(_shifts, request, here)
        return shown(request, "shift.html", time=time, now_s=here.clock(), **shifts)

    @app.post("/shift/{act}", include_in_schema=False)
    async def change_shift(act: str, request: Request) -> Response:
        form = await form_of(request)
        await here.rest.run(_change, request, here, act, form)
        here.done()
        return RedirectResponse("/shift", status_code=303)


def _question(request: Request, here: Here, alert_id: str, time: Callable[[float], str]) -> dict[str, object]:
    alert = _alert(here, alert_id)
    before = _told(here, alert.wearer, alert_id)
    return {
        "action": f"/alerts/{alert_id}/outcome",
        "name": name_of(request, here, alert.wearer),
        "place_of": f"Alert {time(alert.raised_s)}",
        "asked": "how did it go?",
        "answers": ANSWERS,
        "helped": _helps(here, alert.wearer),
        "began": BEGAN,
        "before": before,
        "by": alert.by,
    }


def _question_without(request: Request, here: Here, wearer: str) -> dict[str, object]:
    here.view(wearer)
    return {
        "action": f"/wearers/{wearer}/outcome",
        "name": name_of(request, here, wearer),
        "place_of": "No alert came",
        "asked": "what happened?",
        "answers": ANSWERS,
        "helped": _helps(here, wearer),
        "began": AGO,
        "before": None,
        "by": "",
    }


def _helps(here: Here, wearer: str) -> tuple[str, ...]:
    plan = here.given.plans.plan(wearer)
    return offered(plan.helps[:PLAN_LINES] if plan else ())


def _alert(here: Here, alert_id: str) -> Subject:
    """Return whose alert it is, also long after it was over: an answer that comes late is one all the same."""
    alert = here.alert(alert_id)
    if alert is not None:
        return Subject(alert.wearer, alert.raised_s, alert.acknowledged_by or "")
    proof = here.given.delivery.proof(alert_id)
    if proof is not None and proof.matter.wearer:
        return Subject(proof.matter.wearer, proof.matter.since_s, proof.ended_by)
    past = here.given.outcomes.times(alert_id)
    if past is None:
        raise Refusal(404, "Nobody knows of that alert", "Please look at the board.")
    return Subject(past.wearer, past.raised_s, "")


def _told(here: Here, wearer: str, alert_id: str) -> OutcomeTold | None:
    """Return what was said of this alert last."""
    told = [it for it in here.given.outcomes.of(wearer) if it.alert_id == alert_id]
    return told[-1] if told else None


def _tell_of_alert(here: Here, alert_id: str, form: Form, by: str) -> None:
    """Tell first, end then: an alert that was ended without its outcome is one that nobody learns from. What is told
    again stands in for what was told before."""
    alert = _alert(here, alert_id)
    ago = form.one("began")
    began_s = alert.raised_s - 60 * float(ago) if ago in UNSURE_OF_S else None
    now_s = here.clock()
    here.given.outcomes.tell(
        "",
        alert_id=alert_id,
        by=by,
        what=_what(form),
        helped=form.every("helped"),
        began_s=began_s,
        uncertainty_s=UNSURE_OF_S.get(ago),
        ended_s=None,
        at_s=now_s,
    )
    with contextlib.suppress(UnknownAlert):  # it was over already
        here.desk.close(alert_id, by=by, at_s=now_s)


def _tell_of_wearer(here: Here, wearer: str, form: Form, by: str) -> None:
    here.view(wearer)
    ago, now_s = form.one("began"), here.clock()
    here.given.outcomes.tell(
        wearer,
        alert_id="",
        by=by,
        what=_what(form),
        helped=form.every("helped"),
        began_s=now_s - 60 * float(ago) if ago in UNSURE_OF_S else None,
        uncertainty_s=UNSURE_OF_S.get(ago),
        ended_s=now_s,
        at_s=now_s,
    )


def _shifts(request: Request, here: Here) -> dict[str, object]:
    care = here.given
    views = [view for view in here.desk.views() if may_of(request, Act.SHIFT, view.wearer)]
    shifts = seen_by(request, care.duty.shifts())
    has = {view.wearer: care.duty.on_shift(view.wearer, here.clock()) for view in views}
    alone = sorted(name_of(request, here, wearer) for wearer, those in has.items() if not those)
    return {
        "shifts": [
            {
                "shift": shift,
                "people": ", ".join(sorted(name_of(request, here, wearer) for wearer in shift.wearers)) or "everybody",
                "lines": care.duty.summary(shift.shift_id)
                if may_place(request, Act.SHIFT, "shift_id", shift.shift_id)
                else (),
            }
            for shift in shifts
        ],
        "people": _people(request, here, views, Act.SHIFT),
        "alone": alone,
        "count": len(views),
    }


def _people(request: Request, here: Here, views: Sequence[WearerView], act: Act) -> list[tuple[str, str]]:
    """Return those with whom whoever asks may do it, each with what they call them, by name."""
    wearers = [view.wearer for view in views if may_of(request, act, view.wearer)]
    return sorted(((name_of(request, here, wearer), wearer) for wearer in wearers), key=lambda it: it[0].casefold())


def _change(request: Request, here: Here, act: str, form: Form) -> None:
    duty, by, now_s, shift = here.given.duty, _by(request, form), here.clock(), form.one("shift")
    if act != "begin":
        check_place(request, Act.SHIFT, "shift_id", shift)
    match act:
        case "begin":
            duty.begin(by, theirs(request, here, form.every("wearers")), until_s=_until(form, now_s), by=by, at_s=now_s)
        case "offer":
            to = carers_of(request, form.one("to") or by, field="to")
            duty.offer(shift, to=to, note=form.one("note"), at_s=now_s)
        case "take":
            duty.take(shift, by=by, at_s=now_s, until_s=_until(form, now_s))
        case "end":
            duty.end(shift, by=by, at_s=now_s, anyway=form.one("anyway"))
        case _:
            raise Refusal(404, "There is no such page", "Please look at the hand-over.")


def _until(form: Form, now_s: float) -> float:
    hours = form.one("hours")
    lasts_s = 3600.0 * int(hours) if hours in ("4", "8", "12") else SHIFT_S
    return (now_s + lasts_s) // SHIFT_STEP_S * SHIFT_STEP_S


def _me(request: Request) -> str:
    """Return who has signed in, in whose name all is done here; "" on a tablet, which asks."""
    asker = asker_of(request)
    return asker.name if asker.kind is Kind.PERSON else ""


def _by(request: Request, form: Form) -> str:
    return by_of(request, form.one("other") or form.one("by"))


def _what(form: Form) -> What:
    try:
        return What(form.one("what"))
    except ValueError as error:
        raise Refusal(422, "What was it?", "Choose one of the six answers.") from error
