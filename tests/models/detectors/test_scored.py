"""A fitted scorer that runs live: the same numbers as offline, its silences, and what carers tell it."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.labels import Label
from ingest.types import CHANNELS, Tick
from models.arousal import Arousal
from models.datasets.building import build
from models.datasets.dataset import Session
from models.datasets.rows import Recorded
from models.datasets.target import ForecastTarget
from models.detectors.said import estimates
from models.detectors.scored import LEARN_S, SILENCE_S, Scored
from models.detectors.state_space import StateSpace
from models.errors import ModelError
from models.estimates import Estimates
from models.inputs.inputs import NAMES as INPUT_NAMES
from models.inputs.inputs import Inputs
from models.inputs.named import INPUTS
from models.risk import Abstention
from signals.engine import Engine
from signals.features import NAMES
from tests.models.detectors.scorers import READ, Mood, Plain

Array = NDArray[np.float64]
T0 = 1_700_000_000
SECONDS = 900


@pytest.fixture(scope="module")
def tick() -> Tick:
    """A quarter of an hour of an invented person."""
    rng = np.random.default_rng(2)
    hz = {name: each.grid_hz for name, each in CHANNELS.items()}
    t = np.arange(SECONDS * hz["ppg"]) / hz["ppg"]
    return Tick(
        start_s=np.array([T0], np.int64),
        ppg=np.sin(2 * np.pi * 1.3 * t)[None] * 100 + rng.normal(0, 2, (1, len(t))),
        motion=np.array([0.0, 0.0, 1.0])[None, :, None] + rng.normal(0, 0.02, (1, 3, SECONDS * hz["motion"])),
        eda=2 + np.cumsum(rng.normal(0, 0.005, (1, SECONDS * hz["eda"])), axis=1),
        temperature=33 + rng.normal(0, 0.01, (1, SECONDS * hz["temperature"])),
        ibi=np.full((1, SECONDS * hz["ibi"]), np.nan),
    )


def test_live_it_says_to_the_bit_what_it_says_of_a_data_set_of_the_same_stream(tick: Tick) -> None:
    session = Session(name="s", person="p", study="x", start_s=float(T0), end_s=float(T0 + SECONDS))
    label = Label(wearer="p", what="incident", start_s=T0 + 700.0, end_s=T0 + 720.0, rater="r")
    data = build(
        [Recorded(session=session, tick=tick, labels=(label,))],
        ForecastTarget(events=("incident",)),
        scores={"arousal": Arousal, "state_space": StateSpace},
    )
    offline = Plain().score(np.ascontiguousarray(data.inputs[:, [INPUT_NAMES.index(name) for name in READ]]))
    engine, live, space = Engine(rows=1), Scored(Plain(), rows=1), StateSpace(rows=1)
    said, spaced = [], []
    for second in range(SECONDS):
        signals = engine.push(_second(tick, second))
        said.append(live.push(signals.start_s, signals.features))
        spaced.append(space.push(signals.start_s, signals.features))
    at = (data.end_s - T0).astype(int) - 1
    spoke = np.array([said[i].abstention[0, 0] == Abstention.NONE for i in at])
    assert spoke.mean() > 0.8
    for name in ("probability", "low", "high", "drivers"):
        mine = np.array([getattr(said[i], name)[0, 0] for i in at[spoke]])
        np.testing.assert_array_equal(mine, getattr(offline, name)[spoke], err_msg=name)
    p = np.array([spaced[i].probability[0, 0] for i in at])
    np.testing.assert_allclose(data.scores["state_space"], np.log(p / (1 - p)), rtol=1e-9)


def _second(tick: Tick, second: int) -> Tick:
    parts = {
        name: getattr(tick, name)[..., second * each.grid_hz : (second + 1) * each.grid_hz]
        for name, each in CHANNELS.items()
    }
    return Tick(start_s=tick.start_s + second, **parts)


def starts(at_s: int = 0) -> NDArray[np.int64]:
    return np.full(1, T0 + at_s, np.int64)


def test_a_stranger_is_being_learnt_where_the_scorer_is_silent_and_poorly_seen_later(day: type) -> None:
    class Silent(Plain):
        def score(self, inputs: Array) -> Estimates:
            return super().score(inputs * np.nan)

    risk = Scored(Silent(), rows=1).push(starts(), day(int(LEARN_S) + 60).features)
    assert (risk.abstention[0, : int(LEARN_S) - 1] == Abstention.LEARNING).all()
    assert (risk.abstention[0, int(LEARN_S) :] == Abstention.POOR_SIGNAL).all()
    assert np.isnan(risk.probability).all()


def test_out_of_range_is_said_of_a_known_person(day: type) -> None:
    class Strange(Plain):
        def score(self, inputs: Array) -> Estimates:
            said = super().score(inputs * np.nan)
            return replace(said, abstention=np.full_like(said.abstention, Abstention.OUT_OF_RANGE))

    risk = Scored(Strange(), rows=1).push(starts(), day(int(LEARN_S) + 60).features)
    assert (risk.abstention[0, int(LEARN_S) :] == Abstention.OUT_OF_RANGE).all()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("worn", 0.0, Abstention.NOT_WORN),
        (("heart_rate_bpm", "eda_level_uS"), np.nan, Abstention.POOR_SIGNAL),
        (tuple(NAMES), np.nan, Abstention.NO_SIGNAL),
    ],
)
def test_where_nobody_is_seen_the_past_is_no_reason_to_speak(
    day: type, name: str | tuple[str, ...], value: float, reason: Abstention
) -> None:
    scene = day(900)
    for each in (name,) if isinstance(name, str) else name:
        scene.features[0, 800:820, NAMES.index(each)] = value
    risk = Scored(Plain(), rows=1).push(starts(), scene.features)
    assert (risk.abstention[0, 800:820] == reason).all()
    assert np.isnan(risk.probability[0, 800:820]).all()
    assert (risk.abstention[0, 700:800] == Abstention.NONE).all()


MOTION = tuple(each.name for each in INPUTS if each.group == "motion")
PULSE = tuple(each.name for each in INPUTS if each.driver == "pulse")


@pytest.mark.parametrize(
    ("reads", "gone", "sees"),
    [
        (MOTION, ("heart_rate_bpm", "eda_level_uS", "eda_valid"), True),
        (MOTION, ("motion_g",), False),
        (PULSE, ("eda_level_uS", "eda_valid", "motion_g"), True),
        (PULSE, ("heart_rate_bpm",), False),
        ((*PULSE, *MOTION), ("heart_rate_bpm",), False),
        (("skin_rise",), ("heart_rate_bpm", "eda_level_uS", "motion_g"), True),
        (("skin_rise",), ("temperature_C",), False),
        (READ, ("heart_rate_bpm",), True),
        (READ, ("heart_rate_bpm", "eda_level_uS"), False),
    ],
)
def test_it_sees_somebody_by_what_it_reads_and_by_nothing_else(
    day: type, reads: tuple[str, ...], gone: tuple[str, ...], sees: bool
) -> None:
    class Reader(Plain):
        input_names = reads

        def score(self, inputs: Array) -> Estimates:
            return estimates({name: np.zeros(len(inputs)) for name in self.driver_names})

    scene = day(int(LEARN_S) + 30).features
    for each in gone:
        scene[0, :, NAMES.index(each)] = np.nan
    risk = Scored(Reader(), rows=1).push(starts(), scene)
    assert (risk.abstention[0] == (Abstention.NONE if sees else Abstention.POOR_SIGNAL)).all()
    assert risk.learnt[0, -1] == float(sees)


def test_after_the_longest_silence_more_of_it_changes_nothing(day: type) -> None:
    scene, later = day(600).features, day(300, seed=2).features
    said = []
    for gap_s in (SILENCE_S, SILENCE_S + 50_000, -200_000):
        model = Scored(Plain(), rows=1)
        model.push(starts(), scene)
        said.append(model.push(starts(600 + gap_s), later).probability)
    np.testing.assert_array_equal(said[0], said[1])
    np.testing.assert_array_equal(said[0], said[2])
    inputs = Inputs(rows=1)
    inputs.push(scene)
    inputs.push(np.full((1, SILENCE_S, len(NAMES)), np.nan))
    one = inputs.snapshot()
    inputs.push(np.full((1, 500, len(NAMES)), np.nan))
    for name, array in inputs.snapshot().items():
        np.testing.assert_array_equal(array, one[name], err_msg=name)


def test_what_a_carer_tells_changes_that_person_alone_and_outlives_a_restart(day: type) -> None:
    scene = np.repeat(day(900).features, 2, axis=0)
    at = np.full(2, T0, np.int64)
    model = Scored(Mood(), rows=2)
    told = np.zeros((3, len(INPUT_NAMES)))
    before = model.push(at, scene).probability[:, -1]
    model.tell(1, told, np.array([True, True, False]))
    again = Scored(Mood(), rows=2)
    again.restore(model.snapshot())
    for each in (model, again):
        after = each.push(at + 900, scene[:, -1:]).probability[:, -1]
        assert after[1] > before[1] + 0.2
        assert after[0] == pytest.approx(before[0], abs=0.05)


def test_whom_training_knew_begins_as_known(day: type) -> None:
    scene = np.repeat(day(900).features, 2, axis=0)
    said = Scored(Mood(), rows=2, people=["ada", "bob"]).push(np.full(2, T0, np.int64), scene).probability[:, -1]
    assert said[0] > said[1]


def test_what_cannot_be_is_refused_and_named() -> None:
    class Old(Plain):
        input_names = ("phase_of_the_moon",)

    with pytest.raises(ModelError, match="phase_of_the_moon"):
        Scored(Old(), rows=1)
    with pytest.raises(ModelError, match="people"):
        Scored(Plain(), rows=2, people=["ada"])
    with pytest.raises(ModelError, match="personal"):
        Scored(Plain(), rows=1).tell(0, np.zeros((1, len(INPUT_NAMES))), np.array([True]))
    with pytest.raises(ModelError, match=rf"\(m, {len(INPUT_NAMES)}\), all of models\.inputs\.NAMES.*not \(1, 99\)$"):
        Scored(Mood(), rows=1).tell(0, np.zeros((1, 99)), np.array([True]))
    mine = np.zeros((1, len(Mood().input_names)))
    with pytest.raises(ModelError, match="that this model reads: the scorer's own tell and learn take those"):
        Scored(Mood(), rows=1).tell(0, mine, np.array([True]))
    with pytest.raises(ModelError, match=r"all of models\.inputs\.NAMES"):
        Scored(Mood(), rows=1).taught("ada", mine, np.array([True]))
    with pytest.raises(ModelError, match="row"):
        Scored(Mood(), rows=1).tell(1, np.zeros((1, len(INPUT_NAMES))), np.array([True]))
