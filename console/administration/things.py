"""Enrolled tablets, programs' tokens and gateways in; what lets them in, shown once, and its end, out."""

from typing import Any, Final

from fastapi import Request, Response

from console.access.asker import EVERYWHERE
from console.access.gate import asker_of
from console.access.roles import Act, Role
from console.access.totp import svg_of
from console.administration.ground import Ground, beside, by, filled
from console.forms import form_of
from console.refusal import Refusal
from ingest.errors import RegistryError

DAY_S: Final = 86_400.0
DAYS: Final = (("30", "A month"), ("90", "Three months"), ("366", "A year"))
"""How long a token may hold, in days; a year is the most that the registry takes."""

OF_PROGRAMS: Final = (
    (Role.MONITOR.value, "Monitor: reads what is counted, and nothing of anybody"),
    (Role.CARER.value, "Carer: sees the board, takes alerts"),
    (Role.SUPPORT.value, "Support: bands and gateways"),
    (Role.RESEARCHER.value, "Researcher: recordings, under pseudonyms"),
)
"""What a program may be. Not an administrator: a token lies in a file."""


def add_tablets(ground: Ground) -> None:
    """Add the pages of enrolled tablets."""
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    @app.get("/admin/tablets", include_in_schema=False)
    async def list_tablets(request: Request) -> Response:
        asker, every = asker_of(request), await here.records.run(registry.enrolled_tablets)
        found = [each for each in reversed(every) if asker.may(Act.TABLETS, each.site)]
        return await ground.show(request, "tablets.html", found=found)

    @app.get("/admin/tablets/new", include_in_schema=False)
    async def ask_tablet(request: Request) -> Response:
        sites = await here.records.run(ground.sites, request, Act.TABLETS)
        form = filled({"site": ground.here, "shows_names": "yes"})
        return await ground.show(request, "tablet_new.html", sites=_options(sites), form=form)

    @app.post("/admin/tablets/new", include_in_schema=False)
    async def add_tablet(request: Request) -> Response:
        form = await form_of(request)
        sites = await here.records.run(ground.sites, request, Act.TABLETS)
        facts: dict[str, Any] = {"sites": _options(sites), "form": form}
        if not form.one("name"):
            errors = {"name": "Write where it hangs, or whose it is: Kitchen."}
            return await ground.show(request, "tablet_new.html", status=422, errors=errors, **facts)
        site = await here.records.run(ground.site, request, form.one("site") or ground.here, Act.TABLETS)
        try:
            token, link = await here.records.run(
                registry.invite_tablet,
                site.name,
                name=form.one("name"),
                shows_names=bool(form.one("shows_names")),
                by=by(request),
            )
        except RegistryError as error:
            errors = beside(error, {"name": "name", "site": "site"})
            return await ground.show(request, "tablet_new.html", status=422, errors=errors, **facts)
        url = f"{request.base_url}tablet/{token}"
        return await ground.show(
            request,
            "handed.html",
            title="Enrol a tablet",
            whom=form.one("name"),
            url=url,
            qr=svg_of(url),
            until=ground.moment(link.until_s),
            back="/admin/tablets",
        )

    @app.get("/admin/tablets/{tablet_id}/end", include_in_schema=False)
    async def ask_end(tablet_id: str, request: Request) -> Response:
        return await ground.show(request, "thing_end.html", **await here.records.run(_tablet, request, tablet_id))

    @app.post("/admin/tablets/{tablet_id}/end", include_in_schema=False)
    async def end_tablet(tablet_id: str, request: Request) -> Response:
        await form_of(request)
        await here.records.run(_tablet, request, tablet_id)
        await here.records.run(registry.revoke_tablet, tablet_id, by=by(request))
        return ground.after(request, "/admin/tablets", "ended")

    def _tablet(request: Request, tablet_id: str) -> dict[str, Any]:
        found = next((each for each in registry.enrolled_tablets() if each.id == tablet_id), None)
        if found is None or not asker_of(request).may(Act.TABLETS, found.site):
            raise Refusal(404, "There is no such tablet", "Look at the list of tablets.")
        what = (
            "It shows nothing from then on, and whoever is signed in on it is signed out. Alerts sound on the others."
        )
        return {"name": found.name, "what": what, "back": "/admin/tablets", "verb": "Let it in no more"}


def add_tokens(ground: Ground) -> None:
    """Add the pages of programs' tokens."""
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    @app.get("/admin/tokens", include_in_schema=False)
    async def list_tokens(request: Request) -> Response:
        asker, every = asker_of(request), await here.records.run(registry.machine_tokens)
        found = [each for each in reversed(every) if asker.may(Act.ACCOUNTS, each.site)]
        return await ground.show(request, "tokens.html", found=found, now_s=here.clock())

    async def asked(request: Request, **facts: Any) -> dict[str, Any]:  # noqa: ANN401
        sites = await here.records.run(ground.sites, request, Act.ACCOUNTS)
        options = _options(sites)
        if asker_of(request).may(Act.ACCOUNTS, EVERYWHERE):
            options.append((EVERYWHERE, "Every site"))
        return {"sites": options, "roles": OF_PROGRAMS, "days": DAYS, **facts}

    @app.get("/admin/tokens/new", include_in_schema=False)
    async def ask_token(request: Request) -> Response:
        form = filled({"site": ground.here, "role": Role.MONITOR.value, "days": "90"})
        return await ground.show(request, "token_new.html", **await asked(request, form=form))

    @app.post("/admin/tokens/new", include_in_schema=False)
    async def add_token(request: Request) -> Response:
        form = await form_of(request)
        facts = await asked(request, form=form)
        errors: dict[str, str] = {}
        if not form.one("name"):
            errors["name"] = "Write which program it is for."
        if form.one("role") not in dict(OF_PROGRAMS):
            errors["role"] = "Choose one of these."
        if form.one("site") not in dict(facts["sites"]):
            errors["site"] = "Choose one of these."
        if form.one("days") not in dict(DAYS):
            errors["days"] = "Choose one of these."
        if not errors:
            until_s = here.clock() + int(form.one("days")) * DAY_S - 1
            said: dict[str, Any] = {
                "role": form.one("role"),
                "site": form.one("site"),
                "until_s": until_s,
                "by": by(request),
            }
            try:
                token, made = await here.records.run(registry.add_token, form.one("name"), **said)
            except RegistryError as error:
                errors = beside(error, {"name": "name", "role": "role", "site": "site", "until_s": "days"})
            else:
                return await ground.show(request, "token_handed.html", token=token, made=made)
        return await ground.show(request, "token_new.html", status=422, errors=errors, **facts)

    @app.get("/admin/tokens/{token_id}/end", include_in_schema=False)
    async def ask_end(token_id: str, request: Request) -> Response:
        return await ground.show(request, "thing_end.html", **await here.records.run(_token, request, token_id))

    @app.post("/admin/tokens/{token_id}/end", include_in_schema=False)
    async def end_token(token_id: str, request: Request) -> Response:
        await form_of(request)
        await here.records.run(_token, request, token_id)
        await here.records.run(registry.revoke_token, token_id, by=by(request))
        return ground.after(request, "/admin/tokens", "ended")

    def _token(request: Request, token_id: str) -> dict[str, Any]:
        found = next((each for each in registry.machine_tokens() if each.id == token_id), None)
        if found is None or not asker_of(request).may(Act.ACCOUNTS, found.site):
            raise Refusal(404, "There is no such token", "Look at the list of programs.")
        what = "Whatever program has it is refused from then on."
        return {"name": found.name, "what": what, "back": "/admin/tokens", "verb": "Let it in no more"}


def _options(sites: list[Any]) -> list[tuple[str, str]]:
    return [(site.name, f"{site.place} ({site.name})") for site in sites]
