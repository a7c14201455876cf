"""Gateways in; what lets them in at the broker, shown once, another one in its place, and its end, out."""

from typing import Any, Final

from fastapi import Request, Response

from console.access.entrance import asker_of
from console.access.roles import Act
from console.administration.ground import Ground, by, filled, options
from console.forms import Form, by_field, form_of
from console.refusal import Refusal
from ingest.errors import RegistryError
from ingest.registry.accounts_devices import GatewayCredential
from ingest.registry.checks import require_id
from ingest.registry.gateway_access import GRACE_S, Handed, LetInAlready, in_force, let_in, rotate, shut_out

FIELDS: Final = {"gateway": "gateway", "site": "site", "username": "gateway"}

ALREADY: Final = (
    "It is let in already. For another password choose “New password…” beside it in the list; to begin anew, end it"
    " first."
)

NAME_MAX: Final = 64
"""Letters of a gateway's name, as topics have them."""


def add_gateways(ground: Ground) -> None:
    """Add the pages of gateways. They stand at the sites that whoever asks looks after."""
    app, here = ground.app, ground.sheets.here

    @app.get("/admin/gateways", include_in_schema=False)
    async def list_gateways(request: Request) -> Response:
        found = await here.records.run(_theirs, ground, request)
        bare = await here.records.run(_bare, ground, request, {each.gateway for each in found})
        by_name = sorted(found, key=lambda each: (each.gateway, each.since_s))
        return await ground.show(request, "gateways.html", found=by_name, bare=bare)

    _add_letting_in(ground)
    _add_acts(ground)


def _add_letting_in(ground: Ground) -> None:
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    async def shown(request: Request, form: Form, **more: Any) -> Response:  # noqa: ANN401
        sites = options(await here.records.run(ground.sites, request, Act.GATEWAYS))
        return await ground.show(request, "gateway_new.html", sites=sites, form=form, **more)

    @app.get("/admin/gateways/new", include_in_schema=False)
    async def ask_gateway(request: Request) -> Response:
        named = request.query_params.get("gateway", "")[:NAME_MAX]
        return await shown(request, filled({"site": ground.here, "gateway": named}))

    @app.post("/admin/gateways/new", include_in_schema=False)
    async def add_gateway(request: Request) -> Response:
        form = await form_of(request)
        site = await here.records.run(ground.site, request, form.one("site") or ground.here, Act.GATEWAYS)
        try:
            require_id("gateway", form.one("gateway"))
            name, now_s = form.one("gateway"), here.clock()
            given = await here.records.run(let_in, registry, name, site=site.name, by=by(request), now_s=now_s)
        except LetInAlready:
            return await shown(request, form, status=422, errors={"gateway": ALREADY})
        except RegistryError as error:
            return await shown(request, form, status=422, errors=by_field(error, FIELDS))
        return await _hand(ground, request, given)


def _add_acts(ground: Ground) -> None:
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    async def known(request: Request, gateway: str, act: str) -> dict[str, Any]:
        found = await here.records.run(_theirs, ground, request)
        if not any(each.gateway == gateway for each in found):
            raise Refusal(404, "That gateway is not let in", "Look at the list of gateways.")
        return _words(gateway, act)

    @app.get("/admin/gateways/{gateway}/{act}", include_in_schema=False)
    async def ask_act(gateway: str, act: str, request: Request) -> Response:
        return await ground.show(request, "thing_end.html", **await known(request, gateway, act))

    @app.post("/admin/gateways/{gateway}/{act}", include_in_schema=False)
    async def do_act(gateway: str, act: str, request: Request) -> Response:
        await form_of(request)
        await known(request, gateway, act)
        now_s = here.clock()
        if act == "end":
            await here.records.run(shut_out, registry, gateway, by=by(request), now_s=now_s)
            return ground.after(request, "/admin/gateways", "ended")
        given = await here.records.run(rotate, registry, gateway, by=by(request), now_s=now_s)
        return await _hand(ground, request, given)


def _theirs(ground: Ground, request: Request) -> list[GatewayCredential]:
    """Return what lets gateways in at the sites of whoever asks. May block."""
    asker = asker_of(request)
    found = in_force(ground.office.registry.gateway_credentials(), ground.sheets.here.clock())
    return [each for each in found if asker.may(Act.GATEWAYS, each.site)]


async def _hand(ground: Ground, request: Request, given: Handed) -> Response:
    """Show a secret once: it is kept nowhere."""
    return await ground.show(request, "gateway_handed.html", given=given)


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
