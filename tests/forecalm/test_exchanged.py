"""Bands on each other's wrists are asked about, once, until somebody has looked; nothing else changes by it."""

import logging
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from forecalm.cli import main
from forecalm.config import load
from forecalm.erasure.parts import Learnt
from forecalm.exchanged import ANSWERED_S, LIKENESS, RIGHT, SETTLE_S, Exchanges, Suspected, answered, suspected_in
from forecalm.installation import Installation
from forecalm.live import Live, load_learnt, save_learnt
from forecalm.pipeline import Pipeline
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from models.likeness_kernel import PANE_S
from tests.models.test_likeness import PEOPLE, T0, seconds
from tests.servers import LONG_S

HOUSE = ("calm", "lively", "warm")
LATER = T0 + 86_400 * 30
ROWS = np.arange(3)


class Ward:
    """Three people whose usual is known, and how the next hours go."""

    def __init__(self) -> None:
        self.exchanges = Exchanges(rows=3)
        self.at_s = T0
        for band, row in (("band-01", 0), ("band-02", 1), ("band-03", 2)):
            self.exchanges.wear(row, band)
        for day in range(6):
            self.at_s = T0 + 86_400 * day
            self.go_on(*HOUSE, hours=2, seed=9 * day)
        self.at_s = LATER

    def go_on(self, *people: str, hours: float, seed: int = 77, answered: Iterable[int] = ()) -> list[float]:
        """Let these people have the bands; return when something came up or was over [s]."""
        changed: list[float] = []
        features = np.stack([seconds(PEOPLE[each], PANE_S, seed=seed + i) for i, each in enumerate(people)])
        for _ in range(round(hours * 3600 / PANE_S)):
            self.exchanges.push(np.full(3, self.at_s), features[:, :60], rows=ROWS)
            if self.exchanges.look(self.at_s + SETTLE_S, answered):
                changed.append(self.at_s)
            self.exchanges.push(np.full(3, self.at_s + 60), features[:, 60:], rows=ROWS)
            self.at_s += PANE_S
        return changed

    def learnt(self) -> np.ndarray:
        return self.exchanges.snapshot()["usual"].copy()


@pytest.fixture
def ward() -> Ward:
    return Ward()


def test_nobody_is_asked_about_whose_band_is_their_own(ward: Ward) -> None:
    ward.go_on(*HOUSE, hours=3)
    assert ward.exchanges.pairs() == []


def test_two_who_wear_each_others_bands_are_named_with_since_when_and_once(ward: Ward) -> None:
    changed = ward.go_on("lively", "calm", "warm", hours=3)
    ((one, other, since_s),) = ward.exchanges.pairs()
    assert (one, other) == (0, 1)
    assert LATER < since_s < changed[0]
    assert len(changed) == 1


def test_nothing_is_learnt_from_whoever_is_suspected_and_of_others_as_ever(ward: Ward) -> None:
    ward.go_on("lively", "calm", "warm", hours=2)
    before = ward.learnt()
    ward.go_on("lively", "calm", "warm", hours=2)
    after = ward.learnt()
    assert (after[:2] == before[:2]).all()
    assert (after[2] != before[2]).any()


def test_it_is_over_when_each_fits_their_band_again(ward: Ward) -> None:
    ward.go_on("lively", "calm", "warm", hours=2)
    ward.go_on(*HOUSE, hours=2)
    assert ward.exchanges.pairs() == []


def test_a_change_of_bands_ends_it_and_begins_the_hour_anew(ward: Ward) -> None:
    ward.go_on("lively", "calm", "warm", hours=2)
    usual = ward.learnt()
    ward.exchanges.wear(0, "band-09")
    assert ward.exchanges.pairs() == []
    assert np.isnan(ward.exchanges.snapshot()["hour"][0]).all()
    assert (ward.learnt() == usual).all()
    ward.exchanges.wear(0, "band-09")
    ward.go_on("lively", "calm", "warm", hours=0.5)
    assert ward.exchanges.pairs() == []


def test_whoever_was_looked_at_is_not_asked_about_and_is_learnt_from_again(ward: Ward) -> None:
    ward.go_on("lively", "calm", "warm", hours=2)
    before = ward.learnt()
    ward.go_on("lively", "calm", "warm", hours=3, answered=[1])
    assert ward.exchanges.pairs() == []
    assert (ward.learnt()[:2] != before[:2]).any()


def test_a_suspicion_outlasts_a_restart(ward: Ward) -> None:
    ward.go_on("lively", "calm", "warm", hours=2)
    asked = ward.exchanges.pairs()
    assert asked
    snapshot = ward.exchanges.snapshot()
    ward.exchanges = Exchanges(rows=3)
    ward.exchanges.restore(snapshot)
    assert ward.exchanges.pairs() == asked
    assert ward.go_on("lively", "calm", "warm", hours=1) == []
    assert ward.exchanges.pairs() == asked


def test_whoever_is_left_of_a_pair_when_the_other_is_erased_is_suspected_of_nobody(ward: Ward) -> None:
    ward.go_on("lively", "calm", "warm", hours=2)
    left = Exchanges(rows=2)
    left.restore({name: array[1:] for name, array in ward.exchanges.snapshot().items()})
    assert left.pairs() == []


def pipeline(*wearers: str) -> Pipeline:
    desk = Desk(wearers=wearers, policy=Policy(), journal=Scratch(), started_s=0.0)
    return Pipeline(wearers=wearers, desk=desk)


def test_what_is_suspected_goes_with_its_wearers_and_can_be_looked_up_beside_a_service(
    ward: Ward, tmp_path: Path
) -> None:
    ward.go_on("lively", "calm", "warm", hours=2)
    ((*_, since_s),) = ward.exchanges.pairs()
    path = tmp_path / "learnt.npz"
    kept(ward, path)
    assert suspected_in(path) == [Suspected("w-1", "w-2", since_s)]
    others = pipeline("w-2", "w-0", "w-1")
    load_learnt(others, path)
    assert others.suspected == (Suspected("w-2", "w-1", since_s),)
    others.watch("w-4")
    assert others.suspected == (Suspected("w-2", "w-1", since_s),)
    assert suspected_in(tmp_path / "nothing.npz") == []


def kept(ward: Ward, path: Path) -> Pipeline:
    """A pipeline that knows what a ward learnt, which is kept in a file too."""
    knowing = pipeline("w-1", "w-2", "w-3")
    likeness = {LIKENESS + name: array for name, array in ward.exchanges.snapshot().items()}
    assert knowing.learn({**knowing.learnt(), **likeness}) == []
    save_learnt(knowing, path)
    return knowing


def test_an_erasure_takes_what_somebody_is_like_with_it_and_leaves_the_others(ward: Ward, tmp_path: Path) -> None:
    ward.go_on("lively", "calm", "warm", hours=2)
    path = tmp_path / "learnt.npz"
    before = kept(ward, path).learnt()
    Learnt(path).erase("w-2", "2025-11-19")
    with np.load(path) as left:
        assert left["wearers"].tolist() == ["w-1", "w-3"]
        assert left[LIKENESS + "usual"].tolist() == before[LIKENESS + "usual"][[0, 2]].tolist()
    assert suspected_in(path) == []
    others = pipeline("w-1", "w-3")
    load_learnt(others, path)
    assert others.suspected == ()


def test_what_somebody_is_like_is_taken_over_as_a_correction_learnt_it_anew(ward: Ward, tmp_path: Path) -> None:
    ward.go_on("lively", "calm", "warm", hours=2)
    knowing = kept(ward, tmp_path / "learnt.npz")
    assert knowing.suspected
    anew = pipeline("w-2")
    save_learnt(anew, tmp_path / "w-2.npz")
    load_learnt(knowing, tmp_path / "w-2.npz")
    assert knowing.suspected == ()
    usual = knowing.learnt()[LIKENESS + "usual"]
    assert (usual[1] == 0.0).all()
    assert (usual[0] == ward.learnt()[0]).all()


def test_staff_are_told_on_the_command_line_and_say_that_it_is_right(
    ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ward.go_on("lively", "calm", "warm", hours=2)
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path))
    here = Installation(load(None))
    with closing(here.open_registry()) as registry:
        for i in (1, 2, 3):
            consent = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
            registry.pair(
                band=f"band-0{i}", wearer=f"w-{i}", since_s=0.0, name=f"name-{i}", carers=[], consent=consent, by="test"
            )
    kept(ward, here.learnt)
    assert main(["bands"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("LOOK WHO WEARS band-01 AND band-02: since ")
    assert "forecalm correct band-01 --exchange band-02 --since TIME" in said
    assert "name-1" not in said
    assert main(["right", "band-02"]) == 0
    with closing(here.open_registry()) as registry:
        assert list(answered(registry, ["w-1", "w-2"], time.time())) == ["w-2"]
    assert main(["right", "band-09"]) != 0
    assert "forecalm pair band-09 WEARER" in capsys.readouterr().err


def test_the_log_names_bands_and_nobody(
    ward: Ward, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecalm.live.STOP_S", LONG_S)
    ward.go_on("lively", "calm", "warm", hours=2)
    kept(ward, tmp_path / "learnt.npz")
    done = threading.Event()
    knowing = pipeline("w-1", "w-2", "w-3")
    knowing.bands = ["band-01", "band-02", "band-03"]
    live = Live(
        knowing,
        learnt=tmp_path / "learnt.npz",
        clock=lambda: float(ward.at_s),
        on_failure=done.set,
    )
    with caplog.at_level(logging.WARNING):
        live.start()
        live.stop()
    assert [each for each in caplog.messages if "look exchanged" in each] == [
        "band-01 and band-02 look exchanged: see forecalm bands, and look who wears which"
    ]
    assert not any("w-1" in each or "w-2" in each for each in caplog.messages)
    assert not done.is_set()


def test_what_was_learnt_before_there_was_any_likeness_is_taken_up_without_a_word() -> None:
    knowing = pipeline("w-1")
    older = {name: array for name, array in knowing.learnt().items() if not name.startswith(LIKENESS)}
    assert pipeline("w-1").learn(older) == []


def test_an_answer_holds_for_a_day_and_for_whoever_wore_the_band(tmp_path: Path) -> None:
    now_s = [1e9]
    with closing(Registry(f"sqlite:///{tmp_path / 'r.sqlite'}", clock=lambda: now_s[0])) as registry:
        registry.upgrade()
        consent = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0, 2e9)
        for wearer, band in (("w-1", "band-01"), ("w-2", "band-02")):
            registry.pair(band=band, wearer=wearer, since_s=0.0, name=wearer, carers=[], consent=consent, by="test")
        assert answered(registry, ["w-1", "w-2"], now_s[0]) == {}
        revision = registry.revision()
        registry.note(RIGHT, wearer="w-1", by="Jo", band="band-01")
        assert registry.revision() > revision
        assert answered(registry, ["w-1", "w-2"], now_s[0] + 10) == {"w-1": now_s[0] + ANSWERED_S}
        assert answered(registry, ["w-1", "w-2"], now_s[0] + ANSWERED_S + 1) == {}
