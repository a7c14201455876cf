"""An invented house that stands still in; pictures of its board in each state, and of what opens over it, out."""

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

from pictures import HAND, UPRIGHT, WIDE, keep
from playwright.sync_api import Browser, Page, expect

from alerts.delivery.events import Station
from alerts.errors import UnknownAlert
from alerts.views import TREND_LENGTH, TREND_STEP_S, AlertView, Blind, RiskState, Sight, WearerView
from console.access.asker import EVERYWHERE, Asker, Grant, Kind
from console.access.roles import Role
from console.app import create_app
from console.care import Care
from console.hub import Hub
from console.serve import run
from ingest.admission import Verdict
from ingest.bands import BandReport, ConsentDue, Doubt, Overview, Sent, Waiting
from ingest.clock.clocks import ClockState, GatewayState
from ingest.control.messages import BandStatus, GatewayStatus, Seen
from ingest.control.picture import BandAt, Fight, GatewayAt, Standing
from ingest.intake.counts import Counters, HeldBack
from ingest.registry.consents import Scope
from ingest.store.protocol import Refusal
from tests.askers import ANYBODY, open_to
from tests.console.caring import Caring

NOW_S = 1_763_562_728.0  # 14:32:08 on a Wednesday in November, in the house's zone
CARERS = ("Jo", "Maryam", "Sam", "Tomasz", "Agnieszka")
HALL = Asker(kind=Kind.TABLET, id="hall", name="Hall", grants=frozenset({Grant(Role.TABLET, EVERYWHERE)}))
JO = Asker(kind=Kind.PERSON, id="jo", name="Jo", grants=frozenset({Grant(Role.CARER, EVERYWHERE)}))
OVER = (
    ("taken", ".row[data-risk=held] .over", "board-outcome"),
    ("alert", "#shift", "board-shift"),
    ("alert", ".row[data-risk=alert] .snooze", "board-snooze"),
)
"""What opens over the board: the house, the tap, the picture."""


def wave(seed: int, *, rise: float = 0.0, since_min: float = 8.0, blind_min: float = 0.0) -> tuple[float | None, ...]:
    """Return half an hour of made-up probability that rises by ``rise`` over its last ``since_min``."""
    values: list[float | None] = []
    for i in range(TREND_LENGTH):
        age_min = (TREND_LENGTH - 1 - i) * TREND_STEP_S / 60
        base = 0.08 + 0.025 * math.sin(i / 3 + seed) + 0.02 * math.sin(i / 1.3 + 2 * seed)
        climb = rise * max(0.0, 1 - age_min / since_min) ** 0.7
        values.append(None if age_min < blind_min else round(base + climb, 3))
    return tuple(values)


def person(wearer: str, seed: int, why: str, *, battery: int | None = 80, **changes: object) -> WearerView:
    """Return somebody calm, with ``changes``."""
    calm = WearerView(
        wearer=wearer,
        at_s=NOW_S,
        risk=RiskState.WATCHING,
        risk_since_s=NOW_S - 3600,
        sight=Sight(NOW_S - 3600),
        probability=0.1,
        trend=wave(seed),
        why=(why,) if why else (),
        learnt=1.0,
        battery_pct=battery,
    )
    return replace(calm, **changes)  # type: ignore[arg-type]


def alert_of(
    wearer: str, *, ago_s: float, reasons: Sequence[str], by: str | None = None, taken_s: float = 0
) -> AlertView:
    """Return an alert raised ``ago_s`` before now, taken ``taken_s`` before now if ``by`` somebody."""
    taken = NOW_S - taken_s if by else None
    return AlertView(f"{wearer}-1", wearer, NOW_S - ago_s, 0.8, tuple(reasons), "first-light-1", by, taken)


def calm_house() -> list[WearerView]:
    """Return six people with nothing the matter."""
    return [
        person("Aidan", 1, "Signs as usual for this person.", battery=91),
        person("Bea", 2, "Moving a lot. The pulse fits the movement.", battery=64),
        person("Callum", 3, "Moving a lot. The pulse fits the movement.", battery=88),
        person("Esme", 4, "Signs as usual for this person.", battery=47),
        person("Femi", 5, "Signs as usual for this person.", battery=72),
        person("Wilhelmina-Rose", 6, "Signs as usual for this person.", battery=59),
    ]


def alert_house() -> list[WearerView]:
    """Return the same, one of whom may need somebody now."""
    reasons = (
        "Sweat rising while sitting still.",
        "Pulse 96, above usual.",
        "Hardly any movement, so exercise does not explain it.",
    )
    bea = person(
        "Bea",
        2,
        reasons[0],
        battery=64,
        risk=RiskState.ALERTING,
        risk_since_s=NOW_S - 68,
        trend=wave(2, rise=0.75),
        alert=alert_of("Bea", ago_s=68, reasons=reasons),
    )
    return [bea if view.wearer == "Bea" else view for view in calm_house()]


def taken_house() -> list[WearerView]:
    """Return the same, once Jo has taken it."""
    views = alert_house()
    alert = alert_of("Bea", ago_s=68, reasons=("Sweat rising while sitting still.",), by="Jo", taken_s=8)
    return [replace(v, risk=RiskState.ACKNOWLEDGED, alert=alert) if v.wearer == "Bea" else v for v in views]


def many_house() -> list[WearerView]:
    """Return a house in which nearly every state stands at once."""
    lost = Sight(NOW_S - 1800, Blind.SILENT)
    loose = Sight(NOW_S - 660, Blind.POOR_SIGNAL)
    return [
        person("Aidan", 1, "Signs as usual for this person.", battery=91),
        *(view for view in alert_house() if view.wearer == "Bea"),
        person("Callum", 3, "The band is off.", sight=Sight(NOW_S - 1200, Blind.NOT_WORN), trend=wave(3, blind_min=20)),
        person(
            "Esme",
            4,
            "Sweat rising while sitting still. Pulse 88, above usual.",
            battery=47,
            risk=RiskState.RISING,
            risk_since_s=NOW_S - 250,
            trend=wave(4, rise=0.5, since_min=5),
        ),
        person(
            "Femi",
            5,
            "Signs falling for 3 min.",
            risk=RiskState.ACKNOWLEDGED,
            trend=wave(5, rise=0.7, since_min=14),
            alert=alert_of("Femi", ago_s=600, reasons=("Pulse 104, above usual.",), by="Jo", taken_s=488),
        ),
        person("Idris", 6, "The band is silent.", sight=lost, battery=None, trend=wave(6, blind_min=30)),
        person(
            "Kai",
            10,
            "No consent: nothing is kept, and no alert can come.",
            sight=Sight(NOW_S - 900, Blind.NOT_RECORDING),
            battery=None,
            trend=wave(10, blind_min=15),
        ),
        person("Leila", 7, "", sight=Sight(NOW_S - 240, Blind.LEARNING), learnt=0.4, trend=(None,) * TREND_LENGTH),
        person("Noor", 8, "Worn, but its readings are too poor to tell.", sight=loose, trend=wave(8, blind_min=11)),
        person("Rosa", 9, "Signs as usual for this person.", battery=11),
    ]


@dataclass
class House:
    """A desk whose views stand still."""

    shown: list[WearerView]
    journal_fault: str | None = None

    def views(self) -> list[WearerView]:
        return self.shown

    def acknowledge(self, alert_id: str, *, by: str, at_s: float) -> AlertView:
        raise UnknownAlert(alert_id)

    def close(self, alert_id: str, *, by: str, at_s: float) -> AlertView:
        raise UnknownAlert(alert_id)


def caring(views: Sequence[WearerView]) -> Caring:
    """Return care for ``views``: Jo is on shift, Bea has a plan, and what the tablets showed is proved."""
    given = Caring([view.wearer for view in views])
    given.rest.set_plan(
        "Bea",
        helps=["Lights down, curtains half closed", "Blue headphones: hall drawer, left", "Sit beside, not in front"],
        avoid=["Questions", "Touching the shoulders"],
        by="Jo",
    )
    shift = given.duty.begin("Jo", [], until_s=NOW_S + 1800, by="Jo", at_s=NOW_S - 6 * 3600)
    given.duty.offer(shift.shift_id, to="Maryam", note="Bea slept badly", at_s=NOW_S - 60)
    for view in views:
        given.hear(view)
        if view.alert and view.risk is RiskState.ALERTING:
            for number, station in product(range(3), (Station.ON_TABLET, Station.SOUNDED)):
                given.telling.receipt(f"t{number}", view.alert.alert_id, station, view.alert.raised_s + 1)
    return given


@contextmanager
def served(views: list[WearerView], care: Care | None = None, *, asker: Asker = HALL) -> Iterator[str]:
    """Serve a board of ``views`` to ``asker``, with ``care`` if it is given, and yield its address."""
    hub, stop, ready, address = Hub(), threading.Event(), threading.Event(), []
    app = create_app(
        access=open_to(asker),
        desk=House(views),
        hub=hub,
        place="Alder House",
        names={},
        carers=CARERS,
        time_zone=ZoneInfo("Europe/London"),
        clock=lambda: NOW_S,
        staff=Staff(office()),
        care=care,
    )

    def tell(where: str) -> None:
        address.append(where)
        ready.set()

    thread = threading.Thread(
        target=run, args=(app,), kwargs={"hub": hub, "host": "127.0.0.1", "port": 0, "stop": stop, "ready": tell}
    )
    thread.start()
    try:
        ready.wait(10)
        yield address[0]
    finally:
        stop.set()
        thread.join()


def office() -> Overview:
    """Return what staff of the house see on a day on which most things are to be seen to."""
    wide, day_s = dict(enumerate(("Aidan", "Bea", "Callum", "Esme", "Femi", "Wilhelmina-Rose"), start=1)), 86_400

    def band(number: int, *, battery: int | None = 80, heard_s: float = 1.0, drift: float | None = 12.3) -> BandReport:
        name, wearer = f"band-{number:02}", wide.get(number)
        residual_s = None if drift is None else abs(drift) * 3e-4
        clock = ClockState(name, 1, 0.0, drift, residual_s, None, NOW_S, 0, is_proven=drift is not None)
        verdict = Verdict.WAIT if wearer is None else Verdict.DROP if wearer == "Bea" else Verdict.KEEP
        waiting = Waiting(NOW_S + 5 * 3600, NOW_S + day_s) if wearer is None else None
        packets = 81_345 * number
        return BandReport(
            name, wearer, verdict, NOW_S - heard_s, 2, packets, 7 * packets, Sent("hall", battery), clock, waiting
        )

    bands = (band(7, battery=72), band(1), band(2, battery=None), band(3, heard_s=1700), band(4, battery=9, drift=-8.1))
    care = (("Bea", None, False), ("Callum", NOW_S + 3 * day_s, False), ("Esme", None, True))
    return Overview(
        at_s=NOW_S,
        names={},
        bands=(*bands, band(5, drift=None), band(6, drift=31.9)),
        gateways=(GatewayState("garden-room", 0.01, NOW_S - 400, 0), GatewayState("hall", 74.0, NOW_S - 1, 1)),
        counters=Counters(
            messages=1_234_567, duplicates=312, quarantined={"form": 1}, dropped=42, unassigned=611, late=18
        ),
        held_back=None,
        refusals=(Refusal("forecalm/v1/alder/band/band-04/data", "the message is empty", NOW_S - 300, b"", None),),
        consents=tuple(ConsentDue(who, Scope.CARE, to_confirm, ends_s) for who, ends_s, to_confirm in care),
        standing=standing(),
        doubts=(Doubt("band-05", "Femi", "band-06", "Wilhelmina-Rose", NOW_S - 3000),),
    )


def standing() -> Standing:
    """Return how the gateways of the house and some bands stand."""
    now_us = round(NOW_S * 1e6)

    def gateway(name: str, *, online: bool = True, deaf: bool = False, **said: object) -> GatewayAt:
        status = GatewayStatus(v=1, at_us=now_us, online=online, version="0.5.0", links_max=14, **said)  # type: ignore[arg-type]
        return GatewayAt(name, status, now_us - (0 if online else 400_000_000), online, deaf)

    def band(number: int, rssi: int, **said: object) -> BandAt:
        name, since_us = f"band-{number:02}", now_us - 5_400_000_000
        seen = Seen(band=name, profile="forecalm", address="", heard_us=now_us, rssi=rssi, firmware="1.4.0")
        given: dict[str, object] = {"state": "connected", **said}
        status = BandStatus(v=1, at_us=now_us, gateway="hall", since_us=since_us, seen=seen, **given)  # type: ignore[arg-type]
        held = given["state"] == "connected"
        return BandAt(name, "hall" if held else None, since_us if held else None, status, now_us)

    return Standing(
        gateways=(
            gateway("garden-room", online=False),
            gateway("hall", links=5, kept_packets=1234),
            gateway("landing", deaf=True),
        ),
        bands=(
            band(1, -52),
            band(3, -88, state="refused", reason="it has lost its bond: pair it again"),
            band(4, -71, backlog=340),
            band(5, -61),
        ),
        fights=(Fight("band-06", ("hall", "landing"), 4),),
    )


@dataclass
class Staff:
    """Staff whose overview stands still."""

    overview: Overview

    @property
    def held_back(self) -> HeldBack | None:
        return self.overview.held_back

    def take(self) -> Overview:
        return self.overview


def board(
    browser: Browser,
    address: str,
    size: tuple[int, int],
    *,
    night: bool = False,
    known: bool = True,
    sounding: bool = True,
) -> Page:
    """Return a live board on a tablet of ``size``, that is Jo's if ``known`` and was heard to sound if ``sounding``."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if night else "light",
        reduced_motion="reduce",
    )
    if known:
        context.add_init_script("localStorage.setItem('forecalm.name', JSON.stringify({name: 'Jo', at: Date.now()}))")
    page = context.new_page()
    page.clock.install()
    page.goto(address)
    expect(page.locator("#live")).to_have_text("Live")
    if sounding:
        page.click("#sound-on")
        page.click("#sound-heard")
    return page


def take_pictures(browser: Browser, folder: Path, *, every: bool = False) -> None:
    """Write the pictures that the documentation shows into ``folder``, or ``every`` state at every size."""
    sizes = {"wide": WIDE, "upright": UPRIGHT, "hand": HAND}
    houses = {"calm": calm_house, "alert": alert_house, "taken": taken_house, "many": many_house}
    wanted = [(h, s, night) for h in houses for s in sizes for night in (False, True)]
    for house, size, night in wanted if every else [("alert", "wide", False), ("many", "upright", True)]:
        with served(houses[house](), caring(houses[house]()).care) as address:
            name = f"board-{house}-{size}{'-night' if night else ''}.png" if every else f"board-{house}.png"
            keep(board(browser, address, sizes[size], night=night), folder / name)
    for size in sizes if every else ["hand"]:
        with served(alert_house()) as address:
            page = board(browser, address, sizes[size], known=False, sounding=False)
            page.click(".row[data-risk=alert] .take")
            expect(page.locator("#picker")).to_be_visible()
            keep(page, folder / (f"board-picker-{size}.png" if every else "board-picker.png"))
    for size in sizes if every else ["wide"]:
        with served(many_house()) as address:
            page = board(browser, address, sizes[size])
        page.clock.fast_forward(72_000)
        expect(page.locator("#lost")).to_be_visible()
        keep(page, folder / (f"board-lost-{size}.png" if every else "board-lost.png"))

    for size, (house, tap, name) in product(sizes if every else ["wide"], OVER):
        for night in (False, True) if every else (False,):
            with served(houses[house](), caring(houses[house]()).care, asker=JO) as address:
                page = board(browser, address, sizes[size], night=night)
                page.click(tap)
                expect(page.locator("dialog[open]")).to_be_visible()
                keep(page, folder / (f"{name}-{size}{'-night' if night else ''}.png" if every else f"{name}.png"))

    for size in sizes if every else ["upright"]:
        for night in (False, True) if every else (False,):
            with served(calm_house(), asker=ANYBODY) as address:
                page = board(browser, address, sizes[size], night=night)
                page.get_by_role("link", name="Bands").click()
                expect(page.locator("#live")).to_have_text("Live")
                keep(
                    page, folder / (f"bands-much-{size}{'-night' if night else ''}.png" if every else "bands-much.png")
                )
