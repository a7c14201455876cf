"""What a carer tells on the board is in the data set that models are trained on, and counts in a rehearsal."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from alerts.journal import Journal
from alerts.outcomes.events import What
from alerts.outcomes.outcomes import Outcomes
from alerts.rehearsal.events import doubtful, happened, told
from forecalm.config import Config
from forecalm.installation import Installation
from forecalm.rehearsing.budget import budget
from forecalm.studies.stored import stored
from ingest.labels import Label
from ingest.recordings.detect import read_one
from ingest.recordings.importing import Import, import_recording
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from models.datasets.building import build_from
from models.datasets.dataset import LEFT_OUT, POSITIVE, Dataset, Exclusion
from models.datasets.target import ForecastTarget

pytestmark = pytest.mark.long

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"
SOON = ForecastTarget(events=("incident",), horizon_s=120.0, doubtful="leave out")
SEEN_S, LASTED_S = 700.0, 60.0
"""When the carer saw it begin, after the recording did [s], and how long it lasted."""


class House:
    """A recording of w-1 is stored; ``outcomes`` are those of its board; everything else is told after it ended."""

    def __init__(self, config: Config, registry: Registry, journal: Journal, start_s: float) -> None:
        self.config, self.registry, self.start_s = config, registry, start_s
        self.outcomes = Outcomes(journal, registry)
        self.now_s = start_s + 4_000.0

    def tell(self, what: What) -> str:
        began_s = self.start_s + SEEN_S
        told = self.outcomes.tell(
            "w-1",
            alert_id="",
            by="Jo",
            what=what,
            began_s=began_s,
            uncertainty_s=10.0,
            ended_s=began_s + LASTED_S,
            at_s=self.now_s,
        )
        assert self.outcomes.enter() == 0
        return told.outcome_id

    def correct(self, outcome_id: str, what: What) -> None:
        self.outcomes.correct(outcome_id, by="Bo", what=what, at_s=self.now_s + 60.0)
        assert self.outcomes.enter() == 0

    def told(self) -> list[Label]:
        """The valid labels that carers told; the recording has one of its own."""
        return [label for label in self.registry.labels("w-1").values() if label.rater == "Jo"]

    def data(self, aim: ForecastTarget = SOON) -> Dataset:
        return build_from(stored(self.config, study="home").sources, aim)

    def at(self, data: Dataset, since_s: float, until_s: float) -> np.ndarray:
        """Which rows lie in that stretch of the recording."""
        found: np.ndarray = (data.end_s - self.start_s >= since_s) & (data.end_s - self.start_s < until_s)
        return found


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    config, recording = Config(data=str(tmp_path / "house")), read_one(SAMPLE)
    here = Installation(config)
    with closing(here.open_store()) as store, closing(here.open_registry()) as registry:
        registry.add_wearer("w-1", "Ann", by="test")
        both = frozenset({Scope.CARE, Scope.RESEARCH})
        registry.give_consent("w-1", Consent(both, "Ida, mother", 0.0), by="test")
        asked = Import(wearer="w-1", by="test", now_s=4e9)
        import_recording(recording, asked, store=store, registry=registry, origin=SAMPLE.name)
        with closing(Journal(here.journal)) as journal:
            yield House(config, registry, journal, recording.start_s)


def test_an_incident_told_on_the_board_is_what_models_are_trained_to_foretell(house: House) -> None:
    house.tell(What.INCIDENT)
    data = house.data()
    (event,) = data.events
    assert (event.what, event.onset_s, event.uncertainty_s) == ("incident", house.start_s + SEEN_S, 10.0)
    sure = house.at(data, SEEN_S - 120.0, SEEN_S - 30.0)
    assert sure.any()
    assert (data.target[sure] == POSITIVE).all()
    assert not (data.target[~house.at(data, SEEN_S - 145.0, SEEN_S)] == POSITIVE).any()


@pytest.mark.parametrize(
    ("what", "word"), [(What.EXERCISE, "exercise"), (What.EXCITED, "excitement"), (What.BAND, "band problem")]
)
def test_what_was_no_anxiety_is_calm_to_a_model_and_a_false_alert_to_a_rehearsal(
    house: House, what: What, word: str
) -> None:
    house.tell(what)
    (label,) = house.told()
    assert label.what == word
    events = happened([label], SOON.events)
    assert events == ()
    assert told(events, [label.start_s - 60.0], reach_s=300.0).false_s == (label.start_s - 60.0,)


def test_anxiety_that_settled_counts_as_the_data_set_chooses(house: House) -> None:
    outcome_id = house.tell(What.SETTLED)
    both = ForecastTarget(events=("incident", "settled_build_up"), horizon_s=120.0, doubtful="leave out")
    assert [event.what for event in house.data(both).events] == ["settled_build_up"]
    house.correct(outcome_id, What.INCIDENT)
    assert [event.what for event in house.data().events] == ["incident"]


def test_of_what_nobody_could_tell_nothing_is_learnt(house: House) -> None:
    house.tell(What.INCIDENT)
    other = house.outcomes.tell(
        "w-1", alert_id="", by="Jo", what=What.UNSURE, began_s=house.start_s + 300.0, uncertainty_s=0.0,
        ended_s=house.start_s + 330.0, at_s=house.now_s,
    )  # fmt: skip
    house.outcomes.enter()
    data = house.data()
    near = house.at(data, 300.0 - 130.0, 330.0 + 55.0)
    assert near.any()
    assert (data.target[near] == LEFT_OUT).all()
    assert Exclusion.UNCERTAIN in set(data.exclusion[near].tolist())
    before = house.at(data, 70.0, 300.0 - 140.0)
    assert (data.target[before] != LEFT_OUT).any()
    assert [event.onset_s for event in data.events] == [house.start_s + SEEN_S]
    unsure = doubtful(house.registry.labels("w-1").values(), SOON.events)
    assert [each.onset_s for each in unsure] == [other.began_s]


def test_a_correction_takes_back_what_was_learnt_of_the_first_answer(house: House) -> None:
    house.tell(What.INCIDENT)
    with_it = house.data().target
    house.outcomes.correct(house.outcomes.of("w-1")[0].outcome_id, by="Bo", what=What.UNSURE, at_s=house.now_s)
    house.outcomes.enter()
    assert happened(house.registry.labels("w-1").values(), SOON.events) == ()
    assert (with_it == POSITIVE).any()


def test_an_incident_told_on_the_board_counts_in_a_rehearsal(house: House) -> None:
    def found() -> tuple[int, int]:
        chosen, _ = budget(house.config, "w-1", per_day=200.0, days=1.0, until_s=4e9)
        return len(chosen.events), len(chosen.holds.false_s)

    outcome_id = house.tell(What.EXERCISE)
    assert found()[0] == 0
    house.correct(outcome_id, What.INCIDENT)
    assert found()[0] == 1


def test_an_alert_about_what_nobody_could_tell_is_not_called_false(house: House) -> None:
    house.tell(What.UNSURE)
    labels = house.told()
    at_s = labels[0].start_s - 100.0
    unsure = doubtful(labels, SOON.events)
    assert told((), [at_s, at_s - 9e3], reach_s=300.0, unsure=unsure).false_s == (at_s - 9e3,)
    assert told((), [at_s], reach_s=300.0, unsure=unsure).leads_s == ()
    assert doubtful(labels, ("unsure",)) == ()
