"""A house that makes summaries of invented people."""

from zoneinfo import ZoneInfo

from fastapi import FastAPI

from console.app import create_app
from console.offices import Offices
from console.summary.facts import Facts, Sharing
from ingest.errors import StoreError
from tests.console.day.days import Home
from tests.console.house import CARERS, NAMES
from tests.console.summary.kept import UNTIL_S, month

PLACE = "Alder House"


class Shelf:
    """What is kept of everybody is the same month; ``sharing_`` is what is agreed, and may change."""

    def __init__(self) -> None:
        self.sharing_: Sharing | None = Sharing(now=True)
        self.kept = month()
        self.looked = 0
        self.away = False

    def sharing(self, wearer: str, at_s: float) -> Sharing | None:
        if self.away:
            raise StoreError("the registry does not answer")
        return self.sharing_ if wearer in NAMES else None

    def facts(self, wearer: str, since_s: float, until_s: float) -> Facts:
        self.looked += 1
        return month(since_s=since_s, until_s=until_s, **{"notes": self.kept.notes, "names": self.kept.names})


class Sharer(Home):
    """A house with a shelf."""

    def __init__(self, asker: object) -> None:
        super().__init__(asker)  # type: ignore[arg-type]
        self.shelf = Shelf()
        self.now_s = UNTIL_S - 3600

    def app(self) -> FastAPI:
        self.made = create_app(
            access=self.access,
            desk=self,
            hub=self.hub,
            place=PLACE,
            names=NAMES,
            carers=CARERS,
            time_zone=ZoneInfo("Europe/London"),
            clock=lambda: self.now_s,
            care=self.caring.care if self.caring else None,
            offices=Offices(days=self.book, summaries=self.shelf),
        )
        return self.made
