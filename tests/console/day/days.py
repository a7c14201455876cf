"""A book of days in memory, and a house that has one."""

import asyncio
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI

from alerts.happened import HappenedTo
from console.access.asker import EVERYWHERE, Asker, Grant, Kind
from console.access.roles import Role
from console.app import create_app
from console.day.office import Kept, Note, Reading
from console.offices import Offices
from tests.askers import ANYBODY, open_to
from tests.console.house import CARERS, NAMES, House

JO = Asker(kind=Kind.PERSON, id="jo", name="Jo", grants=frozenset({Grant(Role.CARER, EVERYWHERE)}))
WALL = Asker(kind=Kind.TABLET, id="wall", name="Wall", grants=frozenset({Grant(Role.TABLET, EVERYWHERE)}))


class Book:
    """Notes that are kept, and readings and events that are put in."""

    def __init__(self) -> None:
        self.readings: dict[str, tuple[Reading, ...]] = {}
        self.events: dict[str, tuple[HappenedTo, ...]] = {}
        self.noted: dict[int, Note] = {}
        self.facts: dict[str, object] = {}

    def kept(self, wearer: str, since_s: float, until_s: float) -> Kept | None:
        if wearer not in NAMES:
            return None
        return Kept(
            since_s=since_s,
            until_s=until_s,
            readings=tuple(it for it in self.readings.get(wearer, ()) if since_s <= it.at_s < until_s),
            events=self.events.get(wearer, ()),
            notes=tuple(it for it in self.noted.values() if since_s <= it.at_s < until_s),
            **self.facts,  # type: ignore[arg-type]
        )

    def notes(self, wearer: str, number: int) -> Note | None:
        return self.noted.get(number)

    def write(self, wearer: str, text: str, *, at_s: float, by: str) -> int:
        number = len(self.noted) + 1
        self.noted[number] = Note(number=number, at_s=at_s, by=by, text=text)
        return number

    def correct(self, wearer: str, number: int, text: str, *, by: str) -> int:
        self.noted[number] = Note(number=number, at_s=self.noted[number].at_s, by=by, text=text)
        return number

    def remove(self, wearer: str, number: int, *, by: str) -> None:
        del self.noted[number]


class Home(House):
    """A house with a book of days; ``asker`` is who asks, and may change."""

    def __init__(self, asker: Asker = ANYBODY) -> None:
        super().__init__()
        self.access = open_to(asker)
        self.book = Book()

    def ask_as(self, asker: Asker) -> None:
        self.access.doorkeeper.asker_ = asker  # type: ignore[attr-defined]

    def app(self) -> FastAPI:
        return create_app(
            access=self.access,
            desk=self,
            hub=self.hub,
            place="Alder House",
            names=NAMES,
            carers=CARERS,
            time_zone=ZoneInfo("Europe/London"),
            clock=lambda: self.now_s,
            care=self.caring.care if self.caring else None,
            offices=Offices(days=self.book),
        )


def minutes(since_s: float, values: Sequence[float | None]) -> tuple[Reading, ...]:
    """A reading for every value, a minute apart."""
    return tuple(
        Reading(at_s=since_s + 60 * i, risk=value, sweat_us=2.0, pulse_bpm=70.0 + i % 5)
        for i, value in enumerate(values)
        if value is not None
    )


class Client:
    """Asks a house in process, and keeps its cookies."""

    def __init__(self, home: Home) -> None:
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app=home.app())
        self._client = httpx.AsyncClient(transport=transport, base_url="http://localhost")

    def close(self) -> None:
        self._runner.close()

    def get(self, path: str, **request: object) -> httpx.Response:
        return self._runner.run(self._client.get(path, **request))  # type: ignore[arg-type]

    def post(self, path: str, **request: object) -> httpx.Response:
        return self._runner.run(self._client.post(path, **request))  # type: ignore[arg-type]
