"""Gateways in; what lets them in at the broker, shown once, another one in its place, and its end, out."""

from typing import Any, Final

from fastapi import Request, Response

from console.access.entrance import asker_of
from console.access.roles import Act
from console.administration.ground import Ground, beside, by, filled, options
from console.forms import form_of
from console.refusal import Refusal
from ingest.errors import RegistryError
from ingest.registry.accounts_things import GatewayCredential
from ingest.registry.checks import require_id
from ingest.registry.gateway_access import GRACE_S, Handed, in_force, let_in, rotate, shut_out

FIELDS: Final = {"gateway": "gateway", "site": "site", "username": "gateway"}


def add_gateways(ground: Ground) -> None:
    """Add the pages of gateways. They stand at the sites that whoever asks looks after."""
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    def theirs(request: Request) -> list[GatewayCredential]:
        asker = asker_of(request)
        found = in_force(registry.gateway_credentials(), here.clock())
        return [each for each in found if asker.may(Act.GATEWAYS, each.site)]

    def known(request: Request, gateway: str) -> list[GatewayCredential]:
        found = [each for each in theirs(request) if each.gateway == gateway]
        if not found:
            raise Refusal(404, "That gateway is not let in", "Look at the list of gateways.")
        return found

    async def handed(request: Request, given: Handed) -> Response:
        return await ground.show(request, "gateway_handed.html", given=given)

    @app.get("/admin/gateways", include_in_schema=False)
    async def list_gateways(request: Request) -> Response:
        found = await here.records.run(theirs, request)
        bare = await here.records.run(_bare, ground, request, {each.gateway for each in found})
        by_name = sorted(found, key=lambda each: (each.gateway, each.since_s))
        return await ground.show(request, "gateways.html", found=by_name, bare=bare)

    async def asked(request: Request, **facts: Any) -> dict[str, Any]:  # noqa: ANN401
        sites = await here.records.run(ground.sites, request, Act.GATEWAYS)
        return {"sites": options(sites), **facts}

    @app.get("/admin/gateways/new", include_in_schema=False)
    async def ask_gateway(request: Request) -> Response:
        form = filled({"site": ground.here, "gateway": request.query_params.get("gateway", "")[:64]})
        return await ground.show(request, "gateway_new.html", **await asked(request, form=form))

    @app.post("/admin/gateways/new", include_in_schema=False)
    async def add_gateway(request: Request) -> Response:
        form = await form_of(request)
        site = await here.records.run(ground.site, request, form.one("site") or ground.here, Act.GATEWAYS)
        try:
            require_id("gateway", form.one("gateway"))
            given = await here.records.run(let_in, registry, form.one("gateway"), site=site.name, by=by(request))
        except RegistryError as error:
            facts = await asked(request, form=form, errors=beside(error, FIELDS))
            return await ground.show(request, "gateway_new.html", status=422, **facts)
        return await handed(request, given)

    @app.get("/admin/gateways/{gateway}/{act}", include_in_schema=False)
    async def ask_act(gateway: str, act: str, request: Request) -> Response:
        await here.records.run(known, request, gateway)
        return await ground.show(request, "thing_end.html", **_words(gateway, act))

    @app.post("/admin/gateways/{gateway}/{act}", include_in_schema=False)
    async def do_act(gateway: str, act: str, request: Request) -> Response:
        await form_of(request)
        await here.records.run(known, request, gateway)
        _words(gateway, act)
        now_s = here.clock()
        if act == "end":
            await here.records.run(shut_out, registry, gateway, by=by(request), now_s=now_s)
            return ground.after(request, "/admin/gateways", "ended")
        return await handed(request, await here.records.run(rotate, registry, gateway, by=by(request), now_s=now_s))


def _words(gateway: str, act: str) -> dict[str, Any]:
    said = {
        "end": (
            f"End {gateway}?",
            "Let it in no more",
            "The broker cuts it off within seconds. Readings that it carries come no more, and boards say so. It can be"
            " let in anew.",
        ),
        "renew": (
            f"Another password for {gateway}?",
            "Make another password",
            f"The old one works for {GRACE_S / 3600:.0f} hours more: carry the new one to it by then.",
        ),
    }
    if act not in said:
        raise Refusal(404, "There is no such page", "Look at the list of gateways.")
    title, verb, what = said[act]
    return {"name": gateway, "heading": title, "verb": verb, "what": what, "back": "/admin/gateways"}


def _bare(ground: Ground, request: Request, let: set[str]) -> list[str]:
    """Return gateways that are entered here, and by no user of their own let in."""
    asker = asker_of(request)
    found = ground.office.registry.gateways()
    return [each.name for each in found if each.name not in let and asker.may(Act.GATEWAYS, each.site or ground.here)]
