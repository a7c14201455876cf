"""An installation with a recording of somebody, its office of research, and pages asked in process."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import uvicorn

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from console.access.access import Access
from console.access.asker import EVERYWHERE, Asker, Grant, Kind
from console.access.roles import Role
from console.app import create_app
from console.hub import Hub
from console.offices import Offices
from forecalm.config import Config, SiteSection
from forecalm.installation import Installation
from forecalm.offices.research import ResearchOffice
from ingest.labels import Label
from ingest.recordings.importing import Import, import_recording
from ingest.recordings.recording import Recording
from ingest.registry.consents import Consent, Scope
from ingest.types import CHANNELS, Array, Block
from tests.askers import Letting, OneSite

START_S = 1_767_607_200.0  # 5 January 2026, 10:00 UTC
NOW_S = START_S + 40 * 86_400
NAME = "Beatrice Quill"
CARER = "Oswin Fairweather"
ZONE = ZoneInfo("Europe/London")


def researcher(name: str = "Hanna", site: str = EVERYWHERE) -> Asker:
    """Somebody who has an account as a researcher."""
    return Asker(kind=Kind.PERSON, id=name, name=name, grants=frozenset({Grant(Role.RESEARCHER, site)}))


def recording(
    seconds: int, *, name: str = "one", start_s: float = START_S, channels: tuple[str, ...] = ("eda",)
) -> Recording:
    """Invented samples of each channel, at the rates of the analysis grid."""
    rng = np.random.default_rng(7)
    found: dict[str, tuple[Block, ...]] = {}
    for channel in channels:
        n = seconds * CHANNELS[channel].grid_hz
        values: Array = rng.random((3, n) if channel == "motion" else n)
        found[channel] = (Block(channel, start_s, float(CHANNELS[channel].grid_hz), values),)
    return Recording(name, "empatica-e4", start_s, found, None, np.zeros(0), ())


class Lab:
    """A house at site ``home``. Use as a context manager. ``w-01`` has a consent to care and research."""

    def __init__(self, folder: Path, asker: Asker | None = None) -> None:
        self.now_s = NOW_S
        self.here = Installation(
            Config(data=str(folder), site=SiteSection(name="home", place="Alder House", time_zone=ZONE.key))
        )
        self.letting = Letting(asker or researcher())
        self.places = OneSite()
        self._runner: asyncio.Runner | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.registry = self.here.open_registry()
            stack.callback(self.registry.close)
            self.store = self.here.open_store()
            stack.callback(self.store.close)
            self.person("w-01", NAME)
            self.registry.add_carer(CARER, by="test")
            self.office = stack.enter_context(
                ResearchOffice(self.here, store=self.store, registry=self.registry, zone=ZONE, clock=lambda: self.now_s)
            )
            self.desk = Desk(wearers=("w-01",), policy=Policy(), journal=Scratch(), started_s=START_S)
            self.app = create_app(
                desk=self.desk,
                hub=Hub(),
                place="Alder House",
                names={"w-01": NAME},
                carers=(CARER,),
                time_zone=ZONE,
                clock=lambda: self.now_s,
                access=Access(self.letting, self.places),
                offices=Offices(research=self.office),
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def person(self, wearer: str, name: str, *scopes: Scope) -> None:
        """Enter somebody, with a consent to care and research, or to ``scopes``."""
        self.registry.add_wearer(wearer, name, by="test")
        given = frozenset(scopes or (Scope.CARE, Scope.RESEARCH))
        self.registry.give_consent(wearer, Consent(given, "a guardian", START_S - 86_400), by="test")

    def keep(self, made: Recording, wearer: str = "w-01") -> str:
        """Import a recording, and return its page."""
        import_recording(made, Import(wearer=wearer, by="test", now_s=NOW_S), store=self.store, registry=self.registry)
        (found,) = [
            each
            for each in self.office.recordings()
            if each.wearer == wearer and abs(each.start_s - made.start_s) < 1e-3
        ]
        return f"/research/recordings/{wearer}/{found.name}"

    def label(self, what: str, since_s: float, until_s: float, rater: str, **more: object) -> int:
        """Enter a label, in seconds after ``START_S``."""
        label = Label(
            what=what,
            start_s=START_S + since_s,
            end_s=START_S + until_s,
            rater=rater,
            wearer="w-01",
            **more,  # type: ignore[arg-type]
        )
        return self.registry.add_labels([label], by="test")[0]

    @contextmanager
    def served(self) -> Iterator[str]:
        """Yield the address on loopback at which browsers find it meanwhile."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            server = uvicorn.Server(uvicorn.Config(self.app, log_level="error", lifespan="off"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
            thread.start()
            yield f"http://localhost:{listening.getsockname()[1]}"
            server.should_exit = True
            thread.join()

    def get(self, path: str) -> httpx.Response:
        """Ask for a page."""
        return self._ask("GET", path)

    def post(self, path: str, fields: Mapping[str, object], *, site: str = "same-origin") -> httpx.Response:
        """Post a form, as this very site's pages do."""
        body = urlencode(fields, doseq=True)
        return self._ask("POST", path, body, site)

    def _ask(self, method: str, path: str, body: str = "", site: str = "same-origin") -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                headers = {"sec-fetch-site": site, "content-type": "application/x-www-form-urlencoded"}
                return await client.request(method, path, content=body, headers=headers)

        if self._runner is None:  # a browser's tests have a loop of their own, and never come here
            self._runner = self._stack.enter_context(asyncio.Runner())
        return self._runner.run(ask())
