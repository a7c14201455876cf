"""Rows of a data set are what the live code says at those seconds, whoever else is in it; what cannot be is refused."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from ingest.labels import Label
from ingest.types import CHANNELS, Tick
from models.arousal import Arousal
from models.datasets import rows
from models.datasets.building import PRIOR, Source, build, build_from
from models.datasets.dataset import POSITIVE, Exclusion
from models.datasets.rows import Recorded
from models.datasets.selection import digest
from models.datasets.target import ForecastTarget, StateTarget
from models.errors import DatasetError
from models.inputs.inputs import NAMES, Inputs
from signals.engine import Engine

Make = Callable[..., Recorded]
AIM = StateTarget(positive=("task",), negative=("rest",))
EVENTS = ForecastTarget(events=("meltdown",), horizon_s=60, latency_s=15, refractory_s=30)


def label(what: str, start_s: float, end_s: float, person: str = "ann") -> Label:
    return Label(what=what, start_s=start_s, end_s=end_s, rater="Jo", wearer=person)


def said(start_s: int, person: str = "ann") -> tuple[Label, ...]:
    return (label("rest", start_s, start_s + 150, person), label("task", start_s + 150, start_s + 300, person))


def second(tick: Tick, i: int) -> Tick:
    cut = {name: getattr(tick, name)[..., i * c.grid_hz : (i + 1) * c.grid_hz] for name, c in CHANNELS.items()}
    return Tick(tick.start_s + i, **cut)


def test_rows_are_to_the_bit_what_was_said_live_at_those_seconds(make: Make) -> None:
    first, pause_s = make("ann", 1000, 300, said(1000)), 45
    then = make("ann", 1300 + pause_s, 300, said(1300 + pause_s))
    data = build([then, first], AIM, scores={"arousal": Arousal})
    engine, inputs, model = Engine(rows=1), Inputs(rows=1), Arousal(rows=1)
    live, odds = {}, {}
    silence = {name: np.full_like(getattr(second(first.tick, 0), name), np.nan) for name in CHANNELS}
    ticks = [
        *(second(first.tick, i) for i in range(300)),
        *(Tick(first.tick.start_s + 300 + i, **silence) for i in range(pause_s)),
        *(second(then.tick, i) for i in range(300)),
    ]
    for tick in ticks:
        signals = engine.push(tick)
        end_s = int(tick.start_s[0]) + 1
        live[end_s] = inputs.push(signals.features)[0, 0]
        odds[end_s] = model.push(signals.start_s, signals.features).probability[0, 0]
    assert [each.start_s for each in data.sessions] == [1000, 1345]
    assert data.end_s.tolist() == [*range(1005, 1301, 5), *range(1350, 1646, 5)]
    np.testing.assert_array_equal(data.inputs, np.array([live[int(t)] for t in data.end_s]))
    p = np.array([odds[int(t)] for t in data.end_s])
    np.testing.assert_allclose(data.scores["arousal"], np.log(p / (1 - p)), rtol=1e-12)
    assert data.input_names == NAMES


def test_what_is_usual_goes_on_from_session_to_session_after_a_night(make: Make) -> None:
    night_s = 12 * 3600
    sessions = [make("ann", 0, 300, said(0)), make("ann", night_s, 300, said(night_s))]
    alone = build(sessions[1:], AIM)
    both = build(sessions, AIM)
    deviation = next(i for i, name in enumerate(NAMES) if name.endswith("_deviation") and "motion" not in name)
    later = both.inputs[both.session == 1]
    assert np.isfinite(later[5, deviation])
    assert not np.array_equal(later[:, deviation], alone.inputs[:, deviation], equal_nan=True)


def test_where_a_session_is_cut_for_memory_changes_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = [make("ann", 0, 300, said(0)), make("ann", 400, 300, said(400))]
    for features in ("live", "wesad"):
        whole = digest(build(sessions, AIM, features=features, scores={"arousal": Arousal}))
        with monkeypatch.context() as patched:
            patched.setattr(rows, "PIECE_S", 77)
            assert digest(build(sessions, AIM, features=features, scores={"arousal": Arousal})) == whole


def test_after_hours_of_silence_nothing_of_late_is_left_to_fade(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = [make("ann", 0, 300, said(0)), make("ann", 30_000, 300, said(30_000))]
    at_once = digest(build(sessions, AIM))
    monkeypatch.setattr(rows, "FADED_S", 100_000)
    assert digest(build(sessions, AIM)) == at_once


def test_rows_of_a_person_do_not_hang_on_who_else_is_there_nor_on_how_many_processes(make: Make) -> None:
    people = [make("ann", 0, 300, said(0)), make("bob", 77, 400, said(77, "bob"))]
    alone, both = build(people[:1], AIM), build(people[::-1], AIM)
    assert both.people == ("ann", "bob")
    np.testing.assert_array_equal(both.inputs[both.person == 0], alone.inputs)
    sources: list[Source] = [partial(list, [each]) for each in people]
    done: list[tuple[int, int]] = []
    side_by_side = build_from(sources, AIM, n_jobs=2, progress=lambda now, total: done.append((now, total)))
    assert digest(side_by_side) == digest(both)
    assert done == [(1, 2), (2, 2)]


def test_targets_events_and_conditions_stand_beside_the_rows(make: Make) -> None:
    labels = (label("meltdown", 200, 230), label("walk", 0, 50))
    data = build([make("ann", 0, 400, labels)], EVENTS)
    positive = data.target == POSITIVE
    assert data.end_s[positive].tolist() == list(range(125, 185, 5))
    assert set(data.event[positive].tolist()) == {0}
    assert (data.event[~positive] == -1).all()
    assert data.in_condition("walk").sum() == 10
    assert data.events[0].onset_s == 200


def test_a_band_that_is_off_or_silent_has_no_target(make: Make) -> None:
    recorded = make("ann", 0, 300, said(0))
    x = {name: getattr(recorded.tick, name).copy() for name in CHANNELS}
    for name, channel in CHANNELS.items():
        x[name][..., 200 * channel.grid_hz : 220 * channel.grid_hz] = np.nan
    x["temperature"][:, 4 * 240 :], x["eda"][:, 4 * 240 :] = 21.0, 0.0
    x["motion"][..., 32 * 240 :] = np.array([0.0, 0.0, 1.0])[None, :, None]
    x["ppg"][:, 64 * 240 :] = 0.0
    data = build([replace(recorded, tick=Tick(recorded.tick.start_s, **x))], AIM)
    silent = (data.end_s > 200) & (data.end_s <= 220)
    assert set(data.exclusion[silent].tolist()) == {Exclusion.UNKNOWN}
    assert data.exclusion[-1] == Exclusion.NOT_WORN
    assert not data.worn[silent | (data.end_s == 300)].any()
    assert (data.target[silent] == -1).all()


@pytest.mark.parametrize(("features", "columns"), [("flirt", 184), ("wesad", 57), ("imbiriba", 602)])
def test_other_sets_of_features_stand_at_the_same_moments(make: Make, features: str, columns: int) -> None:
    recorded = [make("ann", 0, 300, (label("meltdown", 100, 130), label("meltdown", 290, 295)))]
    data = build(recorded, EVENTS, features=features)  # type: ignore[arg-type]
    live = build(recorded, EVENTS)
    assert data.inputs.shape == (60, columns)
    np.testing.assert_array_equal(data.end_s, live.end_s)
    np.testing.assert_array_equal(data.target, live.target)
    known = np.isfinite(data.inputs[:, 0])
    assert known.tolist() == [t >= (180 if features == "imbiriba" else 60) for t in data.end_s.tolist()]
    assert data.made_by["features"] == features


def test_incidents_before_are_those_that_are_over(make: Make) -> None:
    labels = (label("meltdown", 200, 230), label("meltdown", 290, 295))
    data = build([make("ann", 0, 300, labels)], EVENTS, features="imbiriba")
    before, since_s = (data.inputs[:, data.input_names.index(name)] for name in PRIOR)
    assert before.tolist() == [float(t > 230) for t in data.end_s.tolist()]
    began_s = [290 if t > 295 else 200 if t > 230 else 0 for t in data.end_s.tolist()]
    assert since_s.tolist() == (data.end_s - began_s).tolist()


def test_a_state_knows_no_incidents_because_time_since_the_beginning_is_the_clock(make: Make) -> None:
    data = build([make("ann", 0, 300, said(0))], AIM, features="imbiriba")
    assert not set(PRIOR) & set(data.input_names)


def test_people_without_a_positive_are_left_to_fit_but_noted(make: Make) -> None:
    data = build([make("ann", 0, 300, (label("rest", 30, 300), label("task", 10, 30)))], AIM)
    assert any("no moment is positive" in note for note in data.notes)


def test_labels_that_all_lie_outside_are_refused_and_some_are_noted(make: Make) -> None:
    with pytest.raises(DatasetError, match=r"ann: 2 of 2 labels .* outside .* time zone"):
        build([make("ann", 0, 300, said(3600))], AIM)
    data = build([make("ann", 0, 300, (*said(0), label("task", 7200, 7300)))], AIM)
    assert any("1 of 3 labels" in note for note in data.notes)


@pytest.mark.parametrize(
    ("changed", "said_of"),
    [
        ({"step_s": 2.5}, "step_s"),
        ({"step_s": 0}, "step_s"),
        ({"window_s": 0}, "window_s"),
        ({"features": "best"}, "there are live, imbiriba, flirt, wesad"),
        ({"features": "flirt", "step_s": 7}, "no whole number of steps"),
        ({"window_s": 600}, "too short for a window_s of 600: the longest lasts 300 s"),
    ],
)
def test_rows_that_cannot_be_are_refused(make: Make, changed: dict[str, object], said_of: str) -> None:
    with pytest.raises(DatasetError, match=said_of):
        build([make("ann", 0, 300, said(0))], AIM, **changed)  # type: ignore[arg-type]


def test_people_without_sessions_are_noted(make: Make) -> None:
    data = build_from([partial(list, [make("ann", 0, 300, said(0))]), partial(list, [])], AIM)
    assert "person 2 of 2: left out: there are no sessions" in data.notes


def test_nobody_at_all_is_refused() -> None:
    with pytest.raises(DatasetError, match="there are none"):
        build([], AIM)


def test_a_session_shorter_than_a_window_is_left_out_and_noted(make: Make) -> None:
    data = build([make("ann", 0, 300, said(0)), make("ann", 1000, 30)], AIM)
    assert len(data.sessions) == 1
    assert any("ann-1000: left out" in note for note in data.notes)


def test_the_same_recording_under_two_names_is_refused(make: Make) -> None:
    one = make("ann", 0, 300, said(0))
    other = replace(one, session=replace(one.session, person="bob", name="copy"), labels=said(0, "bob"))
    with pytest.raises(DatasetError, match="are the same recording"):
        build([one, other], AIM)


def test_two_bands_worn_at_once_are_noted(make: Make) -> None:
    one, after, bob = make("ann", 0, 300, said(0)), make("ann", 300, 300), make("bob", 0, 300, said(0, "bob"))
    assert not any("overlap" in note for note in build([one, after, bob], AIM).notes)
    other = make("ann", 100, 300, said(0))
    (note,) = (note for note in build([one, other, bob], AIM).notes if "overlap" in note)
    assert note.startswith("1 of 2 people have sessions that overlap in time")
    assert "(ann: ann-0 and ann-100)" in note


def test_one_pseudonym_in_two_studies_is_refused(make: Make) -> None:
    with pytest.raises(DatasetError, match="'ann' is of 'lab' and of 'school'"):
        build([make("ann", 0, 300, said(0)), make("ann", 1000, 300, said(1000), study="school")], AIM)
