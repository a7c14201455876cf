"""Somebody who has signed in, in; a page of their own out: password, second factor, where else they are signed in."""

from functools import partial

from fastapi import FastAPI, Request, Response

from console.access import passwords
from console.access.lasting import lasts
from console.door.again import person_of, proves
from console.door.devices import called
from console.door.entering import asked, look, place_of, slowly, told
from console.door.office import Door
from console.forms import form_of
from console.refusal import Refusal
from console.sheets import Sheets


def add_me(app: FastAPI, sheets: Sheets, door: Door) -> None:
    """Serve one's own account."""
    _add_password(app, sheets, door)
    _add_sessions(app, sheets, door)

    @app.get("/me", include_in_schema=False)
    async def me(request: Request) -> Response:
        asker = person_of(request)
        account = await asked(sheets, door.registry.account, asker.id)
        roles, now_s = {grant.role for grant in asker.grants}, sheets.here.clock()
        signed_in = []
        for each in await asked(sheets, door.registry.sign_ins, asker.id):
            lasting = lasts(roles, shared=bool(each.tablet))
            if now_s < min(each.seen_s + lasting.idle_s, each.since_s + lasting.absolute_s) or each.id == asker.session:
                until_s = each.since_s + lasting.absolute_s
                signed_in.append((each, called(each.device), told(sheets, each.since_s), told(sheets, until_s)))
        changed = told(sheets, account.changed_s) if account.changed_s is not None else ""
        return await sheets.show(
            request,
            "door/me.html",
            account=account,
            grants=sorted(account.grants),
            called_at=sheets.called,
            changed=changed,
            sessions=signed_in,
        )


def _add_password(app: FastAPI, sheets: Sheets, door: Door) -> None:
    async def show(request: Request, errors: dict[str, str] | None = None) -> Response:
        person_of(request)
        facts = {"errors": errors or {}, "shortest": passwords.SHORTEST}
        return await sheets.show(request, "door/password.html", status=422 if errors else 200, **facts)

    @app.get("/me/password", include_in_schema=False)
    async def ask(request: Request) -> Response:
        return await show(request)

    @app.post("/me/password", include_in_schema=False)
    async def change(request: Request) -> Response:
        form, asker = await form_of(request), person_of(request)
        wrong = passwords.wrong_with(form.text("new"), (asker.name, place_of(sheets)))
        if wrong:
            return await show(request, {"new": wrong})
        not_theirs = await proves(request, sheets, door, form.text("password"))
        if not_theirs:
            return await show(request, {"password": not_theirs})
        encoded = await slowly(door, passwords.encoded, form.text("new"))
        keep = partial(door.registry.set_password, asker.id, encoded, keep=asker.session, by=asker.name)
        await asked(sheets, keep)
        await look(sheets, door)
        return sheets.after(request, "/me", "Your password is changed. Everywhere else you are signed out.")


def _add_sessions(app: FastAPI, sheets: Sheets, door: Door) -> None:
    @app.post("/me/sessions/end", include_in_schema=False)
    async def end_others(request: Request) -> Response:
        await form_of(request)
        asker = person_of(request)
        await asked(sheets, partial(door.registry.end_sign_ins, asker.id, keep=asker.session, by=asker.name))
        await look(sheets, door)
        return sheets.after(request, "/me", "Everywhere else you are signed out.")

    @app.post("/me/sessions/{session}/end", include_in_schema=False)
    async def end(session: str, request: Request) -> Response:
        await form_of(request)
        asker = person_of(request)
        theirs = await asked(sheets, door.registry.sign_ins, asker.id)
        if session not in {each.id for each in theirs}:
            raise Refusal(404, "You are not signed in there", "It has ended already.")
        await asked(sheets, partial(door.registry.end_sign_in, session, by=asker.name))
        await look(sheets, door)
        return sheets.after(request, "/me", "You are signed out there.")
