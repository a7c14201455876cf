"""Whatever a model off the shelf, its counters, its file or its labels do: everybody is watched on."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from forecalm.config import load
from forecalm.installation import Installation
from forecalm.live import load_learnt, save_learnt
from forecalm.pipeline import Pipeline
from forecalm.watching import champion, telling
from forecalm.watching.champion import ShelfWatch, choose, stamp
from forecalm.watching.foretold import Foretold, minutes_of
from forecalm.watching.telling import Telling
from forecalm.watching.watchers import ALONE, Choice, Model, Watchers
from ingest.received import Received
from models.datasets.target import ForecastTarget
from models.drift.summary import TrainingSummary
from models.risk import Abstention, Array, Risk, Rows
from models.shelf.pointers import Pointers, Unrehearsed
from models.shelf.shelf import Shelf
from signals.types import Signals

SIGNED = Unrehearsed(signed_by="Ada", because="a test")
ROW = np.zeros(1, np.intp)


class Steady:
    """A live model that says 0.3 of every second, and whose other parts are what a test makes of them."""

    driver_names = ("base",)
    kept: ClassVar[Mapping[str, NDArray[np.generic]] | Exception] = {}

    def push(self, start_s: NDArray[np.int64], features: Array, *, rows: Rows | None = None) -> Risk:
        shape = features.shape[:2]
        said = np.full(shape, 0.3)
        none = np.full(shape, Abstention.NONE, np.int8)
        return Risk(start_s, said, none, np.zeros((*shape, 1)), np.ones(shape), said.copy(), said.copy())

    def snapshot(self) -> Mapping[str, NDArray[np.generic]]:
        if isinstance(self.kept, Exception):
            raise self.kept
        return self.kept

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        raise TypeError("of another kind")


def of(live: type[Steady]) -> Model:
    manifest: Any = SimpleNamespace(
        rule=None, training=TrainingSummary(moments=1, people=1, prevalence=0.1, inputs={}), target=None
    )
    return Model("steady", "0" * 64, lambda people: live(), manifest)


def watching(model: Model, *wearers: str) -> Pipeline:
    desk = Desk(wearers=wearers, policy=Policy(), journal=Scratch(), started_s=0.0)
    return Pipeline(wearers=wearers, desk=desk, choice=Choice(champion=model, chosen=model.name))


def test_counting_of_drift_that_fails_stops_nobody(signals: Signals, caplog: pytest.LogCaptureFixture) -> None:
    class Misread(Steady):
        read = np.zeros((1, 1, 3))

    watchers = Watchers(["w-01"], Choice(champion=of(Misread), chosen="steady"))
    for second in range(3):
        at_s, features = signals.start_s + second, signals.features[:, second : second + 1]
        said = watchers.push(at_s, features, rows=ROW)
        assert said.is_champions.all()
        watchers.look_on(at_s, features, rows=ROW)
    assert watchers.state.watches == "steady"
    assert "drift is not watched" in watchers.state.faults[0]
    assert len(caplog.records) == 1
    assert watchers.shifted() == ()


@pytest.mark.parametrize(
    "kept", [RuntimeError("no more"), {"odd": np.array([object()])}, {"all": np.float64(1)}, {"two": np.zeros(2)}]
)
def test_a_model_that_cannot_say_what_it_has_learnt_costs_nobody_elses(
    kept: object, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = of(type("Forgetful", (Steady,), {"kept": kept}))
    one = watching(model, "w-01")
    for _ in range(2):
        save_learnt(one, tmp_path / "learnt.npz")
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    with np.load(tmp_path / "learnt.npz") as file:
        assert not [name for name in file.files if name.startswith("of.")]
        assert [name for name in file.files if name.startswith("engine.")]
    one.use(ALONE)
    assert one.models.watches == "arousal"


def test_what_a_model_cannot_go_on_from_is_learnt_anew_and_stops_no_service(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = of(type("Fickle", (Steady,), {"kept": {"own": np.zeros(1)}}))
    one = watching(model, "w-01")
    save_learnt(one, tmp_path / "learnt.npz")
    load_learnt(watching(model, "w-01"), tmp_path / "learnt.npz")
    assert "of another kind" in caplog.text


def test_somebody_more_is_watched_though_a_model_cannot_go_on(caplog: pytest.LogCaptureFixture) -> None:
    one = watching(of(type("Fickle", (Steady,), {"kept": {"own": np.zeros(1)}})), "w-01")
    one.watch("w-02")
    assert one.wearers == ("w-01", "w-02")
    assert "learnt anew" in caplog.text


def test_what_is_written_by_the_minute_says_which_model_foretold_it(received: list[Received], tmp_path: Path) -> None:
    one = watching(of(Steady), "w-01")
    written = Foretold(tmp_path / "foretold", one)
    for i, each in enumerate(received[:400]):
        if i == 200:
            one.use(ALONE)
        one.receive("w-01", each)
        for step in one.advance(each.received_s):
            written.write(step)
    written.close()
    minutes = list(minutes_of(tmp_path / "foretold"))
    changed_s = received[200].received_s
    before = {minute.told.model for minute in minutes if minute.at_s + 60 < changed_s}
    after = {minute.told.model for minute in minutes if minute.at_s > changed_s}
    assert (before, after) == ({"steady"}, {"arousal"})


def test_a_model_file_that_does_what_nobody_thought_of_leaves_the_training_free_detector(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    Pointers(Shelf(here.models)).promote("first", by="Ada", evidence=SIGNED, at_s=1.0)

    def bad(*_: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(champion, "proved", bad)
    choice = choose(here.models)
    assert choice.champion is None
    assert choice.chosen == "first"
    assert "too deep" in choice.faults[0]


def test_a_shelf_that_cannot_be_looked_at_for_a_while_is_looked_at_again(
    here: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A roll-back must be followed, whatever the disk did before."""
    heard: list[Choice] = []
    watch = ShelfWatch(here.models, stamp(here.models), on_choice=heard.append)
    failures = iter([OSError(5, "Input/output error"), OSError(5, "Input/output error"), None])

    def look(folder: Path) -> tuple[()]:
        failure = next(failures)
        if failure is not None:
            raise failure
        return ()

    monkeypatch.setattr(champion, "stamp", look)
    for _ in range(3):
        watch.look_again()
    assert [choice.chosen for choice in heard] == ["arousal"]
    assert [record.levelno for record in caplog.records if record.name == "forecalm.watching.champion"] == [
        logging.ERROR
    ]


def test_what_cannot_be_learnt_of_one_person_keeps_nobody_elses_from_being_learnt(
    config: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Any] = []

    def lessons(config: object, wearer: str, *_: object, **__: object) -> tuple[Array, NDArray[np.bool_]]:
        if wearer == "w-01":
            raise ZeroDivisionError("odd readings")
        return np.zeros((0, 3)), np.zeros(0, np.bool_)

    registry: Any = SimpleNamespace(
        revision=lambda: 1,
        watched=lambda: ("w-01", "w-02"),
        has_consent=lambda *_: True,
        labels=lambda wearer: {},
        close=lambda: None,
    )
    live: Any = SimpleNamespace(taught=lambda wearer, inputs, happened: {})
    learner = (replace(of(Steady), manifest=None), live, ForecastTarget(events=("incident",)))
    monkeypatch.setattr("forecalm.studies.told.lessons", lessons)
    monkeypatch.setattr(telling, "Registry", lambda url: registry)
    monkeypatch.setattr(telling, "learner", lambda model: None if model is None else learner)
    choice = Choice(champion=learner[0], chosen="steady")
    Telling(load(Path(config)), choice, teach=heard.append).look()
    assert [each.wearer for each in heard] == ["w-02"]
    assert "odd readings" in caplog.text
