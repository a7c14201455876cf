"""A house with a real way in, asked in process by browsers that keep cookies; the clock is set by hand."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI

from console.access.access import Access
from console.access.cookies import Cookies
from console.access.doorkeeper import Doorkeeper
from console.access.totp import Factors
from console.app import create_app
from console.care import Care
from console.door.office import Door
from console.hub import Hub
from console.offices import Offices
from ingest.errors import StoreError
from ingest.registry.accounts import EVERYWHERE, Granted
from ingest.registry.accounts_face import Accounts
from ingest.registry.places import Site
from ingest.registry.registry import Registry
from tests.accounts import encoded
from tests.askers import OneSite
from tests.console.house import House
from tests.servers import LONG_S

SECRET = b"0123456789abcdef0123456789abcdef"
PLACE = "Alder House"


class Sometimes:
    """The registry, unless it is away."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.gone = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever it has
        if self.gone:
            raise StoreError("away")
        return getattr(self._registry, name)


class WayIn:
    """The app, its registry (SQLite) and its doorkeeper."""

    def __init__(self, folder: Path, *, secure: bool = False) -> None:
        self.house = House()
        self.registry = Registry(f"sqlite:///{folder}/registry.sqlite", clock=lambda: self.house.now_s)
        self.registry.upgrade()
        self.registry.add_site(Site("home", PLACE, "UTC"), by="test")
        self.there = Sometimes(self.registry)
        self.secure = secure
        self.reached = ""
        self.keeper = Doorkeeper(
            cast(Registry, self.there), secret=SECRET, cookies=Cookies(secure), clock=lambda: self.house.now_s
        )
        self.door = Door(registry=cast(Accounts, self.there), keeper=self.keeper, factors=Factors(SECRET))
        self.app = self._app()
        self._runner = asyncio.Runner()

    def _app(self) -> FastAPI:
        counts = SimpleNamespace(audit_lost=lambda count: None, refused=lambda what, because: None)
        return create_app(
            desk=self.house,
            hub=Hub(),
            place=PLACE,
            names={"w1": "Aidan", "w2": "Bea", "w3": "Callum"},
            carers=(),
            time_zone=ZoneInfo("Europe/London"),
            clock=lambda: self.house.now_s,
            access=Access(self.keeper, OneSite()),
            care=cast(Care, SimpleNamespace(refusals=self.there, counts=counts)),
            offices=Offices(door=self.door, reached=lambda: self.reached),
        )

    def close(self) -> None:
        self._runner.close()
        self.registry.close()

    def add(self, name: str, *roles: str) -> str:
        """Enter somebody with ``tests.accounts.PASSWORD``; return their account's id."""
        made = self.registry.add_account(name, [Granted(role, EVERYWHERE) for role in roles], by="test")
        self.registry.set_password(made.id, encoded(), by="test")
        return made.id

    def entered(self, action: str) -> int:
        """How often the audit says so."""
        entrance = self.app.state.entrance
        entrance.trail.close(LONG_S)
        return len(self.registry.audit_entries(action=action))

    def browser(self) -> "Browser":
        """A browser that was never here."""
        return Browser(self)


class Browser:
    """Keeps cookies, follows no redirect, and says what browsers say of themselves."""

    def __init__(self, way_in: WayIn) -> None:
        self._way_in = way_in
        self._base = f"http{'s' if way_in.secure else ''}://localhost"
        transport = httpx.ASGITransport(app=way_in.app)
        agent = {"User-Agent": "Mozilla/5.0 (X11; Linux) Chrome/126", "Accept": "text/html"}
        self._client = httpx.AsyncClient(transport=transport, base_url=self._base, headers=agent)

    @property
    def cookies(self) -> Mapping[str, str]:
        return dict(self._client.cookies)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self._way_in._runner.run(self._client.get(path, headers=headers))

    def post(self, path: str, *, comes_from: str = "same-origin", **fields: str) -> httpx.Response:
        headers = {
            "Sec-Fetch-Site": comes_from,
            "Origin": self._base if comes_from == "same-origin" else "https://evil.example",
        }
        return self._way_in._runner.run(self._client.post(path, data=fields, headers=headers))
