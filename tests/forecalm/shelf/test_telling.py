"""What carers tell reaches the model that watches: of whom it was told, once, and no more when it is taken back."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace as with_
from numpy.typing import NDArray

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from forecalm.cli import main
from forecalm.config import load
from forecalm.installation import Installation
from forecalm.live import Live
from forecalm.pipeline import Pipeline
from forecalm.studies.stored import stored
from forecalm.watching.telling import Telling, learner
from forecalm.watching.watchers import Choice, Model, Taught
from ingest.labels import Label
from ingest.recordings.detect import read_one
from ingest.recordings.importing import Import, import_recording
from ingest.recordings.recording import Recording
from ingest.registry.consents import Consent, Scope
from models.datasets.building import build_from
from models.datasets.dataset import LEFT_OUT, POSITIVE, Dataset
from models.datasets.target import ForecastTarget
from models.estimators.candidates import Personal
from models.estimators.personal import PersonalModel
from models.shelf.about import about
from models.shelf.live import live_of
from models.shelf.manifest import Code
from models.shelf.shelf import Shelf
from signals.types import Signals

pytestmark = pytest.mark.long

SAMPLE = Path(__file__).parents[3] / "data" / "sample" / "simulated_e4.zip"


@pytest.fixture(scope="module")
def recording() -> Recording:
    return read_one(SAMPLE)


@pytest.fixture(scope="module")
def personal(training: Dataset) -> PersonalModel:
    """A hierarchical model of invented people; its inputs are bounded, so that it speaks of anybody."""
    bounded = [i for i, name in enumerate(training.input_names) if not name.endswith("_recent")]
    names = tuple(training.input_names[i] for i in bounded)
    people = replace(training, inputs=training.inputs[:, bounded], input_names=names)
    fitted = Personal(least=0.0).fit(people, seed=1)
    assert isinstance(fitted, PersonalModel)
    return fitted


@pytest.fixture
def model(here: Installation, training: Dataset, personal: PersonalModel) -> Model:
    """It, on the shelf, and promoted."""
    shelf = Shelf(here.models)
    said = about(training, candidate="personal", experiment="", seed=1, made_s=1e9, code=Code(version="0"), metrics={})
    shelf.keep("personal", personal, with_(said, inputs=personal.input_names))
    manifest, digest = shelf.look("personal")
    return Model("personal", digest, live_of("personal", shelf.load("personal").fitted), manifest)


@pytest.fixture
def worn(here: Installation, recording: Recording) -> Installation:
    """An installation with a quarter of an hour of somebody who wears a band now, and nothing of somebody else."""
    with closing(here.open_store()) as store, closing(here.open_registry()) as registry:
        consent = Consent(frozenset({Scope.CARE, Scope.RESEARCH}), "Ida, mother", 0.0)
        for band, wearer in (("band-08", "w-08"), ("band-09", "w-09")):
            registry.pair(band=band, wearer=wearer, since_s=2e9, name=wearer, carers=[], consent=consent, by="test")
        asked = Import(wearer="w-08", by="test", now_s=4e9)
        import_recording(recording, asked, store=store, registry=registry, origin=SAMPLE.name)
    return here


def incident(recording: Recording, at_s: float) -> Label:
    at_s += recording.start_s
    return Label(what="incident", start_s=at_s, end_s=at_s + 20, rater="Jo", wearer="w-08")


def enter(here: Installation, *labels: Label) -> list[int]:
    with closing(here.open_registry()) as registry:
        return registry.add_labels(labels, by="Jo")


def look(telling: Telling, heard: list[Taught]) -> dict[str, Taught]:
    heard.clear()
    telling.look()
    return {each.wearer: each for each in heard}


Made = Callable[[], tuple[Telling, list[Taught]]]


@pytest.fixture
def made(worn: Installation, model: Model, config: str) -> Made:
    def make() -> tuple[Telling, list[Taught]]:
        heard: list[Taught] = []
        return Telling(load(Path(config)), Choice(champion=model, chosen="personal"), teach=heard.append), heard

    return make


def test_what_is_told_is_learnt_as_training_would_have_learnt_it(
    made: Made, worn: Installation, recording: Recording, config: str, personal: PersonalModel
) -> None:
    telling, heard = made()
    enter(worn, incident(recording, 700.0))
    taught = look(telling, heard)["w-08"].known
    study = stored(load(Path(config)), people=["w-08"], study="told")
    data = build_from(study.sources, ForecastTarget(events=("incident",)))
    at = data.target != LEFT_OUT
    columns = [data.input_names.index(name) for name in personal.input_names]
    expected = personal.learn(personal.unknown(1), data.inputs[at][:, columns], data.target[at] == POSITIVE)
    assert set(taught) == set(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(taught[name], array, rtol=0, atol=1e-8, err_msg=name)
    assert np.abs(taught["offset"]).max() > 0


def test_a_label_is_told_once_a_second_one_with_it_and_one_that_is_removed_not_at_all(
    made: Made, worn: Installation, recording: Recording, personal: PersonalModel
) -> None:
    telling, heard = made()
    nothing = look(telling, heard)
    assert set(nothing) == {"w-08", "w-09"}, "after a restart everybody is known as the labels have it"
    np.testing.assert_array_equal(nothing["w-08"].known["offset"], personal.unknown(1)["offset"])
    assert look(telling, heard) == {}
    (number,) = enter(worn, incident(recording, 700.0))
    first = look(telling, heard)
    assert set(first) == {"w-08"}
    assert look(telling, heard) == {}
    with closing(worn.open_registry()) as registry:
        number = registry.correct_label(number, incident(recording, 500.0), by="Jo")
    corrected = look(telling, heard)["w-08"].known
    assert (corrected["offset"] != first["w-08"].known["offset"]).any()
    again, anew = made()
    for name, array in look(again, anew)["w-08"].known.items():
        np.testing.assert_array_equal(array, corrected[name], err_msg=f"{name}, after a restart")
    with closing(worn.open_registry()) as registry:
        registry.remove_label(number, by="Jo")
    np.testing.assert_array_equal(look(telling, heard)["w-08"].known["offset"], personal.unknown(1)["offset"])


def test_of_whom_no_consent_covers_any_more_what_was_told_is_forgotten_until_one_does_again(
    made: Made, worn: Installation, recording: Recording, personal: PersonalModel
) -> None:
    telling, heard = made()
    enter(worn, incident(recording, 700.0))
    known = look(telling, heard)["w-08"].known
    assert np.abs(known["offset"]).max() > 0
    with closing(worn.open_registry()) as registry:
        registry.withdraw_consent("w-08", at_s=time.time() - 1, by="test")
    np.testing.assert_array_equal(look(telling, heard)["w-08"].known["offset"], personal.unknown(1)["offset"])
    enter(worn, incident(recording, 500.0))
    assert look(telling, heard) == {}
    with closing(worn.open_registry()) as registry:
        consent = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
        registry.give_consent("w-08", consent, by="test")
    assert np.abs(look(telling, heard)["w-08"].known["offset"]).max() > 0


def test_whoever_is_learnt_anew_and_whatever_begins_to_run_is_told_again(
    made: Made, worn: Installation, recording: Recording, model: Model
) -> None:
    telling, heard = made()
    enter(worn, incident(recording, 700.0))
    first = look(telling, heard)["w-08"]
    telling.again("w-08")
    assert set(look(telling, heard)) == {"w-08"}
    telling.use(Choice())
    assert look(telling, heard) == {}
    telling.use(Choice(champion=model, chosen="personal"))
    again = look(telling, heard)
    assert set(again) == {"w-08", "w-09"}
    np.testing.assert_array_equal(again["w-08"].known["offset"], first.known["offset"])


def test_another_word_or_a_label_of_a_time_without_a_band_teaches_nothing(
    made: Made, worn: Installation, recording: Recording, personal: PersonalModel
) -> None:
    telling, heard = made()
    look(telling, heard)
    enter(worn, replace(incident(recording, 700.0), what="nap"))
    assert look(telling, heard) == {}
    enter(worn, incident(recording, -90_000.0))
    np.testing.assert_array_equal(look(telling, heard)["w-08"].known["offset"], personal.unknown(1)["offset"])


@pytest.mark.usefixtures("patient")
def test_what_was_told_moves_that_persons_risk_and_nobody_elses_by_a_bit(
    made: Made, worn: Installation, recording: Recording, model: Model, signals: Signals, tmp_path: Path
) -> None:
    telling, heard = made()
    enter(worn, incident(recording, 700.0))
    look(telling, heard)
    choice = Choice(champion=model, chosen="personal")
    desk = Desk(wearers=["w-08", "w-09"], policy=Policy(), journal=Scratch(), started_s=0.0)
    one = Pipeline(wearers=["w-08", "w-09"], desk=desk, choice=choice)
    before = one.learnt()
    failed = threading.Event()
    live = Live(one, learnt=tmp_path / "learnt.npz", clock=lambda: 1.0, on_failure=failed.set)
    live.start()
    for each in heard:
        live.teach(each)
    live.stop()
    assert not failed.is_set()
    after = one.learnt()
    changed = {name for name, array in after.items() if array.tobytes() != before[name].tobytes()}
    prefix = f"of.{model.key}.known."
    assert {f"{prefix}offset", f"{prefix}count"} <= changed
    assert all(name.startswith(prefix) for name in changed)
    for name in changed:
        np.testing.assert_array_equal(after[name][1], before[name][1], err_msg=f"{name} of somebody else")
    again = Pipeline(
        wearers=["w-09", "w-08"],
        desk=Desk(wearers=["w-08", "w-09"], policy=Policy(), journal=Scratch(), started_s=0.0),
        choice=choice,
    )
    with np.load(tmp_path / "learnt.npz") as kept:
        assert again.learn({name: kept[name] for name in kept.files}) == []
    np.testing.assert_array_equal(again.learnt()[f"{prefix}offset"][1], after[f"{prefix}offset"][0])
    live_one, never_told = model.build(["w-08", "w-09"]), model.build(["w-08", "w-09"])
    live_one.restore({name.removeprefix(f"of.{model.key}."): array for name, array in after.items()})
    scene = np.repeat(signals.features, 2, axis=0)
    at = np.repeat(signals.start_s, 2)
    now, ever = live_one.push(at, scene).probability, never_told.push(at, scene).probability
    np.testing.assert_array_equal(now[1], ever[1])
    said = np.isfinite(now[0])
    assert (now[0][said] != ever[0][said]).all()
    event = np.zeros(now.shape[1], np.bool_)
    event[700 - 195 : 700 - 15] = True  # as the target has it
    told = said & (np.arange(len(event)) < 700 - 15)

    def likely(probability: NDArray[np.float64]) -> float:
        return float(np.log(np.where(event, probability, 1 - probability))[told].sum())

    assert likely(now[0]) > likely(ever[0])


def test_a_model_that_learns_nothing_is_left_alone(here: Installation, config: str) -> None:
    shelf = Shelf(here.models)
    manifest, digest = shelf.look("first")
    plain = Model("first", digest, live_of("first", shelf.load("first").fitted), manifest)
    assert learner(plain) is None
    heard: list[Taught] = []
    Telling(load(Path(config)), Choice(champion=plain, chosen="first"), teach=heard.append).look()
    assert heard == []


def test_of_a_model_that_learns_it_is_said(
    worn: Installation, model: Model, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, learns in ((model.name, True), ("first", False)):
        assert main(["models", "--config", config, "show", name]) == 0
        assert ("Learns of each person what carers tell" in capsys.readouterr().out) is learns
