"""What researchers take out: what consent covers, for whom, until when, and who hears of it."""

import io
import time
import zipfile
from pathlib import Path

import pytest

from console.research.office import Export
from forecalm.erasure.exports import ExportFiles
from forecalm.offices import exports as making
from forecalm.offices.exports import FOLDER, KEPT_S, LISTED_S
from ingest.registry.consents import Scope
from tests.console.research.lab import CARER, NAME, NOW_S, Lab, recording, researcher
from tests.servers import LONG_S

ASKED = {"wearers": "w-01", "layout": "csv", "channels": ["eda"], "labels": "yes"}


def settled(lab: Lab, *states: str) -> Export:
    """The one export, when it has come to one of ``states``."""
    until_s = time.monotonic() + LONG_S
    while time.monotonic() < until_s:
        (found,) = lab.office.exports(by="Hanna")
        if found.state in (states or ("ready", "failed")):
            return found
        time.sleep(0.01)  # the exporter's own thread
    raise AssertionError(found)


@pytest.fixture
def ready(lab: Lab) -> Export:
    lab.keep(recording(60))
    lab.label("incident", 10, 20, CARER, note=f"{NAME} hit {CARER}")
    assert lab.post("/research/exports", ASKED).status_code == 303
    found = settled(lab)
    assert found.state == "ready", found.why
    return found


def test_an_export_is_made_taken_and_entered_and_no_file_of_it_names_anybody(lab: Lab, ready: Export) -> None:
    answer = lab.get(f"/research/exports/{ready.number}/file")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    assert any("eda" in name for name in files)
    everything = b"".join([*files.values(), *(name.encode() for name in files)]).decode(errors="replace").casefold()
    assert "w-01 hit carer " in everything
    for word in (*NAME.split(), *CARER.split()):
        assert word.casefold() not in everything, word
    assert {"export", "take export"} <= {entry.action for entry in lab.registry.audit_entries()}
    page = lab.get("/research/exports").text
    assert "ready" in page
    assert NAME not in page


def test_nobody_takes_or_deletes_the_export_of_somebody_else(lab: Lab, ready: Export) -> None:
    lab.letting.asker_ = researcher("Somebody")
    assert lab.get(f"/research/exports/{ready.number}/file").status_code == 404
    assert lab.post(f"/research/exports/{ready.number}/delete", {}).status_code == 404
    assert ready.number not in lab.get("/research/exports").text


def test_a_withdrawn_consent_takes_the_file_along(lab: Lab, ready: Export) -> None:
    lab.registry.withdraw_consent("w-01", scopes=[Scope.RESEARCH], at_s=NOW_S, by="test")
    assert lab.get(f"/research/exports/{ready.number}/file").status_code == 422
    assert list((lab.here.folder / FOLDER).glob("*/export.zip")) == []
    assert settled(lab, "gone").state == "gone"
    again = lab.post("/research/exports", ASKED)
    assert again.status_code == 422


def test_after_a_day_the_file_is_deleted_and_said_to_be(lab: Lab, ready: Export) -> None:
    lab.now_s = ready.goes_s + 1
    assert settled(lab, "gone").why
    assert list((lab.here.folder / FOLDER).glob("*/export.zip")) == []
    assert lab.get(f"/research/exports/{ready.number}/file").status_code == 404
    assert "delete export" in {entry.action for entry in lab.registry.audit_entries()}
    assert KEPT_S < LISTED_S


def test_what_is_deleted_is_gone(lab: Lab, ready: Export) -> None:
    assert lab.post(f"/research/exports/{ready.number}/delete", {}).status_code == 303
    assert settled(lab, "gone").state == "gone"
    assert lab.get(f"/research/exports/{ready.number}/file").status_code == 404


def test_erasing_somebody_finds_and_deletes_their_files(lab: Lab, ready: Export) -> None:
    part = ExportFiles(lab.here)
    assert [trace.count for trace in part.traces("w-01")] == [1]
    assert list(part.traces("w-02")) == []
    part.erase("w-01", "2026-01-31")
    assert list(part.traces("w-01")) == []
    assert not (lab.here.folder / FOLDER / ready.number).exists()


def test_what_a_stop_cut_off_is_said_to_be_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making.Exports, "_make", lambda self, number, _: self._set(number, state="running"))
    with Lab(tmp_path / "var") as lab:
        lab.keep(recording(60))
        lab.post("/research/exports", ASKED)
        settled(lab, "running")
    monkeypatch.undo()
    with Lab(tmp_path / "var2") as lab:
        kept = lab.here.folder / FOLDER
        (tmp_path / "var" / FOLDER).rename(kept.with_name("old"))
        again = making.Exports(lab.here, store=lab.store, registry=lab.registry, clock=lambda: lab.now_s)
        again._folder = kept.with_name("old")
        with again:
            (found,) = again.of("Hanna")
        assert found.state == "failed"
        assert "stopped" in found.why


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"wearers": []}, "wearers"),
        ({"wearers": "w-99"}, "wearers"),
        ({"layout": "exe"}, "layout"),
        ({"channels": []}, "channels"),
        ({"since": "soon"}, "since"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, "until"),
        ({"since": "2030-01-01"}, "wearers"),
        ({"until": "9999-12-31"}, "until"),
    ],
)
def test_what_cannot_be_exported_is_refused_beside_its_field(lab: Lab, wrong: dict[str, object], field: str) -> None:
    lab.keep(recording(60))
    answer = lab.post("/research/exports", ASKED | wrong)
    assert answer.status_code == 422
    assert f'id="e-{field}"' in answer.text
    assert lab.office.exports(by="Hanna") == []


def test_nobody_has_more_open_than_there_is_room_for(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "OPEN_MOST", 1)
    lab.keep(recording(60))
    assert lab.post("/research/exports", ASKED).status_code == 303
    assert lab.post("/research/exports", ASKED).status_code == 422
    settled(lab)
