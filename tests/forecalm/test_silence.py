"""A band that falls silent just before an alert is due: nothing is raised from what is over, and sight is lost."""

import copy
import copyreg
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import SILENT_AFTER_S, Policy
from alerts.views import Blind, WearerView
from forecalm.pipeline import Pipeline
from ingest.clock.clocks import Clocks
from ingest.received import Received
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from models.arousal import DRIVERS
from models.arousal_kernel import STALE_S
from signals.features import column

pytestmark = pytest.mark.long

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"
WEARER = "w-01"
BEFORE = (1, 2, 4, 8, 12, 16, 24)
"""So many packets before the alert the band falls silent."""


def _anew(lock: Callable[[], object], _: object) -> tuple[Callable[[], object], tuple[()]]:
    return lock, ()


class Bed:
    """One wearer before the desk; ``views`` is all that was shown of them, ``shown`` with the moment it was."""

    def __init__(self, started_s: float) -> None:
        self.desk = Desk(wearers=[WEARER], policy=Policy(), journal=Scratch(), started_s=started_s)
        self.pipeline = Pipeline(wearers=[WEARER], desk=self.desk)
        self.views: list[WearerView] = []
        self.desk.subscribe(self.show)

    def show(self, view: WearerView) -> None:
        self.views.append(view)

    def another(self) -> "Bed":
        """A bed that is as this one is now, with locks of its own, and goes its own way from here."""
        with pytest.MonkeyPatch.context() as patch:
            for lock in (threading.Lock, threading.RLock):
                patch.setitem(copyreg.dispatch_table, type(lock()), partial(_anew, lock))
            return copy.deepcopy(self)

    def hear(self, received: Received) -> None:
        self.pipeline.receive(WEARER, received)
        self.pipeline.advance(received.received_s)


@pytest.fixture(scope="module")
def session() -> list[Received]:
    clocks = Clocks()
    return [Received(packet, clocks.map(packet, at_s), at_s, b"") for at_s, packet in packets(read(SAMPLE), band="b")]


@pytest.fixture(scope="module")
def alert_at(session: list[Received]) -> int:
    """How many packets it takes until the alert."""
    bed = Bed(session[0].received_s)
    for i, received in enumerate(session):
        bed.hear(received)
        if any(view.alert for view in bed.views):
            return i + 1
    raise AssertionError("the sample session raises no alert")


@pytest.fixture(scope="module")
def beds(session: list[Received], alert_at: int) -> dict[int, Bed]:
    """By how many packets were left until the alert when the band fell silent: one walk, looked at on its way."""
    bed, beds = Bed(session[0].received_s), {}
    for heard, received in enumerate(session[: alert_at - 1], start=1):
        bed.hear(received)
        if alert_at - heard in BEFORE:
            beds[alert_at - heard] = bed.another()
    return beds


@pytest.mark.parametrize("before", BEFORE)
def test_nothing_is_raised_after_the_last_packet(
    session: list[Received], alert_at: int, beds: dict[int, Bed], before: int
) -> None:
    last_s = session[alert_at - before - 1].received_s
    bed = beds[before].another()
    probability = bed.views[-1].probability
    assert probability is not None
    assert probability > 0.3, "signs are rising when the band falls silent"
    del bed.views[:]
    lost_s = None
    for tenth in range(1, 1200):
        now_s = last_s + tenth / 10
        bed.pipeline.advance(now_s)
        assert not any(view.alert for view in bed.views)
        if lost_s is None and any(view.sight.reason is Blind.SILENT for view in bed.views):
            lost_s = now_s
    assert lost_s is not None
    assert SILENT_AFTER_S <= lost_s - last_s <= SILENT_AFTER_S + 2
    assert bed.views[-1].sight.reason is Blind.SILENT
    assert abs(bed.views[-1].sight.since_s - last_s) <= 1


def test_a_silent_band_says_no_probability_and_no_heart_rate(
    session: list[Received], alert_at: int, beds: dict[int, Bed]
) -> None:
    heard, bed = session[: alert_at - 2], beds[2].another()
    steps = [step for tenth in range(1, 300) for step in bed.pipeline.advance(heard[-1].received_s + tenth / 10)]
    last = [step for step in steps if step.signals.start_s[0] >= heard[-1].received_s]
    assert len(last) > 20
    for step in last:
        assert np.isnan(step.signals.features).all()
        assert np.isnan(step.risk.probability).all()


def test_a_pulse_that_is_lost_while_sweat_is_seen_counts_for_less_than_a_hold(
    session: list[Received], alert_at: int, beds: dict[int, Bed]
) -> None:
    lost, bed = alert_at - 8, beds[8].another()
    lost_s = session[lost - 1].received_s
    steps = []
    for received in session[lost : lost + 40]:
        deaf = msgspec.structs.replace(received.packet, ppg=None, ibi=None)
        bed.pipeline.receive(WEARER, replace(received, packet=deaf))
        steps += bed.pipeline.advance(received.received_s)
    later = [step for step in steps if step.signals.start_s[0] >= lost_s]
    rate = np.array([step.signals.features[0, 0, column("heart_rate_bpm")] for step in later])
    pulse = np.array([step.risk.drivers[0, 0, DRIVERS.index("pulse")] for step in later])
    assert np.isnan(rate).all()
    assert np.isfinite(pulse).all()
    assert pulse[0] > 0
    assert (pulse[int(STALE_S) :] == 0).all()
