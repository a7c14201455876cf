"""Somebody is erased: everything that holds them is told, goes, and leaves not a byte; the others lose nothing."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from alerts.errors import JournalError
from alerts.journal import Journal
from alerts.situation_events import AlertRaised, SightRegained
from forecalm.build import Service
from forecalm.cli import main
from forecalm.erasure.erasure import Erasure, hold, pending
from forecalm.installation import Installation
from forecalm.keeping.errors import KeepingError
from forecalm.keeping.files import add_line, lines_of, remove_folder, sha256
from ingest.admission import Verdict
from ingest.exports.deidentify import Keys
from ingest.labels import Label
from ingest.received import Received
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from ingest.registry.sessions import Kind, Session
from ingest.store.protocol import Store

Pack = Callable[..., Received]
NOW_S = 1_800_000_000.0
WHO, NAME = "marker-zero-xyzzy", "Ottokar Quackenbush"
CARE = Consent(frozenset({Scope.CARE}), "Marguerite Quackenbush, mother", 0.0)
WORDS = (WHO, NAME, "Quackenbush", "ottokar.zip", "meltdown-of-marker")


@pytest.fixture
def lived(here: Installation, registry: Registry, store: Store, pack: Pack, tmp_path: Path) -> list[bytes]:
    """Somebody of whom there is a trace of every kind, and w-2, who wore the band after them. Returns bytes of their
    readings that are found in the files as they are now."""
    registry.add_wearer(WHO, NAME, site="home", by="test")
    registry.give_consent(WHO, CARE, by="test")
    registry.correct_assignment("b-1", WHO, since_s=NOW_S - 100, until_s=NOW_S - 50, by="test")
    registry.assign("b-1", "w-2", NOW_S - 50, by="test")
    registry.add_session(
        Session(
            band="e4-1", start_s=NOW_S - 9_999, end_s=NOW_S - 9_900, kind=Kind.IMPORTED, digest="d",
            origin="ottokar.zip", wearer=WHO,
        ),
        by="test",
    )  # fmt: skip
    registry.add_labels([Label(what="meltdown-of-marker", start_s=1.0, end_s=2.0, rater="Jo", wearer=WHO)], by="test")
    worn = [pack("b-1", NOW_S - 110 + i) for i in range(110)]
    imported = [pack("e4-1", NOW_S - 9_998 + i) for i in range(50)]
    store.commit(worn[:40] + imported)
    store.settle(NOW_S, everything=True)
    store.commit(worn[40:])
    store.quarantine("forecalm/v1/home/band/b-1/data", b"junk-of-marker", "junk", NOW_S - 80)
    registry.correct_assignment("b-2", WHO, since_s=NOW_S - 9_000, until_s=NOW_S - 100, by="test")
    store.quarantine("forecalm/v1/home/band/b-2/data", b"nothing-else-of-marker", "junk", NOW_S - 5_000)
    with closing(Journal(here.journal)) as journal:
        for wearer in (WHO, "w-2"):
            alert = f"{wearer}-1"
            journal.append(
                [AlertRaised(wearer=wearer, at_s=1.0, alert_id=alert, probability=0.9, reasons=(), policy="p")]
            )
        journal.append([SightRegained(wearer=WHO, at_s=4.0)])
    np.savez(here.learnt, wearers=np.array(["w-2", WHO]), usual=np.array([[2.0, 2.5], [7.0, 7.5]]))
    for folder, name in (
        ("rescored", f"20260101-{WHO}.json"),
        ("rescored", "20260101-w-2.json"),
        ("relearnt", f"{WHO}.npz"),
    ):
        (here.folder / folder).mkdir(exist_ok=True)
        wearer = WHO if WHO in name else "w-2"
        (here.folder / folder / name).write_text(json.dumps({"wearer": wearer}))
    for name, trained_on in (("night", ["w-2", WHO]), ("day", ["w-2"])):
        (here.folder / "models" / name).mkdir(parents=True)
        (here.folder / "models" / name / "manifest.json").write_text(json.dumps({"trained_on": trained_on}))
        (here.folder / "models" / name / "model.skops").write_bytes(b"weights")
    exported = {"alone": [WHO], "both": [WHO, "w-2"], "changed": [WHO], "gone": [WHO], "other": ["w-2"]}
    for name, wearers in exported.items():
        write_export(here, tmp_path / "exports" / name, wearers)
    (tmp_path / "exports" / "changed" / "notes.txt").write_text("by hand")
    remove_folder(tmp_path / "exports" / "gone", last=tmp_path / "exports" / "gone" / "export.json")
    Keys(here.folder / "exports.keys.json").of(WHO)
    eda = worn[55].packet.eda
    assert eda is not None
    assert isinstance(eda.values, bytes)
    return [eda.values, b"junk-of-marker", b"nothing-else-of-marker"]


def write_export(here: Installation, folder: Path, wearers: list[str]) -> None:
    """An export as far as an erasure looks at it: a file, a manifest, and a line in the record."""
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "eda.csv").write_text("1,2\n")
    files = [{"path": "deep/eda.csv", "sha256": sha256(folder / "deep" / "eda.csv")}]
    (folder / "export.json").write_text(json.dumps({"files": files}))
    said = {"path": str(folder), "sha256": sha256(folder / "export.json"), "wearers": wearers}
    add_line(here.folder / "exports.jsonl", said)


def held(here: Installation, words: tuple[bytes, ...]) -> list[str]:
    """Which words are in which files below the folder, the databases' logs included, or in their names."""
    found = []
    for path in sorted(each for each in here.folder.rglob("*") if each.is_file()):
        raw = path.read_bytes()
        found += [f"{path.name}: {word!r}" for word in words if word in raw or word in path.name.encode()]
    return found


@pytest.fixture
def erasure(here: Installation, registry: Registry, store: Store, lived: list[bytes]) -> Iterator[Erasure]:
    with closing(Journal(here.journal)) as journal:
        yield Erasure(here, registry, store, by="test", journal=journal)


def test_not_a_byte_of_them_is_left_in_any_file(here: Installation, erasure: Erasure, lived: list[bytes]) -> None:
    words = (*(word.encode() for word in WORDS), *lived)
    kinds = {line.split(": ")[1] for line in held(here, words)}
    assert kinds == {repr(word) for word in words}
    erasure.erase(erasure.look(WHO), NOW_S)
    assert held(here, words) == []


def test_what_goes_is_told_first_and_that_goes(erasure: Erasure, lived: list[bytes]) -> None:
    listed = erasure.look(WHO)
    assert listed.counts == {
        "packets": 100,
        "samples": 400,
        "model": 1,
        "learnt": 1,
        "scored anew": 2,
        "journal lines": 2,
        "export": 2,
        "export key": 1,
        "registry rows": 9,
    }
    assert listed.stay == {"export": 2}
    receipt = json.loads(erasure.erase(listed, NOW_S).read_text())
    assert (receipt["deleted"], receipt["not_deleted"]) == (listed.counts, listed.stay)
    with pytest.raises(KeepingError, match="nobody is known"):
        erasure.look(WHO)


def test_the_others_lose_nothing(
    here: Installation, erasure: Erasure, registry: Registry, store: Store, tmp_path: Path
) -> None:
    before = [received for received in store.packets("b-1") if received.received_s > NOW_S - 49.6]
    strangers = [received for received in store.packets("b-1") if received.received_s < NOW_S - 100]
    erasure.erase(erasure.look(WHO), NOW_S)
    assert [each.packet for each in store.packets("b-1")] == [each.packet for each in strangers + before]
    assert store.check() == []
    assert (registry.verify_audit(), registry.wearers()) == ([], ["w-1", "w-2"])
    with np.load(here.learnt) as learnt:
        assert {name: learnt[name].tolist() for name in learnt.files} == {"wearers": ["w-2"], "usual": [[2.0, 2.5]]}
    assert [line["wearer"] for line in lines_of(here.journal)] == ["w-2"]
    assert sorted(path.name for path in (tmp_path / "exports").iterdir()) == ["both", "changed", "other"]
    assert [line["wearers"] for line in lines_of(here.folder / "exports.jsonl")] == [["w-2"], ["w-2"]]
    assert [path.name for path in (here.folder / "rescored").iterdir()] == ["20260101-w-2.json"]


def test_models_trained_on_them_are_withdrawn_and_queued(here: Installation, erasure: Erasure) -> None:
    erasure.erase(erasure.look(WHO), NOW_S)
    models = here.folder / "models"
    assert sorted(each.parent.name for each in models.glob("*/manifest.json")) == ["day"]
    (aside,) = (models / "withdrawn").iterdir()
    assert json.loads((aside / "manifest.json").read_text()) == {"trained_on": ["w-2"]}
    assert (aside / "model.skops").read_bytes() == b"weights"
    assert "erased" in (aside / "WITHDRAWN.txt").read_text()
    assert [line["model"] for line in lines_of(models / "retrain.jsonl")] == ["night"]


def test_the_receipt_can_be_matched_with_the_audit_and_names_nobody(
    here: Installation, erasure: Erasure, registry: Registry
) -> None:
    subject = registry.audit_entries(WHO)[0].subject
    path = erasure.erase(erasure.look(WHO), NOW_S)
    receipt = json.loads(path.read_text())
    assert receipt["subject"] == subject
    assert path.name == f"erasure-2027-01-15-{subject[:12]}.json"
    assert receipt["audit_head"]["digest"] == registry.audit_head().digest
    assert (registry.audit_entries()[-1].action, registry.audit_entries()[-1].subject) == ("erase", subject)
    assert not [word for word in WORDS if word in path.read_text()]


STEPS = ["Models", "Learnt", "Files", "Exports", "ExportKey", "Backups", "Alerts", "Derived", "Readings"]


@pytest.mark.parametrize("cut", [*STEPS, "registry", "wipe", "receipt"])
def test_cut_off_anywhere_doing_it_again_finishes_it(
    here: Installation,
    erasure: Erasure,
    registry: Registry,
    lived: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
    cut: str,
) -> None:
    listed = erasure.look(WHO)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        if cut in STEPS:
            rooms = {"exports": ("Exports", "ExportKey"), "erasure": ("Alerts", "Derived", "Readings")}
            room = next((room for room, names in rooms.items() if cut in names), "parts")
            dying.setattr(f"forecalm.erasure.{room}.{cut}.erase", die)
        elif cut == "receipt":
            dying.setattr(erasure, "_receipt", die)
        else:
            dying.setattr(registry, "erase_wearer" if cut == "registry" else "wipe", die)
        with pytest.raises(KeyboardInterrupt):
            erasure.erase(listed, NOW_S)
    assert pending(here) == WHO
    with pytest.raises(KeepingError, match="finish it first"):
        erasure.erase(erasure.look("w-2"), NOW_S)
    again = json.loads(erasure.erase(erasure.look(WHO), NOW_S).read_text())
    assert again["deleted"] == listed.counts
    assert pending(here) is None
    assert held(here, (*(word.encode() for word in WORDS), *lived)) == []


def test_while_a_service_runs_it_is_refused_with_how_long_it_takes(here: Installation, lived: list[bytes]) -> None:
    with closing(here.open_registry()) as registry, closing(here.open_store()) as store:
        listed = Erasure(here, registry, store, by="test").look(WHO)
        with closing(Journal(here.journal)), pytest.raises(KeepingError, match=r"stop it first.*about 10 s"):
            hold(here, listed)


def test_the_command_lists_asks_and_prints_the_receipt(
    here: Installation, lived: list[bytes], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(here.folder))
    assert main(["erase", WHO, "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert not told["erased"]
    assert {trace["kind"] for trace in told["traces"]} >= {"packets", "registry rows", "model", "export"}
    monkeypatch.setattr("sys.stdin.readline", lambda: "w-2\n", raising=False)
    assert main(["erase", WHO]) == 1
    assert "Nothing is erased" in capsys.readouterr().err
    assert main(["erase", WHO, "--yes", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["erased"]
    assert Path(said["receipt"]).is_file()
    assert main(["erase", WHO, "--yes"]) == 2
    assert "nobody is known" in capsys.readouterr().err


def test_retention_and_the_audit_from_the_command_line(
    here: Installation, registry: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(here.folder))
    registry.add_wearer("w-3", "Of no site yet", by="test")
    assert main(["retention", "home", "30"]) == 0
    assert "3 wearers of home are kept for 30 days" in capsys.readouterr().out
    assert registry.site_of()["w-3"] == "home"
    assert registry.sites()[0].readings_days == 30
    assert main(["retention", "home", "none", "--json"]) == 0
    assert registry.sites()[0].readings_days is None
    assert main(["retention", "nowhere", "9"]) == 2
    assert main(["audit", "verify"]) == 0
    witness = capsys.readouterr().out.splitlines()[-1]
    assert main(["audit", "verify", "--witness", witness, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["whole"]
    number = witness.partition(":")[0]
    assert main(["audit", "verify", "--witness", f"{number}:{'0' * 64}"]) == 1
    assert "not the one that was witnessed" in capsys.readouterr().out


def test_a_service_that_starts_after_an_erasure_was_cut_off_says_so_and_keeps_nothing_more_of_them(
    here: Installation, erasure: Erasure, registry: Registry, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(registry, "erase_wearer", die)
        with pytest.raises(KeyboardInterrupt):
            erasure.erase(erasure.look(WHO), NOW_S)
    assert registry.admissions().admit("b-1", NOW_S - 60).verdict is Verdict.DROP
    with pytest.raises(JournalError), Service(here.config):  # the journal is held; it was said before
        pass
    assert "an erasure was cut off" in caplog.text
    assert WHO not in caplog.text
