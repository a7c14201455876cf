"""A band in somebody's hand in; a pairing of it begun, which goes on page by page, out."""

from urllib.parse import quote

from fastapi import FastAPI, Request, Response

from console.access.roles import Act
from console.errors import PairingError
from console.forms import Form, form_of
from console.support.counter import Counter, by_of
from console.support.picking import band_meant, parts_near
from console.support.steps import mark_of


def add_pairing(app: FastAPI, counter: Counter) -> None:
    """Serve the page on which a band is picked; from there on ``add_under_way`` goes on."""
    run = counter.sheets.here.records.run

    async def pick(request: Request, *, wearer: str, errors: dict[str, str], form: Form | None = None) -> Response:
        scope = counter.scope(request)
        rows, fault = await counter.near(scope)
        return await counter.sheets.show(
            request,
            "support/pick.html",
            status=422 if errors else 200,
            rows=rows,
            fault=fault,
            wearer=wearer,
            whose=counter.name(scope)(wearer) if wearer else "",
            typed=request.query_params.get("band", ""),
            errors=errors,
            form=form,
            mark=mark_of(None, rows, fault),
        )

    @app.get("/pair", include_in_schema=False)
    async def show_pick(request: Request) -> Response:
        wearer = request.query_params.get("wearer", "")
        if wearer:
            counter.scope(request).require_wearer(wearer, Act.PAIR)
        return await pick(request, wearer=wearer, errors={})

    @app.get("/pair/now", include_in_schema=False)
    async def tell_near(request: Request) -> Response:
        rows, fault = await counter.near(counter.scope(request))
        return counter.live(mark_of(None, rows, fault), parts_near(counter, rows))

    @app.post("/pair", include_in_schema=False)
    async def begin(request: Request) -> Response:
        scope, form = counter.scope(request), await form_of(request)
        wearer = form.one("wearer")
        if wearer:
            scope.require_wearer(wearer, Act.PAIR)
        try:
            band = band_meant(form)
            scope.require_band(band, Act.PAIR)
            id_ = await run(counter.office.under_way.begin, band, by=by_of(scope.asker))
        except PairingError as error:
            return await pick(request, wearer=wearer, errors={"code": str(error)}, form=form)
        return counter.sheets.after(request, f"/pair/{id_}" + (f"?wearer={quote(wearer, safe='')}" if wearer else ""))
