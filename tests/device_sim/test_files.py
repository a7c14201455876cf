"""What every band would have recorded: cut anywhere the same, as an export that comes back, and what cannot be."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from device_sim.band import STEPS
from device_sim.errors import ScenarioError, SimulationError
from device_sim.files import CHUNK_S, FILES_S_MAX, Recorded, record
from device_sim.parquet import write_parquet
from device_sim.scenario import load
from device_sim.ward import Ward
from ingest.recordings.detect import read

START_S = 1_767_657_500  # 2026-01-05, 100 s before midnight
SECONDS = CHUNK_S + 7


@cache
def recorded() -> list[Recorded]:
    return record(load("first_light"), wearers=2, seed=4, start_s=START_S, seconds=SECONDS)


def test_files_hold_what_the_bands_send() -> None:
    scenario = load("first_light")
    ward = Ward(scenario, wearers=2, seed=4)
    ward.past()
    stretch = ward.push(SECONDS)
    for row, one in enumerate(recorded()):
        packets = stretch.packets[row]
        assert one.band == packets[0].band
        for name, counts in one.counts.items():
            sent = np.frombuffer(b"".join(packet.samples()[name].values for packet in packets), "<i2")
            np.testing.assert_array_equal(sent, counts.T.ravel() if name == "motion" else counts)


def test_a_wearer_is_the_same_whoever_else_is_recorded() -> None:
    alone = record(load("first_light"), wearers=1, seed=4, start_s=START_S, seconds=SECONDS)[0]
    for name, counts in alone.counts.items():
        np.testing.assert_array_equal(counts, recorded()[0].counts[name])
    np.testing.assert_array_equal(alone.beats, recorded()[0].beats)


def test_time_is_told_as_it_passes() -> None:
    told: list[int] = []
    scenario = load("first_light")
    record(scenario, wearers=1, seed=4, start_s=START_S, seconds=SECONDS, told=told.append)
    past_s = scenario.past_s
    assert told == [*range(CHUNK_S, past_s + 1, CHUNK_S), past_s + CHUNK_S, past_s + SECONDS]


@pytest.mark.parametrize("seconds", [0, -1, FILES_S_MAX + 1])
def test_a_length_that_cannot_be_is_refused_by_name(seconds: int) -> None:
    with pytest.raises(ScenarioError, match="seconds: must be from 1 to"):
        record(load("quiet"), wearers=1, seed=1, start_s=START_S, seconds=seconds)


def test_more_wearers_than_memory_holds_are_refused_before_anything_is_lived() -> None:
    with pytest.raises(ScenarioError, match="wearers: 1000 for 604800 s do not fit into memory: 28 at most"):
        record(load("quiet"), wearers=1000, seed=1, start_s=START_S, seconds=FILES_S_MAX)


def test_an_export_comes_back_to_the_last_bit_across_midnight(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    one = recorded()[1]
    write_parquet(tmp_path, one, name="night")
    assert len(list((tmp_path / "w-02" / "night").glob("eda_*.parquet"))) == 2
    (back,) = read(tmp_path / "w-02")
    assert (back.name, back.device) == ("night", "forecalm-simulated")
    assert back.start_s == START_S
    for name, counts in one.counts.items():
        np.testing.assert_array_equal(back.whole(name).values, counts * STEPS[name])


def test_an_export_says_that_nobody_wore_a_band(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    write_parquet(tmp_path, recorded()[0], name="day")
    sheet = json.loads((tmp_path / "w-01" / "day" / "recording.json").read_text())
    assert sheet["notes"] == ["simulated: no person wore a band"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "w-01").write_text("a file, where a folder is wanted")
    with pytest.raises(SimulationError, match=r"w-01.*: cannot be written: "):
        write_parquet(tmp_path, recorded()[0], name="day")
