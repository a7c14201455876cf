"""The forecast benchmark: what is told of events is over, thinning keeps whole rows, and personal weights shrink."""

from pathlib import Path

import numpy as np

import benchmarks.forecast
from benchmarks.forecast.__main__ import SPORT, TEST
from benchmarks.forecast.candidates import HISTORY, personal, rows, thinned, with_history
from models.datasets.dataset import Dataset, Event, Session
from models.datasets.target import ForecastTarget
from models.estimates import Estimates
from models.experiments.spec import read


def day(*, informative: bool) -> tuple[Dataset, Estimates]:
    n = 720
    end_s = np.arange(5.0, 5.0 * n + 1, 5.0)
    target = (np.arange(n) // 36 % 4 == 0).astype(np.int8)
    session = Session(name="day", person="p", study="s", start_s=0.0, end_s=5.0 * n)
    data = Dataset(
        inputs=np.zeros((n, 1)),
        input_names=("pulse",),
        end_s=end_s,
        session=np.zeros(n, np.intp),
        target=target,
        exclusion=np.zeros(n, np.int8),
        event=np.full(n, -1, np.intp),
        condition=np.full(n, ""),
        worn=np.ones(n, bool),
        sessions=(session,),
        events=(Event(session=0, what="incident", onset_s=900.0, end_s=1000.0),),
        aim=ForecastTarget(events=("incident",)),
        window_s=60.0,
        step_s=5.0,
    )
    driver = np.where(target == 1, 1.0, -1.0) if informative else np.random.default_rng(1).normal(size=n)
    drivers = np.column_stack([np.full(n, -1.0), driver])
    nothing, known = np.full(n, np.nan), np.zeros(n, np.int8)
    said = 1 / (1 + np.exp(-drivers.sum(axis=1)))
    return data, Estimates(
        probability=said, low=nothing, high=nothing, abstention=known, drivers=drivers, driver_names=("base", "pulse")
    )


def test_history_knows_an_event_when_it_is_over_and_not_before() -> None:
    data, _ = day(informative=True)
    told = with_history(data)
    assert told.input_names[1:] == HISTORY
    before = data.end_s < 1000.0
    assert np.ptp(told.inputs[before, 1]) == 0
    assert not told.inputs[before, 2:].any()
    assert told.inputs[np.flatnonzero(~before)[0], 2] == 1.0
    assert (np.diff(told.inputs[~before, 1]) > 0).all()


def test_thinning_takes_every_so_many_rows_whole() -> None:
    data, _ = day(informative=True)
    few = thinned(data, 30.0)
    assert few.step_s == 30.0
    assert np.array_equal(few.end_s, data.end_s[::6])
    assert np.array_equal(few.target, data.target[::6])


def test_weights_of_ones_own_trust_what_tells_more_and_what_does_not_less() -> None:
    for informative in (True, False):
        data, said = day(informative=informative)
        own = personal(said, data, np.ones(len(data.end_s), bool))
        spread = np.ptp(np.log(own / (1 - own))) / np.ptp(said.drivers[:, 1])
        assert spread > 1.2 if informative else spread < 0.8


def test_nothing_known_of_a_person_leaves_everybodys_model() -> None:
    data, said = day(informative=True)
    own = personal(said, data, np.zeros(len(data.end_s), bool))
    assert np.allclose(own, said.probability)
    assert len(rows(data, data.end_s > 1800).end_s) == 360


def test_the_experiment_of_the_shipped_model_can_be_read_and_knows_nobody_who_is_reported_on() -> None:
    path = Path(benchmarks.forecast.__file__).with_name("shipped.toml")
    asked = read(path.read_bytes(), origin=path.name)
    made_up = {(each.simulated.scenario, each.simulated.seed) for each in asked.study if each.simulated}
    assert len(made_up) == len(asked.study) == 3
    assert not made_up & {*TEST, SPORT[1]}
    assert not {seed for _, seed in made_up} & {seed for _, seed in (*TEST, SPORT[1])}
