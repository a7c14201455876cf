"""Somebody to be erased in; what there is of them, their end behind a password, and receipts, out."""

from typing import Any, Final

from fastapi import Request, Response

from alerts.views import RiskState
from console.access.asker import Asker, Kind
from console.access.entrance import asker_of
from console.access.passwords import is_right
from console.access.roles import Act
from console.administration.ground import Ground, by
from console.api.here import Lane
from console.forms import form_of
from console.refusal import Refusal
from ingest.errors import RegistryError

EVERY_S: Final = 30.0
BURST: Final = 3
"""Tries of a password here: three, then one every half minute. Whoever sits at somebody else's screen gives up."""


def add_erasing(ground: Ground) -> None:
    """Add the pages of erasure. They stand before those of people, whose path would take theirs."""
    app, here, erasing = ground.app, ground.sheets.here, ground.office.erasing
    lane = Lane(1)

    async def facts(request: Request, wearer: str) -> dict[str, Any]:
        name = await here.records.run(ground.person, request, wearer, Act.ERASE)
        looked = await here.rest.run(erasing.look, wearer)
        planned = await here.rest.run(erasing.planned)
        return {"wearer": wearer, "name": name, "looked": looked, "planned": planned}

    @app.get("/admin/people/{wearer}/erase", include_in_schema=False)
    async def ask_erasure(wearer: str, request: Request) -> Response:
        if request.query_params.get("anew"):
            erasing.forget(wearer)
        return await ground.show(request, "erase.html", **await facts(request, wearer))

    @app.post("/admin/people/{wearer}/erase", include_in_schema=False)
    async def plan_erasure(wearer: str, request: Request) -> Response:
        form = await form_of(request)
        said = await facts(request, wearer)
        asker, errors = asker_of(request), {}
        if said["looked"].traces is None:
            errors[""] = "Wait until everything of them was looked at."
        if any(view.risk is RiskState.ALERTING for view in await here.rest.run(here.desk.views)):
            errors[""] = "An alert is open, and nobody has it: see to it first. Nothing is erased."
        if form.one("pseudonym") != wearer:
            errors["pseudonym"] = f"To erase them, write {wearer}."
        if not errors and (wrong := await proved(ground, lane, asker, form.text("password"))):
            errors["password"] = wrong
        if not errors:
            try:
                await here.rest.run(erasing.plan, wearer, by=by(request))
            except RegistryError as error:
                errors[""] = str(error)
            else:
                return ground.after(request, "/admin/receipts", "planned")
        return await ground.show(request, "erase.html", status=422, form=form, errors=errors, **said)

    @app.get("/admin/receipts", include_in_schema=False)
    async def list_receipts(request: Request) -> Response:
        return await ground.show(
            request,
            "receipts.html",
            receipts=await here.rest.run(erasing.receipts),
            planned=await here.rest.run(erasing.planned),
            failed=await here.rest.run(erasing.failed),
        )

    @app.get("/admin/receipts/{name}", include_in_schema=False)
    async def give_receipt(name: str, request: Request) -> Response:
        try:
            body = await here.rest.run(erasing.receipt, name)
        except LookupError as error:
            raise Refusal(404, "There is no such receipt", "Look at the list of receipts.") from error
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(body, media_type="application/json", headers=headers)


async def proved(ground: Ground, lane: Lane, asker: Asker, password: str) -> str:
    """Return why ``password`` does not show that whoever asks is who they are, "" where it does."""
    if asker.kind is not Kind.PERSON or not asker.id:
        return "Only somebody who has signed in by a password may do this."
    if not password:
        return "Give your password again."
    if not ground.sheets.here.may(f"password of {asker.id}", every_s=EVERY_S, burst=BURST):
        return f"That were too many tries: wait {EVERY_S:.0f} seconds."
    account = await ground.sheets.here.records.run(ground.office.registry.account, asker.id)
    return "" if await lane.run(is_right, account.password, password) else "That is not your password."
