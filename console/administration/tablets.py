"""Enrolled tablets in; a link that enrols another one, shown once, and the end of one, out."""

from typing import Any

from fastapi import Request, Response

from console.access.entrance import asker_of
from console.access.roles import Act
from console.administration.ending import Ending, add_ending
from console.administration.ground import Ground, by, filled, options
from console.forms import by_field, form_of
from ingest.errors import RegistryError


def add_tablets(ground: Ground) -> None:
    """Add the pages of enrolled tablets."""
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    @app.get("/admin/tablets", include_in_schema=False)
    async def list_tablets(request: Request) -> Response:
        asker, every = asker_of(request), await here.records.run(registry.enrolled_tablets)
        found = [each for each in reversed(every) if asker.may(Act.TABLETS, each.site)]
        return await ground.show(request, "tablets.html", found=found)

    _add_enrolling(ground)
    add_ending(
        ground,
        Ending(
            act=Act.TABLETS,
            every=registry.enrolled_tablets,
            revoke=registry.revoke_tablet,
            kind="tablet",
            several="tablets",
            back="/admin/tablets",
            what=(
                "It shows nothing from then on, and whoever is signed in on it is signed out. Alerts sound on the"
                " others."
            ),
        ),
    )


def _add_enrolling(ground: Ground) -> None:
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    @app.get("/admin/tablets/new", include_in_schema=False)
    async def ask_tablet(request: Request) -> Response:
        sites = await here.records.run(ground.sites, request, Act.TABLETS)
        form = filled({"site": ground.here, "shows_names": "yes"})
        return await ground.show(request, "tablet_new.html", sites=options(sites), form=form)

    @app.post("/admin/tablets/new", include_in_schema=False)
    async def add_tablet(request: Request) -> Response:
        form = await form_of(request)
        sites = await here.records.run(ground.sites, request, Act.TABLETS)
        facts: dict[str, Any] = {"sites": options(sites), "form": form}
        name, shows_names = form.one("name"), bool(form.one("shows_names"))
        if not name:
            errors = {"name": "Write where it hangs, or whose it is: Kitchen."}
            return await ground.show(request, "tablet_new.html", status=422, errors=errors, **facts)
        site = await here.records.run(ground.site, request, form.one("site") or ground.here, Act.TABLETS)
        try:
            token, link = await here.records.run(
                registry.invite_tablet, site.name, name=name, shows_names=shows_names, by=by(request)
            )
        except RegistryError as error:
            errors = by_field(error, {"name": "name", "site": "site"})
            return await ground.show(request, "tablet_new.html", status=422, errors=errors, **facts)
        way, back = f"tablet/{token}", "/admin/tablets"
        return await ground.hand(request, "Enrol a tablet", whom=name, way=way, link=link, back=back)
