"""Real E4 sessions, FLIRT's readers and ours: the same files to arrays, from zips and from unpacked folders.

FLIRT's readers are given each file's bytes, unzipped into memory; those that it cannot read (without a sample) are left
out for it. Ours reads the whole session as it always does: the files of its four sensors side by side, a thread each;
it also checks every line, and reads presses and labels. devicely's readers need a pandas older than what is installed
beside FLIRT, and are not raced.
"""

import io
import os
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import ROOT, Race
from ingest.recordings.e4 import read

RUNS = 5
SESSIONS = ("stress_predict/*.zip", "nurse_stress/6B_*.zip")


def race() -> list[Race]:
    """Return a line for zips and one for folders; none where no real recordings are."""
    data = Path(os.environ.get("FORECALM_TEST_RECORDINGS", ROOT.parent / "shared" / "data"))
    zips = sorted(path for pattern in SESSIONS for path in data.glob(pattern))
    if not zips:
        return []
    with tempfile.TemporaryDirectory() as name:
        folders = [_unpacked(path, Path(name) / path.stem) for path in zips]
        return [_race("zips", zips), _race("folders", folders)]


def _race(what: str, paths: list[Path]) -> Race:
    ours_s, peer_s = medians([read, _theirs], paths)
    hours = sum((recording.end_s - recording.start_s) / 3600 for recording in map(read, paths))
    return Race(
        work=f"{len(paths)} E4 sessions ({hours:.0f} h) read from {what}",
        peer="FLIRT's readers",
        peer_s=peer_s,
        ours_s=ours_s,
        reach=5,
        goal=5,
        note="ours unzips and parses up to four files side by side"
        + (f"; unzipping them one by one takes {_unzipping_s(paths):.2g} s" if what == "zips" else ""),
    )


def medians(readers: list[Callable[[Path], object]], paths: list[Path]) -> list[float]:
    """How long each reader takes for all paths [s], turn and turn about."""
    spent: list[list[float]] = [[] for _ in readers]
    for reader in readers:
        reader(paths[0])  # what is compiled or imported at first is not raced
    for _ in range(RUNS):
        for times, reader in zip(spent, readers, strict=True):
            before = time.perf_counter()
            for path in paths:
                reader(path)
            times.append(time.perf_counter() - before)
    return [statistics.median(times) for times in spent]


def _theirs(path: Path) -> list[object]:
    from flirt.reader import empatica

    readers = {
        "EDA.csv": empatica.read_eda_file_into_df,
        "TEMP.csv": empatica.read_temp_file_into_df,
        "BVP.csv": empatica.read_bvp_file_into_df,
        "ACC.csv": empatica.read_acc_file_into_df,
        "IBI.csv": empatica.read_ibi_file_into_df,
    }
    return [readers[name](io.BytesIO(data)) for name, data in _files(path).items() if name in readers and data]


def _files(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        return {file.name: file.read_bytes() for file in path.iterdir()}
    with zipfile.ZipFile(path) as archive:
        return {name.rsplit("/", 1)[-1]: archive.read(name) for name in archive.namelist()}


def _unpacked(path: Path, folder: Path) -> Path:
    folder.mkdir()
    for name, data in _files(path).items():
        (folder / name).write_bytes(data)
    return folder


def _unzipping_s(paths: list[Path]) -> float:
    before = time.perf_counter()
    for path in paths:
        _files(path)
    return time.perf_counter() - before
