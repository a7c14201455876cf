"""A rehearsal is what living would have been: the code that runs live, once for both models, at the times of old."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alerts.policy import Policy
from forecalm.cli import main
from forecalm.config import Config, load
from forecalm.installation import Installation
from forecalm.rehearsing.past import everybody
from forecalm.rehearsing.replaying import Both, Pair, Taken, as_lived, as_recorded
from forecalm.rescoring.lived import Person
from forecalm.watching.watchers import Choice, Model
from ingest.readings import Readings
from ingest.registry.consents import Scope
from ingest.registry.registry import Registry
from models.arousal import Arousal
from models.risk import Risk, RiskModel, Rows
from tests.forecalm.rehearsing.conftest import SAMPLE, Lived

pytestmark = pytest.mark.long


class Louder(Arousal):
    """Says the square root of what the training-free detector says."""

    def push(self, start_s: np.ndarray, features: np.ndarray, *, rows: Rows | None = None) -> Risk:  # type: ignore[override]
        said = super().push(start_s, features, rows=rows)
        return replace(said, probability=np.sqrt(said.probability), low=np.sqrt(said.low), high=np.sqrt(said.high))


def model(kind: type[Arousal]) -> Choice:
    def build(people: Sequence[str]) -> RiskModel:
        return kind(rows=max(len(people), 1))

    return Choice(champion=Model("m", kind.__name__, build), chosen="m")


@pytest.fixture
def readings(config_path: str, config: Config) -> Iterator[Readings]:
    here = Installation(config)
    with closing(here.open_store()) as store, closing(Registry(here.registry_url)) as registry:
        yield Readings(store, registry)


def pair(candidate: Choice, own: Policy | None = None) -> Pair:
    return Pair(champion=Choice(), candidate=candidate, own=own)


@pytest.fixture(scope="module")
def both(house: Path, lived: Lived) -> Both:
    """What the training-free detector and another made of w-01's session as it was lived."""
    here = Installation(load(house / "forecalm.toml"))
    with closing(here.open_store()) as store, closing(Registry(here.registry_url)) as registry:
        found = as_lived(Readings(store, registry), "w-01", pair(model(Louder)), until_s=lived.end_s + 100)
    assert found is not None
    return found


def test_one_pass_with_two_models_is_two_passes_with_one(readings: Readings, lived: Lived, both: Both) -> None:
    assert both.champion.alerts_s == lived.alerts_s, "as it was when it was lived"
    alone = Person(readings, "w-01", begun_s=lived.start_s, choice=model(Louder))
    taken = Taken(alone.desk)
    why = [why for _, steps in alone.steps(lived.start_s, lived.end_s) for s in steps for why in s.risk.abstention[0]]
    assert both.candidate.alerts_s == tuple(taken.alerts_s)
    assert both.candidate.alerts_s != both.champion.alerts_s
    n = min(len(why), len(both.candidate.why))
    np.testing.assert_array_equal(both.candidate.why[:n], why[:n])


def test_a_session_whose_packets_all_came_in_time_is_recorded_as_it_was_lived_wherever_it_is_cut(
    readings: Readings, lived: Lived, both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = as_recorded(readings, "w-01", pair(model(Louder)), until_s=lived.end_s + 100)
    assert whole is not None
    assert both.champion.alerts_s == whole.champion.alerts_s
    assert both.candidate.alerts_s == whole.candidate.alerts_s
    assert abs(len(both.second_s) - len(whole.second_s)) <= 60
    monkeypatch.setattr("forecalm.rehearsing.replaying.CHUNK_S", 97.0)
    pieces = as_recorded(readings, "w-01", pair(model(Louder)), until_s=lived.end_s + 100)
    assert pieces is not None
    _same(whole, pieces)


def _same(one: Both, other: Both) -> None:
    np.testing.assert_array_equal(one.second_s, other.second_s)
    for a, b in ((one.champion, other.champion), (one.candidate, other.candidate)):
        np.testing.assert_array_equal(a.why, b.why)
        assert a.alerts_s == b.alerts_s


def test_somebody_is_rehearsed_by_the_rules_that_they_live_by(readings: Readings, lived: Lived) -> None:
    deaf = Policy(enter=1.0, version="deaf")
    unheard = as_lived(readings, "w-01", pair(Choice(), deaf), until_s=lived.alerts_s[0] + 5)
    assert unheard is not None
    assert unheard.champion.alerts_s == unheard.candidate.alerts_s == ()


def test_an_imported_recording_is_rehearsed_as_recorded_where_research_was_agreed_to(
    config_path: str, config: Config, lived: Lived
) -> None:
    consent = ["--name", "r-1", "--consent-by", "Ida, mother", "--scope", "care,research"]
    assert main(["import", str(SAMPLE), "--wearer", "r-1", *consent, "--config", config_path]) == 0
    here = Installation(config)
    with closing(here.open_store()) as store, closing(Registry(here.registry_url)) as registry:
        readings = Readings(store, registry)
        assert everybody(readings, registry) == ("r-1", "w-01", "w-09")
        assert as_lived(readings, "r-1", pair(Choice()), until_s=1.9e9) is None
        both = as_recorded(readings, "r-1", pair(Choice()), until_s=1.9e9)
        registry.withdraw_consent("r-1", scopes=[Scope.RESEARCH], at_s=1.8e9, by="test")
        assert as_recorded(readings, "r-1", pair(Choice()), until_s=1.9e9) is None
    assert both is not None
    assert len(both.champion.alerts_s) == len(lived.alerts_s)
    assert both.champion.alerts_s == both.candidate.alerts_s
