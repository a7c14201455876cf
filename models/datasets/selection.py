"""Data sets in; parts of them, several as one, and what tells one from another out."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.datasets.dataset import Array, Dataset, Event, Index, Session
from models.datasets.target import Target
from models.errors import DatasetError

SHOWN: Final = 10  # names that an error lists

_Rest = tuple[
    tuple[str, ...],
    tuple[Session, ...],
    tuple[Event, ...],
    Target,
    tuple[float, float, float],
    list[tuple[str, str]],
]
_BY_ROW: Final = ("inputs", "end_s", "session", "target", "exclusion", "event", "condition", "worn")


def take(data: Dataset, which: NDArray[np.bool_] | Index) -> Dataset:
    """Return the rows of a mask (n,), or those of an index in its order. Sessions and events stay as they are."""
    chosen = np.asarray(which)
    if chosen.dtype.kind not in "biu" or (chosen.dtype.kind == "b" and chosen.shape != data.end_s.shape):
        raise DatasetError(f"which: a mask of {data.end_s.size} or row numbers, not {chosen.dtype} {chosen.shape}")
    rows: dict[str, Any] = {name: getattr(data, name)[chosen] for name in _BY_ROW}
    return replace(data, **rows, scores={name: each[chosen] for name, each in data.scores.items()})


def of_people(data: Dataset, people: Collection[str]) -> Dataset:
    """Return what there is of some people, without the sessions and events of others."""
    unknown = sorted(set(people) - set(data.people))
    if unknown:
        raise DatasetError(f"people: {_some(unknown)}: not among {_some(data.people)}")
    return of_sessions(data, [i for i, each in enumerate(data.sessions) if each.person in people])


def of_studies(data: Dataset, studies: Collection[str]) -> Dataset:
    """Return what there is of some studies, without the sessions and events of others."""
    known = sorted({each.study for each in data.sessions})
    unknown = sorted(set(studies) - set(known))
    if unknown:
        raise DatasetError(f"studies: {_some(unknown)}: not among {_some(known)}")
    return of_sessions(data, [i for i, each in enumerate(data.sessions) if each.study in studies])


def of_sessions(data: Dataset, numbers: Iterable[int]) -> Dataset:
    """Return the rows, sessions and events of the sessions of these indices; indices are those of the new one."""
    kept = sorted(set(numbers))
    if not kept:
        raise DatasetError("sessions: none of them is left")
    return _renumbered(take(data, np.isin(data.session, kept)), kept)


def of_rows(data: Dataset, rows: Index) -> Dataset:
    """Return these rows alone, in this order, with their sessions and these sessions' events; nothing of any other."""
    part = take(data, rows)
    return _renumbered(part, np.unique(part.session).tolist())


def _renumbered(part: Dataset, kept: list[int]) -> Dataset:
    """Return rows that are all of the sessions ``kept``, rising, without the sessions and events of others."""
    sessions = np.full(len(part.sessions), -1, np.intp)
    sessions[kept] = np.arange(len(kept))
    held = [i for i, each in enumerate(part.events) if sessions[each.session] >= 0]
    events = np.full(len(part.events) + 1, -1, np.intp)  # the last: no event
    events[held] = np.arange(len(held))
    return replace(
        part,
        session=sessions[part.session],
        event=events[part.event],
        sessions=tuple(part.sessions[i] for i in kept),
        events=tuple(replace(part.events[i], session=int(sessions[part.events[i].session])) for i in held),
    )


def with_inputs(data: Dataset, names: Sequence[str]) -> Dataset:
    """Return the same rows with only these inputs, in this order; raises DatasetError, naming what is missing."""
    at = {name: i for i, name in enumerate(data.input_names)}
    missing = [name for name in names if name not in at]
    if missing:
        raise DatasetError(f"inputs: {_some(missing)}: not among the {len(at)}: {_some(data.input_names)}")
    return replace(data, inputs=data.inputs[:, [at[name] for name in names]], input_names=tuple(names))


def with_column(data: Dataset, name: str, values: Array, *, looks_back_s: float, made_by: str) -> Dataset:
    """Return the same rows with one more input ``name``, ``values`` (n,), NaN where unknown, as the last.

    ``looks_back_s``: how far back from ``end_s`` a value reads; rows of one session that are nearer to each other than
    that never lie on two sides of a split. ``made_by``: its version, which goes up when it is made otherwise: a model
    keeps both. Raises DatasetError where there is an input of that name already, or a number cannot be.
    """
    column = np.asarray(values, np.float64)
    if not name or name in data.input_names:
        raise DatasetError(f"name: {name!r}: {'is an input already' if name else 'an input must have one'}")
    if column.shape != data.end_s.shape:
        raise DatasetError(f"{name}: ({data.end_s.size},), a value a row, would be right, not {column.shape}")
    if np.isinf(column).any():
        raise DatasetError(f"{name}: {np.count_nonzero(np.isinf(column))} values are infinite; unknown is NaN")
    if not 0 <= looks_back_s < np.inf:
        raise DatasetError(f"looks_back_s: must be 0 or more seconds, not {looks_back_s}")
    return replace(
        data,
        inputs=np.column_stack([data.inputs, column]),
        input_names=(*data.input_names, name),
        looks_back_s=max(data.looks_back_s, looks_back_s),
        made_by={**data.made_by, name: made_by},
    )


def concatenate(parts: Sequence[Dataset]) -> Dataset:
    """Return several data sets as one, in their order; raises DatasetError, naming the differences, where inputs,
    targets, windows, steps or makers differ, or a person or a recording is in two."""
    if not parts:
        raise DatasetError("data sets: there are none")
    first = parts[0]
    for other in parts[1:]:
        _require_alike(first, other)
    _require_apart(parts)
    sessions = [0, *accumulate(len(each.sessions) for each in parts)]
    events = [0, *accumulate(len(each.events) for each in parts)]
    rows: dict[str, Any] = {name: np.concatenate([getattr(each, name) for each in parts]) for name in _BY_ROW}
    rows["session"] = np.concatenate([each.session + at for each, at in zip(parts, sessions, strict=False)])
    rows["event"] = np.concatenate(
        [np.where(each.event < 0, -1, each.event + at) for each, at in zip(parts, events, strict=False)]
    )
    return replace(
        first,
        **rows,
        sessions=tuple(session for each in parts for session in each.sessions),
        events=tuple(
            replace(event, session=event.session + at)
            for each, at in zip(parts, sessions, strict=False)
            for event in each.events
        ),
        scores={name: np.concatenate([each.scores[name] for each in parts]) for name in first.scores},
        notes=tuple(note for each in parts for note in each.notes),
    )


def _require_alike(one: Dataset, other: Dataset) -> None:
    differences = []
    if one.input_names != other.input_names:
        mine, theirs = set(one.input_names), set(other.input_names)
        how = f"only in one of them: {_some(sorted(mine ^ theirs))}" if mine != theirs else "in another order"
        differences.append(f"inputs: {how}")
    for name in ("aim", "window_s", "step_s", "looks_back_s", "made_by"):
        a, b = getattr(one, name), getattr(other, name)
        if a != b:
            differences.append(f"{name}: {a} and {b}")
    if set(one.scores) != set(other.scores):
        differences.append(f"scores: {_some(sorted(one.scores))} and {_some(sorted(other.scores))}")
    if differences:
        raise DatasetError(f"these data sets cannot be one: {'; '.join(differences)}")


def _require_apart(parts: Sequence[Dataset]) -> None:
    seen: dict[str, int] = {}
    for number, part in enumerate(parts):
        for what in (*part.people, *(each.digest for each in part.sessions if each.digest)):
            if seen.setdefault(what, number) != number:
                raise DatasetError(f"{what} is in two of these data sets: a person, or a recording, must be in one")


def digest(data: Dataset) -> str:
    """Return 64 hex digits (SHA-256) of everything in a data set but its notes; every NaN alike."""
    found = hashlib.sha256(b"forecalm data set 1")
    for name, each in (*((name, getattr(data, name)) for name in _BY_ROW), *sorted(data.scores.items())):
        found.update(f"{name} {each.shape} ".encode())
        if each.dtype.kind == "U":
            found.update("\0".join(each.tolist()).encode())
        else:
            plain = np.array(each, each.dtype.newbyteorder("<"), order="C")
            if plain.dtype.kind == "f":
                plain[np.isnan(plain)] = np.nan
            found.update(plain.tobytes())
    seconds = (data.window_s, data.step_s, data.looks_back_s)
    rest = (data.input_names, data.sessions, data.events, data.aim, seconds, sorted(data.made_by.items()))
    alike = msgspec.convert(msgspec.to_builtins(rest, enc_hook=float), _Rest)  # 60, 60.0, NumPy's 60.0: the same
    found.update(msgspec.json.encode(alike, order="deterministic"))
    return found.hexdigest()


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN]) or 'none'}{more}"
