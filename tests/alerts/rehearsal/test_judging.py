"""Better and worse are said by rules that anybody can check by hand; nothing else moves the verdict."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from alerts.errors import AlertError
from alerts.rehearsal.comparing import Heard, compared
from alerts.rehearsal.events import Happened, happened, reach_of, told
from alerts.rehearsal.evidence import Compared, Evidence, Person, Signature, decode, encode
from alerts.rehearsal.gate import cautions, passed, require_signed
from alerts.rehearsal.judging import by_chance, outcome_of, pooled, rules
from ingest.labels import Label
from models.datasets.target import ForecastTarget, StateTarget
from models.risk import Abstention
from models.shelf.manifest import Code

DAY = 12 * 3600
LEARNING, OFF, SEES = Abstention.LEARNING, Abstention.NOT_WORN, Abstention.NONE


def way(
    before: Sequence[float],
    after: Sequence[float],
    events: Sequence[float] = (),
    *,
    worn_s: int = DAY,
    blind: int = 0,
) -> Compared:
    """A day of wear: when each model alerts, events of a minute, of how many seconds the candidate can say nothing."""
    why = np.zeros(worn_s, np.int8)
    dim = why.copy()
    dim[:blind] = LEARNING
    those = [Happened(what="incident", onset_s=at_s, end_s=at_s + 60) for at_s in events]
    champion, candidate = Heard("old", why, before), Heard("new", dim, after)
    return compared("as lived", np.arange(worn_s, dtype=np.int64), champion, candidate, those, reach_s=300)


def kinds(found: Compared) -> tuple[list[str], list[str]]:
    return [each.kind for each in found.worse], [each.kind for each in found.better]


@pytest.mark.parametrize(
    ("found", "worse", "better"),
    [
        (way([1000], [1000], [1100]), [], []),
        (way([1000], [], [1100]), ["events"], []),
        (way([], [1000], [1100]), [], ["events"]),
        (way([1000, 5000], [1000, 9000], [1100, 5100, 9100]), ["events"], ["events"]),  # nothing weighs a loss up
        (way([1000], [1029], [1100]), [], []),
        (way([1000], [1031], [1100]), ["lead"], []),
        (way([1031], [1000], [1100]), [], ["lead"]),
        (way([], [1000, 5000, 9000]), [], []),  # three to none is within chance
        (way([], [1000, 5000, 9000, 13000]), ["false alerts"], []),
        (way([1000, 5000, 9000, 13000], [], [20000]), [], ["false alerts"]),
        (way([1000, 5000, 9000, 13000], []), ["events"], ["false alerts"]),  # a dead model is the quietest of all
        (way([1000, 5000, 9000, 13000], [20000]), [], []),
        (way([1000, 5000, 9000], []), [], []),
        (way([], [], blind=DAY // 20), [], []),
        (way([], [], blind=DAY // 20 + 1), ["watch"], []),
    ],
)
def test_each_ground_stands_by_itself(found: Compared, worse: list[str], better: list[str]) -> None:
    assert kinds(found) == (worse, better)
    assert outcome_of([found]) == ("worse" if worse else "better" if better else "no different")


def test_worse_in_either_way_of_replaying_is_worse() -> None:
    fine, missed = way([], [1000], [1100]), way([1000], [], [1100])
    assert outcome_of([fine, missed]) == outcome_of([missed, fine]) == "worse"


def test_of_whom_too_little_was_worn_nothing_is_said() -> None:
    assert outcome_of([way([100], [], [200], worn_s=599)]) == "not judged"
    assert outcome_of([]) == "not judged"


def test_an_event_without_readings_before_it_is_nobodys_miss() -> None:
    why = np.full(2000, OFF, np.int8)
    those = [Happened(what="incident", onset_s=1000, end_s=1000)]
    nobody = Heard("m", why, ())
    found = compared("as lived", np.arange(2000), nobody, nobody, those, reach_s=300)
    assert (found.worn_s, found.events, found.unheard) == (0, (), 1)


def test_worn_is_what_either_model_takes_for_worn() -> None:
    off, on = np.full(100, OFF, np.int8), np.full(100, SEES, np.int8)
    found = compared("as lived", np.arange(100), Heard("a", off, ()), Heard("b", on, ()), (), reach_s=300)
    assert (found.worn_s, found.champion.blind_s, found.candidate.watched_s) == (100, {"not_worn": 100}, 100)


@pytest.mark.parametrize("second_s", [np.arange(9), np.array([0, 1, 1, *range(2, 9)])])
def test_models_are_held_against_each_other_over_the_same_seconds(second_s: np.ndarray) -> None:
    said = Heard("m", np.zeros(10, np.int8), ())
    with pytest.raises(AlertError, match="second"):
        compared("as lived", second_s, said, said, (), reach_s=300)


def test_an_alert_tells_of_an_event_in_its_reach_and_is_false_far_from_any() -> None:
    event = Happened(what="incident", onset_s=1000, end_s=1100, uncertainty_s=10)
    found = told([event], [689, 690, 1009, 1010, 1400, 1401], reach_s=300)
    assert found.leads_s == (310.0,)
    assert found.false_s == (689, 1401)
    assert told([event], [1010.0], reach_s=300).leads_s == (None,)


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 900)), max_size=8))
def test_labels_that_touch_are_one_event(spans: list[tuple[int, int]]) -> None:
    labels = [Label(what="incident", start_s=a, end_s=a + n, rater="Jo") for a, n in spans]
    other = Label(what="calm", start_s=0, end_s=9000, rater="Jo")
    events = happened([*labels, other], ("incident",))
    for one, after in pairwise(events):
        assert one.end_s < after.onset_s
    assert all(any(e.onset_s <= each.start_s and each.end_s <= e.end_s for e in events) for each in labels)


def test_whoever_promises_to_look_further_ahead_is_granted_it() -> None:
    assert reach_of(None) == reach_of(StateTarget(positive=("a",), negative=("b",))) == 300
    assert reach_of(ForecastTarget(events=("a",), horizon_s=600, latency_s=15)) == 615


@given(st.integers(0, 60), st.integers(0, 60))
def test_chance_is_as_the_textbook_has_it(more: int, fewer: int) -> None:
    if more + fewer:
        textbook = binomtest(more, more + fewer, 0.5, alternative="greater").pvalue
        assert by_chance(more, fewer) == pytest.approx(textbook, rel=1e-9)
    assert 0 <= by_chance(more + 2000, fewer) <= 1  # thousands of alerts do not overflow


def evidence(*people: Person, left_out: tuple[str, ...] = ()) -> Evidence:
    return Evidence(
        model="new",
        model_digest="d",
        champion="old",
        champion_digest="",
        code=Code(version="0"),
        at_s=1.0,
        data_digest="e",
        rules=rules(("incident",), 300),
        people=people,
        everybody=pooled(people),
        left_out=left_out,
    )


def person(wearer: str, found: Compared, *, trained_on: bool = False) -> Person:
    return Person(
        wearer=wearer, outcome=outcome_of([found]), trained_on=trained_on, policy="everybody's", ways=(found,)
    )


WORSE = person("w-1", way([1000], [], [1100]))
FINE = person("w-2", way([], [1000], [1100]), trained_on=True)
UNKNOWN = person("w-3", way([], [], worn_s=10))


def test_a_wearer_called_everybody_cannot_be_signed_for_in_the_place_of_all() -> None:
    with pytest.raises(AlertError, match="another pseudonym"):
        evidence(person("everybody", way([1000], [], [1100])))


def test_one_for_whom_it_is_worse_blocks_it_and_one_signature_each_lets_it_pass() -> None:
    assert passed(evidence(FINE, UNKNOWN))
    assert not passed(evidence(UNKNOWN)), "nobody was judged"
    blocked = evidence(FINE, WORSE)
    assert not passed(blocked)
    require_signed(evidence(FINE), [])
    with pytest.raises(AlertError, match="worse for w-1"):
        require_signed(blocked, [])
    require_signed(blocked, [Signature(wearer="w-1", by="Ada", because="has left")])
    for by, because in (("", "x"), ("Ada", " "), ("...", "x"), ("\u3164", "x"), ("Ada", "\u200b")):
        with pytest.raises(AlertError, match="gives a name"):
            require_signed(blocked, [Signature(wearer="w-1", by=by, because=because)])
    with pytest.raises(AlertError, match="not worse for them"):
        require_signed(blocked, [Signature(wearer="w-2", by="Ada", because="x")])


def test_nobody_is_called_better_where_false_alerts_rose_within_chance() -> None:
    found = way([], [1000, 5000], [1100])
    assert kinds(found) == ([], ["events"])
    assert outcome_of([found]) == "mixed"
    assert outcome_of([way([], [1000], [1100]), found]) == "mixed"
    assert passed(evidence(person("w-1", found))), "it blocks nothing by itself"


def test_false_alerts_that_nobodys_hour_can_show_are_plain_over_everybody_and_somebody_signs_for_that() -> None:
    one = way([], [1000], worn_s=3600)
    assert outcome_of([one]) == "no different"
    assert passed(evidence(*(person(f"w-{i}", one) for i in range(3)))), "three to none is within chance"
    multiplied = evidence(*(person(f"w-{i}", one) for i in range(12)))
    assert not multiplied.whose("worse")
    assert not passed(multiplied)
    with pytest.raises(
        AlertError, match=r"everybody: 12 more false alerts in 12\.0 h.*champion 0, candidate 12.*of 12"
    ):
        require_signed(multiplied, [])
    require_signed(multiplied, [Signature(wearer="everybody", by="Ada", because="carers asked for it")])
    with pytest.raises(AlertError, match="not worse for them"):
        require_signed(evidence(FINE), [Signature(wearer="everybody", by="Ada", because="x")])
    fewer = evidence(*(person(f"w-{i}", way([1000], [3000], [3100], worn_s=3600)) for i in range(12)))
    assert passed(fewer)


def test_alerts_are_told_by_the_day_only_where_hours_were_worn() -> None:
    short, long = (way([], [1000, 1900, 2800, 3500], worn_s=n).worse[0].said for n in (3600, 8 * 3600))
    assert short == "4 more false alerts in 1.0 h of wear (champion 0, candidate 4)"
    assert long == "4 more false alerts in 8.0 h of wear, 6.0 a day of wear (champion 0, candidate 4)"
    (gone,) = way([1000, 1500, 1900, 2300], [], [3590], worn_s=3600).better
    assert gone.said == "4 fewer false alerts in 1.0 h of wear (champion 4, candidate 0)"


def test_what_a_rehearsal_cannot_show_is_said_with_it() -> None:
    said = " ".join(cautions(evidence(WORSE, FINE, UNKNOWN, left_out=("w-4",))))
    for part in ("trained on w-2", "Too little is stored of w-3", "Not rehearsed: w-4"):
        assert part in said
    assert "everybody who was judged" in " ".join(cautions(evidence(FINE)))
    assert "labelled an event of w-5" in " ".join(cautions(evidence(person("w-5", way([], [])))))


def test_evidence_reads_back_as_it_was_and_nothing_else_does() -> None:
    mine = evidence(WORSE, FINE)
    assert decode(encode(mine), "here") == mine
    newer = msgspec.json.encode(msgspec.to_builtins(mine) | {"format": 3})
    with pytest.raises(AlertError, match="newer forecalm"):
        decode(newer, "here")
    for said in (b"{}", b"\xff", encode(mine)[:-9], msgspec.json.encode(msgspec.to_builtins(mine) | {"more": 1})):
        with pytest.raises(AlertError, match="here is not the verdict"):
            decode(said, "here")
