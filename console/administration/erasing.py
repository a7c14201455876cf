"""Somebody to be erased in; what there is of them, their end behind a password, and receipts, out."""

from typing import Any

from fastapi import Request, Response

from alerts.views import RiskState
from console.access.roles import Act
from console.administration.ground import Ground, by
from console.administration.proving import proved
from console.forms import form_of
from console.refusal import Refusal
from ingest.errors import RegistryError


def add_erasing(ground: Ground) -> None:
    """Add the pages of erasure. They stand before those of people, whose path would take theirs."""
    app, here, erasing = ground.app, ground.sheets.here, ground.office.erasing

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
        errors = {}
        if said["looked"].traces is None:
            errors[""] = "Wait until everything of them was looked at."
        if any(view.risk is RiskState.ALERTING for view in await here.rest.run(here.desk.views)):
            errors[""] = "An alert is open, and nobody has it: see to it first. Nothing is erased."
        if form.one("pseudonym") != wearer:
            errors["pseudonym"] = f"To erase them, write {wearer}."
        if not errors and (wrong := await proved(ground, request, form.text("password"))):
            errors["password"] = wrong
        if not errors:
            try:
                await here.rest.run(erasing.plan, wearer, by=by(request))
            except RegistryError as error:
                errors[""] = str(error)
            else:
                return ground.after(request, "/admin/receipts", "planned")
        return await ground.show(request, "erase.html", status=422, form=form, errors=errors, **said)

    _add_receipts(ground)


def _add_receipts(ground: Ground) -> None:
    app, here, erasing = ground.app, ground.sheets.here, ground.office.erasing

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
