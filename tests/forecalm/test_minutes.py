from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecalm.watching.minutes import MEASURED, MINUTE_S, Over, Sums

Said = dict[str, Any]
PEOPLE = 3
MODELS = (("one", ""), ("two", "three"))
NAN = float("nan")


def second(rng: np.random.Generator, *, shadow: bool) -> Said:
    """What is said of everybody in a second; a third of it is unknown."""

    def some(*shape: int) -> np.ndarray:
        return np.where(rng.random(shape) < 1 / 3, NAN, rng.random(shape))

    return {
        "told": some(PEOPLE),
        "own": rng.random(PEOPLE) < 0.5,
        "shadow": some(PEOPLE) if shadow else None,
        "measured": some(PEOPLE, MEASURED),
    }


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    steps=st.lists(st.tuples(st.sets(st.integers(0, PEOPLE - 1), min_size=1), st.integers(1, 90)), max_size=25),
)
def test_every_second_counts_in_its_minute_once(seed: int, steps: list[tuple[set[int], int]]) -> None:
    rng, sums, over = np.random.default_rng(seed), Sums(), []
    parts: dict[tuple[int, int], list[tuple[tuple[str, str], Said]]] = {}
    at_s = np.full(PEOPLE, 1_700_000_000)
    for number, (who, apart_s) in enumerate(steps):
        rows, models = np.array(sorted(who)), MODELS[number // 4 % 2]
        at_s[rows] += apart_s
        said = second(rng, shadow=bool(models[1]))
        theirs: Said = {name: None if it is None else it[rows] for name, it in said.items()}
        over += sums.add(rows, at_s[rows], models=models, **theirs)
        for i, row in enumerate(rows.tolist()):
            mine = {name: None if it is None else it[i] for name, it in theirs.items()}
            parts.setdefault((row, int(at_s[row]) // MINUTE_S * MINUTE_S), []).append((models, mine))
    over += sums.taken()
    assert sums.taken() == []
    assert sorted((each.row, int(each.sums["at_s"])) for each in over) == sorted(parts)
    for each in over:
        agrees(each, parts[each.row, int(each.sums["at_s"])])


def agrees(over: Over, parts: list[tuple[tuple[str, str], Said]]) -> None:
    """Hold a minute against its seconds, one by one."""
    seconds, sums = [said for _, said in parts], over.sums
    assert over.models == parts[-1][0]
    assert sums["seconds"] == len(seconds)
    assert sums["own"] == sum(bool(it["own"]) for it in seconds)
    looked_on = [it["shadow"] for it in seconds if it["shadow"] is not None]
    assert sums["looked_on"] == bool(looked_on)
    for share, probability in ((sums["told"], [it["told"] for it in seconds]), (sums["shadow"], looked_on)):
        known = [float(it) for it in probability if np.isfinite(it)]
        assert share["known"] == len(known)
        assert share["sum"] == pytest.approx(sum(known))
        assert share["highest"] == max(known, default=-np.inf)
    measured = np.array([it["measured"] for it in seconds])
    assert sums["count"].tolist() == np.isfinite(measured).sum(axis=0).tolist()
    assert sums["sums"] == pytest.approx(np.nansum(measured, axis=0))


def test_somebody_who_comes_later_is_counted_from_then_on() -> None:
    sums, measured = Sums(), np.full((1, MEASURED), NAN)
    said: Said = {"own": np.array([True]), "shadow": None, "measured": measured}
    for row in (0, 5):
        assert sums.add(np.array([row]), np.array([60]), models=MODELS[0], told=np.array([0.5]), **said) == []
    assert [each.row for each in sums.taken()] == [0, 5]
