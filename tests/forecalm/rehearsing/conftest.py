"""An installation in which two simulated people wore wristbands, with labels, and two trained models on its shelf; and
the same with the first of them rehearsed. Both are made once, and copied: a rehearsal takes seconds."""

import shutil
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from forecalm.cli import main
from forecalm.config import Config, load
from forecalm.installation import Installation
from forecalm.pipeline import Pipeline
from forecalm.rehearsing.replaying import Taken
from ingest.clock.clocks import Clocks
from ingest.labels import Label
from ingest.received import Received
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.registry.consents import Consent, Scope
from ingest.wire import encode
from models.estimators.candidates import Logistic
from models.shelf.about import about
from models.shelf.manifest import Code
from models.shelf.shelf import Shelf
from tests.forecalm.invented import invented

SAMPLE = Path(__file__).parents[3] / "data" / "sample" / "simulated_e4.zip"
CONSENT = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
CODE, COMMIT = "forecalm.rehearsing.rehearsal.commit", "0" * 40
WORN_S = {"band-01": 960, "band-02": 700}
"""The training-free detector alerts after a quarter of an hour; of less than ten minutes nothing is judged."""


def received_of(band: str) -> list[Received]:
    """Simulated minutes of one wristband."""
    clocks, sent = Clocks(), list(packets(read(SAMPLE), band=band))[: WORN_S[band]]
    return [Received(p, clocks.map(p, at_s), at_s, encode(p)) for at_s, p in sent]


@dataclass(frozen=True)
class Lived:
    """What each of two bands sent, and when a carer would have been told by the training-free detector."""

    sent: dict[str, list[Received]]
    alerts_s: tuple[float, ...]

    @property
    def start_s(self) -> float:
        return self.sent["band-01"][0].received_s

    @property
    def end_s(self) -> float:
        return self.sent["band-01"][-1].received_s


@pytest.fixture(scope="session")
def lived() -> Lived:
    """The session, pushed through the live pipeline by itself."""
    sent = {band: received_of(band) for band in ("band-01", "band-02")}
    desk = Desk(wearers=["w"], policy=Policy(), journal=Scratch(), started_s=sent["band-01"][0].received_s)
    pipeline, taken = Pipeline(wearers=["w"], desk=desk), Taken(desk)
    for received in sent["band-01"]:
        pipeline.receive("w", received)
        pipeline.advance(received.received_s)
    assert taken.alerts_s, "the sample session raises an alert"
    return Lived(sent, tuple(taken.alerts_s))


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models, to be copied."""
    shelf, training = Shelf(tmp_path_factory.mktemp("kept") / "models"), invented()
    for name, least in (("first", 0.3), ("second", 0.2)):
        said = about(training, candidate=name, experiment="", seed=1, made_s=1e9, code=Code(version="0"), metrics={})
        shelf.keep(name, Logistic(penalty=0.1, least=least).fit(training, seed=1), said)
    return shelf.folder


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, shelf: Path, lived: Lived) -> Path:
    """The folder of an installation: w-01, whom the models were trained on, had an incident two minutes after the
    alert; nobody labelled anything of w-09."""
    folder = tmp_path_factory.mktemp("house")
    here = Installation(load(configured(folder)))
    shutil.copytree(shelf, here.models)
    with closing(here.open_registry()) as registry, closing(here.open_store()) as store:
        for band, wearer in (("band-01", "w-01"), ("band-02", "w-09")):
            registry.pair(
                band=band,
                wearer=wearer,
                since_s=lived.start_s - 100,
                name=wearer,
                carers=[],
                consent=CONSENT,
                by="test",
            )
            store.commit(lived.sent[band])
        onset_s = lived.alerts_s[0] + 120
        label = Label(what="incident", start_s=onset_s, end_s=onset_s + 60, rater="Jo", wearer="w-01")
        registry.add_labels([label], by="test")
    return folder


def configured(folder: Path) -> Path:
    """A configuration of an installation in ``folder``."""
    file = folder / "forecalm.toml"
    file.write_text(f'data = "{folder / "data"}"\n')
    return file


def copied(folder: Path, to: Path) -> str:
    """The path of the configuration of a copy of an installation."""
    shutil.copytree(folder / "data", to / "data")
    return str(configured(to))


@dataclass(frozen=True)
class Rehearsed:
    """An installation in which the first model was rehearsed in two processes, and what its command said and ended
    with."""

    folder: Path
    said: str
    ended: int


@pytest.fixture(scope="session")
def rehearsed(house: Path, tmp_path_factory: pytest.TempPathFactory) -> Rehearsed:
    folder, said = tmp_path_factory.mktemp("rehearsed"), StringIO()
    config = copied(house, folder)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        patch.setattr(CODE, lambda: COMMIT)
        ended = main(["rehearse", "first", "--jobs", "2", "--config", config])
    return Rehearsed(folder, said.getvalue(), ended)


@pytest.fixture
def config_path(tmp_path: Path, house: Path) -> str:
    """The configuration of an installation of one's own."""
    return copied(house, tmp_path)


@pytest.fixture
def config(config_path: str) -> Config:
    return load(Path(config_path))


@pytest.fixture(autouse=True)
def same_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that does not change while somebody works on the checkout."""
    monkeypatch.setattr(CODE, lambda: COMMIT)
