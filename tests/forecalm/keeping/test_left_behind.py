"""What a crash, or a disk that is away, leaves behind is known to an erasure."""

from collections.abc import Callable
from pathlib import Path

import pytest

from forecalm.backup import back_up
from forecalm.erasure.erasure import Erasure
from forecalm.installation import Installation
from forecalm.keeping.errors import KeepingError
from forecalm.keeping.files import lines_of
from ingest.exports.deidentify import Keys
from ingest.received import Received
from ingest.registry.registry import Registry
from ingest.store.protocol import Store

NOW_S = 1_800_000_000.0


@pytest.fixture
def kept(here: Installation, registry: Registry, store: Store, pack: Callable[..., Received]) -> Installation:
    registry.correct_assignment("b-1", "w-1", since_s=NOW_S - 100, until_s=None, by="test")
    store.commit([pack("b-1", NOW_S - 50)])
    return here


def test_a_back_up_that_was_killed_goes_with_whoever_is_in_it(
    kept: Installation, registry: Registry, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr("forecalm.backup.shutil.rmtree", lambda *_, **__: None)
        killed.setattr("forecalm.backup._manifest", _die)
        with pytest.raises(KeyboardInterrupt):
            back_up(kept, tmp_path / "disk" / "copy", registry=registry, store=store, now_s=NOW_S)
    (left,) = (tmp_path / "disk").iterdir()
    assert b"Name w-1" in (left / "registry.sqlite").read_bytes()
    erasure = Erasure(kept, registry, store, by="test")
    listed = erasure.look("w-1")
    assert listed.counts["backup"] == 1
    erasure.erase(listed, NOW_S)
    assert not left.exists()
    assert (kept.folder / "backups.jsonl").read_bytes() == b""


def test_a_back_up_on_a_disk_that_is_away_is_told_and_stays_on_record(
    kept: Installation, registry: Registry, store: Store, tmp_path: Path
) -> None:
    back_up(kept, tmp_path / "disk" / "copy", registry=registry, store=store, now_s=NOW_S)
    (tmp_path / "disk").rename(tmp_path / "unplugged")
    erasure = Erasure(kept, registry, store, by="test", backups=True)
    listed = erasure.look("w-1")
    assert listed.stay == {"backup": 1}
    erasure.erase(listed, NOW_S)
    (tmp_path / "unplugged").rename(tmp_path / "disk")
    assert str(tmp_path / "disk" / "copy") in (kept.folder / "backups.jsonl").read_text()


@pytest.mark.parametrize("torn", [b"", b"{to", b"[]", b"\xff"])
def test_a_file_that_cannot_be_read_stops_no_erasure(
    kept: Installation, registry: Registry, store: Store, torn: bytes
) -> None:
    (kept.folder / "rescored").mkdir()
    (kept.folder / "rescored" / "20270101-x.json").write_bytes(torn)
    erasure = Erasure(kept, registry, store, by="test")
    erasure.erase(erasure.look("w-1"), NOW_S)
    assert list((kept.folder / "rescored").iterdir()) == []


@pytest.mark.parametrize("torn", ["", '{"w-1": ["p0"', "null", '["w-1"]'])
def test_keys_that_cannot_be_read_are_told_with_what_to_do_before_anything_is_erased(
    kept: Installation, registry: Registry, store: Store, torn: str
) -> None:
    path = kept.folder / "exports.keys.json"
    path.write_text(torn)
    erasure = Erasure(kept, registry, store, by="test")
    with pytest.raises(KeepingError, match=r"exports\.keys\.json: cannot be read.*back-up, or delete it"):
        erasure.look("w-1")
    path.unlink()
    erasure.erase(erasure.look("w-1"), NOW_S)
    assert "w-1" not in registry.wearers()


@pytest.mark.parametrize(
    "said", ["", "{", "[]", '{"trained_on": null}', '{"trained_on": "w-1, w-2"}', '{"trained_on": ["w-2", 1]}']
)
def test_a_model_whose_manifest_cannot_be_understood_counts_as_theirs_and_is_told_until_it_is_deleted(
    kept: Installation, registry: Registry, store: Store, said: str
) -> None:
    model = kept.folder / "models" / "night"
    model.mkdir(parents=True)
    (model / "manifest.json").write_text(said)
    erasure = Erasure(kept, registry, store, by="test")
    listed = erasure.look("w-1")
    assert [trace.what for trace in listed.traces if trace.kind == "model"] == [
        f"{model}: its manifest does not say on whom it was trained, it may be them; withdrawn, to be trained anew"
    ]
    erasure.erase(listed, NOW_S)
    (aside,) = (kept.folder / "models" / "withdrawn").iterdir()
    assert not model.exists()
    assert b"w-1" not in (aside / "manifest.json").read_bytes()
    assert [line["model"] for line in lines_of(kept.folder / "models" / "retrain.jsonl")] == ["night"]
    listed = erasure.look("w-2")
    assert listed.stay == {"model": 1}
    erasure.erase(listed, NOW_S)
    assert len(list(lines_of(kept.folder / "models" / "retrain.jsonl"))) == 1


def test_a_model_of_somebody_whose_name_begins_alike_stays(
    kept: Installation, registry: Registry, store: Store
) -> None:
    model = kept.folder / "models" / "night"
    model.mkdir(parents=True)
    (model / "manifest.json").write_text('{"trained_on": ["w-10"]}')
    erasure = Erasure(kept, registry, store, by="test")
    erasure.erase(erasure.look("w-1"), NOW_S)
    assert (model / "manifest.json").read_text() == '{"trained_on": ["w-10"]}'


def test_keys_that_a_crash_left_half_written_go_with_a_key(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "exports.keys.json")
    keys.of("w-1")
    (tmp_path / ".exports.keys.json.0badcafe").write_text('{"w-1": ["p0", 9]}')
    assert keys.forget("w-1")
    assert [path.name for path in tmp_path.iterdir()] == ["exports.keys.json"]


def _die(*_: object) -> None:
    raise KeyboardInterrupt
