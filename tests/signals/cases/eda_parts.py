"""The operators that take conductance apart, for the laws."""

from dataclasses import fields

import numpy as np

from signals.eda.phasic import Phasic
from signals.eda.responses import Responses
from signals.eda.sympathetic import Sympathetic
from signals.types import Array, Rows
from tests.signals.case import Case, Operator


class Structured(Case):
    """A case whose operator returns a dataclass."""

    def feed(self, operator: Operator, arrays: list[Array], rows: Rows | None, at: int) -> tuple[Array, ...]:
        """Push, and return the arrays among the fields."""
        tell = operator.tell if isinstance(operator, Responses) else operator.push
        out = tell(*arrays, rows=rows)
        found = [getattr(out, field.name) for field in fields(out)]
        return tuple(x for x in found if isinstance(x, np.ndarray))


CASES = {
    "Phasic": Structured(
        lambda n: Phasic(rows=n, rate_hz=4), ("eda",), forgets=False
    ),  # a wearer's scale outlives gaps
    "Responses told whole": Structured(lambda n: Responses(rows=n, rate_hz=4), ("eda",)),
    "Sympathetic": Structured(
        lambda n: Sympathetic(rows=n, rate_hz=4), ("eda",), by_second=True, pointwise=False, seconds=160
    ),
}
