"""The engine's features second by second in, what models read out: the same features, and what led up to them."""

from typing import Final

from signals.features import NAMES as FEATURE_NAMES
from signals.types import Array, Rows

VERSION: Final = 1
NAMES: Final = FEATURE_NAMES


class Inputs:
    """What models read of ``rows`` people; the laws of operators hold."""

    def __init__(self, *, rows: int) -> None:
        self._rows = rows

    def push(self, features: Array, *, rows: Rows | None = None) -> Array:
        """Return (k, n, M) of the rows ``rows`` (default: all) from their next n seconds of features, (k, n, F)."""
        return features.copy()
