"""An operator and what it is fed in, nothing out where it keeps the laws, the law it breaks where it does not.

``check_operator`` is to streaming operators what scikit-learn's ``check_estimator`` is to estimators. The tests run the
same functions over every operator of this package, with many more seeds and cuts.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from signals.errors import SignalError
from signals.laws.case import ROWS, Case, Operator, Outputs, states
from signals.laws.streams import RATES

SILENCE_S: Final = 95  # longer than anything remembers that forgets
SLEEP_S: Final = 1200  # of nothing new: what decays is a denormal by then
CUTS: Final = (1, 2, 3, 7, 40, 41, 199, 9_999)  # near the beginning, by ones, and anywhere
ORDER: Final = (2, 0, 0, 1, 2, 1, 1, 0, 2, 2, 1, 0)  # in which the rows of one operator are fed, a quarter at a time


class LawBrokenError(AssertionError):
    """What was pushed shows that an operator breaks a law; the message says which, and how."""


def check_operator(case: Case) -> None:
    """Raise LawBrokenError at the first law that the operator breaks, or while it is tried, raises something."""
    for name, law in LAWS.items():
        if not case.forgets and law is begins_anew_after_silence:
            continue
        if not case.pointwise and law is unknown_where_unknown:
            continue
        try:
            law(case)
        except Exception as broken:  # whatever an operator that somebody wrote may do
            kind = "" if isinstance(broken, AssertionError) else f"{type(broken).__name__}: "
            raise LawBrokenError(f"{type(case.make(1)).__name__}: {name}: {kind}{broken}") from broken


def same(found: Outputs, wanted: Outputs) -> None:
    """Raise AssertionError unless both are the same to the last bit, the sign of a zero included."""
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(np.signbit(one) & ~np.isnan(one), np.signbit(other) & ~np.isnan(other))


def is_tried_on_what_says_something(case: Case) -> None:
    """Each output has finite values other than 0 somewhere, but for those that are ``mute``."""
    for out in case.whole(case.recording(7)):
        said = out.reshape(-1, out.shape[2] if out.ndim == 3 else 1)
        silent = set(np.flatnonzero(~(np.isfinite(said) & (said != 0)).any(axis=0)).tolist())
        _require(silent <= set(case.mute), f"it says nothing of a lively stream (outputs {sorted(silent)})")


def cuts_change_nothing(case: Case, *, seed: int = 0, cuts: Sequence[int] = CUTS) -> None:
    """Feeding a recording whole or in pieces gives the same numbers."""
    arrays = case.recording(seed)
    same(case.in_pieces(case.make(ROWS), arrays, cuts), case.whole(arrays))


def every_second_and_every_sample(case: Case) -> None:
    """So does feeding it by the second, and sample by sample."""
    arrays = case.recording(7)
    wanted, units = case.whole(arrays), case.units(arrays)
    second = max(RATES[case.channels[0]] // case.width(case.channels[0]), 1)
    same(case.in_pieces(case.make(ROWS), arrays, range(0, units, second)), wanted)
    same(case.in_pieces(case.make(ROWS), arrays, range(units)), wanted)


def rows_know_nothing_of_each_other(case: Case, *, seed: int = 0, order: Sequence[int] = ORDER) -> None:
    """A row says the same whoever its neighbours are, and goes at its own pace."""
    arrays = case.recording(seed)
    wanted, operator, step = case.whole(arrays), case.make(ROWS), case.units(arrays) // 4
    parts: list[list[Outputs]] = [[] for _ in range(ROWS)]
    for row in order:
        at = len(parts[row]) * step
        one = np.array([row])
        parts[row].append(case.feed(operator, case.piece(arrays, at, at + step, one), one, at))
    for row in range(ROWS):
        found = tuple(np.concatenate(part, axis=1) for part in zip(*parts[row], strict=True))
        same(found, tuple(x[row : row + 1] for x in wanted))


def rows_answer_in_the_order_named(case: Case) -> None:
    """Row i of the answer is of the i-th row that was named."""
    arrays, order = case.recording(3), np.array([2, 0])
    found = case.feed(case.make(ROWS), [x[order] for x in arrays], order, 0)
    same(found, tuple(x[order] for x in case.whole(arrays)))


def only_named_rows_move(case: Case) -> None:
    """The state of a row that is not named stays as it is."""
    arrays, operator = case.recording(3, rows=2), case.make(ROWS)
    before = [x.copy() for x in states(operator) if len(x) == ROWS]
    case.feed(operator, arrays, np.array([2, 0]), 0)
    after = [x for x in states(operator) if len(x) == ROWS]
    for old, new in zip(before, after, strict=True):
        _require(new[1].tobytes() == old[1].tobytes(), "the state of row 1 changed, which was not named")


def a_snapshot_goes_on(case: Case, *, seed: int = 0) -> None:
    """Restored elsewhere, in other rows, it goes on as if nothing had happened."""
    arrays, rows = case.recording(seed), np.array([2, 0])
    units, first = case.units(arrays), case.make(ROWS)
    half = units // 2
    case.feed(first, case.piece(arrays, 0, half), None, 0)
    kept = first.snapshot(rows=rows)
    _require(bool(kept) and all(len(array) == len(rows) for array in kept.values()), "a snapshot is arrays by row")
    wanted = case.feed(first, case.piece(arrays, half, units), None, half)
    second = case.make(4)
    second.restore(kept, rows=np.array([1, 3]))
    found = case.feed(second, case.piece(arrays, half, units, rows), np.array([1, 3]), half)
    same(found, tuple(x[rows] for x in wanted))


def a_wrong_snapshot_is_refused(case: Case) -> None:
    """SignalError names ``arrays``, and nothing changes."""
    arrays, operator = case.recording(23), case.make(ROWS)
    kept = operator.snapshot()
    first = next(iter(kept))
    every: list[dict[str, Any]] = [
        {},
        kept | {"odd": kept[first]},
        kept | {first: kept[first][:2]},
        kept | {first: "?"},
    ]
    for wrong in every:
        refused(operator, lambda wrong=wrong: operator.restore(wrong), says=r"\.arrays")  # type: ignore[misc]
    same(case.feed(operator, arrays, None, 0), case.whole(arrays))


def begins_anew_after_silence(case: Case, *, seed: int = 0) -> None:
    """After a long silence a row says what a new one would."""
    before, after = case.recording(seed), case.recording(seed + 1)
    silence = [
        np.full((*x.shape[:-1], SILENCE_S * RATES[name]), np.nan) for name, x in zip(case.channels, before, strict=True)
    ]
    joined = [np.concatenate(parts, axis=-1) for parts in zip(before, silence, after, strict=True)]
    tail = case.whole(after)
    same(tuple(x[:, -y.shape[1] :] for x, y in zip(case.whole(joined), tail, strict=True)), tail)


def nothing_of_nothing(case: Case) -> None:
    """NaN in is NaN out; or 0, where an operator says so (``silent=False``)."""
    for out in case.whole([np.full_like(x, np.nan) for x in case.recording(1)]):
        allowed = np.isnan(out) if case.silent else np.isnan(out) | (out == 0)
        _require(bool(allowed.all()), "it says something where nothing is known")


def unknown_where_unknown(case: Case) -> None:
    """Unknown in is unknown out at that very sample."""
    arrays = case.recording(5)
    unknown = np.isnan(arrays[0]) if arrays[0].ndim == 2 else np.isnan(arrays[0]).any(axis=1)
    for out in case.whole(arrays):
        _require(bool(np.isnan(out[unknown]).all()), "it says something of a sample that is not known")


def infinite_is_unknown(case: Case) -> None:
    """Infinity says no more than NaN."""
    arrays = case.recording(5)
    same(case.whole([np.where(np.isnan(x), np.inf, x) for x in arrays]), case.whole(arrays))


def inputs_are_left_alone(case: Case) -> None:
    """What is pushed is neither written to nor kept nor handed back."""
    arrays, operator = case.recording(9), case.make(ROWS)
    copies = [x.copy() for x in arrays]
    first = case.feed(operator, arrays, None, 0)
    kept = tuple(x.copy() for x in first)
    same(tuple(arrays), tuple(copies))
    held = [*arrays, *states(operator)]
    shared = any(np.shares_memory(out, each) for out in first for each in held)
    _require(not shared, "what comes out shares memory with what went in, or with its state")
    for x in arrays:
        x[:] = 1.0
    second = case.feed(operator, copies, None, case.units(copies))
    same(first, kept)
    twin = case.make(ROWS)
    case.feed(twin, copies, None, 0)
    same(second, case.feed(twin, copies, None, case.units(copies)))


def memory_layout_is_nothing(case: Case) -> None:
    """However an array lies in memory, the answer is the same, and no kernel compiles anew: that stalls a live tick."""
    arrays = case.recording(11)
    wanted = case.whole(arrays)
    compiled = _signatures(case.make(1))
    same(case.whole([np.asfortranarray(x) for x in arrays]), wanted)
    same(case.whole([np.repeat(x, 2, axis=-1)[..., ::2] for x in arrays]), wanted)
    same(case.whole([x.astype(">f8") for x in arrays]), wanted)
    for x in arrays:
        x.flags.writeable = False
    same(case.whole(arrays), wanted)
    _require(_signatures(case.make(1)) == compiled, "a kernel was compiled anew for another layout")


def float32_is_widened(case: Case) -> None:
    """Half as wide numbers say the same as their doubles."""
    narrow: list[Any] = [x.astype(np.float32) for x in case.recording(13)]
    same(case.whole(narrow), case.whole([x.astype(np.float64) for x in narrow]))


def memory_is_bounded(case: Case) -> None:
    """The state does not grow, and there is one."""
    operator, arrays = case.make(ROWS), case.recording(15)
    size = sum(x.nbytes for x in states(operator))
    _require(size > 0, "it holds no array: what has no state needs no operator")
    for i in range(5):
        case.feed(operator, arrays, None, i * case.units(arrays))
    grown = sum(x.nbytes for x in states(operator))
    _require(grown == size, f"its state grew from {size} to {grown} bytes")


def sleep_leaves_no_denormals(case: Case) -> None:
    """Numbers too small to matter make a ward asleep 14 to 30 times slower."""
    operator, lively = case.make(ROWS), case.recording(17, holes=False)
    case.feed(operator, lively, None, 0)
    seconds = [SLEEP_S * RATES[name] for name in case.channels]
    still = [np.repeat(x[..., -1:], n, axis=-1) for x, n in zip(lively, seconds, strict=True)]
    for x in still:
        x[0] = 0.0
    case.feed(operator, still, None, case.units(lively))
    for state in states(operator):
        for name in state.dtype.names or (None,):
            numbers = state if name is None else state[name]
            if numbers.dtype.kind == "f":
                tiny = (numbers != 0) & (np.abs(numbers) < np.finfo(np.float64).tiny)
                _require(not tiny.any(), "its state holds numbers below the least normal one: make such 0")


def no_rows_and_no_samples(case: Case) -> None:
    """Nothing pushed is no answer, and changes nothing."""
    arrays, operator = case.recording(19), case.make(ROWS)
    none = case.feed(operator, [x[:0] for x in arrays], np.array([], np.intp), 0)[0]
    _require(none.shape[0] == 0, "no rows pushed, and an answer")
    empty = case.feed(operator, [x[..., :0] for x in arrays], None, 0)[0]
    _require(empty.shape[:2] == (ROWS, 0), f"no samples pushed: (3, 0) would be right, not {empty.shape}")
    same(case.feed(operator, arrays, None, 0), case.whole(arrays))


WRONG_ROWS: Final[tuple[tuple[NDArray[Any], str], ...]] = (
    (np.array([0, 1, 3]), "no row 3"),
    (np.array([0, 1, -1]), "no row -1"),
    (np.array([0, 1, 1]), "row 1 is named more than once"),
    (np.array([[0, 1, 2]]), "one-dimensional"),
    (np.array([0.0, 1.0, 2.0]), "whole numbers"),
)


def wrong_rows_are_refused(case: Case) -> None:
    """SignalError names ``rows`` and says which."""
    operator, arrays = case.make(ROWS), case.recording(1)
    for rows, says in WRONG_ROWS:
        refused(operator, lambda rows=rows: case.feed(operator, arrays, rows, 0), says=rf"\.rows: .*{says}")  # type: ignore[misc]


def wrong_arrays_are_refused(case: Case) -> None:
    """SignalError names the operator before anything is touched."""
    arrays, operator = case.recording(21), case.make(ROWS)
    for wrong in (
        np.nan_to_num(arrays[0]).astype(np.int64),
        arrays[0][0],
        arrays[0][:2],
        arrays[0][..., None],
        arrays[0].astype(np.complex128),
    ):
        refused(operator, lambda wrong=wrong: case.feed(operator, [wrong, *arrays[1:]], None, 0), says=r"\.")  # type: ignore[misc]
    same(case.feed(operator, arrays, None, 0), case.whole(arrays))


def is_not_made_of_no_rows(case: Case) -> None:
    """SignalError where ``rows`` is 0."""
    try:
        case.make(0)
    except SignalError as refusal:
        _require(".rows: must be a whole number of at least 1" in str(refusal), f"it says {refusal}")
        return
    raise AssertionError("it was made of 0 rows")


def refused(operator: Operator, push: Callable[[], object], *, says: str) -> None:
    """Raise AssertionError unless SignalError is raised that begins with the operator's name and ``says`` so."""
    try:
        push()
    except SignalError as refusal:
        _require(
            re.match(f"{type(operator).__name__}{says}", str(refusal)) is not None,
            f"what it refuses, it names otherwise: {refusal}",
        )
        return
    raise AssertionError(f"what cannot be meant was taken: a SignalError that says {says} would be right")


LAWS: Final[Mapping[str, Callable[[Case], None]]] = {
    "the laws are tried on streams that say something": is_tried_on_what_says_something,
    "where a stream is cut changes nothing": cuts_change_nothing,
    "second by second and sample by sample are the whole": every_second_and_every_sample,
    "a row knows nothing of its neighbours and goes at its own pace": rows_know_nothing_of_each_other,
    "the order in which rows are named is the order of the answer": rows_answer_in_the_order_named,
    "only the named rows move": only_named_rows_move,
    "a snapshot goes on elsewhere as if nothing had happened": a_snapshot_goes_on,
    "a snapshot that does not fit is refused and nothing changes": a_wrong_snapshot_is_refused,
    "after a long silence a row begins anew": begins_anew_after_silence,
    "nothing in is nothing out": nothing_of_nothing,
    "unknown in is unknown out at that very sample": unknown_where_unknown,
    "infinite is unknown": infinite_is_unknown,
    "inputs are neither written nor kept nor handed back": inputs_are_left_alone,
    "however an array lies in memory the answer is the same": memory_layout_is_nothing,
    "float32 is widened": float32_is_widened,
    "memory is bounded": memory_is_bounded,
    "sleep leaves no denormals behind": sleep_leaves_no_denormals,
    "no rows and no samples are no answer": no_rows_and_no_samples,
    "rows that cannot be meant are refused": wrong_rows_are_refused,
    "arrays that do not fit are refused before anything is touched": wrong_arrays_are_refused,
    "an operator is not made of no rows": is_not_made_of_no_rows,
}
"""Every law by its sentence."""


def _require(holds: bool, says: str) -> None:
    if not holds:
        raise AssertionError(says)


def _signatures(operator: Operator) -> int:
    """How many times kernels were compiled or loaded, in this package and where the operator was written."""
    own = type(operator).__module__
    modules = [module for name, module in sys.modules.items() if name.startswith("signals.") or name == own]
    return sum(len(getattr(f, "signatures", ())) for module in modules for f in list(vars(module).values()))
