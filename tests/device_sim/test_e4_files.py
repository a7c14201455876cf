"""Sessions on disk: the layout of an E4's files, to the byte, and the truth beside them."""

import csv
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from device_sim.band import STEPS
from device_sim.e4_files import Session, session, write
from device_sim.errors import ScenarioError, SimulationError
from device_sim.sample import SAMPLE_S, SAMPLE_SEED, SAMPLE_START_S, write_sample
from device_sim.scenario import load

ROOT = Path(__file__).parent.parent.parent
START = "1767607200"


@cache
def sample() -> Session:
    return session(load("sample"), seed=SAMPLE_SEED, start_s=SAMPLE_START_S, seconds=SAMPLE_S)


def numbers(name: str, skip: int) -> np.ndarray:
    return np.loadtxt(sample().files[name].splitlines()[skip:], delimiter=",", ndmin=2)


@pytest.mark.parametrize(
    ("name", "start", "rate"),
    [
        ("EDA.csv", f"{START}.000000", "4.000000"),
        ("TEMP.csv", f"{START}.000000", "4.000000"),
        ("BVP.csv", f"{START}.00", "64.000000"),
        ("HR.csv", "1767607210.000000", "1.000000"),
        ("ACC.csv", ", ".join([f"{START}.000000"] * 3), ", ".join(["32.000000"] * 3)),
    ],
)
def test_a_file_begins_with_its_start_and_its_rate(name: str, start: str, rate: str) -> None:
    assert sample().files[name].split("\n")[:2] == [start, rate]


@pytest.mark.parametrize(("name", "rate"), [("EDA.csv", 4), ("TEMP.csv", 4), ("BVP.csv", 64), ("ACC.csv", 32)])
def test_a_file_holds_every_sample_of_the_session(name: str, rate: int) -> None:
    assert len(numbers(name, 2)) == rate * SAMPLE_S
    assert sample().files[name].endswith("\n")


def test_numbers_are_written_as_an_e4_writes_them() -> None:
    files = sample().files
    assert files["EDA.csv"].split("\n")[2] == "0.000000"
    assert all(len(line.partition(".")[2]) == 2 for line in files["TEMP.csv"].split("\n")[2:-1])
    assert np.abs(numbers("ACC.csv", 2)).max() <= 128
    assert "." not in files["ACC.csv"].split("\n", 2)[2]
    assert files["IBI.csv"].startswith(f"{START}.000000, IBI\n")


def test_heart_rates_begin_ten_seconds_late() -> None:
    assert len(numbers("HR.csv", 2)) == SAMPLE_S - 10


def test_intervals_have_gaps_where_the_wearer_moves_and_fit_together_elsewhere() -> None:
    beats = numbers("IBI.csv", 1)
    offset_s, interval_s = beats.T
    between = np.diff(offset_s)
    np.testing.assert_allclose(between[between < 1.3], interval_s[1:][between < 1.3], atol=1e-6)
    assert (between > 5).sum() > 2
    assert not ((offset_s > 215) & (offset_s < 290)).any()
    np.testing.assert_array_equal(interval_s * 64, np.rint(interval_s * 64))


def test_the_button_is_pressed_at_the_beginning_of_each_episode() -> None:
    begins = [episode.start_s for episode in load("sample").parts[0].episodes]
    assert sample().files["tags.csv"] == "".join(f"{SAMPLE_START_S + begin:.2f}\n" for begin in begins)


def test_the_truth_agrees_with_the_recording() -> None:
    rows = list(csv.DictReader(sample().truth.splitlines()))
    assert [int(row["second"]) for row in rows] == list(range(SAMPLE_S))
    assert {row["state"] for row in rows} == {"calm", "exercise", "anxiety"}
    rate = np.array([float(row["heart_rate_bpm"]) for row in rows])
    offset_s, interval_s = numbers("IBI.csv", 1).T
    assert np.median(np.abs(rate[offset_s.astype(int)] - 60 / interval_s)) < 3
    assert sum(int(row["responses"]) for row in rows) > 12


def test_a_later_wearer_of_a_scenario_with_a_past_can_be_written() -> None:
    other = session(load("first_light"), wearer=4, seed=1, start_s=SAMPLE_START_S, seconds=130)
    eda = np.array([float(line) for line in other.files["EDA.csv"].split("\n")[2:-1]])
    assert eda[4 * 121 :].max() < 0.05 < eda[4:400].min()
    assert other.files["tags.csv"] == f"{SAMPLE_START_S + 120}.00\n"
    assert float(other.files["IBI.csv"].split("\n")[1].split(",")[0]) < 10


def test_a_folder_and_a_zip_hold_the_same_files(tmp_path: Path) -> None:
    write(tmp_path / "folder", sample())
    write(tmp_path / "session.zip", sample())
    with zipfile.ZipFile(tmp_path / "session.zip") as archive:
        for name in archive.namelist():
            assert archive.read(name) == (tmp_path / "folder" / name).read_bytes()
        assert len(archive.namelist()) == len(list((tmp_path / "folder").iterdir())) == 8


def test_a_zip_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(SimulationError, match=r"x\.zip: cannot be written: No space left on device"):
        write(tmp_path / "x.zip", sample())
    assert list(tmp_path.iterdir()) == []


def test_the_sample_is_made_with_the_same_bytes_each_time_and_is_small(tmp_path: Path) -> None:
    write_sample(tmp_path / "one")
    write_sample(tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    assert (tmp_path / "one" / "simulated_e4.zip").stat().st_size < 1_500_000


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, where a folder is wanted")
    with pytest.raises(SimulationError, match=r"taken.*: cannot be written: "):
        write_sample(tmp_path / "taken")
    with pytest.raises(SimulationError, match="taken: cannot be written: "):
        write(tmp_path / "taken", sample())


@pytest.mark.parametrize("wrong", [{"wearer": 0}, {"seconds": 10}, {"seed": -1}])
def test_a_session_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ScenarioError, match="must"):
        session(load("sample"), **{"seed": 1, "start_s": SAMPLE_START_S, "seconds": 60, **wrong})


ONE_STEP = {  # another machine may round a value the other way: what is one step of it in its file
    "EDA.csv": STEPS["eda"],
    "TEMP.csv": STEPS["temperature"],
    "BVP.csv": STEPS["ppg"],
    "ACC.csv": 1.0,
    "HR.csv": 0.01,
    "IBI.csv": (1 / 64, 2 / 64),  # offsets are whole samples of the BVP, and intervals lie between two of them
}


@pytest.mark.parametrize("name", ONE_STEP)
def test_the_sample_in_the_repository_is_the_one_that_is_made_to_the_last_step(name: str) -> None:
    with zipfile.ZipFile(ROOT / "data" / "sample" / "simulated_e4.zip") as archive:
        kept = archive.read(name).decode()
        assert archive.read("tags.csv").decode() == sample().files["tags.csv"]
    heads = 1 if name == "IBI.csv" else 2
    assert kept.splitlines()[:heads] == sample().files[name].splitlines()[:heads]
    values, made = np.loadtxt(kept.splitlines()[heads:], delimiter=",", ndmin=2), numbers(name, heads)
    assert values.shape == made.shape
    assert np.all(np.abs(values - made) <= np.array(ONE_STEP[name]) + 1e-9)
