"""CogWear's long tables: a recording a device, the folder its label, known faults repaired and told."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import RecordingError
from ingest.recordings.detect import look, read

START = 1_700_000_000


def stream(column: str, rate_hz: float, values: list[float]) -> str:
    return f"{column},time\n" + "".join(f"{value},{START + i / rate_hz!r}\n" for i, value in enumerate(values))


FILES = {
    "empatica_emda.csv": stream("eda", 4, [0.1, 0.2, 0.3]),
    "empatica_temp.csv": stream("temp", 4, [33.1, 33.2]),
    "empatica_bvp.csv": stream("bvp", 64, [1.0, -2.0, 3.0, 4.0]),
    "samsung_bvp.csv": stream("PPG GREEN", 25, [2217901.0, 2219241.0, 2220939.0]),
}


def zipped(path: Path, files: dict[str, str], *, folder: str = "baseline") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{folder}/{name}", text)
    return path


def test_a_folder_is_a_recording_a_device_whatever_its_files_are_called(tmp_path: Path) -> None:
    band, watch = read(zipped(tmp_path / "pilot_0.zip", FILES))
    assert (band.name, watch.name) == ("pilot_0 baseline cogwear-e4", "pilot_0 baseline cogwear-watch")
    assert band.whole("eda").values.tolist() == [0.1, 0.2, 0.3]
    assert {name: band.whole(name).rate_hz for name in band.channels} == {"ppg": 64, "eda": 4, "temperature": 4}
    assert watch.whole("ppg").rate_hz == 25
    assert watch.labels == band.labels
    assert [(label.what, label.start_s, label.end_s) for label in band.labels] == [("rest", START, START + 0.75)]


def test_a_leaked_rate_is_left_out_and_a_true_value_like_it_is_not(tmp_path: Path) -> None:
    leaked = {
        "eda.csv": stream("eda", 4, [4.0, 0.0, 0.3]),
        "temp.csv": stream("temp", 4, [4.0, 33.0, 33.1]),
        "bvp.csv": stream("bvp", 64, [64.0, 0.0, 1.5]),
    }
    (band,) = read(zipped(tmp_path / "a.zip", leaked))
    assert [band.whole(name).values.size for name in ("eda", "temperature", "ppg")] == [2, 2, 2]
    assert sum("rate of the original export" in note for note in band.notes) == 3
    (band,) = read(zipped(tmp_path / "b.zip", {"eda.csv": stream("eda", 4, [4.0, 4.01, 4.02])}))
    assert band.whole("eda").values.tolist() == [4.0, 4.01, 4.02]


def test_counts_taken_for_bits_of_a_float_are_counts_again(tmp_path: Path) -> None:
    counts = np.array([1_941_183, 2_064_336, 2_257_835])
    broken = [float(f"{value:.6e}") for value in counts * 2.0**-149]
    (watch,) = read(zipped(tmp_path / "a.zip", {"s.csv": stream("Samsung HR Raw Sensor", 25, broken)}))
    assert np.abs(watch.whole("ppg").values - counts).max() <= 1
    assert "s.csv: counts were taken for the bits of a float: repaired, each to a count or so" in watch.notes


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("eda,time\n0.1,1700000000\nx,1700000000.25\n", r"eda\.csv line 3: 'x' is no finite number"),
        ("eda,time\n0.1,1700000000\n0.1\n", r"eda\.csv line 3: 1 columns, expected 2"),
        ("eda,time\n0.1,1700000000000\n0.1,1700000000250\n", "sample 1 has no time in UTC seconds"),
        ("eda,time\n", "eda.csv holds no sample"),
    ],
)
def test_what_cannot_be_used_is_refused_by_line(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(RecordingError, match=what):
        read(zipped(tmp_path / "a.zip", {"eda.csv": text}))


def test_two_files_of_one_channel_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="a second file of eda"):
        read(zipped(tmp_path / "a.zip", {"a.csv": FILES["empatica_emda.csv"], "b.csv": FILES["empatica_emda.csv"]}))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    damaged = {}
    for name, text in FILES.items():
        raw = bytearray(text.encode())
        for _ in range(data.draw(st.integers(0, 3))):
            at = data.draw(st.integers(0, len(raw) - 1))
            raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        damaged[name] = raw.decode("latin-1")
    for each in look(zipped(tmp_path / "damaged.zip", damaged)):
        assert each.recordings or each.refused or each.passed


def test_every_line_of_the_real_files_is_a_sample_or_told(shared_data: Path) -> None:
    for path in sorted((shared_data / "cogwear").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            tables = [name for name in archive.namelist() if name.endswith(".csv") and "stroop" not in name]
            lines = sum(sum(1 for _ in io.BytesIO(archive.read(name))) - 1 for name in tables)
        recordings = read(path)
        samples = sum(p.values.size for each in recordings for pieces in each.channels.values() for p in pieces)
        left = sum("left out" in note for each in recordings for note in each.notes)
        assert samples == lines - left
        assert {label.what for each in recordings for label in each.labels} == {"rest", "cognitive load"}
