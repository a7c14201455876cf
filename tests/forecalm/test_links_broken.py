"""Each link of a running service broken on purpose: told within 15 s of the fault, by the clock that readings go by.

Bands are simulated, their packets go through the real intake, store, engine and desk; gateway, broker, journal and
engine are real too, and really break. Time is virtual: where something real must be noticed, it is waited for.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from alerts.delivery.matter import Matter
from alerts.duty.roster import Shift
from alerts.journal import Journal
from alerts.protection.cover import Cover, Level, Link
from alerts.protection.tablets import Beat, Tablets
from alerts.protection.watch import Watch
from forecalm.alerting.links import Gathering, Guard, Probe, Pulse
from forecalm.live import Live
from ingest.control.client import Control
from ingest.control.picture import Standing
from ingest.mqtt import Subscriber
from ingest.sending.sender import Sender
from ingest.sending.spool import Spool
from tests.forecalm.fault_house import START_S, FaultHouse, fault_house, scenario_of
from tests.ingest.sending.brokers import SITE, Running
from tests.servers import LONG_S, until

pytestmark = pytest.mark.long

TOLD_S: Final = 15
LEARNT_S: Final = 900
GRACE_S: Final = 20  # as the site's rules may say
SETTLED_S: Final = 25  # until what is whole is believed to be


@dataclass(slots=True)
class Models:
    watches: str = "training-free"
    chosen: str = "training-free"


@dataclass(slots=True)
class Service:
    """A house with what guards it; tests break what they are about."""

    house: FaultHouse
    folder: Path
    journal: Journal
    connected: Callable[[], bool] = lambda: True
    standing: Callable[[], Standing] = Standing
    fault: Callable[[], str] = lambda: ""
    models: Models = field(default_factory=Models)
    carers: tuple[str, ...] = ("Jo",)
    beating: bool = True
    engine: bool = True
    told: list[Matter] = field(default_factory=list)
    pulse: Pulse = field(default_factory=Pulse)
    tablets: Tablets = field(default_factory=Tablets)
    guard: Guard = field(init=False)
    watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        assert self.house.pipeline is not None
        gathering = Gathering(
            views=self.house.pipeline._desk.views,
            standing=lambda: self.standing(),
            connected=lambda: self.connected(),
            engine=self.pulse,
            models=lambda: self.models,
            disk_hangs=lambda: False,
            not_kept=lambda: self.fault() or self.watch.journal_fault,
            held=lambda: self.house.intake.held_back,
            tablets=self.tablets.standing,
            shifts=lambda: [
                Shift(shift_id="shift-1", carer=carer, wearers=(), began_s=START_S, until_s=START_S + 1e6)
                for carer in self.carers
            ],
            pushable=lambda: (),
            carried=lambda: {band.name: "gw-0" for band in self.house.ward.bands},
            wearer_of=lambda band, _: self.house._worn.get(band),
        )
        self.watch = Watch(
            journal=self.journal,
            tell=self.told.append,
            over=lambda *_: None,
            clock=str,
            grace_s=lambda: GRACE_S,
        )
        self.guard = Guard(facts=gathering.facts, watch=self.watch, clock=lambda: self.now_s)

    @property
    def now_s(self) -> float:
        return START_S + self.house.ward.now_s

    def cover(self, wearer: str = "w-01") -> Cover:
        return self.guard.covers()[wearer]

    def second(self) -> None:
        """Let one pass."""
        for reception in self.house.playing.push():
            self.house._publish(reception)
        self.house._carry(self.house.ward.now_s)
        if self.engine:
            self.pulse.beat(self.now_s)
        if self.beating and self.house.ward.now_s % 5 == 0:
            self.tablets.beat("t-1", Beat(foreground=True, able=True, tested_s=START_S, carer="Jo"), self.now_s)
        self.guard.look()

    def settle(self) -> None:
        """Until everybody is protected."""
        for _ in range(SETTLED_S):
            self.second()
        assert {cover.level for cover in self.guard.covers().values()} == {Level.PROTECTED}, self.guard.covers()

    def seconds_until(self, level: Level, link: Link) -> int:
        """After how many the first person is at ``level`` because of ``link``; fails where that takes too long."""
        for seconds in range(1, TOLD_S + 1):
            self.second()
            if (self.cover().level, self.cover().link) == (level, link):
                return seconds
        raise AssertionError(f"not told within {TOLD_S} s: {self.cover()}")


@contextmanager
def service_of(folder: Path, *faults: str, wearers: int = 1) -> Iterator[Service]:
    scenario = scenario_of(*faults, wearers=wearers, past_s=LEARNT_S)
    with fault_house(folder, scenario, watched=True) as house, closing(Journal(folder / "journal.jsonl")) as journal:
        service = Service(house, folder, journal)
        service.settle()
        yield service


@pytest.fixture
def broker(mosquitto: str, tmp_path: Path) -> Iterator[Running]:
    made = Running(mosquitto, tmp_path)
    yield made
    made.stop()


def test_a_band_that_falls_silent_is_told_within_15_s_and_staff_after_the_grace(tmp_path: Path) -> None:
    with service_of(
        tmp_path, f"flat_battery bands=band-01 start_s={SETTLED_S} hold_s=300 fall_s=0", wearers=2
    ) as service:
        service.seconds_until(Level.NOT, Link.BAND)
        assert service.cover("w-02").level is Level.PROTECTED
        assert service.told == []
        for _ in range(GRACE_S + 1):
            service.second()
        assert [(matter.wearer, matter.words[1]) for matter in service.told] == [("w-01", "The band is silent.")]


BODIES: Final = {
    "w-01": ("off_wrist", Level.NOT, Link.CONTACT),
    "w-02": ("loose_electrode share=1", Level.PARTLY, Link.SIGNAL),
    "w-03": ("frozen", Level.PARTLY, Link.SIGNAL),
}


def test_a_band_that_comes_off_and_sensors_that_die_are_told_within_15_s(tmp_path: Path) -> None:
    faults = [
        f"{fault} bands=band-{wearer.removeprefix('w-')} start_s={SETTLED_S} hold_s=300"
        for wearer, (fault, _, _) in BODIES.items()
    ]
    with service_of(tmp_path, *faults, wearers=len(BODIES)) as service:
        told: dict[str, int] = {}
        for seconds in range(1, TOLD_S + 1):
            service.second()
            for wearer, (_, level, link) in BODIES.items():
                cover = service.cover(wearer)
                if (cover.level, cover.link) == (level, link):
                    told.setdefault(wearer, seconds)
        assert told.keys() == BODIES.keys()


def test_a_gateway_whose_radio_is_dead_is_told_within_15_s_as_one(tmp_path: Path) -> None:
    with service_of(tmp_path, f"silent_radio start_s={SETTLED_S} hold_s=300", wearers=3) as service:
        service.seconds_until(Level.NOT, Link.GATEWAY)
        for _ in range(GRACE_S + 1):
            service.second()
        assert [matter.words for matter in service.told] == [
            (service.told[0].words[0], "Gateway gw-0 brings nothing from any of its bands.")
        ]
        assert service.told[0].words[0].startswith("3 people not protected since")


def test_a_gateway_that_is_gone_is_the_reason_as_soon_as_its_will_is_known(broker: Running, tmp_path: Path) -> None:
    with (
        Control(broker.address, site=SITE) as control,
        service_of(tmp_path, f"silent_radio start_s={SETTLED_S} hold_s=300") as service,
    ):
        service.standing = lambda: Standing(tuple(control.gateways()))
        with Sender(broker.address, site=SITE, gateway="gw-0", spool=Spool.in_memory()) as gateway:
            gateway.status(radio_us=None, links=1, links_max=7)
            until(lambda: [each.online for each in control.gateways()] == [True])
        until(lambda: [each.online for each in control.gateways()] == [False])
        service.seconds_until(Level.NOT, Link.GATEWAY)
        assert service.cover().why == "Gateway gw-0 is silent."


def test_a_broker_that_is_killed_is_told_within_15_s(broker: Running, tmp_path: Path) -> None:
    subscriber = Subscriber(
        host=broker.address.host, port=broker.address.port, site=SITE, on_message=lambda *_: None, client_id="links"
    )
    subscriber.start()
    try:
        until(subscriber.connected.is_set)
        with service_of(tmp_path) as service:
            service.connected = subscriber.connected.is_set
            broker.stop()
            until(lambda: not subscriber.connected.is_set())
            service.seconds_until(Level.NOT, Link.BROKER)
    finally:
        subscriber.stop()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_under_the_journal_is_told_within_15_s_though_nothing_happens(tmp_path: Path) -> None:
    with service_of(tmp_path) as service:
        probe = Probe(tmp_path)
        service.fault = lambda: probe.fault
        (tmp_path / "journal.probe").symlink_to("/dev/full")
        probe.look()
        service.seconds_until(Level.PARTLY, Link.JOURNAL)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_break_is_told_though_the_journal_cannot_take_it(tmp_path: Path) -> None:
    with service_of(tmp_path) as service:
        kept, full = os.dup(service.journal._fd), os.open("/dev/full", os.O_RDWR)
        os.dup2(full, service.journal._fd)
        service.beating = False
        service.seconds_until(Level.NOT, Link.TABLET)
        assert service.watch.journal_fault
        os.dup2(kept, service.journal._fd)
        service.second()
        assert not service.watch.journal_fault
        for descriptor in (kept, full):
            os.close(descriptor)


def test_a_tablet_that_falls_asleep_is_told_within_15_s_of_its_last_beat(tmp_path: Path) -> None:
    with service_of(tmp_path) as service:
        service.beating = False
        service.seconds_until(Level.NOT, Link.TABLET)


def test_a_last_carer_who_goes_and_a_standby_model_are_shown_in_the_next_second(tmp_path: Path) -> None:
    with service_of(tmp_path) as service:
        service.carers = ()
        assert service.seconds_until(Level.PARTLY, Link.CARER) == 1
        service.models.watches = "another"
        assert service.seconds_until(Level.PARTLY, Link.MODEL) == 1


def test_an_engine_that_hangs_is_told_within_15_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave, hangs = threading.Event(), threading.Event()
    monkeypatch.setattr("forecalm.live.STOP_S", LONG_S)

    def hang(_: float) -> list[object]:
        hangs.set()
        assert leave.wait(LONG_S)
        return []

    with service_of(tmp_path) as service:
        pipeline = service.house.pipeline
        assert pipeline is not None
        service.engine = False
        live = Live(
            pipeline,
            learnt=tmp_path / "learnt.npz",
            clock=lambda: service.now_s,
            on_failure=lambda: None,
            on_second=service.pulse.beat,
        )
        beaten_s = service.pulse.last_s
        with monkeypatch.context() as hanging:
            hanging.setattr(pipeline, "advance", hang)
            live.start()
            assert hangs.wait(LONG_S)
        assert service.pulse.last_s == beaten_s == service.now_s
        service.seconds_until(Level.NOT, Link.PIPELINE)
        leave.set()
        live.stop()
