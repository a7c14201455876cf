"""Links that work once, in; pages on which somebody chooses a password, or opens the board, out."""

from functools import partial
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.responses import HTMLResponse

from console.access import passwords
from console.access.entrance import refuse
from console.door.entering import asked, device_of, facts_of, let_in, place_of, slowly, tablet_of, told
from console.door.office import Door
from console.forms import Form, by_field, form_of
from console.refusal import Refusal
from console.sheets import Sheets
from ingest.errors import RegistryError
from ingest.registry.accounts_links import Link, Purpose
from ingest.registry.accounts_sessions import SignIn

GONE: Final = Refusal(410, "This link does not work", "It was used before, or its time is over. Ask for another one.")


def add_welcome(app: FastAPI, sheets: Sheets, door: Door) -> None:
    """Serve what links for a first set-up, an invitation, a lost password, and to sign in lead to. Looking at one
    uses it up as little as a preview of a message does; only its form does."""

    @app.get("/welcome/{token}", include_in_schema=False)
    async def welcome(token: str, request: Request) -> Response:
        return await _show(request, sheets, door, await _found(request, sheets, door, token))

    @app.post("/welcome/{token}", include_in_schema=False)
    async def choose(token: str, request: Request) -> Response:
        form = await form_of(request)
        link = await _found(request, sheets, door, token)
        if link.purpose is Purpose.SIGN_IN:
            opened = partial(door.registry.sign_in_by_link, token, device=device_of(request), by="a link")
            return await let_in(request, sheets, door, await asked(sheets, opened), "/")
        name = form.one("name") if link.account is None else await _name(sheets, door, link)
        wrong = passwords.wrong_with(form.text("password"), (name, place_of(sheets)))
        errors = {"name": "The name that carers know you by."} if not name else {}
        errors |= {"password": wrong} if wrong else {}
        if errors:
            return await _show(request, sheets, door, link, form, errors)
        try:
            begun = await slowly(door, _choose, door, token, form, device_of(request), tablet_of(request, door))
        except RegistryError as error:
            return await _show(request, sheets, door, link, form, by_field(error))
        if begun is None:
            return sheets.after(request, "/sign-in", "Your password is changed. Please sign in with it.")
        return await let_in(request, sheets, door, begun, "/")


def _choose(door: Door, token: str, form: Form, device: str, tablet: str) -> tuple[str, SignIn] | None:
    """Set the password that was chosen, and begin a session; None where a second factor is to be asked for first."""
    encoded = passwords.encoded(form.text("password"))
    account = door.registry.choose_password(token, encoded, name=form.one("name"), by="a link")
    if account.factor is not None:
        return None
    return door.registry.begin_sign_in(account.id, tablet=tablet, device=device, how="link", by=account.name)


async def _found(request: Request, sheets: Sheets, door: Door, token: str) -> Link:
    link = await asked(sheets, door.registry.link, token)
    if link is None or link.purpose is Purpose.TABLET:
        refuse(request, "one-time link", because="used, expired or forged")
        raise GONE
    return link


async def _name(sheets: Sheets, door: Door, link: Link) -> str:
    return (await asked(sheets, door.registry.account, link.account)).name if link.account is not None else ""


async def _show(
    request: Request,
    sheets: Sheets,
    door: Door,
    link: Link,
    form: Form | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    page = "door/open.html" if link.purpose is Purpose.SIGN_IN else "door/welcome.html"
    shown = sheets.templates.get_template(page).render(
        **await facts_of(request, sheets, door),
        link=link,
        name=await _name(sheets, door, link),
        until=told(sheets, link.until_s),
        form=form,
        errors=errors or {},
        shortest=passwords.SHORTEST,
    )
    return HTMLResponse(shown, 422 if errors else 200)
