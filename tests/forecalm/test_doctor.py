"""``forecalm doctor``: what is well, what is wrong and its mend, whatever is set up; nothing is ever changed."""

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from alerts.journal import Journal
from forecalm.cli import main
from forecalm.commands.terminal import number
from forecalm.config import Config, MqttSection
from forecalm.doctor import broker as asking
from forecalm.doctor import data, machine
from forecalm.doctor.broker import broker
from forecalm.doctor.finding import Finding, Level
from forecalm.installation import Installation
from ingest.received import Received
from ingest.registry.consents import Consent, Scope
from ingest.store.sqlite import SqliteStore
from ingest.wire import Packet, encode
from tests.ingest.certificates import listener_lines, make_certificates
from tests.servers import LONG_S, embedded_at, free_port, mosquitto_at, until

pytestmark = pytest.mark.long

SECRET = "not to be seen"  # noqa: S105


def received(seq: int, *, at_s: float, band: str = "band-01") -> Received:
    packet = Packet(v=1, band=band, boot=1, seq=seq, tick_us=seq * 1_000_000, battery=81, gateway="hall")
    return Received(packet, at_s, at_s, encode(packet))


def doctor(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, list[tuple[str, str, str]]]]:
    """Its exit code, and what it said of each subject: (level, what, mend)."""
    code = main(["doctor", "--json", *arguments])
    said: dict[str, list[tuple[str, str, str]]] = {}
    for one in json.loads(capsys.readouterr().out)["findings"]:
        said.setdefault(one["subject"], []).append((one["level"], one["what"], one["mend"]))
    return code, said


@pytest.mark.parametrize("buffered", ["", "1"])
def test_a_reader_who_has_seen_enough_ends_it_quietly(tmp_path: Path, buffered: str) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-P", "-m", "forecalm", "doctor"]
    environment = os.environ | {"PYTHONUNBUFFERED": buffered}
    with os.fdopen(writes, "wb") as out:
        done = subprocess.run(command, cwd=tmp_path, stdout=out, stderr=subprocess.PIPE, env=environment, check=False)
    assert (done.returncode, done.stderr) == (1, b"")


def levels(found: list[tuple[str, str, str]]) -> set[str]:
    return {level for level, _, _ in found}


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORECALM_MQTT_PORT", str(free_port()))
    monkeypatch.setenv("FORECALM_MQTT_PASSWORD", SECRET)
    return Config(
        data=str(tmp_path / "var"), mqtt=MqttSection(port=int(os.environ["FORECALM_MQTT_PORT"]), password=SECRET)
    )


@pytest.fixture
def here(config: Config) -> Installation:
    """Somebody wears a band of which something is stored, and another band is nobody's."""
    here = Installation(config)
    with closing(here.open_registry()) as registry:
        consent = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
        registry.pair(band="band-01", wearer="w-01", since_s=0.0, name="Beatrix", carers=[], consent=consent, by="test")
    now_s = time.time()
    with closing(SqliteStore(here.readings)) as store:
        store.commit([received(0, at_s=now_s - 5), received(0, at_s=now_s - 9, band="band-02")])
    with closing(Journal(here.journal)):
        pass
    return here


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that answers, on a machine with much else to do."""
    monkeypatch.setattr(asking, "REACH_S", LONG_S)
    monkeypatch.setattr(asking, "FLIGHT_S", LONG_S)


@pytest.fixture
def embedded(config: Config, patient: None) -> Iterator[None]:
    mqtt = config.mqtt
    with embedded_at(mqtt.port, mqtt.username, mqtt.password):
        yield


def test_where_nothing_is_set_up_it_says_what_comes_next_and_makes_nothing(
    config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = doctor(capsys)
    assert code == 1
    assert levels(said["broker"]) == {"FAILURE"}
    assert "forecalm broker" in said["broker"][0][2]
    for subject in ("store", "registry", "service", "what was learnt"):
        assert levels(said[subject]) == {"note"}
    assert levels(said["modules"]) == {"ok"}
    assert list(tmp_path.iterdir()) == []


def test_an_installation_that_is_well_has_no_failure_and_is_left_as_it_is(
    here: Installation, embedded: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync_s, room = data._fsync_s, shutil.disk_usage(here.folder)._replace(free=1 << 40)
    monkeypatch.setattr(data, "_fsync_s", lambda folder: min(fsync_s(folder), 0.001))
    monkeypatch.setattr("shutil.disk_usage", lambda _: room)
    before = tree(here.folder)
    code, said = doctor(capsys)
    assert code == 0
    assert levels(said["broker"]) == {"ok"}
    assert [what for _, what, _ in said["broker"]][1:] == [
        "it has 60 messages and more in flight",
        "it keeps the session of a service that is away",
    ]
    assert levels(said["store"]) == {"ok"}
    assert levels(said["registry"]) == {"ok"}
    unsettled = r"2 packets have not settled yet, the oldest for \d+ min"
    assert any(re.fullmatch(unsettled, what) for _, what, _ in said["store"])
    with closing(here.open_registry()) as registry:
        assert f"it ends at {registry.audit_head().number} {registry.audit_head().digest}" in said["registry"][1][1]
    assert said["service"] == [("warning", "does not run: nobody is watched", "forecalm serve")]
    assert {name: data for name, (_, data) in tree(here.folder).items()} == {
        name: data for name, (_, data) in before.items()
    }


def test_no_secret_and_no_name_is_ever_printed(
    here: Installation, embedded: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORECALM_STORE_KIND", "influxdb")
    monkeypatch.setenv("FORECALM_STORE_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("FORECALM_STORE_TOKEN", SECRET)
    for user in ("forecalm", "nobody"):
        monkeypatch.setenv("FORECALM_MQTT_USERNAME", user)
        assert main(["doctor"]) == 1
        printed = capsys.readouterr()
        assert "InfluxDB" in printed.out
        for text in (SECRET, "Beatrix", "Ida"):
            assert text not in printed.out + printed.err
    monkeypatch.setenv("FORECALM_REGISTRY_URL", f"postgresql+psycopg://user:{'x' * 20}@127.0.0.1:1/database")
    main(["doctor"])
    printed = capsys.readouterr()
    assert "x" * 20 not in printed.out + printed.err


def test_a_wrong_password_is_told_from_a_broker_that_is_not_there(config: Config, embedded: None) -> None:
    wrong = MqttSection(port=config.mqtt.port, password="wrong")  # noqa: S106
    (finding,) = broker(wrong, "home")
    assert finding.level is Level.FAILURE
    assert "does not let us in" in finding.what
    assert "mqtt.password" in finding.mend


def test_a_broker_that_holds_messages_back_is_told(
    mosquitto: str, tmp_path: Path, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, came, hear, wait = free_port(), list[object](), asking._Visit._on_message, asking._wait

    def heard(visit: asking._Visit, *message: object) -> None:
        came.append(message)
        hear(visit, *message)

    def all_or_as_many_as_it_lets_through(true: Callable[[], bool], _: float) -> None:
        until(lambda: len(came) >= 20)
        wait(true, 0.5)

    monkeypatch.setattr(asking._Visit, "_on_message", heard)
    monkeypatch.setattr(asking, "_wait", all_or_as_many_as_it_lets_through)
    with mosquitto_at(mosquitto, tmp_path, port):
        found = list(broker(MqttSection(port=port), "home"))
    (warning,) = [one for one in found if one.level is Level.WARNING]
    assert "after 20 messages" in warning.what
    assert "max_inflight_messages 0" in warning.mend


def test_a_broker_by_tls_is_let_in_by_and_one_that_is_another_is_told(
    mosquitto: str, tmp_path: Path, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    port, ca = free_port(), make_certificates(tmp_path)
    with mosquitto_at(mosquitto, tmp_path, port, *listener_lines(tmp_path), "max_inflight_messages 0"):
        found = list(broker(MqttSection(port=port, tls=True, ca=str(ca)), "home"))
        (stranger,) = broker(MqttSection(port=port, tls=True), "home")
        monkeypatch.setattr(asking, "REACH_S", 1.0)  # it never answers
        (in_the_clear,) = broker(MqttSection(port=port), "home")
    assert "in by TLS" in found[0].what
    assert {one.level for one in found} == {Level.OK}
    assert stranger.level is Level.FAILURE
    assert f"127.0.0.1:{port}: its certificate is not trusted" in stranger.what
    assert "mqtt.ca" in stranger.mend
    assert in_the_clear.level is Level.FAILURE
    assert "mqtt.tls" in in_the_clear.mend


def test_something_on_the_port_that_is_no_broker_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "REACH_S", 1.0)  # it never answers
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        threading.Thread(target=lambda: other.accept()[0].close(), daemon=True).start()
        found = list(broker(MqttSection(port=other.getsockname()[1]), "home"))
    assert found[-1].level is Level.FAILURE


def test_a_service_that_runs_is_seen_by_its_journal(here: Installation) -> None:
    with closing(Journal(here.journal)):
        assert [one.level for one in data.service(here)] == [Level.OK]
    assert [one.level for one in data.service(here)] == [Level.WARNING]


def test_it_looks_beside_a_store_that_is_being_written(here: Installation) -> None:
    with closing(SqliteStore(here.readings)) as store:
        store.commit([received(1, at_s=time.time())])
        found = list(data.store(here))
        assert {one.level for one in found} == {Level.OK}
        assert "3 packets" in found[0].what
        store.commit([received(2, at_s=time.time())])


def spoil(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:12288] = bytes(8192)
    path.write_bytes(data)


def rot(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE inbox SET payload = x'c1' WHERE id = 1")
        db.commit()


def age(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (spoil, ""),
        (rot, "cannot be read back"),
        (age, "version 99"),
        (lambda path: path.write_text("no database at all" * 99), "not a database"),
    ],
)
def test_a_store_that_is_not_whole_is_a_failure_with_a_mend(
    here: Installation, harm: Callable[[Path], object], said: str
) -> None:
    harm(here.readings)
    failures = [one for one in data.store(here) if one.level is Level.FAILURE]
    assert failures
    assert said in failures[0].what
    assert "keep the file" in failures[0].mend


def test_readings_from_the_future_and_what_does_not_settle_are_told(here: Installation) -> None:
    now_s = time.time()
    with closing(SqliteStore(here.readings)) as store:
        store.commit([received(7, at_s=now_s + 4000), received(8, at_s=now_s - 9000)])
        store.quarantine("forecalm/v1/home/band/band-01/data", b"?", "not a packet", now_s)
    found = list(data.store(here))
    assert [one.what for one in found if one.level is Level.FAILURE and "set back" in one.what]
    told = [one.what for one in found if one.level is Level.WARNING]
    assert any("the oldest for 150 min" in what for what in told)
    assert any("1 message in quarantine" in what for what in told)


def test_one_of_a_kind_is_counted_as_one(here: Installation) -> None:
    with closing(here.open_registry()) as registry:
        one = len(registry.wearers()) == len(registry.bands()) == 1
    (said,) = [each.what for each in data.registry(here) if "tables of version" in each.what]
    assert one
    assert ": 1 wearer, 1 band, tables of version" in said
    assert number(2, "entry", "entries") == "2 entries"


def test_an_audit_that_was_tampered_with_is_a_failure(here: Installation) -> None:
    with closing(sqlite3.connect(here.registry)) as db:
        db.execute("UPDATE audit SET detail = '{}' WHERE number = 2")
        db.commit()
    failures = [one for one in data.registry(here) if one.level is Level.FAILURE]
    assert len(failures) == 1
    assert "entry 2" in failures[0].what


def test_a_registry_of_another_version_is_not_judged(here: Installation) -> None:
    with closing(sqlite3.connect(here.registry)) as db:
        db.execute("UPDATE alembic_version SET version_num = '0001'")
        db.commit()
    (finding,) = data.registry(here)
    assert finding.level is Level.WARNING
    assert "version 0001" in finding.what


def test_an_erasure_that_was_cut_off_and_copies_that_are_old_are_told(here: Installation) -> None:
    now_s = 1_800_000_000.0
    assert [found.level for found in data.copies(here, now_s)] == [Level.NOTE]
    ledger = here.folder / "backups.jsonl"
    ledger.write_text('{"path": "b", "sha256": "x", "at": "2027-01-01T00:00:00+00:00"}\n')
    (old,) = data.copies(here, now_s)
    assert (old.level, old.what) == (Level.WARNING, "the newest is 14 days old")
    with ledger.open("a") as file:
        file.write('{"path": "c", "sha256": "y", "at": "2027-01-15T03:00:00+00:00"}\n')
    here.erasing.write_text("{}")
    assert [found.level for found in data.copies(here, now_s)] == [Level.FAILURE, Level.OK]


def test_what_was_learnt_and_cannot_be_read_is_a_failure(here: Installation) -> None:
    here.learnt.write_bytes(b"PK\x03\x04 torn")
    assert [one.level for one in data.learnt(here)] == [Level.FAILURE]


def test_a_full_or_slow_disk_is_told(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(here.folder)
    for free, took_s, worst in (
        (1 << 20, 0.001, Level.FAILURE),
        (5 << 30, 0.1, Level.WARNING),
        (1 << 40, 0.3, Level.FAILURE),
    ):
        monkeypatch.setattr("shutil.disk_usage", lambda _, free=free: usage._replace(free=free))
        monkeypatch.setattr(data, "_fsync_s", lambda _, took_s=took_s: took_s)
        assert worst in {one.level for one in data.disk(here)}


def test_a_clock_that_was_never_set_or_is_not_synchronised_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "WATCH_S", 0.0)
    monkeypatch.setattr(machine, "STEP_S", LONG_S)  # between two looks at clocks a busy machine may do something else
    worst: dict[bool | None, set[Level]] = {}
    for synchronised in (True, False, None):
        monkeypatch.setattr(machine, "_synchronised", lambda synchronised=synchronised: synchronised)
        worst[synchronised] = {one.level for one in machine.clock()}
    assert worst == {True: {Level.OK}, False: {Level.WARNING}, None: {Level.NOTE}}
    monkeypatch.setattr(machine, "YEARS", (2070, 2100))
    assert Level.FAILURE in {one.level for one in machine.clock()}


def test_a_folder_that_shadows_our_packages_is_a_failure(tmp_path: Path) -> None:
    """As under ``python -m``, which takes modules from where it is called first."""
    (tmp_path / "signals").mkdir()
    (tmp_path / "signals" / "__init__.py").write_text("")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    made = subprocess.run(
        [sys.executable, "-m", "forecalm", "doctor"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert made.returncode == 1
    assert f"signals comes from {tmp_path / 'signals' / '__init__.py'}" in made.stdout
    assert "PYTHONSAFEPATH" in made.stdout
    assert "Traceback" not in made.stderr


def test_a_configuration_that_cannot_be_used_is_a_finding_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "forecalm.toml"
    path.write_text('[site]\ntime_zone = "Mars/Olympus"\n')
    code, said = doctor(capsys, "--config", str(path))
    assert code == 1
    assert levels(said["configuration"]) == {"FAILURE"}
    assert "Mars/Olympus" in said["configuration"][0][1]
    assert "versions" in said
    assert "broker" not in said


def test_a_check_that_fails_by_itself_hides_no_other(
    config: Config, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> list[Finding]:
        raise ZeroDivisionError

    monkeypatch.setattr(machine, "versions", fail)
    code, said = doctor(capsys)
    assert code == 1
    assert said["versions"][0][:2] == ("FAILURE", "could not be looked at: ZeroDivisionError")
    assert "clock" in said


def test_bands_are_listed_those_that_nobody_wears_first(here: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(here.folder)
    assert main(["bands"]) == 0
    said = capsys.readouterr().out
    assert said.index("band band-02: NOBODY IS KNOWN TO WEAR IT") < said.index("band band-01: worn by w-01")
    assert "by hall, battery 81 %; 1 packet and" in said
    assert "forecalm pair band-02 WEARER, and correct who wore it until now" in said
    assert "Beatrix" not in said
    assert main(["bands", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["band"] for one in told["bands"]] == ["band-02", "band-01"]
    assert told["bands"][0]["waiting"]["last_goes_s"] > told["now_s"]
    assert tree(here.folder) == before


def test_bands_are_listed_beside_a_service_that_writes(here: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(SqliteStore(here.readings)) as store, closing(here.open_registry()):
        store.commit([received(1, at_s=time.time())])
        assert main(["bands", "--json"]) == 0
        told = {one["band"]: one for one in json.loads(capsys.readouterr().out)["bands"]}
        assert told["band-01"]["packets"] == 2
        store.settle(time.time(), everything=True)
        assert main(["bands", "--json"]) == 0
        told = {one["band"]: one for one in json.loads(capsys.readouterr().out)["bands"]}
        assert (told["band-01"]["packets"], told["band-01"]["sent"]["battery_pct"]) == (2, 81)


def test_the_folder_of_names_and_readings_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    made = Installation(Config(data=str(tmp_path / "a" / "var"))).folder
    assert made.stat().st_mode & 0o777 == 0o700


def test_bands_of_an_empty_place_are_none_and_none_is_made(
    config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bands"]) == 0
    printed = capsys.readouterr()
    assert "No bands yet" in printed.out
    assert "--consent-by WHO" in printed.err.replace("\n", " ")
    assert "nothing has been received yet" in printed.err.replace("\n", " ")
    assert list(tmp_path.iterdir()) == []
