"""The concrete episodes of a stretch of time, one a row of a table: what timelines draw and what is played."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device_sim.life.lived import Lived
from device_sim.physiology.noise import Keys
from device_sim.scenario import KINDS
from ingest.types import Array

Codes = NDArray[np.int64]

ANXIETY: Final = KINDS.index("anxiety")
OFF: Final = KINDS.index("off_wrist")
INCIDENT: Final = KINDS.index("incident")
SLEEP: Final = KINDS.index("sleep")
COLUMNS: Final = ("start", "rise", "hold", "incident", "fall", "strength")


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """m episodes: ``row``, ``kind`` (index of KINDS), ``shape`` (index of BUILD_UPS), ``lead`` (0 for an aftershock),
    all (m,) int; ``own`` (m,) the key of what is random in it; ``numbers`` (m, 6) in the order of ``COLUMNS``
    [s; strength]. An incident begins when rise and hold are over."""

    row: Codes
    kind: Codes
    shape: Codes
    lead: Codes
    own: Keys
    numbers: Array

    def end_s(self) -> Array:
        """Return when each episode is over [s], (m,)."""
        ends: Array = self.numbers[:, :5].sum(axis=1)
        return ends

    def taken(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> "Table":
        """Return some of the episodes, by mask or index."""
        return Table(*(getattr(self, field.name)[which] for field in fields(self)))

    def within(self, begin_s: float, end_s: float) -> "Table":
        """Return the episodes of which anything lies in [begin_s, end_s), by row and start."""
        here = (self.numbers[:, 0] < end_s) & (self.end_s() > begin_s)
        order = np.lexsort((self.numbers[here, 0], self.row[here]))
        return self.taken(np.flatnonzero(here)[order])


def joined(*tables: Table) -> Table:
    """Return all the episodes of ``tables`` (one at least), in their order."""
    return Table(*(np.concatenate([getattr(table, field.name) for table in tables]) for field in fields(Table)))


def told(table: Table) -> tuple[Lived, ...]:
    """Return the episodes one by one, in their order."""
    return tuple(
        Lived(
            row=int(row),
            kind=KINDS[kind],
            start_s=float(start),
            onset_s=float(start + rise + hold) if incident else float("nan"),
            end_s=float(end),
            strength=float(strength),
            ends="incident" if incident else ("settles" if kind == ANXIETY else ""),
            lead=bool(lead),
        )
        for row, kind, lead, end, (start, rise, hold, incident, _, strength) in zip(
            table.row, table.kind, table.lead, table.end_s(), table.numbers, strict=True
        )
    )
