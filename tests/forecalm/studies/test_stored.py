"""An installation's readings become sessions of data sets: what research may use, of whom was asked, with labels."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecalm.config import Config
from forecalm.installation import Installation
from forecalm.studies.cutting import GAP_S
from forecalm.studies.files import recorded
from forecalm.studies.stored import stored
from ingest.clock.clocks import Clocks
from ingest.labels import Label
from ingest.received import Received
from ingest.recordings.detect import read_one
from ingest.recordings.importing import Import, import_recording
from ingest.recordings.packets import packets
from ingest.recordings.recording import Recording
from ingest.registry.consents import Consent, Scope
from ingest.wire import encode
from models.datasets.building import build_from
from models.datasets.dataset import Dataset
from models.datasets.target import ForecastTarget
from models.errors import DatasetError

SAMPLE = Path(__file__).parents[3] / "data" / "sample" / "simulated_e4.zip"
AIM = ForecastTarget(events=("meltdown",))
BOTH = frozenset({Scope.CARE, Scope.RESEARCH})


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data=str(tmp_path / "house"))


@pytest.fixture(scope="module")
def recording() -> Recording:
    return read_one(SAMPLE)


def imported(config: Config, recording: Recording, *, scopes: frozenset[Scope] = BOTH, until_s: float = 4e9) -> None:
    here = Installation(config)
    with closing(here.open_store()) as store, closing(here.open_registry()) as registry:
        registry.add_wearer("w-1", "Ann", by="test")
        registry.give_consent("w-1", Consent(frozenset({Scope.CARE}), "Ida", 0.0), by="test")
        if Scope.RESEARCH in scopes:
            registry.give_consent("w-1", Consent(frozenset({Scope.RESEARCH}), "Ida", 0.0, until_s), by="test")
        asked = Import(wearer="w-1", by="test", now_s=4e9)
        import_recording(recording, asked, store=store, registry=registry, origin=SAMPLE.name)
        registry.add_labels([melted(recording)], by="test")


def melted(recording: Recording) -> Label:
    at_s = recording.start_s + 400
    return Label(what="meltdown", start_s=at_s, end_s=at_s + 20, rater="Jo", wearer="w-1")


def data_of(config: Config) -> Dataset:
    return build_from(stored(config, study="home").sources, AIM)


def test_an_imported_recording_gives_the_rows_that_it_gives_by_path(config: Config, recording: Recording) -> None:
    imported(config, recording)
    data = data_of(config)
    by_path = build_from(recorded([SAMPLE], study="x").sources, replace_aim())
    np.testing.assert_array_equal(data.inputs, by_path.inputs)
    np.testing.assert_array_equal(data.end_s, by_path.end_s)
    assert (data.sessions[0].person, data.sessions[0].origin) == ("w-1", SAMPLE.name)
    assert data.sessions[0].digest == by_path.sessions[0].digest
    assert [each.what for each in data.events] == ["meltdown"]


def replace_aim() -> ForecastTarget:
    return ForecastTarget(events=("button press", "event"), doubtful="leave out")


def test_what_no_consent_to_research_covers_is_left_out(config: Config, recording: Recording) -> None:
    until_s = recording.start_s + 500
    imported(config, recording, until_s=until_s)
    data = data_of(config)
    assert data.end_s.max() <= np.ceil(until_s)


def test_nobody_who_consented_to_research_is_refused_with_the_mend(config: Config, recording: Recording) -> None:
    imported(config, recording, scopes=frozenset({Scope.CARE}))
    with pytest.raises(DatasetError, match=r"w-1: left out: no consent to research covers any of it.*--scope"):
        stored(config, study="home")


def test_other_devices_are_left_out(config: Config, recording: Recording) -> None:
    imported(config, recording)
    for devices, sessions in ((("empatica-e4",), 1), (("wristband", "watch*"), 0)):
        (person,) = stored(config, study="home", devices=devices).sources
        assert len(list(person())) == sessions


def test_a_name_that_is_nobodys_is_refused_with_those_that_there_are(config: Config, recording: Recording) -> None:
    imported(config, recording)
    assert stored(config, people=("w-*",), study="home").people == ("w-1",)
    with pytest.raises(DatasetError, match=r"'v-\*' is nobody's pseudonym here; there are w-1"):
        stored(config, people=("v-*",), study="home")


def test_what_a_wristband_sent_is_cut_into_sessions_where_it_was_silent_for_an_hour(
    config: Config, recording: Recording
) -> None:
    here, clocks = Installation(config), Clocks()
    sent = list(packets(recording, band="band-1"))[:200]
    pause_us = round((GAP_S + 300) * 1e6)
    with closing(here.open_store()) as store, closing(here.open_registry()) as registry:
        agreed = Consent(BOTH, "Ida, mother", 0.0)
        registry.pair(band="band-1", wearer="w-1", since_s=1.0, name="Ann", carers=[], consent=agreed, by="test")
        received = [Received(packet, clocks.map(packet, at_s), at_s, encode(packet)) for at_s, packet in sent]
        later = [replace(each, offset_s=each.offset_s + pause_us * 1e-6) for each in received]
        store.commit(received[:100])
        store.commit(later[100:])
        registry.add_labels(
            [replace(melted(recording), start_s=recording.start_s + 80, end_s=recording.start_s + 82)], by="test"
        )
    data = build_from(stored(config, study="home").sources, ForecastTarget(events=("meltdown",)), window_s=60)
    assert [round(each.end_s - each.start_s) for each in data.sessions] == [100, 100]
    assert {each.origin for each in data.sessions} == {"band-1"}
    assert len({each.digest for each in data.sessions}) == 2
    assert data.sessions[0].name.startswith("band-1 ")
