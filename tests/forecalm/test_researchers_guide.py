"""The example of the researchers' guide runs as it stands."""

import re
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from forecalm.config import Config
from forecalm.installation import Installation
from ingest.clock.clocks import Clocks
from ingest.received import Received
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.registry.consents import Consent, Scope
from ingest.wire import encode

ROOT = Path(__file__).parents[2]


def test_what_the_guide_says_of_reading_what_was_recorded_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    guide = (ROOT / "docs" / "guides" / "researchers.md").read_text()
    (example,) = re.findall(r"## Reading what was recorded\n.*?```python\n(.*?)```", guide, re.DOTALL)
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path))
    here = Installation(Config(data=str(tmp_path)))
    clocks = Clocks()
    sent = list(packets(read(ROOT / "data" / "sample" / "simulated_e4.zip"), band="band-01"))[:120]
    with closing(here.open_store()) as store, closing(here.open_registry()) as registry:
        agreed = Consent(frozenset({Scope.CARE, Scope.RESEARCH}), "Ida, mother", 0.0)
        registry.pair(band="band-01", wearer="w-12", since_s=1.0, name="Aidan", carers=[], consent=agreed, by="test")
        store.commit([Received(packet, clocks.map(packet, at_s), at_s, encode(packet)) for at_s, packet in sent])
    found: dict[str, object] = {}
    exec(compile(example, "the guide", "exec"), found)  # noqa: S102 - our own page
    eda = found["eda"]
    assert eda.values.size > 400  # type: ignore[attr-defined]
    assert np.isfinite(eda.values).all()  # type: ignore[attr-defined]
    assert "uS" in capsys.readouterr().out
