"""The shell of staff's pages and what stands behind research in; what every page of researchers shares out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response

from console.access.entrance import asker_of
from console.access.roles import Act
from console.clock import dated, to_the_second
from console.forms import Form
from console.refusal import Refusal
from console.research.office import Recording, Research, Span
from console.sheets import Sheets

ROOMS: Final = (
    ("Recordings", "/research", Act.RECORDINGS),
    ("Exports", "/research/exports", Act.EXPORT),
    ("Models", "/research/models", Act.MODELS),
    ("Alert budgets", "/research/budgets", Act.MODELS),
)
"""The rooms of this area, and who is offered each."""

UNKNOWN: Final = Refusal(404, "There is no such thing here", "It may have been erased, or be at another site.")


@dataclass(frozen=True, slots=True)
class Room:
    """What the pages stand on."""

    sheets: Sheets
    office: Research

    async def show(self, request: Request, page: str, /, *, status: int = 200, **facts: object) -> Response:
        """Return a page of research."""
        zone = self.sheets.zone
        told = {
            "rooms": [(name, where) for name, where, act in ROOMS if asker_of(request).may_anywhere(act)],
            "at": lambda at_s: to_the_second(at_s, zone),
            "dated": lambda at_s: dated(at_s, zone),
            "lasting": lasting,
        }
        return await self.sheets.show(request, f"research/{page}", status=status, **told, **facts)

    def sees(self, request: Request, wearer: str, act: Act = Act.RECORDINGS) -> bool:
        """Return whether who asks may do so with somebody."""
        return asker_of(request).may(act, self.sheets.whereabouts.of_wearer(wearer))

    async def recordings(self, request: Request) -> list[Recording]:
        """Return what who asks may see, the latest first."""
        found = await self.sheets.here.rest.run(self.office.recordings)
        return [each for each in found if self.sees(request, each.wearer)]

    async def recording(self, request: Request, wearer: str, name: str) -> Recording:
        """Return one; refused with 404 where there is none that who asks may see."""
        if not self.sees(request, wearer):
            raise UNKNOWN
        try:
            return await self.sheets.here.rest.run(self.office.find, wearer, name)
        except LookupError:
            raise UNKNOWN from None

    async def consented(self, request: Request) -> Mapping[str, tuple[Span, ...]]:
        """Return from when to when readings of those may be used whom who asks may see."""
        found = await self.sheets.here.rest.run(self.office.consented)
        return {wearer: spans for wearer, spans in sorted(found.items()) if self.sees(request, wearer)}


def person_of(request: Request) -> str:
    """Return what the house calls who asks: whoever rates or takes out is a person with an account, or a program's
    token."""
    return asker_of(request).name


def lasting(seconds: float) -> str:
    """Return a length of time as people say it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    if minutes < 120:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h" if minutes < 60 * 48 else f"{minutes / 1440:.1f} days"


def number_of(form: Form, field: str, *, least: float, most: float, errors: dict[str, str], unit: str = "") -> float:
    """Return a number that was typed; where it is none, say so in ``errors`` and return ``least``."""
    try:
        value = float(form.one(field).replace(",", ".") or "nan")
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        errors[field] = f"Write a number from {least:g} to {most:g}{f' {unit}' if unit else ''}."
        return least
    return value
