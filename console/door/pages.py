"""The way in, in; pages to sign in and out on out."""

from fastapi import FastAPI, Request, Response
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse

from console.access.entrance import asker_of
from console.access.onward import onward
from console.door.enrolling import add_enrolling
from console.door.entering import (
    asked,
    counted,
    device_of,
    facts_of,
    let_in,
    look,
    refused,
    slowly,
    tablet_of,
    whence_of,
)
from console.door.factor import add_factor
from console.door.keeping import KeepsTablets
from console.door.me import add_me
from console.door.office import Door
from console.door.proving import Attempt, Wrong, prove
from console.door.welcome import add_welcome
from console.forms import Form, form_of
from console.sheets import Sheets
from ingest.registry.accounts_sessions import SignIn


def add_door(app: FastAPI, sheets: Sheets, door: Door) -> None:
    """Serve the way in."""
    app.add_middleware(KeepsTablets, keeper=door.keeper)
    _add_sign_in(app, sheets, door)
    _add_sign_out(app, sheets, door)
    add_welcome(app, sheets, door)
    add_enrolling(app, sheets, door)
    add_me(app, sheets, door)
    add_factor(app, sheets, door)


def _add_sign_in(app: FastAPI, sheets: Sheets, door: Door) -> None:
    page = sheets.templates.get_template("door/sign_in.html")

    async def show(request: Request, form: Form | None = None, wrong: Wrong | None = None) -> Response:
        way = form.one("next") if form is not None else request.query_params.get("next", "")
        errors = {} if wrong is None else {wrong.field: wrong.why}
        facts = await facts_of(request, sheets, door)
        return HTMLResponse(
            page.render(**facts, next=onward(way), form=form, errors=errors), 200 if wrong is None else 422
        )

    @app.get("/sign-in", include_in_schema=False)
    async def sign_in(request: Request) -> Response:
        return await show(request)

    @app.get("/sign-in/alerts", include_in_schema=False)
    async def alerts(request: Request) -> Response:
        return JSONResponse(await counted(sheets))

    @app.post("/sign-in", include_in_schema=False)
    async def enter(request: Request) -> Response:
        form = await form_of(request)
        said = Attempt(
            name=form.one("name"),
            password=form.text("password"),
            code=form.one("code"),
            address=whence_of(request, door),
            tablet=tablet_of(request, door),
            now_s=sheets.here.clock(),
        )
        begun = await slowly(door, _begin, door, said, device_of(request))
        if isinstance(begun, Wrong):
            if begun.because:
                refused(request, "sign in", begun)
            return await show(request, form, begun)
        return await let_in(request, sheets, door, begun, onward(form.one("next")))


def _begin(door: Door, said: Attempt, device: str) -> tuple[str, SignIn] | Wrong:
    """Return the token of a session that begins, and what it is; or why it does not."""
    account = prove(door, said)
    if isinstance(account, Wrong):
        return account
    return door.registry.begin_sign_in(account.id, tablet=said.tablet, device=device, by=account.name)


def _add_sign_out(app: FastAPI, sheets: Sheets, door: Door) -> None:
    @app.post("/sign-out", include_in_schema=False)
    async def sign_out(request: Request) -> Response:
        await form_of(request)
        asker = asker_of(request)
        if asker.session:
            await asked(sheets, door.registry.end_sign_in, asker.session, by=asker.name)
            await look(sheets, door)
        away = RedirectResponse("/" if tablet_of(request, door) else "/sign-in", 303)
        door.keeper.cookies.end_session(away)
        return away
