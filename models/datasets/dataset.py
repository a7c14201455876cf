"""A data set: moments of recorded people as rows, each with what models read, a target, and where it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.datasets.target import Target

Array = NDArray[np.float64]
Index = NDArray[np.intp]

WINDOW_S: Final = 60.0  # what the field looks back on, and the least that heart-rate variability and sweat drive bear
STEP_S: Final = 5.0  # finer rows are nearly the same row again

POSITIVE: Final = 1
NEGATIVE: Final = 0
LEFT_OUT: Final = -1
BETWEEN: Final = "; "
TRUTH: Final = "truth: "
"""Before the names of scores that only a simulator knows: to be learnt from, and never to be estimated by."""


class Exclusion(IntEnum):
    """Why a moment has no target (``LEFT_OUT``). NONE goes with one."""

    NONE = 0
    UNLABELLED = 1  # nothing that the target names is said of its whole window
    DURING = 2  # an event is under way, or too near to be acted upon
    REFRACTORY = 3  # an event was over only just now
    UNCERTAIN = 4  # the onset is not known well enough to say on which side it lies
    APART = 5  # in a label that is told by itself (a negative control)
    NOT_WORN = 6  # the band was off
    UNKNOWN = 7  # nothing arrived since the moment before
    CONTRADICTED = 8  # labels say both
    EDGE = 9  # the session begins or ends too near to be sure: its window or its horizon reaches beyond


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A recording of ``person`` (a pseudonym) in ``study``, from ``start_s`` to ``end_s`` [UTC s]; ``digest`` tells its
    content, ``origin`` its file or band."""

    name: str
    person: str
    study: str
    start_s: float
    end_s: float
    origin: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that began at ``onset_s`` (within ``uncertainty_s`` on either side) and ended at ``end_s`` [UTC s], in
    the session of that index or so soon after its end that moments of it lead up to it (a band is torn off at times).
    ``lead``: not set off by one just before it."""

    session: int
    what: str
    onset_s: float
    end_s: float
    uncertainty_s: float = 0.0
    lead: bool = True


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Dataset:
    """n moments; a row is made of samples of its own session, none of them later than ``end_s``.

    Parameters
    ----------
    inputs : (n, F), NaN where unknown, with their ``input_names``.
    end_s : (n,) UTC s.
    session : (n,) index into ``sessions``; rows are in order of session, then of time.
    target : (n,) int8: ``POSITIVE``, ``NEGATIVE`` or ``LEFT_OUT``, and (n,) int8 ``exclusion`` says why.
    event : (n,) index into ``events`` of the event that a positive leads up to, -1 elsewhere (always in a state).
    condition : (n,) what the labels say of the moment, "" where nothing: negative controls are told by it. Words in
        order of the alphabet, joined by ``BETWEEN`` where there are several: ask ``in_condition``.
    worn : (n,) whether the band was on the skin at any time since the moment before.
    scores : log-odds (n,) of detectors that ran over the very stream the rows were made of, NaN where they abstain; and
        under names that begin with ``TRUTH`` what only a simulator knows of a moment, NaN where nobody does.
    window_s, step_s : what a target's moment looks back on, and how far rows are apart.
    looks_back_s : the longest that any input looks back, what is usual of the person aside: rows of one session that
        are nearer to each other share samples.
    made_by : what else made the rows: names and versions of features, inputs and code.
    notes : what was odd or left out when it was made, a sentence each.
    """

    inputs: Array
    input_names: tuple[str, ...]
    end_s: Array
    session: Index
    target: NDArray[np.int8]
    exclusion: NDArray[np.int8]
    event: Index
    condition: NDArray[np.str_]
    worn: NDArray[np.bool_]
    sessions: tuple[Session, ...]
    events: tuple[Event, ...]
    aim: Target
    window_s: float
    step_s: float
    looks_back_s: float = 0.0
    scores: Mapping[str, Array] = field(default_factory=dict)
    made_by: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody, sorted."""
        return tuple(sorted({each.person for each in self.sessions}))

    @property
    def person(self) -> Index:
        """(n,) index into ``people``."""
        at = {name: i for i, name in enumerate(self.people)}
        return np.array([at[each.person] for each in self.sessions], np.intp)[self.session]

    @property
    def since_s(self) -> Array:
        """(n,) seconds since the session began: the clock, which no honest model may live on."""
        return self.end_s - np.array([each.start_s for each in self.sessions], np.float64)[self.session]

    def in_condition(self, word: str) -> NDArray[np.bool_]:
        """(n,) whether labels with this word speak of the moment."""
        told, which = np.unique(self.condition, return_inverse=True)
        return np.array([word in each.split(BETWEEN) for each in told.tolist()], np.bool_)[which]
