"""What is gathered of a running service, and what is said where it cannot be."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from alerts.delivery.matter import Matter
from alerts.delivery.rules import PROTECTION_GRACE_S as GRACE_S
from alerts.duty.notices import OVERDUE_GRACE_S
from alerts.duty.roster import Shift
from alerts.journal import Scratch
from alerts.protection.cover import Level, Link
from alerts.protection.damping import HOLD_S
from alerts.protection.links import START_MAX_S, Facts, Late
from alerts.protection.tablets import Tablet
from alerts.protection.watch import Watch
from alerts.views import RiskState, Sight, WearerView
from console.telling import sounds_lost
from forecalm.alerting.links import JUDGED_MAX_S, PROBE_MAX_S, UNJUDGED, Gathering, Guard, Probe, Pulse, Unjudged
from ingest.control.messages import BandStatus, GatewayStatus
from ingest.control.picture import BandAt, GatewayAt, Standing
from tests.servers import LONG_S

NOW_S = 1_767_607_200.0


@dataclass
class Models:
    watches: str = "a"
    chosen: str = "a"


@dataclass
class Held:
    reason: str = "no space"


def view(wearer: str, at_s: float = NOW_S) -> WearerView:
    return WearerView(wearer, at_s, RiskState.WATCHING, NOW_S, Sight(NOW_S), None, (), (), 1.0)


def shift(carer: str, *wearers: str, until_s: float = NOW_S + 3600) -> Shift:
    return Shift(shift_id=f"shift-{carer}", carer=carer, wearers=wearers, began_s=NOW_S - 3600, until_s=until_s)


class House:
    """A service that stands as a test says."""

    def __init__(self) -> None:
        self.now_s = NOW_S
        self.views: Sequence[WearerView] = [view("w-01"), view("w-02")]
        self.standing = Standing()
        self.connected = True
        self.engine = Pulse()
        self.models = Models()
        self.fault = ""
        self.hangs = False
        self.held: Held | None = None
        self.carried: dict[str, str | None] = {}
        self.shifts = [shift("Jo", "w-01")]
        self.gathering = Gathering(
            views=lambda: self.views,
            standing=lambda: self.standing,
            connected=lambda: self.connected,
            engine=self.engine,
            models=lambda: self.models,
            not_kept=lambda: self.fault,
            disk_hangs=lambda: self.hangs,
            held=lambda: self.held,
            tablets=lambda now_s: (Tablet(tablet="t-1", at_s=now_s, can_sound=True, why=""),),
            shifts=lambda: self.shifts,
            pushable=lambda: ("Jo",),
            carried=lambda: self.carried,
            wearer_of=lambda band, _: {"band-01": "w-01", "band-02": "w-02"}.get(band),
        )

    def facts(self) -> Facts:
        return self.gathering.facts(self.now_s)


def gateway(name: str, *, online: bool = True) -> GatewayAt:
    return GatewayAt(name, GatewayStatus(v=1, at_us=0, online=online), 0, online, False)


def band(name: str, spoken: str, *, held: bool) -> BandAt:
    status = BandStatus(v=1, at_us=0, gateway=spoken, state="connected" if held else "lost", since_us=0)
    return BandAt(name, spoken if held else None, 0 if held else None, status, 0)


def test_who_has_a_band_comes_from_whoever_holds_it_or_else_heard_it_last_or_else_spoke_of_it() -> None:
    house = House()
    house.carried = {"band-01": "garden", "band-02": None, "band-09": "garden"}
    house.standing = Standing((gateway("hall"),), (band("band-02", "hall", held=False),))
    people = {each.view.wearer: each.gateway for each in house.facts().people}
    assert people == {"w-01": "garden", "w-02": "hall"}
    house.standing = Standing((gateway("hall"),), (band("band-01", "hall", held=True),))
    people = {each.view.wearer: each.gateway for each in house.facts().people}
    assert people == {"w-01": "hall", "w-02": None}


def test_everything_that_is_asked_stands_in_the_facts() -> None:
    house = House()
    house.engine.beat(NOW_S)
    house.models.watches = "b"
    house.fault, house.held, house.hangs = "no space", Held(), True
    house.standing = Standing((gateway("hall", online=False),))
    facts = house.facts()
    assert (facts.engine_s, facts.standby, facts.not_kept, facts.not_stored) == (NOW_S, True, "no space", "no space")
    assert facts.disk_hangs
    assert [each.carers for each in facts.people] == [("Jo",), ()]
    assert not facts.gateways["hall"].online
    assert facts.pushable == {"Jo"}


def test_a_carer_who_is_long_overdue_is_told_apart_and_one_who_hands_over_still_counts() -> None:
    house = House()
    house.shifts = [shift("Jo", until_s=NOW_S), shift("Sam", "w-02")]
    house.now_s = NOW_S + OVERDUE_GRACE_S - 1
    assert [(each.carers, each.late) for each in house.facts().people] == [(("Jo",), ()), (("Jo", "Sam"), ())]
    house.now_s = NOW_S + OVERDUE_GRACE_S
    late = (Late(carer="Jo", until_s=NOW_S),)
    assert [(each.carers, each.late) for each in house.facts().people] == [((), late), (("Sam",), late)]


def test_somebody_whose_carer_should_have_gone_days_ago_is_partly_protected_and_the_board_says_since_when() -> None:
    house, told = House(), list[Matter]()
    house.shifts = [shift("Jo", until_s=NOW_S - 6.7 * 86_400)]
    guard = guard_of(house, told)
    for _ in range(300):
        house.now_s += 1
        guard.look()
    cover = guard.covers()["w-01"]
    assert (cover.level, cover.link) == (Level.PARTLY, Link.CARER)
    assert cover.since_s <= NOW_S + 1
    assert (
        cover.why == f"Jo's shift should have ended at {NOW_S - 6.7 * 86_400}, 6 days ago, and nobody has taken over."
    )
    assert told == []


def test_an_engine_that_has_not_begun_yet_has_not_stopped_and_no_tablet_cries_for_it() -> None:
    house = House()
    watch = Watch(journal=Scratch(), tell=lambda _: None, over=lambda *_: None, clock=str, grace_s=lambda: GRACE_S)
    cover = watch.tick(house.facts(), house.now_s)["w-01"]
    assert (cover.level, cover.why) == (Level.NOT, "The server has just started, and looks at no reading yet.")
    assert not sounds_lost(cover)
    house.now_s += START_MAX_S + 1
    cover = watch.tick(house.facts(), house.now_s)["w-01"]
    assert (cover.level, cover.why) == (Level.NOT, "The server has stopped looking at readings.")
    assert sounds_lost(cover)


def test_since_when_the_broker_is_away_is_when_that_was_first_seen() -> None:
    house = House()
    assert house.facts().broker_lost_s is None
    house.connected = False
    house.facts()
    house.now_s += 7
    assert house.facts().broker_lost_s == NOW_S
    house.connected = True
    assert house.facts().broker_lost_s is None


def guard_of(house: House, told: list[Matter]) -> Guard:
    watch = Watch(journal=Scratch(), tell=told.append, over=lambda *_: None, clock=str, grace_s=lambda: GRACE_S)

    def facts(now_s: float) -> Facts:
        house.engine.beat(now_s)
        house.views = [view("w-01", now_s)]
        return house.facts()

    return Guard(facts=facts, watch=watch, clock=lambda: house.now_s, steady=lambda: house.now_s)


def test_what_was_judged_a_while_ago_is_not_believed_any_more(caplog: pytest.LogCaptureFixture) -> None:
    house, told = House(), list[Matter]()
    guard = guard_of(house, told)
    for _ in range(int(HOLD_S) + 2):
        house.now_s += 1
        guard.look()
    judged_s = house.now_s
    assert guard.covers()["w-01"].level is Level.PROTECTED
    house.gathering = None  # type: ignore[assignment]
    for _ in range(int(JUDGED_MAX_S) + 1):
        house.now_s += 1
        guard.look()
    cover = guard.covers()["w-01"]
    assert (cover.level, cover.link, cover.why, cover.since_s) == (Level.NOT, Link.SERVER, UNJUDGED, judged_s)
    assert caplog.text.count("cannot be judged") == 1


def test_where_nothing_was_ever_judged_nobody_counts_as_protected() -> None:
    house = House()
    house.gathering = None  # type: ignore[assignment]
    guard = guard_of(house, [])
    guard.look()
    assert guard.judges()
    assert guard.covers() == {}
    house.now_s += JUDGED_MAX_S + 1
    guard.look()
    assert not guard.judges()
    with pytest.raises(Unjudged):
        guard.covers()


def test_a_guard_that_runs_looks_by_itself_and_ends() -> None:
    house, looked = House(), threading.Event()
    house.engine.beat(NOW_S)
    watch = Watch(journal=Scratch(), tell=lambda _: None, over=lambda *_: None, clock=str, grace_s=lambda: GRACE_S)
    guard = Guard(facts=house.gathering.facts, watch=watch, clock=lambda: NOW_S, on_look=lambda _: looked.set())
    with guard:
        assert looked.wait(LONG_S)
    assert set(guard.covers()) == {"w-01", "w-02"}


def test_a_disk_that_takes_nothing_is_found_out_before_anything_happens(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    probe.look()
    assert probe.fault == ""
    assert list(tmp_path.iterdir()) == []
    if not os.path.exists("/dev/full"):  # noqa: PTH110
        pytest.skip("this system has no disk that is always full")
    (tmp_path / "journal.probe").symlink_to("/dev/full")
    probe.look()
    assert probe.fault == os.strerror(28)
    probe.look()
    assert probe.fault == ""


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    probe = Probe(tmp_path / "gone")
    probe.look()
    assert probe.fault == os.strerror(2)


def test_a_disk_that_hangs_is_said_and_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, entered, leave = [0.0], threading.Event(), threading.Event()

    def hang(_: Path) -> None:
        entered.set()
        assert leave.wait(LONG_S)

    monkeypatch.setattr("forecalm.alerting.links.write_block", hang)
    with Probe(tmp_path, clock=lambda: now[0]) as probe:
        assert entered.wait(LONG_S)
        assert probe.fault == ""
        now[0] += PROBE_MAX_S + 1
        assert probe.hangs
        assert probe.fault == "the disk does not answer"
        leave.set()


def test_nobody_is_unprotected_because_time_was_told_twice() -> None:
    house = House()
    house.engine.beat(NOW_S)
    house.views = [replace(view("w-01"), battery_pct=80)]
    watch = Watch(journal=Scratch(), tell=lambda _: None, over=lambda *_: None, clock=str, grace_s=lambda: GRACE_S)
    for _ in range(3):
        covers = watch.tick(house.facts(), NOW_S)
    assert covers["w-01"].level is Level.PROTECTED
