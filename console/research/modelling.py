"""Requests about models in; what watches and what runs in shadow, cards, rehearsals and experiments out."""

from typing import Final

from fastapi import FastAPI, Request, Response

from console.research.room import UNKNOWN, Room

FIGURES: Final = (
    ("event_sensitivity", "Events foretold"),
    ("false_alarms_per_hour", "False an hour"),
    ("time_in_warning", "In warning"),
    ("improvement_over_chance", "Over chance"),
    ("auroc", "AUROC"),
    ("coverage", "Could say"),
)
"""No sensitivity without what it costs beside it."""


def add_models(app: FastAPI, room: Room) -> None:
    """Add models, the card of one, experiments, and the report of one."""
    run = room.sheets.here.rest.run

    @app.get("/research/models", include_in_schema=False)
    async def list_models(request: Request) -> Response:
        found = await run(room.office.models)
        allowed = {who for who, spans in (await room.consented(request)).items() if spans}
        return await room.show(
            request,
            "models.html",
            models=found,
            disagree=[each for each in found.disagree if each.wearer in allowed],
            experiments=await run(room.office.experiments),
        )

    @app.get("/research/models/{model}", include_in_schema=False)
    async def show_model(request: Request, model: str) -> Response:
        try:
            card = await run(room.office.card, model)
        except LookupError:
            raise UNKNOWN from None
        allowed = {who for who, spans in (await room.consented(request)).items() if spans}
        rehearsed = [each for each in card.rehearsed if each.wearer in allowed]
        hidden = len({each.wearer for each in card.rehearsed} - allowed)
        return await room.show(request, "model.html", card=card, rehearsed=rehearsed, hidden=hidden)

    @app.get("/research/experiments/{experiment}", include_in_schema=False)
    async def show_experiment(request: Request, experiment: str) -> Response:
        found = [each for each in await run(room.office.experiments) if each.name == experiment]
        if not found:
            raise UNKNOWN
        return await room.show(request, "experiment.html", experiment=found[0], figures=FIGURES)

    @app.get("/research/experiments/{experiment}/report", include_in_schema=False)
    async def give_report(request: Request, experiment: str) -> Response:
        try:
            page = await run(room.office.report, experiment)
        except LookupError:
            raise UNKNOWN from None
        name = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in experiment)[:80]
        headers = {"Content-Disposition": f'attachment; filename="{name}.html"'}  # its own policy, not this page's
        return Response(page, media_type="text/html; charset=utf-8", headers=headers)
