"""Somebody who wants a second factor, or no more, in; its QR code, its recovery codes, and its end, out."""

from functools import partial

from fastapi import FastAPI, Request, Response
from starlette.responses import RedirectResponse

from console.access import totp
from console.access.asker import Asker
from console.access.lasting import PROVED_S
from console.door.again import person_of, proves
from console.door.entering import asked, look, place_of
from console.door.office import Door
from console.forms import form_of
from console.qr import inline_svg
from console.sheets import Sheets


def add_factor(app: FastAPI, sheets: Sheets, door: Door) -> None:
    """Serve one's own second factor."""
    _add_begin(app, sheets, door)

    @app.post("/me/factor/confirm", include_in_schema=False)
    async def confirm(request: Request) -> Response:
        form, asker = await form_of(request), person_of(request)
        secret, now_s = door.factors.opened(form.one("sealed"), asker.id), sheets.here.clock()
        if secret is None or now_s - asker.proved_s > PROVED_S:
            return sheets.after(request, "/me/factor", "That took long. Please begin again.")
        step = totp.step_of(secret, form.one("code"), now_s, after=None)
        if step is None:
            return await _offer(request, sheets, door, asker, secret, "That is not the code of now. Take the next one.")
        codes = totp.new_recovery_codes()
        kept = (door.factors.sealed(secret, asker.id), tuple(map(totp.recovery_digest, codes)))
        await asked(sheets, partial(door.registry.set_factor, asker.id, *kept, by=asker.name))
        await asked(sheets, door.registry.use_step, asker.id, step)
        await look(sheets, door)
        return await sheets.show(request, "door/codes.html", codes=codes)


def _add_begin(app: FastAPI, sheets: Sheets, door: Door) -> None:
    async def show(request: Request, errors: dict[str, str] | None = None) -> Response:
        account = await asked(sheets, door.registry.account, person_of(request).id)
        facts = {"account": account, "errors": errors or {}}
        return await sheets.show(request, "door/factor.html", status=422 if errors else 200, **facts)

    @app.get("/me/factor", include_in_schema=False)
    async def ask(request: Request) -> Response:
        return await show(request)

    @app.post("/me/factor", include_in_schema=False)
    async def begin(request: Request) -> Response:
        form, asker = await form_of(request), person_of(request)
        wrong = await proves(request, sheets, door, form.text("password"))
        if wrong:
            return await show(request, {"password": wrong})
        if form.one("act") != "end":
            return await _offer(request, sheets, door, asker, door.factors.new())
        await asked(sheets, partial(door.registry.set_factor, asker.id, None, by=asker.name))
        return sheets.after(request, "/me", "Your second factor is taken away.")

    @app.get("/me/factor/confirm", include_in_schema=False)
    async def again(request: Request) -> Response:
        return RedirectResponse("/me/factor", 303)


async def _offer(request: Request, sheets: Sheets, door: Door, asker: Asker, secret: str, wrong: str = "") -> Response:
    return await sheets.show(
        request,
        "door/factor_confirm.html",
        status=422 if wrong else 200,
        qr=inline_svg(totp.uri_of(secret, asker.name, place_of(sheets))),
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        sealed=door.factors.sealed(secret, asker.id),
        errors={"code": wrong} if wrong else {},
    )
