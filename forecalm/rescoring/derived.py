"""Seconds that were decided anew in, the points of those seconds in InfluxDB written anew out."""

import math
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import numpy as np

from forecalm.rescoring.lived import Decided
from forecalm.rescoring.rescoring import Derived
from ingest.errors import StoreError
from ingest.store.influx_derived import DERIVED
from ingest.store.line_protocol import lines
from signals.features import NAMES

TOGETHER: Final = 1_000  # mostly a second each, written at once: 2 MB of text
NS: Final = 1_000_000_000


class Connection(Protocol):
    """As much of ``InfluxConnection`` as is needed here."""

    def run(self, statement: str) -> None:
        """Run a statement."""

    def write(self, text: bytes) -> None:
        """Write lines."""


def rewriting(connection: Connection) -> Derived:
    """What takes the old points of a wearer away, which were made of somebody else's readings, and writes those that
    were decided. Where the server cannot do so, the note says it: dashboards then show what is not so, and nothing else
    is held up."""

    def rewrite(wearer: str, since_s: float, until_s: float, decided: Sequence[Decided]) -> str:
        since_ns, until_ns = math.floor(since_s) * NS, math.ceil(until_s) * NS
        where = f"\"wearer\" = '{wearer}' AND time >= {since_ns} AND time < {until_ns}"
        try:
            connection.run(f'DELETE FROM "{DERIVED}" WHERE {where}')  # noqa: S608 - a pseudonym has no quotes
            for text in _texts(wearer, decided):
                connection.write(text)
        except StoreError as error:
            return f"the derived series in InfluxDB are still the old ones, or incomplete: {error}"
        return ""

    return rewrite


def _texts(wearer: str, decided: Sequence[Decided]) -> Iterator[bytes]:
    names = (*NAMES, "risk")
    for first in range(0, len(decided), TOGETHER):
        some = decided[first : first + TOGETHER]
        values = np.concatenate([np.column_stack([each.features, each.probability]) for each in some])
        values[~np.isfinite(values)] = np.nan
        time_s = np.concatenate([each.start_s + np.arange(len(each.probability), dtype=np.int64) for each in some])
        fields = {name: np.ascontiguousarray(values[:, i]) for i, name in enumerate(names)}
        text = lines(DERIVED, {"wearer": wearer}, fields, time_s * NS)
        if text:
            yield text
