"""A scenario in, the truth behind it out: one Parquet file that says of every wearer what was so, and when.

The truth follows from scenario, seed and wearers alone, whatever became of the packets; so it may be written before,
after or without a run. The layout is documented in docs/simulator.md.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from device_sim.errors import ScenarioError, SimulationError
from device_sim.files import CHUNK_S, live
from device_sim.life.lived import Lived
from device_sim.physiology.body import Events, Samples
from device_sim.scenario import KINDS, Scenario
from device_sim.ward import Ward, wearer_name
from ingest.notice import SENTENCE
from ingest.types import Array

WHATS: Final = ("second", "beat", "response", "episode", "fault")
CALM: Final = "calm"
LEVELS: Final = ("arousal", "effort", "heat", "meal", "asleep", "fit", "walk", "run", "fidget", "flap", "rock")
FLAGS: Final = ("worn", "artefact_eda", "artefact_ppg")
NOTICE: Final = f"{SENTENCE} Simulated: no person wore a band."
Columns = dict[str, Any]


def write_truth(
    path: Path,
    scenario: Scenario,
    *,
    wearers: int | None = None,
    seed: int,
    boot: int | None = None,
    seconds: int,
    start_s: float,
    speed: float = 1.0,
    told: Callable[[int], None] | None = None,
) -> None:
    """Write the truth of ``seconds`` s from the end of the scenario's past on; a file that is there is replaced.

    ``start_s`` is the UTC at simulated time 0 [s]; with ``speed`` UTC passes that much more slowly. ``boot`` as for
    ``Ward``. ``told`` is called with the seconds done, now and then. The file appears when it is whole.

    Raises SimulationError, naming the path, where it cannot be written or pyarrow is missing, and ScenarioError, naming
    the argument, for wearers, a seed, a boot or seconds that cannot be.
    """
    require_pyarrow()
    if seconds < 1:
        raise ScenarioError(f"seconds: must be 1 or more, got {seconds}")
    if not speed > 0:
        raise ScenarioError(f"speed: must be more than 0, got {speed}")
    ward = Ward(scenario, wearers=wearers, seed=seed, boot=boot)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        _write(unfinished, ward, scenario, seed=seed, seconds=seconds, clock=(start_s, speed), told=told)
        unfinished.replace(path)
    except OSError as error:
        raise SimulationError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def require_pyarrow() -> None:
    """Raise SimulationError, naming the mend, where Parquet cannot be written."""
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise SimulationError("Parquet needs pyarrow: pip install 'forecalm[formats]', or make setup-full") from None


def _write(
    path: Path,
    ward: Ward,
    scenario: Scenario,
    *,
    seed: int,
    seconds: int,
    clock: tuple[float, float],
    told: Callable[[int], None] | None,
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    said = {
        "forecalm.truth": "1",
        "forecalm.notice": NOTICE,
        "forecalm.scenario": scenario.name,
        "forecalm.seed": str(seed),
        "forecalm.seconds": str(seconds),
        "forecalm.start_s": repr(clock[0]),
        "forecalm.speed": repr(clock[1]),
        "forecalm.people": json.dumps(
            [{"wearer": wearer_name(i), **asdict(person)} for i, person in enumerate(ward.people, 1)]
        ),
    }
    schema = _schema().with_metadata(said)
    live(ward, until_s=0)
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        while ward.now_s < seconds:
            at_s = ward.now_s
            samples = ward.skip(min(CHUNK_S, seconds - at_s))
            past_s = scenario.past_s
            for what, columns in (
                ("second", _seconds(samples, ward, past_s)),
                ("beat", _events(samples.beats, past_s)),
                ("response", _events(samples.responses, past_s)),
            ):
                file.write_table(_table(pa, schema, what, columns, ward, clock))
            if told is not None:
                told(ward.now_s)
        file.write_table(_table(pa, schema, "episode", _episodes(ward.episodes(0, seconds)), ward, clock))
        file.write_table(_table(pa, schema, "fault", _faults(ward, seconds), ward, clock))


def _schema() -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa

    name, moment = pa.dictionary(pa.int32(), pa.string()), pa.timestamp("us", "UTC")
    return pa.schema(
        [
            ("what", name),
            ("wearer", name),
            ("band", name),
            ("time_s", pa.float64()),
            ("utc", moment),
            ("value", pa.float64()),
            ("state", name),
            ("boot", pa.int64()),
            ("seq", pa.int64()),
            *((flag, pa.bool_()) for flag in FLAGS),
            *((level, pa.float32()) for level in LEVELS),
            ("end_s", pa.float64()),
            ("onset_s", pa.float64()),
            ("ends", name),
            ("lead", pa.bool_()),
        ]
    )


def _seconds(samples: Samples, ward: Ward, past_s: int) -> Columns:
    drive = samples.drive
    rows, n = drive.arousal.shape
    at_s = drive.start_s + np.arange(n)
    return {
        "row": np.repeat(np.arange(rows), n),
        "time_s": np.tile(at_s, rows).astype(np.float64),
        "state": _named(drive.kind.ravel()),
        **_names(ward, at_s, past_s),
        "worn": drive.worn.ravel(),
        "artefact_eda": samples.artefacts.eda.ravel(),
        "artefact_ppg": samples.artefacts.ppg.ravel(),
        **{level: getattr(drive, level).ravel() for level in LEVELS},
    }


def _names(ward: Ward, at_s: NDArray[np.int64], past_s: int) -> Columns:
    """Boot and number of the packet that carries each second; null while the band is off."""
    rows, n = len(ward.bands), at_s.size
    if not ward.plan.any("reboot", "flat_battery"):
        boots = np.array([band.boot for band in ward.bands], np.int64)
        return {"boot": np.repeat(boots, n), "seq": np.tile(at_s + past_s, rows)}
    names = [ward.plan.name(row, second) for row in range(rows) for second in at_s.tolist()]
    return {
        "boot": [None if name is None else name[0] for name in names],
        "seq": [None if name is None else name[1] for name in names],
    }


def _faults(ward: Ward, seconds: int) -> Columns:
    """A row for each time that a fault befell each of its bands."""
    names = [band.name for band in ward.bands]
    found = [
        (row, begin_s, end_s, fault)
        for row, name in enumerate(names)
        for fault in ward.plan.faults
        if not fault.bands or name in fault.bands
        for begin_s, end_s in fault.windows(seconds)
    ]
    return {
        "row": np.array([row for row, *_ in found], np.int64),
        "time_s": np.array([begin_s for _, begin_s, *_ in found], np.float64),
        "value": np.array([fault.value for *_, fault in found], np.float64),
        "state": [fault.kind for *_, fault in found],
        "end_s": np.array([end_s for _, _, end_s, _ in found], np.float64),
    }


def _named(kind: NDArray[np.int64]) -> list[str]:
    names = (*KINDS, CALM)  # -1, no episode, is the last
    return [names[code] for code in kind.tolist()]


def _events(events: Events, past_s: int) -> Columns:
    return {"row": events.row, "time_s": events.time_s - past_s, "value": events.value}


def _episodes(lived: tuple[Lived, ...]) -> Columns:
    return {
        "row": np.array([one.row for one in lived], np.int64),
        "time_s": np.array([one.start_s for one in lived], np.float64),
        "value": np.array([one.strength for one in lived], np.float64),
        "state": [one.kind for one in lived],
        "end_s": np.array([one.end_s for one in lived], np.float64),
        "onset_s": np.array([one.onset_s for one in lived], np.float64),
        "ends": [one.ends or None for one in lived],
        "lead": [one.lead for one in lived],
    }


def _table(pa: Any, schema: Any, what: str, columns: Columns, ward: Ward, clock: tuple[float, float]) -> Any:  # noqa: ANN401
    """Return the rows of one ``what``: columns that it does not have are null; a moment or a size of NaN is too."""
    rows = np.asarray(columns["row"], np.int64)
    wearers = [wearer_name(i) for i in range(1, len(ward.bands) + 1)]
    full: Columns = {
        **columns,
        "what": [what] * rows.size,
        "wearer": [wearers[row] for row in rows.tolist()],
        "band": [ward.bands[row].name for row in rows.tolist()],
        "utc": _moments(columns["time_s"], clock),
    }
    arrays = []
    for field in schema:
        if field.name not in full:
            arrays.append(pa.nulls(rows.size, field.type))
            continue
        plain = pa.string() if pa.types.is_dictionary(field.type) else field.type
        values = full[field.name]
        array = pa.array(values, plain, from_pandas=field.name in ("onset_s", "value"))
        arrays.append(array.dictionary_encode() if pa.types.is_dictionary(field.type) else array)
    return pa.table(arrays, schema=schema)


def _moments(time_s: Array, clock: tuple[float, float]) -> list[datetime]:
    start_s, speed = clock
    begin = datetime.fromtimestamp(start_s, UTC)
    return [begin + timedelta(seconds=at / speed) for at in time_s.tolist()]
