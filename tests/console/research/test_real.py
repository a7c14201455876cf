"""Recordings that people published, imported and opened as a researcher opens them."""

from pathlib import Path

import pytest

from forecalm.offices.replayed import signals_of
from ingest.recordings.importing import Import, Imported, import_paths
from ingest.registry.consents import Consent, Scope
from tests.console.research.lab import NOW_S, START_S, Lab

FOLDERS = ("e4tools_demo", "embraceplus_avro")


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_published_recording_opens_with_its_signals(lab: Lab, shared_data: Path, folder: str) -> None:
    path = shared_data / folder
    if not path.exists():
        pytest.skip(f"{folder} is not among the recordings here")
    consent = Consent(frozenset({Scope.RESEARCH, Scope.CARE}), "a guardian", 0.0, START_S)
    lab.registry.give_consent("w-01", consent, by="test")
    asked = Import(wearer="w-01", by="test", now_s=NOW_S)
    outcomes = import_paths([path], asked, store=lab.store, registry=lab.registry)
    assert any(isinstance(each, Imported) for each in outcomes)
    found = min(lab.office.recordings(), key=lambda each: each.end_s - each.start_s)
    text = lab.get(f"/research/recordings/w-01/{found.name}")
    assert text.status_code == 200
    assert 'class="ink"' in text.text
    assert next(iter(signals_of(lab.office._recordings.readings, found))).features.size
