"""A house with a real registry in a file, whose service and channels do as they are told: what administrators' pages
are asked with."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI

from alerts.delivery.rules import SiteRules
from console.access.asker import EVERYWHERE, Asker, Grant, Kind
from console.access.passwords import encoded
from console.access.roles import Role
from console.administration.office import Looked, Receipt, Standing, Trace, Tried
from console.app import create_app
from console.hub import Hub
from console.offices import Offices
from ingest.errors import RegistryError
from ingest.registry.accounts import Account, Granted
from ingest.registry.consents import Consent, Scope
from ingest.registry.places import Site
from ingest.registry.registry import Registry
from tests.askers import Letting, OneSite
from tests.console.house import NOW_S, House

PASSWORD = "three herons wading"  # noqa: S105
MARKUP = "<b>Bea</b> & بيا"
RULES = """
[[contact]]
name = "Sam"
reach = { phone = "json://gateway.example/SECRETCALL", mail = "json://gateway.example/SECRETMAIL" }
[[alert]]
after_s = 0
who = "on shift"
channel = "board"
[[alert]]
after_s = 60
who = "Sam"
channel = "phone"
[[notice]]
after_s = 0
who = "on shift"
channel = "board"
"""


class ErasingAsTold:
    """Says what there is of people, and remembers who is to be erased."""

    def __init__(self) -> None:
        self.looked = Looked(
            1200, (Trace("packets", "band-01", 1200, ""), Trace("backups", "/mnt", 1, "delete it")), 12.0
        )
        self.wanted: list[tuple[str, str]] = []
        self.kept: dict[str, bytes] = {"erasure-2025-11-01-abc.json": b'{"by": "Helen"}\n'}
        self.why = ""

    def look(self, wearer: str) -> Looked:
        return self.looked

    def forget(self, wearer: str) -> None:
        self.looked = replace(self.looked, why="")

    def plan(self, wearer: str, *, by: str) -> None:
        if self.wanted:
            raise RegistryError("erasure: another one is planned: wait for its end")
        self.wanted.append((wearer, by))

    def planned(self) -> str:
        return self.wanted[0][0] if self.wanted else ""

    def failed(self) -> str:
        return self.why

    def receipts(self) -> Sequence[Receipt]:
        return [Receipt(name, NOW_S) for name in self.kept]

    def receipt(self, name: str) -> bytes:
        if name not in self.kept:
            raise LookupError(name)
        return self.kept[name]


class Office:
    """What stands behind administrators."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.erasing = ErasingAsTold()
        self.now = Standing(copied_s=NOW_S, certificate_ends_s=NOW_S + 90 * 86_400)
        self.alone: list[str] = []
        self.sent: list[tuple[str, str]] = []
        self.tried = Tried("", 0.84)
        self.with_devices: dict[str, int] = {}

    def standing(self) -> Standing:
        return self.now

    def uncovered(self) -> Sequence[str]:
        return self.alone

    def try_channel(self, rules: SiteRules, *, to: str, channel: str) -> Tried:
        self.sent.append((to, channel))
        return self.tried

    def devices(self) -> Mapping[str, int]:
        return self.with_devices


def registry_at(folder: Path, clock: Any) -> Registry:  # noqa: ANN401
    """A registry with a house, a second site, three people and an administrator who has chosen a password."""
    registry = Registry(f"sqlite:///{folder / 'registry.sqlite'}", clock=clock)
    registry.upgrade()
    registry.add_site(Site("home", "Alder House", "Europe/London"), by="set-up")
    registry.add_site(Site("beech", "Beech House", "Europe/London"), by="set-up")
    for wearer, name in (("w1", "Aidan"), ("w2", MARKUP), ("w3", "Callum")):
        registry.add_wearer(wearer, name, site="beech" if wearer == "w3" else "home", by="set-up")
    registry.give_consent("w1", Consent(frozenset({Scope.CARE}), "Ann, mother", NOW_S - 86_400), by="set-up")
    registry.add_band("band-01", by="set-up")
    registry.assign("band-01", "w1", NOW_S - 40 * 86_400.0, by="set-up")
    return registry


class Rooms:
    """Administrators' pages of a house, asked in process as somebody."""

    def __init__(self, folder: Path) -> None:
        self.house = House()
        self.registry = registry_at(folder, lambda: self.house.now_s)
        self.office = Office(self.registry)
        self.helen = self.account("Helen", Granted("administrator", EVERYWHERE))
        self.letting = Letting(self.as_person(self.helen))
        self.reached = ""
        self.places = OneSite(elsewhere={"w3": "beech"})
        self.app = self._app()
        self._runner = asyncio.Runner()

    def account(self, name: str, *grants: Granted, password: bool = True) -> Account:
        made = self.registry.add_account(name, grants, by="set-up")
        if password:
            self.registry.set_password(made.id, HASH, by="set-up")
        return self.registry.account(made.id)

    def as_person(self, account: Account, *, proved_ago_s: float = 0.0) -> Asker:
        grants = frozenset(Grant(Role(each.role), each.site) for each in account.grants)
        proved_s = self.house.now_s - proved_ago_s
        return Asker(kind=Kind.PERSON, id=account.id, name=account.name, grants=grants, proved_s=proved_s)

    def sign_in(self, account: Account, *, proved_ago_s: float = 0.0) -> None:
        self.letting.asker_ = self.as_person(account, proved_ago_s=proved_ago_s)

    def _app(self) -> FastAPI:
        from console.access.access import Access

        house = self.house
        return create_app(
            access=Access(self.letting, self.places),
            desk=house,
            hub=Hub(),
            place="Alder House",
            names=self.registry.names(),
            carers=("Jo",),
            time_zone=ZoneInfo("Europe/London"),
            clock=lambda: house.now_s,
            offices=Offices(administration=self.office, reached=lambda: self.reached),
        )

    def close(self) -> None:
        with suppress(RuntimeError):
            self._runner.close()
        self.registry.close()

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, path, **request)

        return self._runner.run(send())

    def get(self, path: str, status: int = 200) -> str:
        answer = self.ask("GET", path)
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, path: str, status: int = 303, **fields: Any) -> httpx.Response:  # noqa: ANN401
        """Post a form; fields whose names have a hyphen are given with two underscores."""
        data = {name.replace("__", "-"): value for name, value in fields.items()}
        answer = self.ask("POST", path, data=data)
        assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
        return answer


HASH = encoded(PASSWORD)


def fields_of(page: str) -> dict[str, Any]:
    """Return what a browser would send of the forms of a page: hidden fields, lines, ticks and choices."""
    fields: dict[str, list[str]] = {}
    for tag in re.findall(r"<input\b[^>]*>", page):
        at = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" not in at or (at.get("type") in ("checkbox", "radio") and " checked" not in tag):
            continue
        fields.setdefault(at["name"], []).append(at.get("value", ""))
    for name, inner in re.findall(r'<select\b[^>]*name="([^"]*)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.findall(r'<option value="([^"]*)" selected', inner)
        fields.setdefault(name, []).extend(chosen)
    return fields
