"""What was so, as somebody says it, in; a band's past put right, and everybody whom that touches scored anew, out."""

import math
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request, Response

from console.access.roles import Act
from console.forms import Form, form_of
from console.support.counter import Counter, by_of, require_id
from console.support.past import past
from console.support.scope import Scope
from ingest.errors import RegistryError
from ingest.registry.stretches import Change

FORM_TIME: Final = "%Y-%m-%dT%H:%M"
"""What a browser's field of date and time reads and writes, by the clock of the site."""

USUAL_S: Final = 3600.0
"""So long ago a correction begins at first: what is put right is mostly of this shift."""

SECONDS_MOST: Final = 11
"""Digits of a moment in an address: more lie beyond the year 5000, and no calendar need read them."""


def add_correcting(app: FastAPI, counter: Counter) -> None:
    """Serve the page that puts a band's past right."""

    def may_pair(request: Request, band: str) -> Scope:
        scope = counter.scope(request)
        scope.require_band(require_id(band), Act.PAIR)
        return scope

    @app.get("/bands/{band}/correct", include_in_schema=False)
    async def ask(request: Request, band: str) -> Response:
        return await _draw(counter, request, may_pair(request, band), band, {})

    @app.post("/bands/{band}/correct", include_in_schema=False)
    async def correct(request: Request, band: str) -> Response:
        form = await form_of(request)
        scope = may_pair(request, band)
        errors = missing_in(form, counter.sheets.zone, counter.sheets.here.clock())
        if errors:
            return await _draw(counter, request, scope, band, errors, form)
        try:
            changes = await _carry_out(counter, scope, band, form)
        except RegistryError as error:
            return await _draw(counter, request, scope, band, {"since": str(error)}, form)
        return counter.sheets.after(request, f"/bands/{band}", _said(changes))


async def _draw(
    counter: Counter, request: Request, scope: Scope, band: str, errors: dict[str, str], form: Form | None = None
) -> Response:
    run, now_s = counter.sheets.here.records.run, counter.sheets.here.clock()
    since = request.query_params.get("since", "")
    since_s = float(since) if since.isdigit() and len(since) <= SECONDS_MOST else now_s - USUAL_S
    worn = await run(counter.office.worn)
    name = counter.name(scope)
    others = [(each, f"{each}, {name(who)}") for each, who in worn.items() if each != band and scope.band(each)]
    return await counter.sheets.show(
        request,
        "support/correct.html",
        status=422 if errors else 200,
        band=band,
        people=[(each.wearer, name(each.wearer)) for each in await counter.people(scope)],
        others=others,
        exchange=request.query_params.get("exchange", ""),
        since=datetime.fromtimestamp(since_s, counter.sheets.zone).strftime(FORM_TIME),
        history=past(await run(counter.office.history, band), scope, counter, now_s=now_s),
        anew=counter.office.anew(),
        errors=errors,
        form=form,
    )


async def _carry_out(counter: Counter, scope: Scope, band: str, form: Form) -> list[Change]:
    """Enter what a form says that lacks nothing (``missing_in``)."""
    run, zone, office = counter.sheets.here.records.run, counter.sheets.zone, counter.office
    since_s, until_s = moment_in(form.one("since"), zone) or 0.0, moment_in(form.one("until"), zone)
    who, by = form.one("who"), by_of(scope.asker)
    changes: list[Change]
    if who == "exchange":
        other = require_id(form.one("exchange"))
        scope.require_band(other, Act.PAIR)
        changes = await run(office.exchange, band, other, since_s=since_s, until_s=until_s, by=by)
        return changes
    wearer = form.one("wearer") if who == "wearer" else None
    if wearer is not None:
        scope.require_wearer(wearer, Act.PAIR)
    changes = await run(office.correct, band, wearer, since_s=since_s, until_s=until_s, by=by)
    return changes


def missing_in(form: Form, zone: ZoneInfo, now_s: float) -> dict[str, str]:
    """Return what would be right in a correction, by field."""
    errors = {}
    since_s, until_s = moment_in(form.one("since"), zone), moment_in(form.one("until"), zone)
    if since_s is None or since_s > now_s:
        errors["since"] = "Give the day and the time from which on it was so; it must be past."
    if form.one("until") and (until_s is None or until_s > now_s or until_s <= (since_s or 0.0)):
        errors["until"] = "Give a time after that and not after now, or leave it empty: until now and on."
    who = form.one("who")
    if who not in ("wearer", "nobody", "exchange"):
        errors["who"] = "Say what was so."
    elif who == "wearer" and not form.one("wearer"):
        errors["wearer"] = "Choose who wore it."
    elif who == "exchange" and not form.one("exchange"):
        errors["exchange"] = "Choose the other band."
    return errors


def moment_in(text: str, zone: ZoneInfo) -> float | None:
    """Return a moment [UTC s] as a browser's field has it, by the clock of the site; None where it is none."""
    try:
        at_s = datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()
    except (ValueError, OverflowError):
        return None
    return at_s if math.isfinite(at_s) and at_s > 0 else None


def _said(changes: list[Change]) -> str:
    if not changes:
        return "That is what was said already: nothing changes."
    return "It is entered. Whoever is touched by it is scored anew now; this page shows how far that is."
