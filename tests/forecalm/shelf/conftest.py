"""An installation with two trained models on its shelf, seconds of a recording, and models that misbehave."""

from pathlib import Path

import pytest

from forecalm import live
from forecalm.config import load
from forecalm.installation import Installation
from ingest.assemble import whole
from ingest.clock.clocks import Clocks
from ingest.received import Received
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.wire import encode
from models.datasets.dataset import Dataset
from models.estimators.candidates import Logistic
from models.shelf.about import about
from models.shelf.manifest import Code
from models.shelf.shelf import Shelf
from signals.engine import Engine
from signals.types import Signals
from tests.forecalm.invented import invented
from tests.servers import LONG_S

SAMPLE = Path(__file__).parents[3] / "data" / "sample" / "simulated_e4.zip"


@pytest.fixture(scope="session")
def received() -> list[Received]:
    """Eighteen minutes of one wristband."""
    clocks = Clocks()
    sent = packets(read(SAMPLE), band="band-01")
    return [Received(packet, clocks.map(packet, at_s), at_s, encode(packet)) for at_s, packet in sent]


@pytest.fixture(scope="session")
def signals(received: list[Received]) -> Signals:
    """The engine's features of them."""
    return Engine(rows=1).push(whole(received))


@pytest.fixture(scope="session")
def training() -> Dataset:
    """Invented moments of four people, among them w-01."""
    return invented()


@pytest.fixture(scope="session")
def kept(training: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models, to be copied."""
    shelf = Shelf(tmp_path_factory.mktemp("kept") / "models")
    for name, least in (("first", 0.3), ("second", 0.2)):
        said = about(training, candidate=name, experiment="", seed=1, made_s=1e9, code=Code(version="0"), metrics={})
        shelf.keep(name, Logistic(penalty=0.1, least=least).fit(training, seed=1), said)
    return shelf.folder


@pytest.fixture
def here(tmp_path: Path, kept: Path) -> Installation:
    """An installation that nothing is promoted in."""
    import shutil

    file = tmp_path / "forecalm.toml"
    file.write_text(f'data = "{tmp_path / "data"}"\n')
    here = Installation(load(file))
    shutil.copytree(kept, here.models)
    return here


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that is stopped is waited for: it has decided what came, and kept what it learnt, however slowly."""
    monkeypatch.setattr(live, "STOP_S", LONG_S)


@pytest.fixture
def config(here: Installation, tmp_path: Path) -> str:
    """Its configuration's path."""
    return str(tmp_path / "forecalm.toml")
