"""How many alerts a day somebody may have in; what would have been caught and missed in their own past, with how sure
that is, out."""

from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI, Request, Response

from alerts.rehearsal.budget import ALERTS_MIN, BUSY_MAX
from alerts.rehearsal.judging import DAY_WORN_S, RATE_FROM_S
from console.access.roles import Act
from console.forms import Form, by_field, form_of
from console.research.intervals import of_count, of_share
from console.research.office import Budget, Level, Working
from console.research.room import UNKNOWN, Room, number_of, person_of
from ingest.errors import RegistryError

DAYS: Final = 14.0
"""As ``forecalm budget`` has it: a fortnight has every day of the week twice."""

DAYS_MOST: Final = 60.0
PER_DAY: Final = 2.0
BUDGETS: Final = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
"""Alerts a day of wear that can be chosen: fewer steps than anybody could tell apart by what was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What the level that fits a budget would have meant; ``level`` None: none keeps to it. ``told_in`` and
    ``false_in`` are intervals: of the share of events, and of the count of false alerts. ``days`` of wear are what
    these may be told by; None where fewer than eight hours were worn, of which no rate is told."""

    per_day: float
    level: Level | None
    events: int
    told_in: tuple[float, float] | None
    false: int
    false_in: tuple[float, float]
    days: float | None
    enough: bool


def add_budgets(app: FastAPI, room: Room) -> None:
    """Add whom one may ask about, and what levels would have meant for one of them."""
    run = room.sheets.here.rest.run

    @app.get("/research/budgets", include_in_schema=False)
    async def list_budgets(request: Request) -> Response:
        consented = await room.consented(request)
        people = [(who, bool(spans)) for who, spans in consented.items() if room.sees(request, who, Act.MODELS)]
        states = {who: await run(room.office.budget, who) for who, _ in people}
        rows = [
            (who, allowed, isinstance(states[who], Budget), isinstance(states[who], Working)) for who, allowed in people
        ]
        return await room.show(request, "budgets.html", people=rows, errors={}, form=None)

    @app.get("/research/budgets/{wearer}", include_in_schema=False)
    async def show_budget(request: Request, wearer: str) -> Response:
        return await _show(room, request, wearer)

    @app.post("/research/budgets/{wearer}", include_in_schema=False)
    async def ask(request: Request, wearer: str) -> Response:
        if not room.sees(request, wearer, Act.MODELS) or wearer not in await room.consented(request):
            raise UNKNOWN
        form = await form_of(request)
        errors: dict[str, str] = {}
        days = number_of(form, "days", least=0.5, most=DAYS_MOST, errors=errors, unit="days")
        if not errors:
            try:
                await run(room.office.ask_budget, wearer, days=days, by=person_of(request))
                return room.sheets.after(request, f"/research/budgets/{wearer}", "It is being worked out.")
            except RegistryError as error:
                errors = by_field(error)
        return await _show(room, request, wearer, form, errors)


async def _show(
    room: Room, request: Request, wearer: str, form: Form | None = None, errors: dict[str, str] | None = None
) -> Response:
    consented = await room.consented(request)
    if wearer not in consented or not room.sees(request, wearer, Act.MODELS):
        raise UNKNOWN
    found = await room.sheets.here.rest.run(room.office.budget, wearer)
    facts: dict[str, Any] = {"working": found if isinstance(found, Working) else None, "budget": None}
    if isinstance(found, Budget):
        chosen = _asked(request.query_params.get("per_day", ""))
        every = [meant(found, per_day) for per_day in BUDGETS]
        facts = facts | {"budget": found, "every": every, "chosen": meant(found, chosen), "holds": _holds(found)}
    return await room.show(
        request,
        "budget.html",
        status=422 if errors else 200,
        wearer=wearer,
        consented=bool(consented[wearer]),
        form=form,
        errors=errors or {},
        **facts,
    )


def _asked(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return PER_DAY
    return min(BUDGETS, key=lambda each: abs(each - value)) if value == value else PER_DAY


def meant(budget: Budget, per_day: float) -> Meant:
    """Return what the level that fits would have meant: the lowest that, like every one above it, keeps to ``per_day``
    alerts a day of wear, as ``alerts.rehearsal.budget`` has it."""
    level = None
    for each in budget.levels:
        if each.a_day > per_day or each.busy > BUSY_MAX:
            break
        level = each
    return _meant(budget, per_day, level)


def _holds(budget: Budget) -> Meant:
    return _meant(budget, budget.holds.a_day, budget.holds)


def _meant(budget: Budget, per_day: float, level: Level | None) -> Meant:
    days = max(budget.worn_s / DAY_WORN_S, 1e-9)
    false = 0 if level is None else level.false
    low, high = of_count(false)
    return Meant(
        per_day=per_day,
        level=level,
        events=budget.events,
        told_in=None if level is None else of_share(level.told, budget.events),
        false=false,
        false_in=(low, high),
        days=days if budget.worn_s >= RATE_FROM_S else None,
        enough=per_day * days >= ALERTS_MIN,
    )
