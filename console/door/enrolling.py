"""Tablets that are to be the house's, in; pages that enrol them, here or by a QR code, out."""

from functools import partial
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from console.access.asker import EVERYWHERE
from console.access.entrance import asker_of, check_site, refuse
from console.access.roles import Act
from console.door.entering import asked, facts_of, look, told
from console.door.office import Door
from console.door.welcome import GONE
from console.forms import Form, by_field, form_of
from console.qr import inline_svg
from console.sheets import Sheets
from ingest.errors import RegistryError
from ingest.registry.accounts_links import Link, Purpose

HERE: Final = "here"
"""This very browser, rather than another that reads a QR code."""


def add_enrolling(app: FastAPI, sheets: Sheets, door: Door) -> None:
    """Serve how tablets are enrolled."""
    _add_offer(app, sheets, door)

    @app.get("/tablet/{token}", include_in_schema=False)
    async def offered(token: str, request: Request) -> Response:
        link = await _found(request, sheets, door, token)
        facts = await facts_of(request, sheets, door)
        page = sheets.templates.get_template("door/tablet.html")
        return HTMLResponse(page.render(**facts, link=link, until=told(sheets, link.until_s)))

    @app.post("/tablet/{token}", include_in_schema=False)
    async def enrol(token: str, request: Request) -> Response:
        await form_of(request)
        link = await _found(request, sheets, door, token)
        key, _ = await asked(sheets, partial(door.registry.enrol_by_link, token, by=link.made_by))
        return await _enrolled(request, sheets, door, key)


def _add_offer(app: FastAPI, sheets: Sheets, door: Door) -> None:
    async def show(request: Request, form: Form | None = None, errors: dict[str, str] | None = None) -> Response:
        sites = _sites(request, sheets)
        return await sheets.show(
            request,
            "door/enrol.html",
            status=422 if errors else 200,
            home=sheets.whereabouts.here,
            sites=sites,
            form=form,
            errors=errors or {},
        )

    @app.get("/tablet", include_in_schema=False)
    async def offer(request: Request) -> Response:
        return await show(request)

    @app.post("/tablet", include_in_schema=False)
    async def let(request: Request) -> Response:
        form, asker = await form_of(request), asker_of(request)
        site, name = form.one("site") or sheets.whereabouts.here, form.one("name")
        check_site(request, Act.TABLETS, site)
        if not name:
            return await show(request, form, {"name": "Where it stands, such as Kitchen."})
        names, by = form.one("names") == "yes", asker.name or asker.id
        try:
            if form.one("where") == HERE:
                make = partial(door.registry.enrol_tablet, name, site=site, shows_names=names, by=by)
                return await _enrolled(request, sheets, door, (await asked(sheets, make))[0])
            invite = partial(door.registry.invite_tablet, site, name=name, shows_names=names, by=by)
            token, link = await asked(sheets, invite)
        except RegistryError as error:
            return await show(request, form, by_field(error))
        way, until = await sheets.way_of_tablets(request), told(sheets, link.until_s)
        address = f"{way or request.base_url}tablet/{token}"
        drawn = inline_svg(address) if way else ""
        return await sheets.show(request, "door/enrol_link.html", address=address, qr=drawn, link=link, until=until)


async def _enrolled(request: Request, sheets: Sheets, door: Door, key: str) -> Response:
    """Return the way to the board of a tablet that is the house's now. Whoever was signed in on it, most often the very
    administrator who enrols it, is signed out: their session knew of no tablet, and would stay open on the wall."""
    asker = asker_of(request)
    if asker.session:
        await asked(sheets, door.registry.end_sign_in, asker.session, by=asker.name)
    await look(sheets, door)
    away = RedirectResponse("/", 303)
    door.keeper.cookies.end_session(away)
    door.keeper.cookies.set_tablet(away, key)
    return away


def _sites(request: Request, sheets: Sheets) -> list[tuple[str, str]]:
    """Return the sites at which whoever asks may enrol tablets, with what they are called."""
    asker = asker_of(request)
    known = {grant.site for grant in asker.grants if grant.site != EVERYWHERE} | {sheets.whereabouts.here}
    return [(site, sheets.called(site)) for site in sorted(known) if asker.may(Act.TABLETS, site)]


async def _found(request: Request, sheets: Sheets, door: Door, token: str) -> Link:
    link = await asked(sheets, door.registry.link, token)
    if link is None or link.purpose is not Purpose.TABLET:
        refuse(request, "one-time link", because="used, expired or forged")
        raise GONE
    return link
