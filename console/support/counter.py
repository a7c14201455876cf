"""Sheets, the house and what stands behind the pages of support staff in; what each of these pages asks first out."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request, Response
from starlette.responses import JSONResponse

from console.access.asker import Asker
from console.access.entrance import asker_of
from console.access.roles import Act
from console.house import House
from console.refusal import Refusal
from console.sheets import Sheets
from console.support.near_rows import NearRow, near_rows
from console.support.office import Person, Support
from console.support.scope import Scope, seen_by
from ingest.bands import Overview
from ingest.errors import RegistryError
from ingest.ids import HOW
from ingest.registry import checks

LIVE = "support/live.html"
"""The parts of pages that are drawn anew while they stand open, as macros."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Where support staff come with what they want."""

    sheets: Sheets
    house: House
    office: Support

    def scope(self, request: Request) -> Scope:
        """Return what whoever asks may do where."""
        return Scope(asker_of(request), self.sheets.whereabouts)

    def name(self, scope: Scope) -> Callable[[str], str]:
        """Return what calls people as whoever asks may know them."""
        return scope.names(self.sheets.here.name)

    async def overview(self, scope: Scope) -> Overview:
        """Return what they may see of the house."""
        return seen_by(scope, await self.house.overview())

    async def people(self, scope: Scope) -> list[Person]:
        """Return everybody whom they may pair a band with."""
        people = await self.sheets.here.records.run(self.office.people)
        return [each for each in people if scope.wearer(each.wearer, Act.PAIR)]

    async def near(self, scope: Scope) -> tuple[tuple[NearRow, ...], str]:
        """Return the bands near by that they may see, and why nothing is heard, "" where something is."""
        run = self.sheets.here.records.run
        near, fault = await run(self.office.under_way.near)
        worn = await run(self.office.worn)
        seen = [each for each in near if scope.band(each.band)]
        known = {each.band for each in seen if await run(self.office.knows, each.band)}
        rows = near_rows(seen, worn, name=self.name(scope), known=known.__contains__, zone=self.sheets.zone)
        return rows, fault

    def live(self, mark: str, parts: dict[str, str]) -> Response:
        """Return what of a page is drawn anew, by the id of each part; ``mark`` changes when all of it is to be."""
        return JSONResponse({"mark": mark, "live": parts, "clock": self.sheets.clock()})

    def draw(self, macro: str, *facts: object) -> str:
        """Return one part of a page."""
        made = self.sheets.templates.get_template(LIVE).make_module({})
        return str(getattr(made, macro)(*facts))


def by_of(asker: Asker) -> str:
    """Return the name that is written down for what they do."""
    return asker.name or asker.id or "the board"


def require_id(band: str) -> str:
    """Return ``band``; refused with 404 where no band can be called so."""
    try:
        checks.require_id("band", band)
    except RegistryError:
        raise Refusal(404, "No band is called that", f"A band's id is {HOW}.") from None
    return band
