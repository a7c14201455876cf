"""Measurements in, the tables that people read and the JSON that scripts read out."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the accuracy table: ``what`` was measured ``against`` what, what was to ``reach`` and what was found.

    ``numbers`` holds every number behind ``found``; ``detail`` is Markdown for below the table, per recording where
    there are several, the peers' figures where there are peers.
    """

    what: str
    against: str
    reach: str
    found: str
    met: bool
    numbers: dict[str, float] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Race:
    """One line of the speed table: ours and a peer's at the same ``work``, both measured in this run.

    ``ours_s`` and ``peer_s`` are medians over the runs [s]; ``reach`` and ``goal`` are how many times faster ours is to
    be. ``note`` says what else is to be known: accuracy of both, memory, what was left on the table.
    """

    work: str
    peer: str
    peer_s: float
    ours_s: float
    reach: float
    goal: float
    note: str = ""

    @property
    def times(self) -> float:
        """How many times faster ours is."""
        return self.peer_s / self.ours_s


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    rows = [list(head), ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def keep_json(path: Path, figures: Sequence[Figure] | Mapping[str, Sequence[Race]]) -> None:
    """Write ``figures``, or those of each module, as JSON; what is not finite as null."""
    found: object = (
        [asdict(figure) for figure in figures]
        if isinstance(figures, Sequence)
        else {name: [asdict(race) for race in races] for name, races in figures.items()}
    )
    text = json.dumps(_plain(found), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n")


def _plain(value: object) -> object:
    """Return ``value`` as JSON knows it: NumPy's numbers as Python's, what is not finite as None."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
