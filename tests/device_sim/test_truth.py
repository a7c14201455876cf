"""The truth on disk: what was so, second by second and event by event, whatever became of the packets."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_sim.errors import ScenarioError, SimulationError
from device_sim.faults.fault import parse_fault
from device_sim.files import CHUNK_S
from device_sim.scenario import load
from device_sim.truth import WHATS, write_truth
from device_sim.ward import Ward

START_S = 1_767_607_200.0
SECONDS = CHUNK_S + 60
pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("truth") / "truth.parquet"
    scenario = replace(load("crisis"), faults=(parse_fault("drift start_s=60 hold_s=100 every_s=200 bands=band-02"),))
    write_truth(path, scenario, wearers=3, seed=2, boot=77, seconds=SECONDS, start_s=START_S)
    return path


def rows(path: Path, what: str, **equal: object) -> dict[str, list[Any]]:
    filters = [("what", "==", what), *((name, "==", value) for name, value in equal.items())]
    return pq.read_table(path, filters=filters).to_pydict()


def test_every_second_of_every_wearer_is_there_once(path: Path) -> None:
    for wearer in ("w-01", "w-02", "w-03"):
        assert rows(path, "second", wearer=wearer)["time_s"] == list(range(SECONDS))


def test_a_second_names_the_packet_that_carries_it(path: Path) -> None:
    ward = Ward(load("crisis"), wearers=3, seed=2, boot=77)
    ward.past()
    packets = ward.push(SECONDS).packets[1]
    found = rows(path, "second", band="band-02")
    assert found["seq"] == [packet.seq for packet in packets]
    assert set(found["boot"]) == {77}


def test_every_fault_is_told_with_its_band_each_time_that_it_was_on(path: Path) -> None:
    found = rows(path, "fault")
    assert (found["band"], found["state"], found["value"]) == (["band-02"] * 2, ["drift"] * 2, [100.0] * 2)
    assert (found["time_s"], found["end_s"]) == ([60.0, 260.0], [160.0, 360.0])


def test_a_second_in_which_the_band_was_off_has_no_packet(tmp_path: Path) -> None:
    scenario = replace(load("crisis"), faults=(parse_fault("reboot start_s=5 hold_s=3"),))
    write_truth(tmp_path / "t.parquet", scenario, wearers=1, seed=2, boot=77, seconds=12, start_s=START_S)
    found = rows(tmp_path / "t.parquet", "second")
    assert found["boot"][:8] == [77] * 5 + [None] * 3
    assert found["seq"][8:] == [0, 1, 2, 3]
    assert 77 not in found["boot"][8:]


def test_the_truth_is_what_the_bodies_lived(path: Path) -> None:
    ward = Ward(load("crisis"), wearers=3, seed=2)
    ward.past()
    samples = ward.skip(SECONDS)
    past_s = load("crisis").past_s
    seconds, beats = rows(path, "second", wearer="w-03"), rows(path, "beat", wearer="w-03")
    np.testing.assert_array_equal(np.float32(samples.drive.arousal[2]), np.float32(seconds["arousal"]))
    assert seconds["worn"] == samples.drive.worn[2].tolist()
    assert seconds["artefact_ppg"] == samples.artefacts.ppg[2].tolist()
    own = samples.beats.row == 2
    np.testing.assert_array_equal(beats["time_s"], samples.beats.time_s[own] - past_s)
    np.testing.assert_array_equal(beats["value"], samples.beats.value[own])
    assert len(rows(path, "response")["value"]) == samples.responses.row.size


def test_episodes_say_when_an_incident_began_and_whether_another_set_it_off(path: Path) -> None:
    ward = Ward(load("crisis"), wearers=3, seed=2)
    lived = ward.episodes(0, SECONDS)
    found = rows(path, "episode")
    assert found["state"] == [one.kind for one in lived]
    assert found["lead"] == [one.lead for one in lived]
    onsets = [None if np.isnan(one.onset_s) else one.onset_s for one in lived]
    assert found["onset_s"] == onsets
    assert any(onset is not None for onset in onsets)


def test_moments_are_in_utc_by_the_speed_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "fast.parquet"
    write_truth(path, load("quiet"), wearers=1, seed=2, seconds=10, start_s=START_S, speed=5)
    found = [moment.timestamp() - START_S for moment in rows(path, "second")["utc"]]
    assert found == pytest.approx([i / 5 for i in range(10)], abs=1e-6)


def test_the_file_says_of_whom_it_is_and_that_nobody_wore_a_band(path: Path) -> None:
    said = pq.read_schema(path).metadata
    assert [person["wearer"] for person in json.loads(said[b"forecalm.people"])] == ["w-01", "w-02", "w-03"]
    assert b"no person wore a band" in said[b"forecalm.notice"]
    assert said[b"forecalm.seed"] == b"2"


def test_a_row_group_holds_one_kind_of_row(path: Path) -> None:
    file = pq.ParquetFile(path)
    kinds = [set(file.read_row_group(i, ["what"])["what"].to_pylist()) for i in range(file.num_row_groups)]
    assert all(len(kind) <= 1 for kind in kinds)
    assert set().union(*kinds) == set(WHATS)


def test_what_cannot_be_is_refused_and_nothing_is_left_behind(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="seconds: must be 1 or more"):
        write_truth(tmp_path / "t.parquet", load("quiet"), seed=1, seconds=0, start_s=START_S)
    with pytest.raises(ScenarioError, match="speed: must be more than 0"):
        write_truth(tmp_path / "t.parquet", load("quiet"), seed=1, seconds=1, start_s=START_S, speed=0)
    with pytest.raises(ScenarioError, match="wearers: must be"):
        write_truth(tmp_path / "t.parquet", load("quiet"), wearers=0, seed=1, seconds=1, start_s=START_S)
    with pytest.raises(SimulationError, match=r"t\.parquet: cannot be written: "):
        write_truth(tmp_path / "no" / "t.parquet", load("quiet"), wearers=1, seed=1, seconds=1, start_s=START_S)
    assert list(tmp_path.iterdir()) == []
