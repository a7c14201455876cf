"""Who took a notice, and how long ago, in; whether it must be told anew while what it says still holds, out.

Whoever takes a notice ends its telling. Where nothing comes of it nobody else would ever hear of it: so it is told
anew, as a matter of its own, once for each time that somebody took it.
"""

import logging
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from alerts.delivery.matter import Matter
from alerts.delivery.proof import Proof

log = logging.getLogger(__name__)

AGAIN_S: Final = 2 * 3600.0
"""A band is charged, a gateway fetched or a colleague called within that; whoever took it and did not get to it has
forgotten it by then."""

_NONE: Final[Mapping[str, "Taken"]] = MappingProxyType({})

_NUMBERED: Final = re.compile(r"-again-(\d+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """``by`` has a notice since ``at_s`` [UTC s]; ``on_shift``: they are, now."""

    by: str
    at_s: float
    on_shift: bool


@dataclass(frozen=True, slots=True)
class _Had:
    """Since when [watched s] somebody has a notice, and whether they were on shift since."""

    taken: Taken
    since_s: float
    was_on: bool


def taken_of(proof: Proof | None, *, on_shift: Callable[[str], bool]) -> Taken | None:
    """Return who has what ``proof`` is of; None: nobody has, or it was over by itself."""
    if proof is None or proof.ended_s is None or not proof.ended_by:
        return None
    return Taken(by=proof.ended_by, at_s=proof.ended_s, on_shift=on_shift(proof.ended_by))


def next_id(matter_id: str) -> str:
    """Return the id under which a notice is told anew."""
    numbered = _NUMBERED.search(matter_id)
    number = 1 if numbered is None else int(numbered[1]) + 1
    return f"{first_id(matter_id)}-again-{number}"


def first_id(matter_id: str) -> str:
    """Return the id under which it was told first."""
    return _NUMBERED.sub("", matter_id)


def anew(matter: Matter, taken: Taken, *, clock: Callable[[float], str]) -> Matter:
    """Return what is told anew. ``clock`` writes a moment for people."""
    said = f"{taken.by} took it at {clock(taken.at_s)}, and it is so still."
    return replace(matter, matter_id=next_id(matter.matter_id), words=(*matter.words, said))


class Again:
    """Remembers who took what. ``taken(matter_id)`` says who has a notice now; where it does not know, ``before`` does,
    by what a journal holds.

    Time is watched seconds, which grow by what was watched: a clock that is set neither hurries a notice nor holds it
    back. For one thread.
    """

    def __init__(self, taken: Callable[[str], Taken | None], *, before: Mapping[str, Taken] = _NONE) -> None:
        self._taken = taken
        self._before = before
        self._had: dict[str, _Had] = {}

    def is_due(self, matter_id: str, *, now_s: float, watched_s: float) -> Taken | None:
        """Return who took it, where it must be told anew if it holds: they took it ``AGAIN_S`` ago, or were on shift
        and are no more. To be asked about once a second; ``now_s`` [UTC s] counts only for what was taken before."""
        taken, had = self._ask(matter_id), self._had.get(matter_id)
        if taken is not None:
            since_s = watched_s - min(max(now_s - taken.at_s, 0.0), AGAIN_S) if had is None else had.since_s
            was_on = taken.on_shift or (had is not None and had.was_on)
            had = self._had[matter_id] = _Had(taken, since_s, was_on)
        if had is None:
            return None
        gone = had.was_on and not had.taken.on_shift
        return had.taken if gone or watched_s - had.since_s >= AGAIN_S else None

    def keep(self, matter_ids: Collection[str]) -> None:
        """Forget all others."""
        for gone in self._had.keys() - set(matter_ids):
            del self._had[gone]

    def _ask(self, matter_id: str) -> Taken | None:
        try:
            return self._taken(matter_id) or self._before.get(matter_id)
        except Exception:  # it must not stand in the way of what else is told
            log.exception("nobody knows who took a notice")
            return None
