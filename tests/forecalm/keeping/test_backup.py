"""The restore drill: loaded, copied under writes, wrecked, brought back; and everything that must be refused."""

import json
import shutil
import threading
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from alerts.journal import Journal
from alerts.situation_events import SightRegained
from console.access.access import Credentials
from console.access.asker import NOBODY
from console.access.cookies import SESSION, TABLET, Cookies
from console.access.doorkeeper import Doorkeeper
from forecalm.backup import Copied, back_up
from forecalm.build import Service
from forecalm.cli import main
from forecalm.config import Config, ConsoleSection, MqttSection
from forecalm.erasure.erasure import Erasure
from forecalm.installation import Installation
from forecalm.keeping.errors import KeepingError
from forecalm.keeping.files import add_line
from forecalm.restore import restore
from ingest.received import Received
from ingest.registry.accounts import Granted
from ingest.registry.registry import Registry
from ingest.store.protocol import Store
from tests.accounts import asked
from tests.servers import free_port, until

Pack = Callable[..., Received]
NOW_S = 1_800_000_000.0


@pytest.fixture
def lived(here: Installation, registry: Registry, store: Store, pack: Pack) -> None:
    registry.assign("b-1", "w-1", NOW_S - 9_000, by="test")
    store.commit([pack("b-1", NOW_S - 900 + i) for i in range(600)])
    store.settle(NOW_S, everything=True)
    store.commit([pack("b-1", NOW_S - 300 + i) for i in range(100)])
    store.quarantine("forecalm/v1/home/band/b-1/data", b"junk", "junk", NOW_S)
    with closing(Journal(here.journal)) as journal:
        journal.append([SightRegained(wearer="w-1", at_s=4.0)])
    np.savez(here.learnt, wearers=np.array(["w-1"]), usual=np.array([[2.0]]))
    here.identity()
    (here.folder / "models" / "night").mkdir(parents=True)
    (here.folder / "models" / "night" / "manifest.json").write_text('{"trained_on": ["w-1"]}')


@pytest.fixture
def copied(here: Installation, registry: Registry, store: Store, lived: None, tmp_path: Path) -> Copied:
    return back_up(here, tmp_path / "copy", registry=registry, store=store, now_s=NOW_S)


@pytest.fixture
def there(tmp_path: Path) -> Installation:
    """Where it is brought back."""
    ports = MqttSection(port=free_port()), ConsoleSection(port=free_port())
    return Installation(Config(data=str(tmp_path / "again"), mqtt=ports[0], console=ports[1]))


def test_the_drill_everything_up_to_the_copy_is_there_after_the_original_is_wrecked(
    here: Installation, there: Installation, registry: Registry, store: Store, lived: None, pack: Pack, tmp_path: Path
) -> None:
    before = list(store.packets("b-1"))
    stop, written = threading.Event(), []

    def write() -> None:
        for i in range(100_000):
            store.commit([pack("b-2", NOW_S - 100 + i / 100, seq=i)])
            written.append(i)
            if stop.is_set():
                return

    writer = threading.Thread(target=write)
    with closing(Journal(here.journal)) as journal:  # as a service holds it
        writer.start()
        try:
            until(lambda: len(written) >= 5)
            at_least = len(written)
            copied = back_up(here, tmp_path / "copy", registry=registry, store=store, now_s=NOW_S)
        finally:
            stop.set()
            writer.join()
        journal.append([SightRegained(wearer="w-2", at_s=9.0)])
    registry.close()
    store.close()
    for path in here.folder.iterdir():
        if path.is_file():
            path.write_bytes(b"wrecked")
    restored = restore(there, tmp_path / "copy", by="test")
    assert restored.counts == copied.counts
    with closing(there.open_store()) as again, closing(there.open_registry()) as people:
        assert list(again.packets("b-1")) == before
        assert [received.packet.seq for received in again.packets("b-2")][:at_least] == list(range(at_least))
        assert (again.check(), again.counts().quarantined) == ([], 1)
        assert people.wearer_of("b-1", NOW_S) == "w-1"
        assert people.verify_audit() == []
        assert people.audit_entries()[-1].action == "restore"
    for name in ("learnt.npz", "identity", "models/night/manifest.json"):
        assert (there.folder / name).read_bytes() == (tmp_path / "copy" / name).read_bytes()
    assert b"w-2" not in there.journal.read_bytes()
    with Service(there.config) as service, urllib.request.urlopen(asked(there.config, service.address)) as page:
        assert service.works()
        assert "Name w-1" in page.read().decode()


def test_a_copy_is_for_its_owner_alone_and_known_to_the_installation(here: Installation, copied: Copied) -> None:
    assert {path.stat().st_mode & 0o077 for path in copied.path.rglob("*")} == {0}
    (line,) = (here.folder / "backups.jsonl").read_text().splitlines()
    assert json.loads(line)["path"] == str(copied.path)
    assert "manifest.json" in {path.name for path in copied.path.iterdir()}
    assert not [path for path in copied.path.iterdir() if path.name.startswith("backups") or "wal" in path.name]


def damage_readings(copy: Path) -> None:
    data = bytearray((copy / "readings.sqlite").read_bytes())
    data[len(data) // 2] ^= 1
    (copy / "readings.sqlite").write_bytes(data)


def forge_counts(copy: Path) -> None:
    said = json.loads((copy / "manifest.json").read_text())
    said["counts"]["packets"] += 1
    (copy / "manifest.json").write_text(json.dumps(said))


def forge_audit(copy: Path) -> None:
    said = json.loads((copy / "manifest.json").read_text())
    said["audit_head"]["digest"] = "0" * 64
    (copy / "manifest.json").write_text(json.dumps(said))


def lead_out(copy: Path) -> None:
    said = json.loads((copy / "manifest.json").read_text())
    said["files"]["../../stolen"] = said["files"]["identity"]
    (copy / "manifest.json").write_text(json.dumps(said))


@pytest.mark.parametrize(
    ("wreck", "says"),
    [
        (damage_readings, "readings.sqlite: is not what was copied"),
        (forge_counts, "the manifest says"),
        (forge_audit, "audit of this back-up"),
        (lead_out, "leads out"),
        (lambda copy: (copy / "journal.jsonl").unlink(), "journal.jsonl: is missing"),
        (lambda copy: (copy / "manifest.json").unlink(), "it is no back-up"),
        (lambda copy: (copy / "manifest.json").write_text("{}"), "is not the manifest"),
        (lambda copy: (copy / "manifest.json").write_text('{"forecalm": "backup", "format": 2}'), "newer"),
        (lambda copy: (copy / "notes.txt").write_text("hm"), "notes.txt: is not in the manifest"),
    ],
)
def test_a_damaged_copy_is_refused_and_nothing_is_left_of_it(
    there: Installation, copied: Copied, wreck: Callable[[Path], object], says: str
) -> None:
    wreck(copied.path)
    with pytest.raises(KeepingError, match=says):
        restore(there, copied.path, by="test")
    assert list(there.folder.iterdir()) == []


def test_nothing_is_ever_overwritten(
    here: Installation, there: Installation, copied: Copied, registry: Registry, store: Store, tmp_path: Path
) -> None:
    with pytest.raises(KeepingError, match="is not empty"):
        restore(here, copied.path, by="test")
    for folder, says in ((copied.path, "nothing is overwritten"), (here.folder / "copy", "lies in the folder")):
        with pytest.raises(KeepingError, match=says):
            back_up(here, folder, registry=registry, store=store, now_s=NOW_S)
    assert not list(tmp_path.glob(".*"))


def test_a_restore_that_was_cut_off_begins_again(there: Installation, copied: Copied) -> None:
    (there.folder / "restoring").mkdir()
    (there.folder / "restoring" / "half").write_text("half")
    restore(there, copied.path, by="test")
    assert not (there.folder / "restoring").exists()


def test_whoever_was_erased_since_is_told_by_the_receipt(
    here: Installation, there: Installation, copied: Copied, registry: Registry, store: Store
) -> None:
    with closing(Journal(here.journal)) as journal:
        erasure = Erasure(here, registry, store, by="test", journal=journal)
        listed = erasure.look("w-1")
        assert [trace.what for trace in listed.traces if trace.kind == "backup"] == [str(copied.path)]
        receipt = erasure.erase(listed, NOW_S)
    assert copied.path.exists()
    assert restore(there, copied.path, by="test", receipts=receipt.parent).erase_again == ("w-1",)


def test_an_installation_that_was_brought_back_knows_the_copy_it_came_from(there: Installation, copied: Copied) -> None:
    restore(there, copied.path, by="test")
    with closing(there.open_registry()) as people, closing(there.open_store()) as readings:
        listed = Erasure(there, people, readings, by="test").look("w-1")
    assert [trace.what for trace in listed.traces if trace.kind == "backup"] == [str(copied.path)]


def test_copies_that_hold_somebody_are_deleted_where_that_is_asked_for_and_others_stay(
    here: Installation, copied: Copied, registry: Registry, store: Store, tmp_path: Path
) -> None:
    registry.add_wearer("w-9", "Late", by="test")
    later = back_up(here, tmp_path / "later", registry=registry, store=store, now_s=NOW_S)
    shutil.copytree(later.path, tmp_path / "later copied by hand")
    add_line(here.folder / "backups.jsonl", {"path": str(tmp_path / "gone")})
    with closing(Journal(here.journal)) as journal:
        erasure = Erasure(here, registry, store, by="test", backups=True, journal=journal)
        erasure.erase(erasure.look("w-9"), NOW_S)
    assert [path.exists() for path in (copied.path, later.path)] == [True, False]
    assert (here.folder / "backups.jsonl").read_text().count("\n") == 2


def test_the_commands_say_what_was_done(
    here: Installation, lived: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(here.folder))
    assert main(["backup", str(tmp_path / "copy")]) == 0
    assert "700 packets" in capsys.readouterr().out
    assert main(["backup", str(tmp_path / "second"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["packets"] == 700
    assert main(["restore", str(tmp_path / "copy")]) == 2
    assert "is not empty" in capsys.readouterr().err
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path / "again"))
    assert main(["restore", str(tmp_path / "copy")]) == 0
    said = capsys.readouterr().out
    assert "Every byte is proved" in said
    assert "Enrol the tablets" in said


def test_a_folder_that_is_not_there_is_not_taken_for_a_broken_back_up(there: Installation, tmp_path: Path) -> None:
    with pytest.raises(KeepingError, match="there is no such folder"):
        restore(there, tmp_path / "mistyped", by="Ada")


def test_a_back_up_brings_nobody_back_in(
    here: Installation, there: Installation, registry: Registry, store: Store, lived: None, tmp_path: Path
) -> None:
    """Whoever was signed out, or revoked, since the copy was made would be in again; a stolen copy holds no key."""
    kim = registry.add_account("Kim", [Granted("administrator", "*")], by="test").id
    registry.set_password(kim, "hash", by="test")
    session, _ = registry.begin_sign_in(kim, by="Kim")
    tablet, _ = registry.enrol_tablet("Kitchen", site="home", shows_names=True, by="test")
    until_s = registry.accounts()[0].since_s + 86_400
    token, _ = registry.add_token("Grafana", role="monitor", site="*", until_s=until_s, by="test")
    link, _ = registry.reset(kim, by="test")
    qr, _ = registry.invite_tablet("home", name="Hall", shows_names=False, by="test")
    back_up(here, tmp_path / "copy", registry=registry, store=store, now_s=NOW_S)
    restored = restore(there, tmp_path / "copy", by="Ada")
    assert restored.ended == {"sessions": 1, "tablets": 1, "tokens": 1, "links": 2}
    with closing(Registry(f"sqlite:///{there.registry}", clock=lambda: NOW_S + 1)) as again:
        known = again.ways_in()
        assert (known.sign_ins, known.tablets, known.tokens) == ((), (), ())
        assert [each.name for each in known.accounts] == ["Kim"]
        assert (again.link(link), again.link(qr)) == (None, None)
        assert [entry.actor for entry in again.audit_entries(action="end every way in")] == ["Ada"]
        assert again.verify_audit() == []
        keeper = Doorkeeper(again, secret=b"s" * 32, cookies=Cookies(False), clock=lambda: NOW_S + 1)
        keeper.look()
        for shown in (
            Credentials({SESSION: session}),
            Credentials({TABLET: tablet}),
            Credentials({}, f"Bearer {token}"),
        ):
            assert keeper.asker(shown, NOW_S + 1) is NOBODY
