"""Sites in; where they are, how long readings are kept there, and the forms that change it, out."""

from typing import Any, Final

from fastapi import Request, Response

from console.administration.ground import Ground, by, filled
from console.forms import Form, by_field, form_of
from ingest.errors import RegistryError
from ingest.registry.places import Site
from ingest.registry.retention import DAY_S

FIELDS: Final = {"site": "name", "place": "place", "time_zone": "time_zone", "readings_days": "days"}
"""The registry's names of what is wrong, and the form's fields."""


def add_places(ground: Ground) -> None:
    """Add the pages of sites."""
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    @app.get("/admin/sites", include_in_schema=False)
    async def list_sites(request: Request) -> Response:
        found = await here.records.run(_sites, ground, request)
        return await ground.show(request, "sites.html", found=found)

    @app.get("/admin/sites/new", include_in_schema=False)
    async def ask_site(request: Request) -> Response:
        return await ground.show(request, "site.html", new=True, form=filled({"time_zone": ground.sheets.zone.key}))

    @app.post("/admin/sites/new", include_in_schema=False)
    async def add_site(request: Request) -> Response:
        form = await form_of(request)
        try:
            site = Site(form.one("name"), form.one("place"), form.one("time_zone"), _days(form))
            await here.records.run(registry.add_site, site, by=by(request))
        except (RegistryError, ValueError) as error:
            return await ground.show(
                request, "site.html", status=422, new=True, form=form, errors=by_field(error, FIELDS)
            )
        return ground.after(request, "/admin/sites", "added")

    _add_changing(ground)


def _add_changing(ground: Ground) -> None:
    app, here, registry = ground.app, ground.sheets.here, ground.office.registry

    @app.get("/admin/sites/{site}", include_in_schema=False)
    async def show_site(site: str, request: Request) -> Response:
        found = await here.records.run(ground.site, request, site)
        days = "" if found.readings_days is None else str(found.readings_days)
        form = filled({"place": found.place, "time_zone": found.time_zone, "days": days})
        return await ground.show(request, "site.html", new=False, site=found, form=form)

    @app.post("/admin/sites/{site}", include_in_schema=False)
    async def change_site(site: str, request: Request) -> Response:
        form = await form_of(request)
        before = await here.records.run(ground.site, request, site)
        facts: dict[str, Any] = {"new": False, "site": before, "form": form}
        try:
            after = Site(
                site, form.one("place") or before.place, form.one("time_zone") or before.time_zone, _days(form)
            )
            if _is_shorter(after.readings_days, before.readings_days):
                facts["losing"] = await here.records.run(_losing, ground, site, after.readings_days or 0)
                if form.one("sure") != f"{after.readings_days}":
                    return await ground.show(request, "site.html", **facts)
            if site == ground.here:
                await here.records.run(registry.set_retention, site, after.readings_days, by=by(request))
            else:
                await here.records.run(registry.change_site, after, by=by(request))
        except (RegistryError, ValueError) as error:
            return await ground.show(request, "site.html", status=422, errors=by_field(error, FIELDS), **facts)
        return ground.after(request, "/admin/sites", "site")


def _sites(ground: Ground, request: Request) -> list[dict[str, object]]:
    registry = ground.office.registry
    of, gateways = registry.site_of(), registry.gateways()
    return [
        {
            "site": site,
            "people": sum(each == site.name for each in of.values()),
            "gateways": sum(each.site == site.name for each in gateways),
        }
        for site in ground.sites(request)
    ]


def _days(form: Form) -> int | None:
    """Return for how many days readings are kept, None: until somebody erases them. Raises ValueError."""
    said = form.one("days")
    if not said:
        return None
    if not said.isdecimal():
        raise ValueError("readings_days: write a number of days, or leave it empty to keep readings until erased")
    return int(said)


def _is_shorter(after: int | None, before: int | None) -> bool:
    return after is not None and (before is None or after < before)


def _losing(ground: Ground, site: str, days: int) -> dict[str, object]:
    """Return of how many people readings would go, and those from before when [UTC s]."""
    registry = ground.office.registry
    oldest_s = ground.sheets.here.clock() - days * DAY_S
    bands = set(registry.bands())
    theirs = [wearer for wearer, of in registry.site_of().items() if of == site]
    older = [
        wearer
        for wearer in theirs
        if any(worn.since_s < oldest_s and worn.band in bands for worn in registry.worn_by(wearer))
    ]
    return {"people": len(older), "before_s": oldest_s, "days": days}
