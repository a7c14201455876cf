"""Recordings of other formats than the E4's, pandas.read_csv and ours: the same files, from the same zips and folders.

pandas only parses the columns; ours tells the format, checks every line, puts uneven samples into even pieces and reads
the labels. So it may take twice as long.
"""

import io
import os
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.figures import ROOT, Race
from benchmarks.speed.imports import medians
from ingest.recordings.detect import FORMATS, look
from ingest.recordings.mapping import mapping_of
from ingest.recordings.recording import Format
from ingest.recordings.table import format_of

REACH = 0.5
REAL = {
    "autism_smm/*.zip": "stereotypy studies, counts",
    "cogwear/*.zip": "CogWear",
    "eda_artifacts_aww/*.zip": "Q sensor logs",
    "welltory_ppg_rr/*.zip": "phone cameras",
}
MAPPING = '[time]\ncolumn = "time"\n[channels]\neda = {column = "eda"}\nppg = {column = "ppg"}\n'
EMOTIBIT = "LocalTimestamp,EmotiBitTimestamp,PacketNumber,DataLength,TypeTag,ProtocolVersion,DataReliability"


def race() -> list[Race]:
    """Return a line for each format; those of real recordings only where these are."""
    data = Path(os.environ.get("FORECALM_TEST_RECORDINGS", ROOT.parent / "shared" / "data"))
    races = [_race(what, paths, FORMATS) for pattern, what in REAL.items() if (paths := sorted(data.glob(pattern)))]
    with tempfile.TemporaryDirectory() as name:
        table, parsed = _made(Path(name))
        mapping = format_of(mapping_of(MAPPING, "map.toml"))
        return [
            *races,
            _race("a mapped table, 400,000 lines", [table], (mapping,)),
            _race("EmotiBit, 1 h", [parsed], FORMATS),
        ]


def _race(what: str, paths: list[Path], formats: Sequence[Format]) -> Race:
    ours: Callable[[Path], object] = lambda path: list(look(path, formats=formats))  # noqa: E731
    ours_s, peer_s = medians([ours, _pandas], paths)
    return Race(
        work=f"{what}: files to recordings",
        peer="pandas.read_csv",
        peer_s=peer_s,
        ours_s=ours_s,
        reach=REACH,
        goal=REACH,
    )


def _pandas(path: Path) -> list[object]:
    import pandas as pd

    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist() if name.endswith(".csv")}
    else:
        files = {file.name: file.read_bytes() for file in ([path] if path.is_file() else path.iterdir())}
    return [
        pd.read_csv(io.BytesIO(data), skiprows=8 if data.startswith(b"Log File") else 0, encoding="latin-1")
        for data in files.values()
    ]


def _made(folder: Path) -> tuple[Path, Path]:
    """A table, and a folder of EmotiBit's parsed files."""
    table, parsed = folder / "table.csv", folder / "emotibit"
    lines = (f"{1_700_000_000 + i / 64:.6f},{i % 97 / 13:.5f},{i % 1000 * 1.5},{i}\n" for i in range(400_000))
    table.write_text("time,eda,ppg,x\n" + "".join(lines))
    parsed.mkdir()
    for tag, rate_hz in {"EA": 15.0, "PG": 25.0, "AX": 25.0, "AY": 25.0, "AZ": 25.0, "TH": 7.5}.items():
        rows = (
            f"{1_726_714_786 + i / rate_hz:.6f},{531_473 + i * 1e3 / rate_hz:.3f},{i // 3},3,{tag},1,100,{i % 99 / 8}\n"
            for i in range(round(3600 * rate_hz))
        )
        (parsed / f"x_{tag}.csv").write_text(f"{EMOTIBIT},{tag}\n" + "".join(rows))
    return table, parsed
