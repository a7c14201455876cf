"""One band in; how it stands and sits, who wore it when, and what can be done about it, out."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request, Response

from console.access.roles import Act
from console.bands import page_of
from console.forms import Form, form_of
from console.pairing.fit import Fit, Mend
from console.pairing.label import sticker_svg
from console.refusal import Refusal
from console.rows import clock_time
from console.support.counter import Counter, by_of, require_id
from console.support.fits import checks_of
from console.support.scope import Scope
from ingest.errors import RegistryError
from ingest.registry.stretches import Change, Stretch

UNKNOWN: Final = Refusal(404, "No such band is known here", "Look at the list of bands, or pair it.")
NOT_YET: Final = "Not heard yet: its readings must arrive before anybody can tell."
FORM_TIME: Final = "%Y-%m-%dT%H:%M"
"""What a browser's field of date and time reads and writes, by the clock of the site."""


@dataclass(frozen=True, slots=True)
class Worn:
    """A stretch of a band's past: by whom, from when to when, and who said so."""

    who: str
    since: str
    until: str
    said_by: str
    wearer: str


def add_band(app: FastAPI, counter: Counter) -> None:
    """Serve the page of a band, and what one tap does to it."""
    run = counter.sheets.here.records.run

    async def scope_of(request: Request, band: str, act: Act = Act.BANDS) -> Scope:
        scope = counter.scope(request)
        scope.require_band(require_id(band), act)
        if not await run(counter.office.knows, band):
            raise UNKNOWN
        return scope

    @app.get("/bands/{band}", include_in_schema=False)
    async def show(request: Request, band: str) -> Response:
        scope = await scope_of(request, band)
        overview = await counter.overview(scope)
        sheets, name = counter.sheets, counter.name(scope)
        page = page_of(overview, zone=sheets.zone, models=counter.house.models())
        history = await run(counter.office.history, band)
        now_s = sheets.here.clock()
        wearer = next((each.wearer for each in history if each.since_s <= now_s < each.until_s), None)
        said = next((each.status.seen for each in overview.standing.bands if each.band == band), None)
        return await sheets.show(
            request,
            "support/band.html",
            band=band,
            row=next((row for row in page.bands if row.band == band), None),
            urgent=next((each for each in page.urgent if each.band == band), None),
            doubts=[each for each in page.exchanges if band in each.about.split(" and ")],
            firmware="" if said is None else said.firmware or "",
            model="" if said is None else said.model or said.profile,
            whose="" if wearer is None else name(wearer),
            history=past(history, scope, counter, now_s=now_s),
            pairs=scope.band(band, Act.PAIR),
            anew=counter.office.anew(),
            mark="",
        )

    @app.get("/bands/{band}/now", include_in_schema=False)
    async def tell(request: Request, band: str) -> Response:
        scope = await scope_of(request, band)
        fit: Fit | None = await run(counter.office.under_way.fit, band)
        rows, fault = await counter.near(scope)
        row = next((each for each in rows if each.band == band), None)
        words = fault or ("" if fit is not None and fit.mend is not Mend.CANNOT_TELL else NOT_YET)
        parts = {"fit": counter.draw("sits", fit, checks_of(fit), words), "moves": counter.draw("moves", row)}
        return counter.live("", parts)

    @app.get("/bands/{band}/label.svg", include_in_schema=False)
    async def label(request: Request, band: str) -> Response:
        counter.scope(request).require_band(require_id(band))
        return Response(sticker_svg(band), media_type="image/svg+xml")

    @app.post("/bands/{band}/identify", include_in_schema=False)
    async def identify(request: Request, band: str) -> Response:
        await form_of(request)
        await scope_of(request, band, Act.PAIR)
        await run(counter.office.under_way.identify, band)
        return counter.sheets.after(request, f"/bands/{band}", f"{band} was asked to vibrate or blink.")

    @app.post("/bands/right", include_in_schema=False)
    async def right(request: Request) -> Response:
        form = await form_of(request)
        scope = counter.scope(request)
        bands = form.every("band")
        if not bands:
            raise Refusal(422, "Which band?", "Say which bands are on the right wrist.", field="band")
        for band in bands:
            await scope_of(request, band, Act.PAIR)
        for band in bands:
            await run(counter.office.right, band, by=by_of(scope.asker))
        said = f"{' and '.join(bands)}: on the right wrist, as you say. For a day nobody is asked again."
        return counter.sheets.after(request, "/support", said)

    _add_unpairing(app, counter)
    _add_correcting(app, counter)


def _add_unpairing(app: FastAPI, counter: Counter) -> None:
    run = counter.sheets.here.records.run

    async def worn_by(request: Request, band: str) -> tuple[Scope, str]:
        scope = counter.scope(request)
        scope.require_band(require_id(band), Act.PAIR)
        held = await run(counter.office.held, band, "")
        if held.wearer is None:
            raise Refusal(404, "Nobody wears this band", "So there is nothing to end.")
        return scope, held.wearer

    @app.get("/bands/{band}/unpair", include_in_schema=False)
    async def ask(request: Request, band: str) -> Response:
        scope, wearer = await worn_by(request, band)
        whose = counter.name(scope)(wearer)
        return await counter.sheets.show(request, "support/unpair.html", band=band, wearer=wearer, whose=whose)

    @app.post("/bands/{band}/unpair", include_in_schema=False)
    async def end(request: Request, band: str) -> Response:
        form = await form_of(request)
        scope, wearer = await worn_by(request, band)
        if form.one("wearer") != wearer:
            raise Refusal(409, "Meanwhile somebody else wears it", "Look again who wears this band.", field="wearer")
        await run(counter.office.unpair, band, by=by_of(scope.asker))
        said = f"Nobody wears {band} now. {counter.name(scope)(wearer)} is not watched."
        return counter.sheets.after(request, f"/bands/{band}", said)


def _add_correcting(app: FastAPI, counter: Counter) -> None:
    run = counter.sheets.here.records.run
    zone = counter.sheets.zone

    async def draw(request: Request, band: str, errors: dict[str, str], form: Form | None = None) -> Response:
        scope = counter.scope(request)
        scope.require_band(require_id(band), Act.PAIR)
        now_s = counter.sheets.here.clock()
        since = request.query_params.get("since", "")
        since_s = float(since) if since.isdigit() and len(since) < 12 else now_s - 3600
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
            since=datetime.fromtimestamp(since_s, zone).strftime(FORM_TIME),
            history=past(await run(counter.office.history, band), scope, counter, now_s=now_s),
            anew=counter.office.anew(),
            errors=errors,
            form=form,
        )

    @app.get("/bands/{band}/correct", include_in_schema=False)
    async def ask(request: Request, band: str) -> Response:
        return await draw(request, band, {})

    async def carry_out(scope: Scope, band: str, form: Form) -> list[Change]:
        since_s, until_s = moment_in(form.one("since"), zone) or 0.0, moment_in(form.one("until"), zone)
        who, by = form.one("who"), by_of(scope.asker)
        if who == "exchange":
            other = require_id(form.one("exchange"))
            scope.require_band(other, Act.PAIR)
            exchange = counter.office.exchange
            return await run(exchange, band, other, since_s=since_s, until_s=until_s, by=by)
        wearer = form.one("wearer") if who == "wearer" else None
        if wearer is not None:
            scope.require_wearer(wearer, Act.PAIR)
        return await run(counter.office.correct, band, wearer, since_s=since_s, until_s=until_s, by=by)

    @app.post("/bands/{band}/correct", include_in_schema=False)
    async def correct(request: Request, band: str) -> Response:
        form = await form_of(request)
        scope = counter.scope(request)
        scope.require_band(require_id(band), Act.PAIR)
        errors = missing_in(form, zone, counter.sheets.here.clock())
        if errors:
            return await draw(request, band, errors, form)
        try:
            changes = await carry_out(scope, band, form)
        except RegistryError as error:
            return await draw(request, band, {"since": str(error)}, form)
        return counter.sheets.after(request, f"/bands/{band}", _said(changes))


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


def past(history: Iterable[Stretch], scope: Scope, counter: Counter, *, now_s: float) -> list[Worn]:
    """Return who wore a band when, the latest first, as whoever asks may know them."""
    name, zone = counter.name(scope), counter.sheets.zone

    def told(each: Stretch) -> Worn:
        who = "somebody who was erased" if each.wearer is None else name(each.wearer)
        until = "now" if each.until_s > now_s else clock_time(each.until_s, zone=zone, now_s=now_s)
        if math.isfinite(each.until_s) and each.until_s > now_s:
            until = f"now, and until {clock_time(each.until_s, zone=zone, now_s=now_s)}"
        since = clock_time(each.since_s, zone=zone, now_s=now_s)
        return Worn(who, _dated(each.since_s, zone, now_s, since), until, each.made_by or "", each.wearer or "")

    return [told(each) for each in reversed(list(history))]


WEEK_S: Final = 6 * 86_400.0


def _dated(at_s: float, zone: ZoneInfo, now_s: float, clock: str) -> str:
    """A weekday tells the day for less than a week; before that the date does."""
    return clock if now_s - at_s < WEEK_S else f"{datetime.fromtimestamp(at_s, zone):%d %b %Y %H:%M}"


def _said(changes: list[Change]) -> str:
    if not changes:
        return "That is what was said already: nothing changes."
    return "It is entered. Whoever is touched by it is scored anew now; this page shows how far that is."
