"""A folder as the previous release left it: a service of today opens it, and nothing of it is lost."""

import base64
import json
import urllib.request
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from alerts.views import RiskState
from forecalm.backup import back_up
from forecalm.build import Service
from forecalm.config import Config, ConsoleSection, MqttSection
from forecalm.installation import Installation
from forecalm.restore import restore
from ingest.registry.registry import Registry
from ingest.store.protocol import Run, Store
from ingest.wire import unpack
from tests.accounts import asked
from tests.servers import free_port

GOLDEN = Path(__file__).parents[1] / "golden_0_1"
UTC_S = 1_790_000_000.0


@pytest.fixture
def old(tmp_path: Path) -> Installation:
    """The folder of release 0.1.0 that ``golden_0_1/make.py`` wrote."""
    with zipfile.ZipFile(GOLDEN / "var.zip") as var:
        var.extractall(tmp_path / "var")
    ports = MqttSection(port=free_port()), ConsoleSection(port=free_port())
    return Installation(Config(data=str(tmp_path / "var"), mqtt=ports[0], console=ports[1]))


def is_whole(store: Store, registry: Registry) -> None:
    """Every packet with its mapping, arrival and bytes; every handled number; every person and assignment."""
    found = [r for band in ("band-01", "band-02") for r in store.packets(band)]
    sent = json.loads((GOLDEN / "holds.json").read_text())
    assert [[r.packet.band, r.packet.boot, r.packet.seq, r.offset_s, r.received_s] for r in found] == [
        each[:5] for each in sent
    ]
    assert [r.packet for r in found] == [unpack(base64.b64decode(each[5])) for each in sent]
    assert store.watermark("band-01", 7) == Run(0, 11)  # 5 is in quarantine
    assert store.watermark("band-01", 8) == Run(0, 4)
    assert [(refusal.reason, refusal.payload) for refusal in store.quarantined(9)] == [
        ("not a packet", b"junk"),
        ("values: infinite", b"odd"),
    ]
    assert store.check() == []
    assert registry.names() == {"w-01": "Ann Example", "w-02": "Bo Example"}
    assert registry.carers() == ["Jo", "Kim"]
    assert [registry.wearer_of("band-01", UTC_S + at_s) for at_s in (-61, -60, 59, 60)] == [
        None,
        "w-01",
        "w-01",
        "w-02",
    ]
    assert registry.wearer_of("band-02", UTC_S + 60) == "w-01"
    assert registry.verify_audit() == []


def test_nothing_is_lost_and_everybody_is_watched_on(old: Installation) -> None:
    identity = (old.folder / "identity").read_text()
    journal = old.journal.read_bytes()
    with Service(old.config) as service:
        assert service.works()
        states = {view.wearer: view.risk for view in service.desk.views()}
        assert states == {"w-01": RiskState.ACKNOWLEDGED, "w-02": RiskState.WATCHING}
        with urllib.request.urlopen(asked(old.config, service.address)) as page:
            assert "Ann Example" in page.read().decode()
    assert (old.folder / "identity").read_text() == identity
    assert old.journal.read_bytes().startswith(journal)
    with closing(old.open_store()) as store, closing(old.open_registry()) as registry:
        is_whole(store, registry)
        assert all(each.to_confirm for each in registry.consents())
        assert registry.claims()["band-01"].covered[0][0] == UTC_S - 60


def test_it_can_be_copied_and_brought_back(old: Installation, tmp_path: Path) -> None:
    with closing(old.open_store()) as store, closing(old.open_registry()) as registry:
        back_up(old, tmp_path / "copy", registry=registry, store=store, now_s=UTC_S)
    again = Installation(Config(data=str(tmp_path / "again")))
    assert restore(again, tmp_path / "copy", by="test").counts["packets"] == 33
    with closing(again.open_store()) as store, closing(again.open_registry()) as registry:
        is_whole(store, registry)
    assert again.journal.read_bytes() == old.journal.read_bytes()
