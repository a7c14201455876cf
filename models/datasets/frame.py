"""A data set in, a pandas frame or a Parquet file with documented columns out, and back to the same bits.

docs/datasets.md says what each column is.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from ingest.notice import NOTICE
from models.datasets.dataset import Array, Dataset, Event, Exclusion, Session
from models.datasets.target import Target
from models.errors import DatasetError

if TYPE_CHECKING:
    import pandas as pd

ABOUT: Final = "forecalm"  # in ``attrs`` of a frame, and in the schema of a Parquet file: what no column holds
FORMAT: Final = 1
SCORE: Final = "score:"  # before the names of detectors
COLUMNS: Final = (
    "study",
    "person",
    "session",
    "session_name",
    "time",
    "end_s",
    "since_s",
    "target",
    "exclusion",
    "event",
    "condition",
    "worn",
)
"""Before the inputs, which have their own names; after them the scores."""


class _About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    notice: str
    input_names: tuple[str, ...]
    sessions: tuple[Session, ...]
    events: tuple[Event, ...]
    aim: Target
    window_s: float
    step_s: float
    looks_back_s: float
    scores: tuple[str, ...]
    made_by: dict[str, str]
    notes: tuple[str, ...]


def frame_of(data: Dataset) -> "pd.DataFrame":
    """Return the rows as a frame, a column each of ``COLUMNS``, then the inputs, then ``score:`` and a detector's name;
    ``attrs["forecalm"]`` holds the rest as JSON, so that ``of_frame`` can make the data set of it again.

    Raises DatasetError where an input has the name of another column.
    """
    import pandas as pd  # here, so that whoever needs no frame does not wait for it

    taken = sorted(set(data.input_names) & {*COLUMNS, *(SCORE + name for name in data.scores)})
    if taken:
        raise DatasetError(f"inputs: {taken[0]!r} is the name of another column: rename the input")
    sessions = data.sessions
    columns: dict[str, Any] = {
        "study": np.array([each.study for each in sessions], object)[data.session],
        "person": np.array([each.person for each in sessions], object)[data.session],
        "session": data.session.astype(np.int64),
        "session_name": np.array([each.name for each in sessions], object)[data.session],
        "time": pd.to_datetime(np.round(1e6 * data.end_s).astype(np.int64), unit="us", utc=True).as_unit("us"),
        "end_s": data.end_s,
        "since_s": data.since_s,
        "target": data.target,
        "exclusion": np.array([each.name for each in Exclusion], object)[data.exclusion],
        "event": data.event.astype(np.int64),
        "condition": data.condition.astype(object),
        "worn": data.worn,
    }
    inputs = pd.DataFrame(data.inputs, columns=list(data.input_names), copy=True)
    scores = {SCORE + name: each for name, each in data.scores.items()}
    frame = pd.concat([pd.DataFrame(columns), inputs, pd.DataFrame(scores, index=inputs.index)], axis=1)
    frame.attrs[ABOUT] = _about(data)
    return frame


def of_frame(frame: "pd.DataFrame") -> Dataset:
    """Return the data set of a frame of ``frame_of``, rows left out or put in another order included.

    Raises DatasetError where columns or ``attrs["forecalm"]`` are missing or do not fit.
    """
    about = _read_about(frame.attrs.get(ABOUT))
    wanted = (*COLUMNS, *about.input_names, *(SCORE + name for name in about.scores))
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        raise DatasetError(f"frame: column {missing[0]!r} is missing: it is not a frame of a data set, or was cut")
    exclusion = {each.name: int(each) for each in Exclusion}
    return Dataset(
        inputs=np.ascontiguousarray(frame[list(about.input_names)].to_numpy(np.float64)),
        input_names=about.input_names,
        end_s=_floats(frame, "end_s"),
        session=frame["session"].to_numpy(np.intp),
        target=frame["target"].to_numpy(np.int8),
        exclusion=np.array([exclusion[each] for each in frame["exclusion"]], np.int8),
        event=frame["event"].to_numpy(np.intp),
        condition=np.array(frame["condition"].to_list(), np.str_) if len(frame) else np.zeros(0, "U1"),
        worn=frame["worn"].to_numpy(np.bool_),
        sessions=about.sessions,
        events=about.events,
        aim=about.aim,
        window_s=about.window_s,
        step_s=about.step_s,
        looks_back_s=about.looks_back_s,
        scores={name: _floats(frame, SCORE + name) for name in about.scores},
        made_by=about.made_by,
        notes=about.notes,
    )


def write_parquet(data: Dataset, path: Path) -> None:
    """Write a data set as one Parquet file; a crash leaves no half of one. Raises DatasetError where pyarrow (extra
    ``formats``) is not installed."""
    arrow, parquet = _arrow()
    frame = frame_of(data)
    about = frame.attrs.pop(ABOUT)
    table = arrow.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), ABOUT.encode(): about.encode()})
    part = path.with_name(f"{path.name}.part")
    parquet.write_table(table, part)
    part.replace(path)


def read_parquet(path: Path) -> Dataset:
    """Return the data set of a file of ``write_parquet``. Raises DatasetError where it is none, or pyarrow is missing;
    OSError where it cannot be read."""
    arrow, parquet = _arrow()
    try:
        table = parquet.read_table(path)
    except arrow.ArrowInvalid as error:
        raise DatasetError(f"{path.name}: no Parquet file: {error}") from error
    about = (table.schema.metadata or {}).get(ABOUT.encode())
    frame = table.to_pandas()
    frame.attrs[ABOUT] = None if about is None else about.decode()
    return of_frame(frame)


def _about(data: Dataset) -> str:
    about = _About(
        format=FORMAT,
        notice=NOTICE,
        input_names=data.input_names,
        sessions=data.sessions,
        events=data.events,
        aim=data.aim,
        window_s=data.window_s,
        step_s=data.step_s,
        looks_back_s=data.looks_back_s,
        scores=tuple(data.scores),
        made_by=dict(data.made_by),
        notes=data.notes,
    )
    return msgspec.json.encode(about).decode()


def _read_about(text: str | None) -> _About:
    if text is None:
        raise DatasetError(f"frame: attrs[{ABOUT!r}] is missing: it is not a frame of a data set")
    try:
        about = msgspec.json.decode(text, type=_About)
    except msgspec.DecodeError as error:
        raise DatasetError(f"frame: attrs[{ABOUT!r}]: {error}") from error
    if about.format != FORMAT:
        raise DatasetError(f"frame: of format {about.format}, this version reads {FORMAT}: make it anew")
    return about


def _floats(frame: "pd.DataFrame", name: str) -> Array:
    return np.ascontiguousarray(frame[name].to_numpy(np.float64))


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise DatasetError('Parquet needs pyarrow: pip install "forecalm[formats]"') from None
    return pyarrow, pyarrow.parquet
