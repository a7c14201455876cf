"""The house and what stands behind it in; what needs doing today, every band and every gateway out."""

from typing import Final

import msgspec
from fastapi import FastAPI, Request, Response

from console.access.entrance import asker_of
from console.access.roles import Act
from console.bands import facts_of, page_of
from console.house import House
from console.sheets import Sheets
from console.standing import ModelsAt
from console.support.counter import Counter
from console.support.scope import Scope, seen_by
from console.support.today import Seen, Urgency, tasks_of

WHEN: Final = {
    Urgency.NOW: "Now: somebody is not watched",
    Urgency.SOON: "Soon: somebody may not be",
    Urgency.TODAY: "Today",
}


def add_bands(app: FastAPI, house: House, sheets: Sheets) -> None:
    """Serve every band, every gateway and the readings of this house, as pages and as facts."""

    @app.get("/bands", include_in_schema=False)
    async def show_bands(request: Request) -> Response:
        scope = Scope(asker_of(request), sheets.whereabouts)
        overview = seen_by(scope, await house.overview())
        page = page_of(overview, zone=sheets.zone, models=_models(scope, house))
        return await sheets.show(request, "support/bands.html", page=page, pairs=scope.asker.may_anywhere(Act.PAIR))

    @app.get("/bands.json", include_in_schema=False)
    async def tell_bands(request: Request) -> Response:
        scope = Scope(asker_of(request), sheets.whereabouts)
        facts = facts_of(seen_by(scope, await house.overview()), models=_models(scope, house))
        return Response(msgspec.json.encode(facts), media_type="application/json")

    @app.get("/gateways", include_in_schema=False)
    async def show_gateways(request: Request) -> Response:
        scope = Scope(asker_of(request), sheets.whereabouts)
        overview = seen_by(scope, await house.overview())
        page = page_of(overview, zone=sheets.zone, models=_models(scope, house))
        held: dict[str, list[str]] = {}
        for at in overview.standing.bands:
            if at.gateway is not None:
                held.setdefault(at.gateway, []).append(at.band)
        return await sheets.show(request, "support/gateways.html", page=page, held=held)


def _models(scope: Scope, house: House) -> ModelsAt:
    """What models say, of those whom one may see."""
    said = house.models()
    seen = tuple(each for each in said.disputed if scope.wearer(each[0]))
    return ModelsAt(said.watches, said.chosen, said.shadow, said.faults, said.shifted, seen)


def add_today(app: FastAPI, counter: Counter) -> None:
    """Serve what needs doing today."""

    @app.get("/support", include_in_schema=False)
    async def show_today(request: Request) -> Response:
        scope = counter.scope(request)
        overview, people = await counter.overview(scope), await counter.people(scope)
        views = await counter.sheets.here.rest.run(counter.sheets.here.desk.views)
        seen = Seen(
            overview=overview,
            views=[view for view in views if scope.wearer(view.wearer)],
            people=people,
            models=_models(scope, counter.house),
            zone=counter.sheets.zone,
            name=counter.name(scope),
            offered=counter.office.under_way.offered(),
        )
        tasks = tasks_of(seen)
        groups = [(WHEN[each], [task for task in tasks if task.urgency is each]) for each in Urgency]
        page = page_of(overview, zone=counter.sheets.zone, models=seen.models)
        return await counter.sheets.show(
            request,
            "support/today.html",
            groups=[(title, some) for title, some in groups if some],
            page=page,
            worn=sum(each.wearer is not None for each in overview.bands),
        )
