"""Erasures that are planned on a page, and made at the next start of the service."""

import argparse
import json
import signal
import threading
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from forecalm.build import Service
from forecalm.commands.running import serve
from forecalm.config import Config, ConsoleSection, MqttSection
from forecalm.erasure import planned
from forecalm.installation import Installation
from forecalm.offices.erasing import Erasures
from ingest.errors import RegistryError
from tests.servers import free_port, until

NOW_S = 1_763_562_728.0


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    here = Installation(Config(data=str(tmp_path)))
    with closing(here.open_registry()) as registry:
        registry.add_wearer("w1", "Bea", by="Helen")
        registry.add_wearer("w2", "Aidan", by="Helen")
    return here


def test_somebody_who_was_planned_is_gone_before_the_service_starts_and_a_receipt_stays(here: Installation) -> None:
    asked: list[bool] = []
    with closing(here.open_registry()) as registry:
        erasures = Erasures(here, registry, again=lambda: asked.append(True), clock=lambda: NOW_S)
        until(lambda: erasures.look("w1").traces is not None)
        assert {trace.kind for trace in erasures.look("w1").traces or ()} == {"registry rows"}
        erasures.plan("w1", by="Helen")
        assert asked
        assert erasures.planned() == "w1"
        assert registry.audit_entries("w1")[-1].action == "plan erasure"
    receipt = planned.carry_out(here, NOW_S)
    assert receipt is not None
    with closing(here.open_registry()) as registry:
        assert registry.wearers() == ["w2"]
        erasures = Erasures(here, registry, again=lambda: None, clock=lambda: NOW_S)
        assert [each.name for each in erasures.receipts()] == [receipt.name]
        assert json.loads(erasures.receipt(receipt.name))["by"] == "Helen"
        assert erasures.planned() == ""
    assert "w1" not in "".join(path.name for path in here.folder.rglob("*"))
    assert not (here.folder / planned.PLAN).exists()


def test_an_erasure_that_fails_lets_the_service_start_and_is_told_and_tried_again(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned.plan(here, "w1", by="Helen")

    def broken(*_: object, **__: object) -> None:
        raise OSError("the disk")

    with monkeypatch.context() as patch:
        patch.setattr("forecalm.erasure.planned.hold", broken)
        assert planned.carry_out(here, NOW_S) is None
    assert "OSError" in planned.failed(here)
    assert planned.planned(here) == "w1"
    assert planned.carry_out(here, NOW_S) is not None
    assert planned.failed(here) == ""


def test_two_people_are_not_planned_at_once_and_nobody_is_planned_for_ever(here: Installation) -> None:
    planned.plan(here, "w1", by="Helen")
    with pytest.raises(RegistryError, match="w1 is to be finished first"):
        planned.plan(here, "w2", by="Sam")
    with closing(here.open_registry()) as registry:
        registry.erase_wearer("w1", by="somebody else")
    assert planned.carry_out(here, NOW_S) is None
    assert planned.planned(here) == ""


def test_only_receipts_are_handed_out(here: Installation) -> None:
    with closing(here.open_registry()) as registry:
        erasures = Erasures(here, registry, again=lambda: None, clock=lambda: NOW_S)
        for name in ("../secret", "secret", "..", "erasure-2025-01-01-0123456789ab.json\n"):
            with pytest.raises(LookupError):
                erasures.receipt(name)


def test_a_service_that_starts_erases_first_and_answers_with_the_pages_of_administrators(tmp_path: Path) -> None:
    config = Config(
        data=str(tmp_path), console=ConsoleSection(port=free_port()), mqtt=MqttSection(port=free_port(), username="u")
    )
    here = Installation(config)
    with closing(here.open_registry()) as registry:
        registry.add_wearer("w1", "Bea", by="Helen")
    planned.plan(here, "w1", by="Helen")
    with Service(config) as service:
        with closing(here.open_registry()) as registry:
            assert registry.wearers() == []
        request = urllib.request.Request(f"{service.address}admin/receipts", headers={"Accept": "application/json"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        refused.value.close()
        assert refused.value.code == 401


def test_serve_begins_again_where_somebody_is_to_be_erased_and_ends_when_it_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun: list[str] = []

    class Told:
        address, set_up = "http://127.0.0.1/", ""

        def __init__(self, config: object) -> None:
            self.again = threading.Event()

        def __enter__(self) -> "Told":
            begun.append("begun")
            if len(begun) == 1:
                self.again.set()
            return self

        def __exit__(self, *_: object) -> None:
            begun.append("ended")

        def works(self) -> bool:
            return False  # the second time something has stopped working, and serve ends

    monkeypatch.setattr("forecalm.build.Service", Told)
    before = {kind: signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        code = serve(argparse.Namespace(config=None))
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
    assert begun == ["begun", "ended", "begun", "ended"]
    assert code == 1
    assert "Somebody is erased first" in capsys.readouterr().err
