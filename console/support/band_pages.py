"""One band in; how it stands and sits, who wore it when, and what can be done about it, out."""

from typing import Final

from fastapi import FastAPI, Request, Response

from console.access.roles import Act
from console.bands import page_of
from console.forms import form_of
from console.pairing.fit import Fit
from console.pairing.label import sticker_svg
from console.refusal import Refusal
from console.support.correct_pages import add_correcting
from console.support.counter import Counter, by_of, require_id
from console.support.fits import checks_of
from console.support.past import past
from console.support.scope import Scope

UNKNOWN: Final = Refusal(404, "No such band is known here", "Look at the list of bands, or pair it.")
NOT_YET: Final = "Not heard yet: its readings must arrive before anybody can tell."


def add_band(app: FastAPI, counter: Counter) -> None:
    """Serve the page of a band, and what one tap does to it."""

    @app.get("/bands/{band}", include_in_schema=False)
    async def show(request: Request, band: str) -> Response:
        return await _draw(counter, request, await _scope_of(counter, request, band), band)

    @app.get("/bands/{band}/now", include_in_schema=False)
    async def tell(request: Request, band: str) -> Response:
        scope = await _scope_of(counter, request, band)
        fit: Fit | None = await counter.sheets.here.records.run(counter.office.under_way.fit, band)
        rows, fault = await counter.near(scope)
        row = next((each for each in rows if each.band == band), None)
        words = fault or ("" if fit is not None and fit.told else NOT_YET)
        parts = {"fit": counter.draw("sits", fit, checks_of(fit), words), "moves": counter.draw("moves", row)}
        return counter.live("", parts)

    @app.get("/bands/{band}/label.svg", include_in_schema=False)
    async def label(request: Request, band: str) -> Response:
        counter.scope(request).require_band(require_id(band))
        return Response(sticker_svg(band), media_type="image/svg+xml")

    _add_asking(app, counter)
    _add_unpairing(app, counter)
    add_correcting(app, counter)


async def _scope_of(counter: Counter, request: Request, band: str, act: Act = Act.BANDS) -> Scope:
    """Return what whoever asks may do; refused with 404 where ``band`` is elsewhere or unknown."""
    scope = counter.scope(request)
    scope.require_band(require_id(band), act)
    if not await counter.sheets.here.records.run(counter.office.knows, band):
        raise UNKNOWN
    return scope


async def _draw(counter: Counter, request: Request, scope: Scope, band: str) -> Response:
    overview = await counter.overview(scope)
    sheets, name, now_s = counter.sheets, counter.name(scope), counter.sheets.here.clock()
    page = page_of(overview, zone=sheets.zone, models=counter.house.models())
    history = await sheets.here.records.run(counter.office.history, band)
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


def _add_asking(app: FastAPI, counter: Counter) -> None:
    """What one tap asks of a band, or says of bands."""
    run = counter.sheets.here.records.run

    @app.post("/bands/{band}/identify", include_in_schema=False)
    async def identify(request: Request, band: str) -> Response:
        await form_of(request)
        await _scope_of(counter, request, band, Act.PAIR)
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
            await _scope_of(counter, request, band, Act.PAIR)
        for band in bands:
            await run(counter.office.right, band, by=by_of(scope.asker))
        said = f"{' and '.join(bands)}: on the right wrist, as you say. For a day nobody is asked again."
        return counter.sheets.after(request, "/support", said)


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
