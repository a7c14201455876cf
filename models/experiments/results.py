"""What an experiment found: msgspec structs that go into ``results.json``, and arrays for ``predictions.npz``."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.notice import NOTICE
from models.datasets.dataset import Dataset
from models.errors import ExperimentError
from models.estimates import Estimates
from models.evaluation.judgement import Choice, Judgement
from models.experiments.spec import Experiment
from models.splits.leakage import Verdict

VERSION: Final = 1  # of the file; goes up when a key changes its meaning
NO_INPUTS: Final = "none"  # the group of what reads no inputs
EXPERIMENT: Final = "experiment.toml"
RESULTS: Final = "results.json"
PREDICTIONS: Final = "predictions.npz"
EVENT_FIELDS: Final = {
    "session": np.intp,
    "what": np.str_,
    "onset_s": np.float64,
    "end_s": np.float64,
    "uncertainty_s": np.float64,
    "lead": np.bool_,
}


class StudySaid(msgspec.Struct, frozen=True, kw_only=True):
    """What a study brought: rows with a target by side, rows without one by reason, label words of rows with hours."""

    study: str
    people: int
    sessions: int
    hours: float
    worn_hours: float
    positives: int
    negatives: int
    events: int
    excluded: dict[str, int]
    words: dict[str, float]


class DataSaid(msgspec.Struct, frozen=True, kw_only=True):
    """The data set that was judged by: its ``digest`` tells whether another is the same."""

    digest: str
    rows: int
    inputs: int
    window_s: float
    step_s: float
    made_by: dict[str, str]
    studies: tuple[StudySaid, ...]
    notes: tuple[str, ...] = ()


class FoldSaid(msgspec.Struct, frozen=True, kw_only=True):
    """One fold of one candidate: on whom it was trained and judged, what was chosen in training, or why it could not be
    trained (``refused``). ``drivers``: mean share of the log-odds moved, by plain driver, over tested rows."""

    name: str
    people: tuple[str, ...]
    trained_people: int
    trained_rows: int
    trained_positives: int
    tested_rows: int
    choice: Choice | None = None
    drivers: dict[str, float] = {}
    notes: tuple[str, ...] = ()
    refused: str = ""


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate on a group of inputs in a variant of the split: its folds, and the judgement of all tested rows;
    ``why`` there is none. ``key`` names it among all arms and in ``predictions.npz``."""

    key: str
    candidate: str
    kind: str
    group: str
    variant: str
    folds: tuple[FoldSaid, ...]
    judgement: Judgement | None = None
    why: str = ""


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a report or a comparison needs."""

    version: int = VERSION
    notice: str = NOTICE
    experiment: Experiment
    libraries: dict[str, str]
    data: DataSaid
    audit: Verdict
    arms: tuple[Arm, ...]
    notes: tuple[str, ...] = ()

    def arm(self, key: str) -> Arm:
        """Return the arm of that key, or the only one of that candidate. Raises ExperimentError where there is none."""
        found = [each for each in self.arms if key in (each.key, each.candidate)]
        if len(found) > 1 and (exact := [each for each in found if each.key == key]):
            found = exact
        if len(found) != 1:
            raise ExperimentError(
                f"{self.experiment.name}: {key!r} names {len(found)} of its results: name one of"
                f" {', '.join(each.key for each in self.arms)}"
            )
        return found[0]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ran:
    """``results``, the ``moments`` that were judged, and what each arm said of them, by key."""

    results: Results
    moments: Dataset
    said: Mapping[str, Estimates]


def encode(results: Results) -> bytes:
    """The bytes of ``results.json``: the same results give the same bytes."""
    return msgspec.json.format(msgspec.json.encode(results, order="deterministic"), indent=1) + b"\n"


def decode(text: bytes, *, origin: str) -> Results:
    """Return what ``encode`` wrote. Raises ExperimentError where it is no such file, or of another version."""
    try:
        found: Any = msgspec.json.decode(text)
        version = found.get("version") if isinstance(found, dict) else None
        if version != VERSION:
            raise ExperimentError(
                f"{origin}: results of version {version}, and {VERSION} is read: evaluate the experiment again"
            )
        return msgspec.convert(found, Results)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ExperimentError(f"{origin}: no results of an experiment: {error}") from None


def predictions(ran: Ran) -> bytes:
    """The bytes of ``predictions.npz``: ``end_s`` [UTC s], ``session`` (its name; ``session_at`` its number),
    ``person``, ``study``, ``target``, ``exclusion``, ``condition`` and ``worn`` of each moment; of each event
    ``events/session`` (its number), ``events/what``, ``events/onset_s``, ``events/end_s``, ``events/uncertainty_s`` and
    ``events/lead``; and of each arm ``{key}/probability``, ``{key}/low``, ``{key}/high`` and ``{key}/abstention``,
    where -1 says that the moment was not tested. With these everything in ``results.json`` can be judged again."""
    moments = ran.moments
    arrays: dict[str, NDArray[Any]] = {"end_s": moments.end_s, "session_at": moments.session}
    for what in ("target", "exclusion", "condition", "worn"):
        arrays[what] = getattr(moments, what)
    for what, kind in EVENT_FIELDS.items():
        arrays[f"events/{what}"] = np.array([getattr(each, what) for each in moments.events], kind)
    for what in ("name", "person", "study"):
        known = np.array([getattr(each, what) for each in moments.sessions], np.str_)
        arrays["session" if what == "name" else what] = known[moments.session]
    for key, said in ran.said.items():
        for what in ("probability", "low", "high", "abstention"):
            arrays[f"{key}/{what}"] = getattr(said, what)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # its signature names allow_pickle among the arrays
    return file.getvalue()
