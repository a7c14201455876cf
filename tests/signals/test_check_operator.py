"""An operator of one's own is held to the same laws: one that keeps them passes, and what others break is named."""

import numpy as np
import pytest

from signals.laws.case import Case
from signals.laws.laws import LawBrokenError, check_operator
from signals.rows import RowOperator
from signals.types import Array, Rows

LONG = 60  # samples of silence after which it begins anew


class Smoothed(RowOperator):
    """An exponential mean of one number a second, which keeps the laws; its children break one each."""

    def __init__(self, *, rows: int) -> None:
        super().__init__(rows=rows, rate_hz=1)
        self._mean = np.full(rows, np.nan)
        self._silent = np.zeros(rows, np.int64)

    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        x, known = self._take(x, rows)
        mean, silent, out = self._mean[known], self._silent[known], np.full_like(x, np.nan)
        for i in range(x.shape[1]):
            heard = np.isfinite(x[:, i])
            silent = np.where(heard, 0, np.minimum(silent + 1, LONG))
            mean[silent == LONG] = np.nan
            moved = np.where(np.isnan(mean), x[:, i], mean + 0.1 * (x[:, i] - mean))
            mean = np.where(heard, np.where(np.abs(moved) < 1e-300, 0.0, moved), mean)
            out[:, i] = np.where(heard, mean, np.nan)
        self._mean[known], self._silent[known] = mean, silent
        return out


class LooksAhead(Smoothed):
    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        return super().push(x, rows=rows) - np.nan_to_num(x).max(axis=1, keepdims=True, initial=0.0)


class LooksAside(Smoothed):
    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        out = super().push(x, rows=rows)
        return out - np.nansum(self._mean)


class Forgetful(Smoothed):
    def snapshot(self, *, rows: Rows | None = None) -> dict[str, Array]:
        return {name: np.zeros_like(array) for name, array in super().snapshot(rows=rows).items()}


class Hoarder(Smoothed):
    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        out = super().push(x, rows=rows)
        self.heard = [*getattr(self, "heard", []), out]
        self._heard = {str(i): each for i, each in enumerate(self.heard)}
        return out.copy()


class Meddler(Smoothed):
    def push(self, x: Array, *, rows: Rows | None = None) -> Array:
        out = super().push(x, rows=rows)
        if x.flags.writeable and x.dtype == np.float64:
            np.nan_to_num(x, copy=False)
        return out


def of(kind: type[Smoothed]) -> Case:
    return Case(lambda rows: kind(rows=rows), ("level",))


def test_an_operator_that_keeps_the_laws_passes() -> None:
    check_operator(of(Smoothed))


@pytest.mark.parametrize(
    ("kind", "law"),
    [
        (LooksAhead, "where a stream is cut changes nothing"),
        (LooksAside, "where a stream is cut changes nothing|a row knows nothing of its neighbours"),
        (Forgetful, "a snapshot goes on elsewhere"),
        (Meddler, "where a stream is cut changes nothing|inputs are neither written nor kept"),
        (Hoarder, "memory is bounded|only the named rows move|a snapshot"),
    ],
)
def test_the_law_that_is_broken_is_named(kind: type[Smoothed], law: str) -> None:
    with pytest.raises(LawBrokenError, match=rf"^{kind.__name__}: ({law})"):
        check_operator(of(kind))
