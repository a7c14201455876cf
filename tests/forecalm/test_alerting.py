"""The whole service with somebody who needs a carer: who is told, by what, until when; across restarts."""

import os
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from alerts.delivery.events import DeliveryBegun, DeliveryEnded
from alerts.delivery.matter import Kind, Matter, Priority
from alerts.delivery.proof import PUSH
from alerts.duty.notices import is_of_duty
from alerts.errors import JournalError
from alerts.journal import Journal, read
from alerts.patient_log import PATIENCE_S, PatientLog
from alerts.protection.cover import Level, Link
from alerts.situation_events import AlertAcknowledged, AlertRaised
from forecalm.alerting.site import Said
from forecalm.build import Service
from forecalm.config import Config, ConsoleSection, MqttSection, SiteSection
from forecalm.installation import Installation
from ingest.registry.accounts import Granted
from ingest.registry.consents import Consent, Scope
from tests.accounts import sealed
from tests.ingest.registry.test_care import AUTH, P256DH
from tests.receivers import HttpReceiver
from tests.servers import LONG_S, free_port, until

pytestmark = pytest.mark.long

ALERT = "w-01-1700000000-1"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A house with one person, nobody on shift, and no broker: delivery must not need one. A disk that is slow, because
    other tests write to it, does not count as one that hangs."""
    monkeypatch.setitem(PatientLog.__init__.__kwdefaults__, "patience_s", LONG_S)
    config = Config(
        data=str(tmp_path / "var"),
        site=SiteSection(place="Alder House"),
        mqtt=MqttSection(port=free_port()),
        console=ConsoleSection(port=free_port(), url="http://127.0.0.1:8420"),
    )
    registry = Installation(config).open_registry()
    consent = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
    registry.pair(band="band-01", wearer="w-01", since_s=0.0, name="Bea", carers=["Jo"], consent=consent, by="test")
    registry.close()
    return config


@pytest.fixture
def phone() -> Iterator[HttpReceiver]:
    """Sam's."""
    with HttpReceiver() as phone:
        yield phone


def go_by(config: Config, rules: str) -> None:
    registry = Installation(config).open_registry()
    registry.set_alerting_rules(config.site.name, rules, by="test")
    registry.close()


def rules(phone: HttpReceiver) -> str:
    return f"""
[[contact]]
name = "Sam"
reach = {{ phone = "json://{phone.address}?cto=60&rto=60" }}
[[alert]]
after_s = 0
who = "on shift"
channel = "board"
[[alert]]
after_s = 0
who = "Sam"
channel = "phone"
"""


def leave_open(config: Config) -> None:
    """An alert that a service raised, and then died."""
    journal = Journal(Installation(config).journal)
    raised = AlertRaised(
        wearer="w-01", at_s=time.time(), alert_id=ALERT, probability=0.9, reasons=("Sweat rising.",), policy="p"
    )
    journal.append([raised])
    journal.close()


def said(address: str, path: str, **headers: str) -> str:
    request = urllib.request.Request(f"{address.rstrip('/')}{path}", headers=headers)
    with urllib.request.urlopen(request) as answer:
        return str(answer.read().decode())


def test_an_alert_that_a_crash_left_reaches_a_phone_and_is_taken_by_its_link(
    config: Config, phone: HttpReceiver
) -> None:
    go_by(config, rules(phone))
    leave_open(config)
    with Service(config) as service:
        (message,) = phone.wait_for(1)
        assert "Bea" not in message.what
        assert "Sweat" not in message.what
        assert "Alder House" in message.what
        link = f"/take/{message.what.partition('/take/')[2].split(chr(34))[0].split(chr(92))[0]}"
        assert "Bea" not in said(service.address, link)
        request = urllib.request.Request(service.address.rstrip("/") + link, data=b"", method="POST")
        urllib.request.urlopen(request).close()
        until(lambda: service.desk.views()[0].alert is not None and bool(service.desk.views()[0].alert.acknowledged_by))
        assert service.desk.views()[0].alert is not None
        until(lambda: len(phone.got) == 2, "Sam is not told that it is over")
        proof = service.alerting.dispatch.proof(ALERT)
        assert proof is not None
        assert proof.ended_by == "Sam"
    assert "Sam has it" in phone.got[1].what
    with Service(config) as service:
        until(lambda: bool(service.alerting.guard.covers()))
        assert service.alerting.dispatch.proofs() == ()
    assert len(phone.got) == 2


def test_an_alert_is_told_and_taken_while_the_disk_hangs_and_all_of_it_is_written_once(
    config: Config, phone: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PatientLog.__init__.__kwdefaults__, "patience_s", PATIENCE_S)
    go_by(config, rules(phone))
    leave_open(config)
    again = Matter(
        matter_id="t-1", kind=Kind.TEST, priority=Priority.HIGH, wearer="w-01", since_s=time.time(), words=("A.",)
    )
    goes = threading.Event()
    fsync = os.fsync

    def hangs(file: int) -> None:
        goes.wait(LONG_S)
        fsync(file)

    with Service(config) as service:
        phone.wait_for(1)
        until(lambda: service.alerting.dispatch.journal_fault is None)
        monkeypatch.setattr("alerts.journal.os.fsync", hangs)
        service.alerting.dispatch.tell(again)
        phone.wait_for(2)
        service.desk.acknowledge(ALERT, by="Jo", at_s=time.time())
        assert service.desk.journal_fault
        until(lambda: bool((proof := service.alerting.dispatch.proof(ALERT)) and proof.ended_by == "Jo"))
        with pytest.raises(JournalError):
            service.alerting.duty.begin("Jo", [], until_s=time.time() + 3600, by="Jo", at_s=time.time())
        goes.set()
        until(lambda: service.desk.journal_fault is None and service.alerting.dispatch.journal_fault is None)
    kept = read(Installation(config).journal)
    assert [event.by for event in kept if isinstance(event, AlertAcknowledged)] == ["Jo"]
    assert [event.matter_id for event in kept if isinstance(event, DeliveryEnded)].count(ALERT) == 1
    begun = [event.matter_id for event in kept if isinstance(event, DeliveryBegun)]
    assert [begun.count(each) for each in (ALERT, "t-1")] == [1, 1]


def test_with_no_band_heard_nobody_is_protected_and_rules_that_are_set_hold_unless_they_cannot_be_read(
    config: Config, phone: HttpReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    with Service(config) as service:
        covers = service.alerting.guard.covers
        until(lambda: "w-01" in covers() and covers()["w-01"].link in (Link.BAND, Link.BROKER))
        assert covers()["w-01"].level is Level.NOT
        assert "forecalm" in said(service.address, "/metrics", **sealed(config))
        go_by(config, rules(phone))
        until(lambda: bool(service.alerting.dispatch.rules.contact))
        held = service.alerting.dispatch.rules
        go_by(config, rules(phone).replace('"phone"\n', '"pigeon"\n'))
        until(lambda: "cannot be used" in caplog.text)
        assert service.alerting.dispatch.rules is held


@pytest.mark.parametrize("garbage", ["again_s = Sam", b"\xff\xfe", "a = " + "[" * 5000, 'alert = [{who = "Sam"}]'])
def test_a_start_with_rules_that_cannot_be_read_goes_by_the_newest_that_can(
    config: Config, phone: HttpReceiver, caplog: pytest.LogCaptureFixture, garbage: str | bytes
) -> None:
    go_by(config, rules(phone))
    go_by(config, rules(phone) + "# once more")
    with closing(sqlite3.connect(Installation(config).registry)) as file, file:
        file.execute("UPDATE alerting_rules SET text = ? WHERE id = (SELECT max(id) FROM alerting_rules)", (garbage,))
    registry = Installation(config).open_registry()
    said = Said(registry, config.site.name)
    assert said.refresh()
    assert said.rules.reachable("phone") == ("Sam",)
    assert not said.refresh()
    registry.close()
    assert "cannot be used" in caplog.text
    assert "Sam" not in caplog.text


def test_who_took_a_notice_and_whether_they_are_on_shift_is_known(config: Config) -> None:
    notice = Matter(
        matter_id="n-1", kind=Kind.PROTECTION, priority=Priority.MEDIUM, wearer="w-01", since_s=0.0, words=("A.",)
    )
    with Service(config) as service:
        alerting = service.alerting
        alerting.dispatch.tell(notice)
        until(lambda: alerting.dispatch.proof("n-1") is not None)
        assert alerting._who_took("n-1") is None
        alerting.dispatch.taken("n-1", "jo")
        taken = alerting._who_took("n-1")
        assert taken is not None
        assert (taken.by, taken.on_shift) == ("jo", False)
        now_s = time.time()
        alerting.duty.begin("Jo", [], until_s=now_s + 3600, by="Jo", at_s=now_s)
        taken = alerting._who_took("n-1")
        assert taken is not None
        assert taken.on_shift


def test_the_shift_of_an_account_that_is_ended_is_over_and_staff_are_told_that_nobody_has_them(config: Config) -> None:
    with closing(Installation(config).open_registry()) as registry:
        priya = registry.add_account("Priya", [Granted("carer", config.site.name)], by="test")
    with Service(config) as service:
        alerting, now_s = service.alerting, time.time()
        until(lambda: "w-01" in alerting.guard.covers())
        alerting.duty.begin("Priya", [], until_s=now_s + 3600, by="Priya", at_s=now_s)
        alerting.duty.begin("Jo", [], until_s=now_s + 3600, by="Jo", at_s=now_s)  # a carer without an account
        with closing(Installation(config).open_registry()) as registry:
            registry.end_account(priya.id, by="test")
        until(lambda: [shift.carer for shift in alerting.duty.shifts()] == ["Jo"])
        assert not any(is_of_duty(proof.matter) for proof in alerting.dispatch.proofs())
        with closing(Installation(config).open_registry()) as registry:
            jo = registry.add_account("Jo", [Granted("carer", config.site.name)], by="test")
            registry.end_account(jo.id, by="test")
        until(lambda: any(is_of_duty(proof.matter) for proof in alerting.dispatch.proofs()), "nobody is told")
        assert alerting.duty.shifts() == ()


def test_whoever_loses_the_role_of_a_carer_is_off_and_may_come_back(config: Config) -> None:
    roles = [Granted("carer", config.site.name)]
    with closing(Installation(config).open_registry()) as registry:
        priya = registry.add_account("Priya", roles, by="test")
    with Service(config) as service:
        alerting = service.alerting
        until(lambda: "w-01" in alerting.guard.covers())

        def begin() -> None:
            now_s = time.time()
            alerting.duty.begin("Priya", [], until_s=now_s + 3600, by="Priya", at_s=now_s)

        begin()
        with closing(Installation(config).open_registry()) as registry:
            registry.set_grants(priya.id, [Granted("support", config.site.name)], by="test")
        until(lambda: alerting.duty.shifts() == ())
        until(lambda: any(is_of_duty(proof.matter) for proof in alerting.dispatch.proofs()), "nobody is told")
        with closing(Installation(config).open_registry()) as registry:
            registry.set_grants(priya.id, roles, by="test")
        begin()
        until(lambda: "Priya" not in alerting._said.left)
        alerting.duty.tick(time.time())
        assert [shift.carer for shift in alerting.duty.shifts()] == ["Priya"]


def test_whose_account_never_was_a_carers_keeps_a_shift_that_a_house_without_carers_let_them_begin(
    config: Config,
) -> None:
    with closing(Installation(config).open_registry()) as registry:
        registry.add_account("Helen", [Granted("support", config.site.name)], by="test")
    with Service(config) as service:
        now_s = time.time()
        service.alerting.duty.begin("Helen", [], until_s=now_s + 3600, by="Helen", at_s=now_s)
    with Service(config) as service:
        service.alerting.refresh()
        service.alerting.duty.tick(time.time())
        assert [shift.carer for shift in service.alerting.duty.shifts()] == ["Helen"]


@pytest.mark.parametrize(("url", "reached"), [("http://127.0.0.1:8420", ()), ("https://alder.example", ("Jo",))])
def test_phones_that_this_house_cannot_send_to_protect_nobody(
    config: Config, url: str, reached: tuple[str, ...]
) -> None:
    registry = Installation(config).open_registry()
    registry.add_push(endpoint="https://push.example/a", p256dh=P256DH, auth=AUTH, carer="Jo", tablet="t", by="Jo")
    registry.close()
    console = msgspec.structs.replace(config.console, url=url)
    with Service(msgspec.structs.replace(config, console=console)) as service:
        assert service.alerting.reachable(PUSH) == reached
