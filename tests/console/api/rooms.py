"""A desk, delivery, shifts, tablets and outcomes, all real, and a registry in memory: what routes are asked with."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI

from alerts.delivery.dispatch import Dispatch
from alerts.delivery.matter import Kind, Matter, Priority
from alerts.delivery.rules import DEFAULT
from alerts.delivery.seals import Seals
from alerts.desk import Desk
from alerts.duty.duty import Duty
from alerts.journal import Scratch
from alerts.outcomes.outcomes import Outcomes
from alerts.policy import Policy
from alerts.protection.cover import Cover, Level, Link
from alerts.protection.tablets import Tablets
from console.access.access import Access
from console.app import create_app
from console.care import Care
from console.hub import Hub
from ingest.errors import RegistryError
from ingest.labels import Label
from ingest.registry.plans import Plan
from ingest.registry.push import Owner
from models.risk import Abstention
from tests.askers import AS_TOLD, open_to

T = TypeVar("T")

NOW_S = 1_763_562_728.0
NAMES = {"w1": "Aidan", "w2": "Bea", "w3": "Callum"}
SECRET = b"0123456789abcdef0123456789abcdef"
OUTSIDE = "https://board.example.org"


class Records:
    """A registry in memory: plans, browsers, refusals and labels."""

    def __init__(self) -> None:
        self.written: dict[str, Plan] = {}
        self.browsers: dict[str, tuple[str, str]] = {}
        self.refused: list[tuple[str, str]] = []
        self.noted: list[tuple[str, str | None, str]] = []

    def plan(self, wearer: str) -> Plan | None:
        return self.written.get(wearer)

    def plans(self) -> Mapping[str, Plan]:
        return dict(self.written)

    def set_plan(self, wearer: str, *, helps: Sequence[str], avoid: Sequence[str], by: str) -> Plan:
        self.written[wearer] = Plan(1, wearer, tuple(helps), tuple(avoid), by, NOW_S)
        return self.written[wearer]

    def add_push(self, *, endpoint: str, p256dh: str, auth: str, carer: str, tablet: str, by: str) -> None:
        if "full" in endpoint:
            raise RegistryError("carer: is told in 10 browsers already")
        self.browsers[endpoint] = (carer, tablet)

    def remove_push(self, endpoint: str, *, because: str, by: str, owner: Owner | None = None) -> bool:
        carer, tablet = self.browsers.get(endpoint, ("", ""))
        if owner is not None and carer != owner.carer and tablet not in owner.tablets:
            return False
        return self.browsers.pop(endpoint, None) is not None

    def note(self, action: str, *, wearer: str | None = None, by: str, **detail: object) -> None:
        self.noted.append((action, wearer, by))

    def note_refusal(
        self, action: str, *, wearer: str | None = None, by: str, because: object = "", **detail: object
    ) -> bool:
        self.refused.append((action, str(because)))
        return True

    def enter_outcome(self, outcome_id: str, label: Label, *, corrects: str = "", by: str) -> int:
        return 1

    def outcomes_entered(self) -> frozenset[str]:
        return frozenset()


class Counting:
    """Counts refusals."""

    def __init__(self) -> None:
        self.refusals: list[tuple[str, str]] = []
        self.lost = 0

    def refused(self, what: str, because: str) -> None:
        self.refusals.append((what, because))

    def audit_lost(self, entries: int) -> None:
        self.lost += entries

    def render(self) -> tuple[bytes, str]:
        return b"forecalm_refusals_total %d\n" % len(self.refusals), "text/plain; version=1.0.0; charset=utf-8"


class Covering:
    """Covers that are set by hand."""

    def __init__(self) -> None:
        self.now = {wearer: Cover(wearer=wearer, level=Level.PROTECTED, since_s=NOW_S) for wearer in NAMES}
        self.told: list[Matter] = []

    def covers(self) -> Mapping[str, Cover]:
        return self.now

    def notices(self) -> Sequence[Matter]:
        return self.told


class Rooms:
    """Everything that a service has beside engine and disk, and its app, asked in process; the clock is set by hand."""

    def __init__(
        self,
        journal: Scratch | None = None,
        *,
        care: bool = True,
        access: Access | None = None,
        carers: Sequence[str] = ("Jo", "Maryam", "Sam", "Zoë van Dijk"),
    ) -> None:
        self.access, self.carers = access or open_to(AS_TOLD), carers
        self.now_s = NOW_S
        self.journal = journal or Scratch()
        self.hub = Hub()
        self.desk = Desk(wearers=tuple(NAMES), policy=Policy(hold_s=2.0), journal=self.journal, started_s=NOW_S - 600)
        self.duty = Duty(self.journal, watched=lambda: tuple(NAMES), names=lambda: NAMES)
        self.tablets = Tablets(muted_until=self.duty.muted_until)
        self.records, self.counts, self.covering = Records(), Counting(), Covering()
        self.outcomes = Outcomes(self.journal, self.records)
        self.seals = Seals(SECRET)
        self.delivery = Dispatch(
            journal=self.journal,
            rules=DEFAULT,
            channels={},
            on_shift=lambda wearer: self.duty.on_shift(wearer, self.now_s),
            tablets=lambda: self.tablets.standing(self.now_s),
            link=lambda matter_id, to: self.link(matter_id, to),
            clock=lambda: self.now_s,
        )
        for listener in (self.hub.publish, self.delivery.hear, self.outcomes.hear):
            self.desk.subscribe(listener)
        self.care = self._care() if care else None
        self.app = self._app()
        self._runner = asyncio.Runner()

    def _care(self) -> Care:
        return Care(
            delivery=self.delivery,
            tablets=self.tablets,
            covers=self.covering,
            duty=self.duty,
            outcomes=self.outcomes,
            plans=self.records,
            push=self.records,  # type: ignore[arg-type]  # it keeps less of a browser
            push_key="BKey",
            seals=self.seals,
            refusals=self.records,
            counts=self.counts,
        )

    def _app(self) -> FastAPI:
        return create_app(
            access=self.access,
            desk=self.desk,
            hub=self.hub,
            place="Alder House",
            names=NAMES,
            carers=self.carers,
            time_zone=ZoneInfo("Europe/London"),
            clock=lambda: self.now_s,
            care=self.care,
            outside=OUTSIDE,
        )

    def close(self) -> None:
        """Let the loop go."""
        self._runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run it on the app's loop."""
        return self._runner.run(coroutine)

    def settle(self) -> None:
        """Wait until everything is done that was left to be done behind an answer."""

        async def rest() -> None:
            await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))

        self.run(rest())

    def ask(
        self,
        method: str,
        path: str,
        *,
        base: str = "http://localhost",
        raising: bool = True,
        **request: Any,  # noqa: ANN401 - whatever httpx takes
    ) -> httpx.Response:
        """Ask the app; one that raises is a failed test, unless ``raising`` is False."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=raising)
            async with httpx.AsyncClient(transport=transport, base_url=base) as client:
                return await client.request(method, path, **request)

        return self.run(send())

    def key(self, tablet: str = "t-1") -> dict[str, str]:
        """The header by which a tablet shows that it is itself."""
        return {"authorization": f"Tablet {tablet}.{self.seals.tablet_key(tablet)}"}

    def post(self, path: str, body: object, *, tablet: str = "t-1", **headers: str) -> httpx.Response:
        """Post to the API as a tablet."""
        return self.ask("POST", f"/api/v1{path}", json=body, headers=self.key(tablet) | headers)

    def get(self, path: str, *, tablet: str = "t-1") -> httpx.Response:
        """Get from the API as a tablet."""
        return self.ask("GET", f"/api/v1{path}", headers=self.key(tablet))

    def link(self, matter_id: str, to: str, *, lasts_s: float = 3600) -> str:
        """The path of a link with which ``to`` takes a matter."""
        return f"/take/{self.seals.link(matter_id, to, until_s=self.now_s + lasts_s)}"

    def alert(self, wearer: str = "w2") -> str:
        """Raise an alert at the desk, and let delivery begin."""
        for _ in range(4):
            self.now_s += 1
            view = self.desk.observe(wearer, self.now_s, 0.9, Abstention.NONE, ("Sweat rising.",), 1.0, 96.0, 80, None)
        self.delivery.turn()
        assert view.alert is not None
        return view.alert.alert_id

    def notice(self, matter_id: str = "protection-1", wearer: str = "w1") -> str:
        """Tell of somebody who is not protected."""
        words = ("Aidan is not protected since 14:02.",)
        matter = Matter(
            matter_id=matter_id,
            kind=Kind.PROTECTION,
            priority=Priority.MEDIUM,
            wearer=wearer,
            since_s=self.now_s,
            words=words,
        )
        self.covering.now[wearer] = Cover(
            wearer=wearer, level=Level.NOT, since_s=self.now_s, link=Link.GATEWAY, why="The gateway is silent."
        )
        self.covering.told.append(matter)
        self.delivery.tell(matter)
        self.delivery.turn()
        return matter_id

    def beat(self, tablet: str = "t-1", **changes: object) -> httpx.Response:
        """Say a tablet, able to sound."""
        said = {"foreground": True, "able": True, "tested_s": self.now_s - 60, "push": False, "carer": "Jo"}
        return self.post(f"/tablets/{tablet}/beat", said | changes, tablet=tablet)
