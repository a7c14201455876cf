"""An installation with two trained models on its shelf, seconds of a recording, and models that misbehave."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from forecalm.config import load
from forecalm.installation import Installation
from ingest.assemble import whole
from ingest.clock.clocks import Clocks
from ingest.received import Received
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.wire import encode
from models.datasets.dataset import Dataset, Session
from models.datasets.target import ForecastTarget
from models.estimators.candidates import Logistic
from models.inputs.inputs import NAMES
from models.shelf.about import about
from models.shelf.manifest import Code
from models.shelf.shelf import Shelf
from signals.engine import Engine
from signals.types import Signals

SAMPLE = Path(__file__).parents[3] / "data" / "sample" / "simulated_e4.zip"
PEOPLE, MOMENTS = 4, 150


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
    rng, n = np.random.default_rng(3), PEOPLE * MOMENTS
    inputs = rng.normal(size=(n, len(NAMES)))
    target: NDArray[np.int8] = (inputs[:, 0] + rng.normal(size=n) > 1.5).astype(np.int8)
    return Dataset(
        inputs=inputs,
        input_names=NAMES,
        end_s=np.concatenate([1e9 * i + 60.0 * np.arange(1, MOMENTS + 1) for i in range(PEOPLE)]),
        session=np.repeat(np.arange(PEOPLE), MOMENTS),
        target=target,
        exclusion=np.zeros(n, np.int8),
        event=np.full(n, -1),
        condition=np.full(n, ""),
        worn=np.ones(n, bool),
        sessions=tuple(
            Session(name=f"s-{i}", person=f"w-0{i}", study="invented", start_s=1e9 * i, end_s=1e9 * i + 60 * MOMENTS)
            for i in range(PEOPLE)
        ),
        events=(),
        aim=ForecastTarget(events=("incident",)),
        window_s=60.0,
        step_s=60.0,
    )


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
def config(here: Installation, tmp_path: Path) -> str:
    """Its configuration's path."""
    return str(tmp_path / "forecalm.toml")
