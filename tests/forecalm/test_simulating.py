"""The command simulate, without the rest of the system: files, their truth, and options that do not go together."""

import errno
import json
import re
import shutil
import signal
from itertools import pairwise
from pathlib import Path

import pytest

from device_sim.files import record
from device_sim.scenario import load
from device_sim.ward import Ward, wearer_name
from forecalm.arguments import make_parser
from forecalm.cli import main
from forecalm.commands.simulating import FILES, ONLY_FOR, _check, _said, _whole
from forecalm.config import ConfigError
from ingest.labels import read_labels
from ingest.recordings.detect import read, read_one
from tests.ingest.certificates import listener_lines, make_certificates
from tests.servers import free_port, mosquitto_at

WAYS = ("mqtt", "ble", "e4", "parquet")
SAID = {  # each option that is for some ways out, as somebody might say it
    "host": ["1.2.3.4"],
    "port": ["7"],
    "user": ["a:b"],
    "tls": [],
    "ca": ["ca.pem"],
    "site": ["attic"],
    "speed": ["9"],
    "sent": ["sent.bin"],
    "boot": ["7"],
    "kinds": ["strap"],
    "strict-pairing": [],
    "bonds": ["bonds.json"],
    "hci": ["usb:0"],
    "air": ["9000"],
    "out": ["out"],
    "labels": ["out/said.csv"],
}
FEW = ("simulate", "--scenario", "quiet", "--wearers", "2", "--seed", "3", "--seconds", "30")


def test_every_wearer_gets_an_e4_session_and_the_truth_is_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    truth = tmp_path / "truth.parquet"
    assert main([*FEW, "--transport", "e4", "--out", str(tmp_path / "out"), "--truth", str(truth), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [Path(file).name for file in told["files"]] == ["w-01.zip", "w-02.zip"]
    assert read_one(tmp_path / "out" / "w-02.zip").start_s == told["start_s"]
    seconds = pq.read_table(truth, filters=[("what", "==", "second")]).to_pydict()
    assert seconds["utc"][0].timestamp() == told["start_s"]
    assert len(seconds["utc"]) == 2 * 30


def test_an_export_can_be_read_back(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    assert main([*FEW, "--transport", "parquet", "--out", str(tmp_path / "out")]) == 0
    assert [found.name for found in read(tmp_path / "out" / "w-01")] == ["quiet_3_w-01"]


def test_what_an_observer_would_say_is_written_beside_the_recordings(tmp_path: Path) -> None:
    seconds, out = 1200, tmp_path / "out"
    options = ["--scenario", "crisis", "--wearers", "2", "--seed", "3", "--seconds", str(seconds)]
    assert main(["simulate", *options, "--transport", "e4", "--out", str(out), "--labels", str(out / "said.csv")]) == 0
    labels = read_labels(out / "said.csv")
    began_s = read_one(out / "w-01.zip").start_s
    ward = Ward(load("crisis"), wearers=2, seed=3)
    onsets = [(wearer_name(each.row + 1), each.onset_s) for each in ward.episodes(0, seconds) if each.onset_s < seconds]
    said = [(each.wearer, each.start_s - began_s) for each in labels if each.what == "incident"]
    assert onsets
    for wearer, onset_s in said:
        assert any(who == wearer and abs(at_s - onset_s) < 0.001 for who, at_s in onsets)
    assert {wearer for wearer, _ in said} == {wearer for wearer, _ in onsets}
    assert all(began_s <= each.start_s < each.end_s <= began_s + seconds for each in labels)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert main([*FEW, "--transport", "e4", "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / "one" / "w-01.zip").read_bytes() == (tmp_path / "two" / "w-01.zip").read_bytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--transport", "e4"], "--out: name a folder"),
        (["--transport", "parquet"], "--out: name a folder"),
        (["--out", "x"], "--out: is for --transport e4 or parquet, not mqtt"),
        (["--labels", "x.csv"], "--labels: is for --transport e4 or parquet, not mqtt"),
        (["--transport", "e4", "--out", "x", "--labels", "x/said.txt"], "--labels x/said.txt: must end in .csv"),
        (["--hci", "usb:0"], "--hci: is for --transport ble, not mqtt"),
        (["--transport", "e4", "--out", "x", "--sent", "y"], "--sent: is for --transport mqtt or ble, not e4"),
        (["--transport", "e4", "--out", "x", "--while-stdin-is-open"], "--while-stdin-is-open: files end by"),
        (["--transport", "ble", "--kinds", "toaster"], "kinds: must be one or more of forecalm, strap"),
        (["--transport", "ble", "--kinds", "forecalm=0"], "--kinds forecalm=0: kinds: must be one or more"),
        (["--transport", "ble", "--kinds", "strap=99999"], "--kinds strap=99999: kinds: must be one or more"),
        (["--transport", "ble", "--kinds", "strap=2,polar", "--wearers", "2"], "--wearers 2: --kinds says 3"),
        (["--bonds", "x"], "--bonds: is for --transport ble, not mqtt"),
        (["--transport", "ble", "--wearers", "10000"], "wearers: at most 100 bands are on one radio, got 10000"),
        (["--transport", "ble", "--hci", "usb:0", "--air", "9000"], "--air: is for the simulated radio"),
        (["--sample", "x", "--transport", "ble"], "--transport: changes nothing of --sample"),
        (["--sample", "x", "--wearers", "4"], "--wearers: changes nothing of --sample"),
        (["--strict-pairing"], "--strict-pairing: is for --transport ble, not mqtt"),
        (["--truth", "truth.csv"], r"--truth truth.csv: must end in .parquet"),
        (["--truth", "nowhere/truth.parquet"], "--truth nowhere/truth.parquet: there is no folder nowhere"),
        (["--scenario", "nothing"], "nothing: no such scenario"),
        (["--transport", "e4", "--out", "x", "--wearers", "1", "--seed", "-1"], "seed: must be a whole number"),
        (["--transport", "e4", "--out", "x", "--wearers", "1", "--seconds", "9"], "seconds: must be at least 11"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(
    options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    if "ble" in options:
        pytest.importorskip("bumble")
    assert main(["simulate", *options]) == 2
    assert said in capsys.readouterr().err
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize(("option", "value"), SAID.items())
@pytest.mark.parametrize("way", WAYS)
def test_an_option_goes_with_a_way_out_or_is_refused_by_its_name(
    option: str, value: list[str], way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["simulate", "--transport", way, f"--{option}", *value]
    if way in FILES and option != "out":
        words += ["--out", "out"]
    chosen = make_parser().parse_args(words)
    assert not any(path.is_file() for path in tmp_path.iterdir())
    if way in ONLY_FOR[option.replace("-", "_")]:
        _check(chosen, _said(chosen))
    else:
        with pytest.raises(ConfigError, match=f"^--{option}: is for --transport .*, not {way}: take it out"):
            _check(chosen, _said(chosen))


def test_the_page_says_of_every_option_which_ways_out_it_goes_with() -> None:
    page = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text("utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `--")]
    told = {
        option.replace("-", "_"): tuple(
            way for way, cell in zip(WAYS, (*row[2:4], row[4], row[4]), strict=True) if "yes" in cell
        )
        for row in rows
        for option in re.findall(r"`--([a-z-]+)`", row[1])
    }
    assert told == ONLY_FOR
    assert set(SAID) == {option.replace("_", "-") for option in ONLY_FOR}


def test_what_the_environment_says_of_the_broker_is_in_no_other_way_outs_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECALM_MQTT_USERNAME", "somebody")
    monkeypatch.setenv("FORECALM_MQTT_PASSWORD", "secret")
    monkeypatch.setenv("FORECALM_MQTT_TLS", "true")
    monkeypatch.setenv("FORECALM_MQTT_CA", "ca.pem")
    assert main([*FEW, "--transport", "e4", "--out", str(tmp_path / "out")]) == 0


def test_an_adapter_that_is_not_there_is_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("bumble", reason="the extra radio is not installed")

    async def fail(_: str) -> None:
        raise Exception("LIBUSB_ERROR_OTHER [-99]")

    monkeypatch.setattr("device_sim.radio.adapter.open_transport", fail)
    options = ["--scenario", "quiet", "--wearers", "1", "--seconds", "3", "--hci", "usb:0", "usb:0"]
    assert main(["simulate", "--transport", "ble", *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith("forecalm: hci: usb:0: cannot be opened: LIBUSB_ERROR_OTHER [-99]; name one as")
    assert said.count("\n") == 1


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "w-01.zip").write_text("somebody's work")
    assert main([*FEW, "--transport", "e4", "--out", str(tmp_path)]) == 2
    assert "is there already and not an empty folder" in capsys.readouterr().err
    assert (tmp_path / "w-01.zip").read_text() == "somebody's work"


@pytest.mark.parametrize("transport", ["e4", "parquet"])
@pytest.mark.parametrize("made", [True, False])
def test_a_full_disk_leaves_nothing_behind_that_would_refuse_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], transport: str, *, made: bool
) -> None:
    pytest.importorskip("pyarrow")
    out = tmp_path / "out"
    if made:
        out.mkdir()
    command = [*FEW, "--transport", transport, "--out", str(out)]
    written: list[object] = []

    def fill(*_: object, **__: object) -> None:
        written.append(_)
        if len(written) > 5:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(Path, "write_bytes", fill)
        full.setattr("zipfile.ZipFile.writestr", fill)
        assert main(command) == 2
    assert "No space left" in capsys.readouterr().err
    assert (list(out.iterdir()) if made else out.exists()) == ([] if made else False)
    assert main(command) == 0


def test_a_request_to_end_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def write() -> None:
        with _whole(out):
            (out / "w-01").mkdir(parents=True)
            (out / "w-01.zip").touch()
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit):
        write()
    assert not out.exists()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_what_passes_of_the_past_is_told_too_and_often_where_there_are_many() -> None:
    scenario, told = load("quiet"), list[int]()
    record(scenario, wearers=200, seed=1, start_s=0, seconds=30, told=told.append)
    assert told[-1] == scenario.past_s + 30
    assert told == sorted(told)
    assert max(b - a for a, b in pairwise(told)) <= 150


def test_bands_are_sent_by_tls_and_faults_of_the_wire_are_not(
    mosquitto: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    port, ca = free_port(), make_certificates(tmp_path)
    by_tls = ("--speed", "30", "--json", "--port", str(port), "--tls", "--ca", str(ca))
    with mosquitto_at(mosquitto, tmp_path, port, *listener_lines(tmp_path)):
        assert main([*FEW, *by_tls]) == 0
        sent = json.loads(capsys.readouterr().out)
        assert sent["acknowledged"] == sent["publishes"] >= 60
        assert main([*FEW, *by_tls, "--fault", "loss where=wire share=0.3"]) == 2
    assert "use a plain port" in capsys.readouterr().err
