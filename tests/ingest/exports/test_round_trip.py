"""Whatever is exported imports again as it was: every sample, every time, every label, to the last bit."""

import math
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.exports.bids import Subjects, finish, write_bids
from ingest.exports.sheets import About
from ingest.exports.tables import write_csv, write_parquet
from ingest.labels import Label
from ingest.recordings.detect import look
from ingest.recordings.exported import nanoseconds
from ingest.recordings.recording import Recording
from ingest.types import CHANNELS, Block

ABOUT = About(wearer="w-1", zone="Europe/Berlin")


def bids(folder: Path, recording: Recording, about: About) -> None:
    subjects = Subjects({}, {})
    write_bids(folder, recording, about, subjects)
    finish(folder, subjects, deidentified=False)


WRITERS = {"parquet": write_parquet, "csv": write_csv, "bids": bids}
Write = Callable[[Path, Recording, About], None]


def numbers(channel: str) -> st.SearchStrategy[float]:
    kind = CHANNELS[channel]
    return st.floats(kind.low, kind.high) | st.just(math.nan)


@st.composite
def pieces(draw: st.DrawFn, channel: str, near_s: float) -> tuple[Block, ...]:
    """Pieces of any rate, apart or overlapping, some across midnight."""
    found, at_s = [], near_s
    for _ in range(draw(st.integers(1, 4))):
        rate_hz = draw(st.sampled_from([0.01, 1.0, 4.0, 63.9995, 64.0]) | st.floats(0.01, 4096.0))
        n = draw(st.integers(1, 12))
        shape = (n,) if CHANNELS[channel].axes == 1 else (3, n)
        size = math.prod(shape)
        values = np.array(draw(st.lists(numbers(channel), min_size=size, max_size=size))).reshape(shape)
        found.append(Block(channel, at_s, rate_hz, values))
        at_s = found[-1].end_s + draw(st.floats(-0.2, 0.2) | st.floats(0, 90_000))
    return tuple(sorted(found, key=lambda piece: piece.start_s))


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    near_s = draw(st.floats(0, 4e9))
    names = draw(st.lists(st.sampled_from(["eda", "temperature", "ppg", "motion"]), min_size=1, unique=True))
    channels = {name: draw(pieces(name, near_s + draw(st.floats(0, 10)))) for name in CHANNELS if name in names}
    start_s = min(found[0].start_s for found in channels.values())
    beats = sorted(draw(st.lists(st.floats(start_s, start_s + 1e5), max_size=5)))
    ibi_s = np.array([beats, draw(st.lists(st.floats(0.01, 10), min_size=len(beats), max_size=len(beats)))])
    label = Label(
        what='rocking, "hard"',
        start_s=start_s + draw(st.floats(-10, 10)),
        end_s=start_s + 20,
        rater="J. Doe",
        level=draw(st.none() | st.floats(-5, 5)),
        note="a\nb",
    )
    labels = (label,) if draw(st.booleans()) else ()
    presses = np.array(sorted(draw(st.lists(st.floats(0, 4e9), max_size=3))))
    return Recording("r1", "made", start_s, channels, ibi_s if draw(st.booleans()) else None, presses, ("odd",), labels)


def same(found: Recording, told: Recording) -> None:
    assert (found.name, found.device, found.start_s, found.notes) == ("r1", told.device, told.start_s, told.notes)
    assert found.labels == told.labels
    assert found.tags_s.tobytes() == told.tags_s.tobytes()
    assert list(found.channels) == [name for name in CHANNELS if name in told.channels]
    for name, blocks in told.channels.items():
        assert len(found.channels[name]) == len(blocks)
        for one, other in zip(found.channels[name], blocks, strict=True):
            assert (one.channel, one.start_s, one.rate_hz) == (name, other.start_s, other.rate_hz)
            assert one.values.shape == other.values.shape
            np.testing.assert_array_equal(one.values.view(np.int64), other.values.view(np.int64))
    if told.ibi_s is None:
        assert found.ibi_s is None
    else:
        np.testing.assert_array_equal(found.ibi_s, told.ibi_s)


@pytest.mark.parametrize("layout", sorted(WRITERS))
@settings(max_examples=60, deadline=None)
@given(told=recordings())
def test_whatever_is_exported_imports_again_to_the_last_bit(layout: str, told: Recording) -> None:
    with TemporaryDirectory() as folder:
        WRITERS[layout](Path(folder), told, ABOUT)
        (found,) = [each for one in look(Path(folder)) for each in one.recordings]
    same(found, told)


@pytest.mark.parametrize("layout", WRITERS)
def test_an_export_of_several_people_is_never_taken_for_one(layout: str, tmp_path: Path) -> None:
    subjects = Subjects({}, {})
    values = np.arange(8.0)
    for wearer in ("w-1", "w-2"):
        recording = Recording(
            f"of-{wearer}", "e4", 0.0, {"eda": (Block("eda", 0.0, 4.0, values),)}, None, np.array([]), ()
        )
        about = About(wearer=wearer, zone="UTC")
        if layout == "bids":
            write_bids(tmp_path, recording, about, subjects)
        else:
            WRITERS[layout](tmp_path, recording, about)
    (found,) = look(tmp_path)
    assert not found.recordings
    assert "an export of 2 people ('w-1', 'w-2'): import the folder of each by itself" in (found.refused or "")
    for folder in sorted(tmp_path.iterdir()):
        assert [len(each.recordings) for each in look(folder) if each.passed == ()] == [1]


def test_the_times_of_an_export_are_those_of_its_samples(tmp_path: Path) -> None:
    block = Block("eda", 1_680_686_620.0, 4.0, np.arange(4.0))
    write_csv(tmp_path, Recording("r", "e4", block.start_s, {"eda": (block,)}, None, np.array([]), ()), ABOUT)
    lines = (tmp_path / "w-1" / "r" / "eda.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [
        f"2023-04-05T09:23:40.{part}Z" for part in ("000000", "250000", "500000", "750000")
    ]
    assert nanoseconds(np.array([1_680_686_620.25, -0.5])).tolist() == [1_680_686_620_250_000_000, -500_000_000]
