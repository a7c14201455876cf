"""EmotiBit: raw lines and parsed files give the same samples; clocks, torn lines and restarts are told."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import RecordingError
from ingest.recordings.detect import look, read, read_one

START = datetime(2024, 9, 19, 2, 59, 45, tzinfo=UTC).timestamp()
HEAD = "LocalTimestamp,EmotiBitTimestamp,PacketNumber,DataLength,TypeTag,ProtocolVersion,DataReliability"


def raw(*, packets: int = 20, asked: tuple[int, ...] = (0,), skip: tuple[int, ...] = (), drift: float = 0.0) -> str:
    """Packets of 120 ms: three values of each 25 Hz channel, EDA two of 60 ms; the clock asked at some packets."""
    lines = []
    for i in range(packets):
        at = 500_000 + 120 * (i + 1)
        if i in asked:
            lines.append(f"{at - 20},{9000 + i},2,RD,1,100,TL,TU")
            said = datetime.fromtimestamp(START + (at - 10 - 500_000) / 1000 * (1 + drift), UTC).strftime(
                "%Y-%m-%d_%H-%M-%S-%f"
            )
            lines.append(f"{at},{9100 + i},1,TL,1,100,{said}")
            lines.append(f"{at + 1},{9200 + i},2,AK,1,100,{9000 + i},RD")
        if i in skip:
            continue
        lines.append(f"{at},{10 * i},2,EA,1,100,{0.1 + i},{0.2 + i}")
        lines += [f"{at},{10 * i + 1},3,{tag},1,100,{3 * i},{3 * i + 1},{3 * i + 2}" for tag in ("PI", "PG", "PR")]
        lines += [f"{at},{10 * i + 2},3,{tag},1,100,-0.436,0.5,{i}" for tag in ("AX", "AY", "AZ")]
        lines.append(f"{at},{10 * i + 3},1,TH,1,100,33.{i:02}")
        lines.append(f"{at},{10 * i + 4},1,HR,1,100,70")
    return "\n".join(lines) + "\n"


def put(folder: Path, text: str, name: str = "2024.csv") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_each_value_of_a_raw_file_has_its_own_time(tmp_path: Path) -> None:
    recording = read_one(put(tmp_path, raw()))
    ppg = recording.whole("ppg")
    assert ppg.values.tolist() == list(range(60))
    assert ppg.rate_hz == pytest.approx(25)
    assert ppg.start_s == pytest.approx(START + 0.04, abs=1e-3)
    assert recording.whole("eda").rate_hz == pytest.approx(1 / 0.06)
    assert recording.whole("motion").values[:, 2].tolist() == [0.0, 0.0, 0.0]
    assert recording.whole("temperature").values.size == 20
    assert "left out: PI, PR" in recording.notes
    assert "left out: lines of HR" in recording.notes
    assert any("zone" in note for note in recording.notes)


def test_a_lost_packet_is_a_gap(tmp_path: Path) -> None:
    recording = read_one(put(tmp_path, raw(skip=(7,))))
    first, second = recording.channels["ppg"]
    assert (first.values.size, second.values.size) == (21, 36)
    assert second.start_s == pytest.approx(first.end_s + 0.12, abs=1e-3)


def test_a_packet_that_lacks_an_axis_is_unknown_there(tmp_path: Path) -> None:
    lines = raw().split("\n")
    at = next(i for i, line in enumerate(lines) if ",AY," in line and line.startswith("500600"))
    recording = read_one(put(tmp_path, "\n".join(lines[:at] + lines[at + 1 :])))
    values = recording.whole("motion").values
    assert values.shape == (3, 60)
    assert np.isnan(values).sum(axis=1).tolist() == [0, 3, 0]


def test_the_clocks_drift_is_followed(tmp_path: Path) -> None:
    recording = read_one(put(tmp_path, raw(packets=10_000, asked=(0, 9_999), drift=100e-6)))
    assert recording.whole("ppg").values.size == 30_000
    assert recording.whole("ppg").rate_hz == pytest.approx(25 / (1 + 100e-6), rel=1e-6)


def test_a_computer_whose_clock_was_set_moves_no_rate(tmp_path: Path) -> None:
    recording = read_one(put(tmp_path, raw(packets=10_000, asked=(0, 9_999), drift=0.01)))
    assert recording.whole("ppg").rate_hz == pytest.approx(25)
    assert any("was set while it recorded" in note for note in recording.notes)


def test_without_an_answer_it_starts_in_1970(tmp_path: Path) -> None:
    recording = read_one(put(tmp_path, raw(asked=())))
    assert recording.start_s == pytest.approx(500.04)
    assert any("1970" in note for note in recording.notes)


def test_parsed_files_of_one_recording_belong_together_and_stand_for_the_raw_one(tmp_path: Path) -> None:
    put(tmp_path, raw())
    for tag, rate_hz in (("EA", 15), ("PG", 25), ("T1", 7.5)):
        stamps = [START + max(i, 2) / rate_hz for i in range(30)]  # the first packet's values share its last time
        rows = [f"{at!r},1.000,{i},3,{tag},1,100,{i / 8}" for i, at in enumerate(stamps)]
        put(tmp_path, f"{HEAD},{tag}\n" + "\n".join(rows) + "\n", f"2024_{tag}.csv")
    put(tmp_path, f"{HEAD},HR\n{START},1,1,1,HR,1,100,70\n", "2024_HR.csv")
    (recording,) = read(tmp_path)
    assert recording.name == "2024"
    assert {name: recording.whole(name).values.size for name in recording.channels} == {
        "eda": 30,
        "ppg": 30,
        "temperature": 30,
    }
    assert recording.whole("eda").rate_hz == pytest.approx(15)
    assert recording.start_s == pytest.approx(START)
    assert any("2024.csv: the parsed files are read instead" in note for note in recording.notes)
    assert any("2024_HR.csv" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (raw() + "12,1,1,EA,1,100,0.1\n", r"line \d+: its clock starts again"),
        (raw().replace(",3,PG,", ",4,PG,"), "torn"),
        (raw().replace("-0.436", "abc"), r"line 8: and 59 more are torn"),
        ("\n".join(line for line in raw().split("\n") if ",RD," in line or ",HR," in line) + "\n", "holds none of"),
    ],
)
def test_what_cannot_be_used_is_refused_by_line(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(RecordingError, match=what):
        read(put(tmp_path, text))


def test_a_parsed_line_that_is_no_number_is_refused_by_line(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"2024_EA\.csv line 3"):
        read(put(tmp_path, f"{HEAD},EA\n{START},1,1,1,EA,1,100,0.5\n{START + 1},1,1,1,EA,1,100,x\n", "2024_EA.csv"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.booleans())
def test_any_damage_is_read_or_refused(tmp_path: Path, data: st.DataObject, parsed: bool) -> None:
    rows = "".join(f"{START + i / 15},1,{i},1,EA,1,100,{i}\n" for i in range(20))
    damaged = bytearray((f"{HEAD},EA\n{rows}" if parsed else raw(packets=4)).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    path = tmp_path / ("2024_EA.csv" if parsed else "2024.csv")
    path.write_bytes(damaged)
    (found,) = look(path)
    assert found.recordings or found.refused
