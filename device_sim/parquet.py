"""What one wearer's band sensed in, a folder of Parquet files out, in the layout that ``forecalm import`` takes in.

The layout is that of ``forecalm export --format parquet`` (docs/exports.md): a file a channel and UTC day, and a sheet
that says what each holds. No labels are written: the truth is a file of its own, which no detector is to see.
"""

import hashlib
import io
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from device_sim.band import STEPS
from device_sim.e4_files import beginnings, writing
from device_sim.files import STREAMS, Recorded
from device_sim.truth import NOTICE, require_pyarrow
from ingest.types import CHANNELS, Array

DEVICE: Final = "forecalm-simulated"
SOFTWARE: Final = "forecalm device_sim"
_DAY_S: Final = 86_400
_AXES: Final = ("x", "y", "z")


def write_parquet(folder: Path, recorded: Recorded, *, name: str) -> None:
    """Write one wearer's recording, called ``name``, into ``folder/WEARER/NAME``; files that are there are replaced.

    Raises SimulationError, naming the folder, where it cannot be written, or pyarrow is missing.
    """
    require_pyarrow()
    below = folder / recorded.wearer / name
    with writing(below):
        below.mkdir(parents=True, exist_ok=True)
        files = [file for channel in STREAMS for file in _channel(below, recorded, channel, name)]
        (below / "recording.json").write_text(json.dumps(_sheet(recorded, name, files), indent=1) + "\n")


def _channel(below: Path, recorded: Recorded, channel: str, name: str) -> list[dict[str, object]]:
    """Write a channel, a file for each UTC day, and return what the sheet says of the files."""
    rate = CHANNELS[channel].grid_hz
    counts = np.atleast_2d(recorded.counts[channel])
    at_s = recorded.start_s + np.arange(counts.shape[1]) / rate
    days = np.floor_divide(at_s, _DAY_S).astype(np.int64)
    told = []
    for day in np.unique(days).tolist():
        here = np.flatnonzero(days == day)
        first, rows = int(here[0]), int(here.size)
        segment = {
            "piece": 0,
            "start_s": float(recorded.start_s),
            "rate_hz": float(rate),
            "first": first,
            "row": 0,
            "rows": rows,
        }
        date = str(np.datetime64(day, "D"))
        said = {
            **_said(recorded, channel, name),
            "forecalm.day": f"{date} UTC",
            "forecalm.segments": json.dumps([segment]),
        }
        data = _parquet(at_s[here], counts[:, here].astype(np.float64) * STEPS[channel], channel, said)
        file = f"{channel}_{date}.parquet"
        (below / file).write_bytes(data)
        told.append(
            {
                "path": file,
                "channel": channel,
                "unit": CHANNELS[channel].unit,
                "rows": rows,
                "sha256": hashlib.sha256(data).hexdigest(),
                "segments": [segment],
            }
        )
    return told


def _said(recorded: Recorded, channel: str, name: str) -> dict[str, str]:
    """What every file of a channel says of itself, whatever its day."""
    return {
        "forecalm.channel": channel,
        "forecalm.unit": CHANNELS[channel].unit,
        "forecalm.wearer": recorded.wearer,
        "forecalm.recording": name,
        "forecalm.device": DEVICE,
        "forecalm.site_zone": "UTC",
        "forecalm.rate_hz": repr(float(CHANNELS[channel].grid_hz)),
        "forecalm.notice": NOTICE,
        "forecalm.software": SOFTWARE,
    }


def _parquet(at_s: Array, values: Array, channel: str, said: dict[str, str]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = (channel,) if CHANNELS[channel].axes == 1 else _AXES
    arrays: dict[str, Any] = {
        "time": pa.array(_nanoseconds(at_s), pa.timestamp("ns", "UTC")),
        "piece": pa.array(np.zeros(at_s.size, np.int32)),
        **{name: pa.array(axis) for name, axis in zip(names, values, strict=True)},
    }
    out = io.BytesIO()
    pq.write_table(
        pa.table(arrays).replace_schema_metadata(said),
        out,
        compression="zstd",
        use_dictionary=["piece", *names],
        column_encoding={"time": "DELTA_BINARY_PACKED"},
    )
    return out.getvalue()


def _nanoseconds(at_s: Array) -> NDArray[np.int64]:
    whole = np.floor(at_s)
    return np.rint((at_s - whole) * 1e9).astype(np.int64) + whole.astype(np.int64) * 1_000_000_000


def _sheet(recorded: Recorded, name: str, files: list[dict[str, object]]) -> dict[str, object]:
    return {
        "forecalm": "recording",
        "version": 1,
        "notice": NOTICE,
        "software": SOFTWARE,
        "wearer": recorded.wearer,
        "name": name,
        "device": DEVICE,
        "deidentified": False,
        "zone": "UTC",
        "local": [{"from_s": float(recorded.start_s), "offset_s": 0.0}],
        "files": files,
        "labels": None,
        "presses_s": [float(recorded.start_s + second) for second in beginnings(recorded.kind)],
        "notes": ["simulated: no person wore a band"],
    }
