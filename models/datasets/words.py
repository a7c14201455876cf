"""Labels and a target in; which labels each word of it means, and what cannot be, out."""

import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from ingest.labels import Label
from models.datasets.target import ForecastTarget, StateTarget, Target
from models.errors import DatasetError

SHOWN: Final = 20  # words of labels that an error lists

_DEGREE: Final = re.compile(r"(.*?\S)\s*(>=|<=|=|>|<)\s*([+-]?[0-9]+(?:\.[0-9]*)?)\Z")
_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "=": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}


def is_said(label: Label, words: Iterable[str]) -> bool:
    """Whether any of ``words`` (``models.datasets.target.Words``) means the label."""
    return any(_means(word, label) for word in words)


def _means(word: str, label: Label) -> bool:
    if label.what == word:
        return True
    found = _DEGREE.match(word)
    if found is None or label.level is None:
        return False
    what, sign, degree = found.groups()
    return label.what == what and _COMPARE[sign](label.level, float(degree))


def words_of(aim: Target) -> dict[str, tuple[str, ...]]:
    """The words of a target by the name of their field."""
    if isinstance(aim, StateTarget):
        return {"positive": aim.positive, "negative": aim.negative, "apart": aim.apart}
    return {"events": aim.events, "apart": aim.apart}


def require_sound(aim: Target) -> None:
    """Raises DatasetError where a target contradicts itself."""
    fields = words_of(aim)
    for name, words in fields.items():
        if not words and name != "apart":
            raise DatasetError(f"target.{name}: name at least one word that labels say")
        for other, theirs in fields.items():
            both = sorted(set(words) & set(theirs))
            if other != name and both:
                raise DatasetError(f"target: {both[0]!r} stands in {name} and in {other}: take it out of one of them")
    if isinstance(aim, ForecastTarget) and aim.horizon_s <= 0:
        raise DatasetError("target.horizon_s: must be above 0: no moment lies within a horizon of 0 s")


def require_known(aim: Target, labels: Sequence[Label]) -> list[str]:
    """Return notes on words of the target that no label says; raises DatasetError instead unless ``aim.doubtful`` lets
    them be, and always where nothing is left that could be positive."""
    notes = []
    for name, words in words_of(aim).items():
        unknown = [word for word in words if not any(_means(word, label) for label in labels)]
        if not unknown:
            continue
        said = f"target.{name}: no label says {', '.join(map(repr, unknown))}; {_there_are(labels)}"
        if aim.doubtful == "refuse" or (name in ("positive", "events") and len(unknown) == len(words)):
            raise DatasetError(said)
        notes.append(said)
    return notes


def _there_are(labels: Sequence[Label]) -> str:
    if not labels:
        return "there are no labels at all: enter some (forecalm labels), or put labels.csv beside the recordings"
    counts = Counter(label.what if label.level is None else f"{label.what} = {label.level:g}" for label in labels)
    some = [f"{what!r} ({count})" for what, count in counts.most_common(SHOWN)]
    more = f" and {len(counts) - SHOWN} more" if len(counts) > SHOWN else ""
    return f"labels say {', '.join(some)}{more}"
