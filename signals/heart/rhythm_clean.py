"""Intervals between beats in, wherever they come from; those that a heart made out, mended where that is sure."""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.gaps import HELD, RESTART, UNKNOWN, Gaps
from signals.rows import Record, RowOperator, Standing
from signals.types import Array, Rows

NORMAL: Final = 1
ECTOPIC: Final = 2  # a beat too early and the pause after it: both intervals are dropped
MISSED: Final = 3  # a beat was missed: half of the interval is told
EXTRA: Final = 4  # a beat too many: the first part is dropped, the second tells the sum
ODD: Final = 5  # too long or too short, and nothing that is known explains it: dropped
STARTING: Final = 6  # too few before it to say: dropped

SHORTEST_S: Final = 0.25  # 240 a minute
LONGEST_S: Final = 2.0  # 30 a minute
PART_S: Final = 0.1  # the least that may be a part of an interval
TWICE_S: Final = 4.0  # the most that may be two intervals
AROUND: Final = 11  # intervals whose median is the rhythm: eight before, the one in question, two after
BEFORE: Final = AROUND - 3
WINDOW: Final = 91  # intervals from whose spread the thresholds come
LEAST: Final = 5  # so many before anything is believed
ALPHA: Final = 5.2
C1: Final = 0.13
C2: Final = 0.17
FARTHEST: Final = 3.0  # thresholds away from the median
USUAL: Final = 0.15  # of the median: the thresholds of a heart of which nothing is known,
USUAL_WEIGHS: Final = 10.0  # which weigh as much as ten beats of its own
FLOOR_S: Final = 0.04  # two and a half samples of 64 Hz: less is how beats are placed
CEILING: Final = 0.25  # of the median: noise spreads so far that it would let everything pass
SEAM_S: Final = 0.12  # so exactly must one interval begin where the one before it ended

_STATE = np.dtype(
    [
        ("clock", "i8"),  # samples since the restart
        ("waiting", "i8"),  # intervals not yet told: 0 to 2
        ("rr", "f8", (2,)),  # theirs, the older first
        ("at", "i8", (2,)),  # when each arrived
        ("lag", "f8", (2,)),  # how long after its beat [s]
        ("linked", "i8", (2,)),  # whether it begins where the one before it ended
        ("beat", "f8"),  # when the last beat was [samples]
        ("before", "f8"),  # the interval told or dropped last; 0: none
        ("step", "f8"),  # its difference from the one before it, in thresholds
        ("part", "f8"),  # of an interval cut by a beat too many: the first part; 0: none
        ("known", "i8"),  # intervals in ``past``
        ("past", "f8", (BEFORE,)),
        ("steps", "f8", (WINDOW,)),  # differences between neighbours, newest at ``stepped``
        ("stepped", "i8"),
        ("aways", "f8", (WINDOW,)),  # distances from the median, those below it twice
        ("strayed", "i8"),
    ]
)


class Intervals(RowOperator):
    """Intervals as a heart made them: events [s] (k, n) in; told intervals [s], their kinds and lags [s] (k, n) out.

    Ectopic, missed and extra beats and intervals too long or too short are told apart by the differences between
    neighbours and the distances from their running median, both in units of their own spread over 91 intervals
    (Lipponen & Tarvainen 2019, doi:10.1080/03091902.2019.1640306). An event in is the interval that ended with a beat,
    at the sample at which it is known; ``lag_s`` says how long ago the beat was then (default: it was then). Out comes
    at each sample at most one: the ``kind`` (NORMAL, ECTOPIC, MISSED, EXTRA, ODD, STARTING; 0: none), the interval
    (0 where it is dropped) and how long ago its beat was. Unknown (NaN) samples in are unknown out.

    Delay: two beats (an interval is judged by the two after it); where they do not come, ``patience_s``.

    Deviations from the source, which corrects whole recordings: the median is of eight intervals before and two after,
    not five and five; the thresholds come from past intervals only, are shared with a usual heart's at first and kept
    between 0.04 s and a quarter of the median, so that neither quantised nor noisy intervals set them; what is farther
    than ``change`` from the median is never normal; both intervals beside an ectopic beat are ECTOPIC, as its beat can
    only be moved by knowing the future; a neighbour across a gap in the beats is no neighbour, and an interval which
    jumps and has none after it is not believed. Intervals below 0.1 s or above 4 s are no events. A missed beat halves
    the interval, more than one drops it. After a gap of more than ``hold_s`` all is forgotten.
    """

    def __init__(
        self, *, rows: int, rate_hz: float, change: float = 0.3, patience_s: float = 3.0, hold_s: float = 10.0
    ) -> None:
        super().__init__(rows=rows, rate_hz=rate_hz)
        self._gaps = Gaps(rows=rows, rate_hz=rate_hz, hold_s=hold_s)
        self._change = self._share("change", change)
        self._patience = self._samples("patience_s", patience_s, least=1)
        self._state = np.zeros(rows, _STATE)

    def push(self, x: Array, lag_s: Array | None = None, *, rows: Rows | None = None) -> tuple[Array, Array, Array]:
        """Return intervals, kinds and lags at the next n samples of the rows ``rows``.

        Where the lag is unknown, so is the event. Raises SignalError where a lag is negative.
        """
        x, known = self._take(x, rows)
        lags = np.zeros_like(x) if lag_s is None else self._take(lag_s, rows, argument="lag_s")[0]
        if lags.shape != x.shape:
            raise SignalError(f"{self._name}.lag_s: must be {x.shape}, got {lags.shape}")
        if (lags < 0.0).any():
            raise SignalError(f"{self._name}.lag_s: row {known[(lags < 0.0).any(axis=1).argmax()]} has one below 0")
        x = np.where(np.isfinite(lags), x, np.nan)
        standing = self._gaps.push(x, rows=known).standing
        told, kind, lag = np.empty_like(x), np.empty_like(x), np.empty_like(x)
        _clean(x, lags, standing, known, self._rate_hz, self._change, self._patience, self._state, told, kind, lag)
        return told, kind, lag


@njit(cache=True, nogil=True)
def _clean(
    x: Array,
    lags: Array,
    standing: Standing,
    rows: Rows,
    rate_hz: float,
    change: float,
    patience: int,
    state: NDArray[np.void],
    told: Array,
    kind: Array,
    lag: Array,
) -> None:
    for k in range(rows.size):
        s = state[rows[k]]
        for i in range(x.shape[1]):
            s.clock += 1
            if standing[k, i] == UNKNOWN or standing[k, i] == HELD:
                told[k, i] = kind[k, i] = lag[k, i] = np.nan
                continue
            if standing[k, i] == RESTART:
                _begin(s)
            told[k, i] = kind[k, i] = lag[k, i] = 0.0
            event = PART_S <= x[k, i] <= TWICE_S
            if (event and s.waiting == 2) or (not event and s.waiting > 0 and s.clock - s.at[0] >= patience):
                lag[k, i] = (s.clock - s.at[0]) / rate_hz + s.lag[0]
                linked = event and _links(s, x[k, i], lags[k, i], rate_hz)
                told[k, i], kind[k, i] = _judge(s, x[k, i] if linked else 0.0, change)
            if event:
                _wait(s, x[k, i], lags[k, i], rate_hz)


@njit(cache=True, nogil=True)
def _begin(s: Record) -> None:
    """Forget the row's intervals."""
    s.clock, s.waiting, s.known, s.stepped, s.strayed = 0, 0, 0, 0, 0
    s.beat, s.before, s.step, s.part = -1e9, 0.0, 0.0, 0.0


@njit(cache=True, nogil=True)
def _links(s: Record, interval: float, lag: float, rate_hz: float) -> bool:
    """Whether the interval begins where the last one ended."""
    return bool(abs((s.clock - s.beat) / rate_hz - lag - interval) <= SEAM_S)


@njit(cache=True, nogil=True)
def _wait(s: Record, interval: float, lag: float, rate_hz: float) -> None:
    """Let an interval wait for those after it; there is room."""
    j = s.waiting
    s.linked[j] = 1 if _links(s, interval, lag, rate_hz) else 0
    s.rr[j], s.at[j], s.lag[j] = interval, s.clock, lag
    s.beat = s.clock - lag * rate_hz
    s.waiting += 1


@njit(cache=True, nogil=True)
def _judge(s: Record, third: float, change: float) -> tuple[float, float]:
    """Take the oldest interval that waits, and return what is told of it and its kind; ``third``: see ``_kind``."""
    rr, linked, part = s.rr[0], s.linked[0], s.part
    raw = rr
    second = s.rr[1] if s.waiting == 2 and s.linked[1] == 1 else 0.0
    third = third if second > 0.0 else 0.0
    if part > 0.0 and linked == 1:
        rr += part
    else:
        part = 0.0
    s.part = 0.0
    middle = _middle(s, rr, third)
    step_limit = _limit(s.steps, s.stepped, middle)
    away_limit = _limit(s.aways, s.strayed, middle)
    has_before = (linked == 1 or part > 0.0) and s.before > 0.0
    step = rr - (s.before if has_before else middle)
    away = rr - middle
    kind = _kind(
        rr,
        second,
        third,
        s.step if has_before else 0.0,
        step / step_limit,
        away,
        middle,
        step_limit,
        away_limit,
        change,
    )
    s.waiting -= 1
    s.rr[0], s.at[0], s.lag[0], s.linked[0] = s.rr[1], s.at[1], s.lag[1], s.linked[1]
    if kind != ECTOPIC and SHORTEST_S <= raw <= LONGEST_S:  # never as mended: mistaken once is not mistaken for ever
        s.past[s.known % BEFORE] = raw
        s.known += 1
    if kind == EXTRA:
        s.part = rr
        return 0.0, EXTRA
    if has_before:
        s.steps[s.stepped % WINDOW] = step
        s.stepped += 1
    s.aways[s.strayed % WINDOW] = away if away > 0.0 else 2.0 * away
    s.strayed += 1
    mended = 0.5 * rr if kind == MISSED else rr
    s.before, s.step = mended, 0.0 if kind == MISSED else step / step_limit
    if kind in (ECTOPIC, ODD):
        return 0.0, kind
    if not SHORTEST_S <= mended <= LONGEST_S:
        return 0.0, ODD
    if s.known < LEAST:
        return 0.0, STARTING
    return mended, EXTRA if part > 0.0 else kind


@njit(cache=True, nogil=True)
def _kind(
    rr: float,
    second: float,
    third: float,
    before: float,
    step: float,
    away: float,
    middle: float,
    step_limit: float,
    away_limit: float,
    change: float,
) -> int:
    """Tell the kind of ``rr`` by the interval after it, the one after that (0: unknown), and by the steps between."""
    after = (second - rr) / step_limit if second > 0.0 else 0.0
    later = (third - second) / step_limit if third > 0.0 else 0.0
    if _early(before, step, after) or _early(step, after, later):
        return ECTOPIC
    long = step > 1.0 and min(after, later) < -1.0
    short = step < -1.0 and max(after, later) > 1.0
    lonely = abs(step) > 1.0 and second == 0.0
    weighed = (away if away > 0.0 else 2.0 * away) / away_limit
    if not (long or short or lonely or abs(weighed) > FARTHEST or abs(away) > change * middle):
        return NORMAL
    if away > 0.0 and abs(0.5 * rr - middle) < away_limit:
        return MISSED
    if away < 0.0 and second > 0.0 and abs(rr + second - middle) < away_limit:
        return EXTRA
    return ODD


@njit(cache=True, nogil=True)
def _early(before: float, step: float, after: float) -> bool:
    """Whether the step up has steps down on both sides, or the other way round: a beat that came early, or late."""
    if step > 1.0:
        return bool(max(before, after) < -C1 * step - C2)
    return bool(step < -1.0 and min(before, after) > -C1 * step + C2)


@njit(cache=True, nogil=True)
def _middle(s: Record, rr: float, third: float) -> float:
    """The median of the intervals before, this one and those that wait after it."""
    around = np.empty(AROUND)
    n = min(s.known, BEFORE)
    around[:n] = s.past[:n]
    around[n] = rr
    n += 1
    if s.waiting == 2:
        around[n] = s.rr[1]
        n += 1
    if third > 0.0:
        around[n] = third
        n += 1
    return float(np.median(around[:n]))


@njit(cache=True, nogil=True)
def _limit(values: Array, count: int, middle: float) -> float:
    """ALPHA quartile deviations of the last values, drawn to the usual ones while they are few."""
    n = min(count, WINDOW)
    usual = USUAL * middle
    limit = usual
    if n >= 4:
        sorted_ = np.sort(values[:n])
        spread = 0.5 * (_quantile(sorted_, 0.75) - _quantile(sorted_, 0.25))
        limit = (n * ALPHA * spread + USUAL_WEIGHS * usual) / (n + USUAL_WEIGHS)
    return min(max(limit, FLOOR_S), max(CEILING * middle, FLOOR_S))


@njit(cache=True, nogil=True)
def _quantile(sorted_: Array, share: float) -> float:
    at = share * (sorted_.size - 1)
    low = int(at)
    high = min(low + 1, sorted_.size - 1)
    return float(sorted_[low] + (at - low) * (sorted_[high] - sorted_[low]))
