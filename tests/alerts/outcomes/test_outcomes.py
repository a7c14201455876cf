"""What carers tell of an alert, or without one: kept before it does anything, entered once, corrected beside itself."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.errors import AlertError, JournalError, UnknownAlert
from alerts.events import Event
from alerts.happened import HappenedTo
from alerts.journal import Journal, Scratch
from alerts.outcomes.events import OutcomeTold, What
from alerts.outcomes.helped import HELPED, HELPED_MAX, NOTHING, PASSED, Helped, helped, offered, what_helped
from alerts.outcomes.labelled import WORDS, label_of
from alerts.outcomes.outcomes import TWICE_S, Outcomes, UnknownOutcome
from alerts.outcomes.times import ASSUMED_S, BACK_S, CLOCK_S, ENTERED_AFTER_S, LASTED_S, SEEN_S
from alerts.situation_events import AlertRaised, AlertResolved
from alerts.views import AlertView, RiskState, Sight, WearerView
from ingest.errors import RegistryError, StoreError
from ingest.labels import Label, require_label

RAISED_S, OVER_S, NOW_S = 10_000.0, 10_600.0, 11_000.0
RAISED = AlertRaised(at_s=RAISED_S, wearer="w-1", alert_id="a-1", probability=0.9, reasons=(), policy="p")
OVER = AlertResolved(at_s=OVER_S, wearer="w-1", alert_id="a-1")


class Books:
    """Labels by outcome, as the registry has them; ``away``: it does not answer."""

    def __init__(self, *known: str) -> None:
        self.known = set(known) or {"w-1", "w-2"}
        self.away = False
        self.labels: dict[str, Label] = {}
        self.corrected: dict[str, str] = {}
        self.calls = 0

    def enter_outcome(self, outcome_id: str, label: Label, *, corrects: str = "", by: str) -> int:
        self.calls += 1
        if self.away:
            raise StoreError("registry: no answer")
        require_label(label)
        if label.wearer not in self.known or (corrects and corrects not in self.labels):
            raise RegistryError("not known")
        if outcome_id not in self.labels:
            self.labels[outcome_id] = label
            self.corrected |= {corrects: outcome_id} if corrects else {}
        return 1

    def outcomes_entered(self) -> frozenset[str]:
        if self.away:
            raise StoreError("registry: no answer")
        return frozenset(self.labels)

    def valid(self) -> list[Label]:
        return [label for outcome_id, label in self.labels.items() if outcome_id not in self.corrected]


class Full:
    """A disk that takes nothing."""

    history: tuple[Event, ...] = (RAISED, OVER)

    def append(self, events: object) -> None:
        raise JournalError("no space left")


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def journal() -> Scratch:
    return Scratch([RAISED, OVER])


@pytest.fixture
def outcomes(journal: Scratch, books: Books) -> Outcomes:
    return Outcomes(journal, books)


def tell(outcomes: Outcomes, what: What = What.SETTLED, *, at_s: float = NOW_S, **more: object) -> OutcomeTold:
    said: dict[str, object] = {"wearer": "", "alert_id": "a-1", "by": "Jo", "helped": (), **more}
    return outcomes.tell(str(said.pop("wearer")), what=what, at_s=at_s, **said)  # type: ignore[arg-type]


def holding(outcomes: Outcomes, wearer: str) -> tuple[OutcomeTold, ...]:
    """The outcomes of a wearer that nothing stands in for."""
    told = outcomes.of(wearer)
    corrected = {each.corrects for each in told}
    return tuple(each for each in told if each.outcome_id not in corrected)


def told_lines(journal: Scratch) -> list[OutcomeTold]:
    return [event for event in journal.history if isinstance(event, OutcomeTold)]


# Two taps


@pytest.mark.parametrize("what", What)
def test_two_taps_are_enough_for_every_answer(outcomes: Outcomes, books: Books, what: What) -> None:
    told = tell(outcomes, what, helped=["headphones"])
    assert (told.wearer, told.began_s, told.ended_s, told.uncertainty_s) == ("w-1", RAISED_S, OVER_S, ASSUMED_S)
    assert outcomes.enter() == 0
    (label,) = books.valid()
    assert (label.what, label.rater, label.wearer) == (WORDS[what], "Jo", "w-1")
    assert (label.start_s, label.end_s, label.onset_uncertainty_s) == (RAISED_S, OVER_S, ASSUMED_S)
    assert label.note == "of an alert; helped: headphones"


def view(risk: RiskState, since_s: float, alert: AlertView | None = None) -> WearerView:
    return WearerView(
        wearer="w-2",
        at_s=since_s,
        risk=risk,
        risk_since_s=since_s,
        sight=Sight(0.0),
        probability=0.8,
        trend=(),
        why=(),
        learnt=1.0,
        alert=alert,
    )


def test_anxiety_began_when_signs_rose_and_an_incident_when_the_alert_was_raised(outcomes: Outcomes) -> None:
    alert = AlertView("a-2", "w-2", 20_000.0, 0.9, (), "p")
    for each in (view(RiskState.RISING, 19_700.0), view(RiskState.ALERTING, 20_000.0, alert)):
        outcomes.hear(each)
    outcomes.hear(view(RiskState.RESOLVED, 20_300.0, replace(alert, resolved_s=20_300.0)))
    calm = tell(outcomes, alert_id="a-2", at_s=20_400.0)
    assert (calm.wearer, calm.began_s, calm.ended_s) == ("w-2", 19_700.0, 20_300.0)
    alert = replace(alert, alert_id="a-3", raised_s=30_000.0)
    for each in (view(RiskState.RISING, 29_900.0), view(RiskState.ALERTING, 30_000.0, alert)):
        outcomes.hear(each)
    assert tell(outcomes, What.INCIDENT, alert_id="a-3", at_s=30_100.0).began_s == 30_000.0


def test_a_beginning_that_a_carer_saw_is_surer_than_one_that_is_assumed(outcomes: Outcomes) -> None:
    told = tell(outcomes, What.INCIDENT, began_s=RAISED_S + 30.0, ended_s=RAISED_S + 90.0)
    assert (told.began_s, told.uncertainty_s, told.ended_s) == (RAISED_S + 30.0, SEEN_S, RAISED_S + 90.0)


def test_an_incident_that_raised_no_alert_is_entered_too(outcomes: Outcomes, books: Books) -> None:
    told = tell(outcomes, What.INCIDENT, wearer="w-2", alert_id="", began_s=NOW_S - 3600.0, ended_s=NOW_S - 3000.0)
    bare = tell(outcomes, What.INCIDENT, wearer="w-1", alert_id="")
    assert (bare.began_s, bare.uncertainty_s, bare.ended_s) == (NOW_S - ENTERED_AFTER_S, ENTERED_AFTER_S, NOW_S)
    outcomes.enter()
    assert [label.note for label in books.valid()] == ["no alert was raised"] * 2
    assert outcomes.of("w-2") == (told,)


def test_an_alert_that_is_answered_the_next_morning_did_not_last_all_night(books: Books) -> None:
    outcomes = Outcomes(Scratch([RAISED]), books)
    assert tell(outcomes, at_s=RAISED_S + 40_000.0).ended_s == RAISED_S + LASTED_S


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"began_s": NOW_S + CLOCK_S + 1.0}, r"began_s: 121 s from now"),
        ({"ended_s": NOW_S + 86_400.0}, r"ended_s: 86400 s from now"),
        ({"began_s": RAISED_S - BACK_S - 1.0}, r"began_s: more than 7 days"),
        ({"began_s": RAISED_S, "ended_s": RAISED_S - 1.0}, r"ended_s: up to a day after it began"),
        ({"began_s": NOW_S - 90_000.0, "ended_s": NOW_S}, r"ended_s: up to a day"),
        ({"began_s": float("nan")}, r"began_s: a number of seconds"),
        ({"uncertainty_s": -1.0}, r"uncertainty_s: from 0"),
        ({"uncertainty_s": 4000.0}, r"uncertainty_s: from 0 to 3600"),
        ({"at_s": float("inf")}, r"at_s"),
        ({"by": " "}, r"by: 1 to 80"),
        ({"what": "meltdown"}, r"what: one of 'anxious, settled', 'incident'"),
        ({"helped": ["x" * 501]}, r"helped, number 1"),
        ({"helped": ["a", "b\n"], "by": "Jo\0"}, r"by"),
        ({"helped": [str(n) for n in range(HELPED_MAX + 1)]}, r"helped: up to 12"),
        ({"helped": "music"}, r"helped: a list"),
        ({"wearer": "w-2"}, r"wearer: the alert is somebody else's"),
        ({"alert_id": "", "wearer": ""}, r"wearer: say whom"),
        ({"outcome_id": "a b"}, r"outcome_id: 1 to 64"),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_nothing_is_kept(
    outcomes: Outcomes, journal: Scratch, more: dict[str, object], told: str
) -> None:
    with pytest.raises(AlertError, match=told):
        tell(outcomes, **more)  # type: ignore[arg-type]
    assert told_lines(journal) == []
    assert outcomes.waiting == 0


def test_a_tablet_whose_clock_is_a_little_ahead_means_now(outcomes: Outcomes) -> None:
    told = tell(outcomes, began_s=RAISED_S, ended_s=NOW_S + CLOCK_S)
    assert told.ended_s == NOW_S


def test_an_alert_that_nobody_knows_and_an_outcome_that_nobody_told_are_no_keys(outcomes: Outcomes) -> None:
    with pytest.raises(UnknownAlert, match="alert_id"):
        tell(outcomes, alert_id="a-9")
    with pytest.raises(UnknownOutcome):
        outcomes.correct("o-9", by="Jo", what=What.INCIDENT, at_s=NOW_S)


# Once


def test_a_tablet_that_sends_twice_enters_once(outcomes: Outcomes, journal: Scratch) -> None:
    first = tell(outcomes, helped=["headphones"])
    assert tell(outcomes, helped=["headphones"], at_s=NOW_S + 3.0) == first
    told = tell(outcomes, What.INCIDENT, wearer="w-2", alert_id="", outcome_id="t-1", began_s=NOW_S - 60.0)
    again = tell(outcomes, What.INCIDENT, wearer="w-2", alert_id="", outcome_id="t-1", at_s=NOW_S + 9e4)
    assert again == told
    assert told_lines(journal) == [first, told]


def test_a_telling_that_comes_again_late_does_not_undo_what_was_said_since(outcomes: Outcomes) -> None:
    tell(outcomes, What.SETTLED, at_s=NOW_S)
    second = tell(outcomes, What.INCIDENT, at_s=NOW_S + 20.0)
    assert tell(outcomes, What.SETTLED, at_s=NOW_S + TWICE_S) == second
    assert holding(outcomes, "w-1") == (second,)


def test_an_incident_that_a_tablet_sends_again_after_hours_without_a_network_is_one(outcomes: Outcomes) -> None:
    first = tell(outcomes, What.INCIDENT, wearer="w-2", alert_id="", began_s=NOW_S - 60.0, ended_s=NOW_S)
    again = tell(
        outcomes, What.INCIDENT, wearer="w-2", alert_id="", began_s=NOW_S - 60.0, ended_s=NOW_S, at_s=NOW_S + 9_000.0
    )
    assert again == first
    other = tell(outcomes, What.INCIDENT, wearer="w-2", alert_id="", began_s=NOW_S - 60.0, by="Bo", at_s=NOW_S + 9e3)
    assert outcomes.of("w-2") == (first, other), "two people saw it, and what both say is kept"


def test_two_incidents_in_an_hour_are_two(outcomes: Outcomes) -> None:
    for began_s in (NOW_S - 3000.0, NOW_S - 1000.0):
        tell(outcomes, What.INCIDENT, wearer="w-2", alert_id="", began_s=began_s)
    tell(outcomes, What.INCIDENT, wearer="w-2", alert_id="", at_s=NOW_S + TWICE_S + 1.0)
    assert len(holding(outcomes, "w-2")) == 3


def test_an_alert_has_one_outcome_and_the_last_word_holds(outcomes: Outcomes, books: Books) -> None:
    first = tell(outcomes, What.SETTLED)
    second = tell(outcomes, What.EXERCISE, by="Bo", at_s=NOW_S + 60.0)
    assert second.corrects == first.outcome_id
    outcomes.enter()
    assert [label.what for label in books.valid()] == ["exercise"]
    assert len(books.labels) == 2


# Corrections


def test_a_correction_stands_beside_what_it_corrects_and_keeps_what_it_does_not_say(
    outcomes: Outcomes, books: Books
) -> None:
    first = tell(outcomes, What.SETTLED, began_s=RAISED_S - 100.0)
    second = outcomes.correct(first.outcome_id, by="Bo", what=What.INCIDENT, at_s=NOW_S + 9e4)
    third = outcomes.correct(first.outcome_id, by="Jo", what=What.INCIDENT, began_s=RAISED_S, at_s=NOW_S + 9e5)
    assert (second.began_s, second.uncertainty_s, second.ended_s) == (RAISED_S - 100.0, SEEN_S, OVER_S)
    assert (third.corrects, third.began_s) == (second.outcome_id, RAISED_S)
    assert outcomes.of("w-1") == (first, second, third)
    assert holding(outcomes, "w-1") == (third,)
    outcomes.enter()
    assert books.valid() == [label_of(third)]
    assert books.corrected == {first.outcome_id: second.outcome_id, second.outcome_id: third.outcome_id}


def test_a_correction_that_says_the_same_is_none(outcomes: Outcomes, journal: Scratch) -> None:
    first = tell(outcomes, What.INCIDENT)
    assert outcomes.correct(first.outcome_id, by="Jo", what=What.INCIDENT, at_s=NOW_S + 500.0) == first
    assert told_lines(journal) == [first]


def test_a_clock_that_was_set_back_does_not_keep_a_correction_out(outcomes: Outcomes) -> None:
    first = tell(outcomes, What.SETTLED)
    second = outcomes.correct(first.outcome_id, by="Jo", what=What.INCIDENT, at_s=NOW_S - 86_400.0)
    assert (second.began_s, second.ended_s) == (first.began_s, first.ended_s)


# The registry away, crashes, restarts


def test_an_outcome_told_while_the_registry_is_away_is_a_label_as_soon_as_it_answers(
    outcomes: Outcomes, books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    books.away = True
    told = tell(outcomes, What.INCIDENT)
    outcomes.correct(told.outcome_id, by="Jo", what=What.EXCITED, at_s=NOW_S + 1.0)
    assert outcomes.enter() == outcomes.enter() == 2
    books.away = False
    assert outcomes.enter() == outcomes.enter() == 0
    assert [label.what for label in books.valid()] == ["excitement"]
    assert len(caplog.records) == 2, "that it went and that it came is said, and not each time"


def test_an_outcome_that_was_no_label_yet_when_the_service_died_is_one_after_the_next_start(
    journal: Scratch, books: Books
) -> None:
    books.away = True
    before = Outcomes(journal, books)
    told = tell(before, What.INCIDENT)
    before.enter()
    after = Outcomes(Scratch(journal.history), books)
    assert after.of("w-1") == (told,)
    assert after.enter() == 1
    books.away = False
    assert after.enter() == 0
    assert list(books.labels) == [told.outcome_id]


def test_after_a_start_only_what_is_missing_is_entered(journal: Scratch, books: Books) -> None:
    before = Outcomes(journal, books)
    tell(before, What.INCIDENT)
    before.enter()
    calls = books.calls
    Outcomes(journal, books).enter()
    assert books.calls == calls


def test_a_full_disk_keeps_nothing_half_and_says_so(books: Books) -> None:
    outcomes = Outcomes(Full(), books)
    with pytest.raises(JournalError):
        tell(outcomes)
    assert (outcomes.of("w-1"), outcomes.waiting) == ((), 0)


def test_an_outcome_of_somebody_whom_the_registry_does_not_know_holds_up_nobody_else(journal: Scratch) -> None:
    books = Books("w-2")
    outcomes = Outcomes(journal, books)
    tell(outcomes)
    tell(outcomes, What.INCIDENT, wearer="w-2", alert_id="")
    assert outcomes.enter() == 0
    assert [label.wearer for label in books.valid()] == ["w-2"]


def test_outcomes_outlive_the_process_on_disk_and_go_with_whom_they_are_of(tmp_path: Path, books: Books) -> None:
    path = tmp_path / "journal.jsonl"
    with closing(Journal(path)) as journal:
        journal.append([RAISED, OVER])
    with closing(Journal(path)) as journal:
        told = tell(Outcomes(journal, books), helped=["музыка 🎧"])
    with closing(Journal(path)) as journal:
        assert Outcomes(journal, books).of("w-1") == (told,)
        journal.erase("w-1")
        assert Outcomes(journal, books).of("w-1") == ()
    assert "музыка".encode() not in path.read_bytes()


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["tell", "correct", "enter", "away", "back", "restart"]),
        st.sampled_from(["a-1", ""]),
        st.sampled_from(list(What)),
        st.floats(0.0, 9_000.0),
    ),
    max_size=30,
)


@settings(max_examples=60)
@given(ACTS)
def test_whatever_happens_in_between_every_outcome_is_a_label_once_and_the_last_ones_hold(
    acts: list[tuple[str, str, What, float]],
) -> None:
    """The registry comes and goes, the service dies and starts again, between any two tellings."""
    journal, books, now_s = Scratch([RAISED, OVER]), Books(), NOW_S
    outcomes = Outcomes(journal, books)
    for act, alert_id, what, later_s in acts:
        now_s += later_s
        if act == "tell":
            tell(outcomes, what, wearer="w-1", alert_id=alert_id, at_s=now_s)
        elif act == "correct" and told_lines(journal):
            first = told_lines(journal)[0]
            outcomes.correct(first.outcome_id, by="Bo", what=what, at_s=now_s)
        elif act == "enter":
            outcomes.enter()
        elif act in ("away", "back"):
            books.away = act == "away"
        elif act == "restart":
            outcomes = Outcomes(journal, books)
    books.away = False
    assert outcomes.enter() == 0
    lines = told_lines(journal)
    assert list(books.labels) == [each.outcome_id for each in lines]
    assert sorted(map(repr, books.valid())) == sorted(repr(label_of(each)) for each in holding(outcomes, "w-1"))
    assert len({each.alert_id for each in holding(outcomes, "w-1") if each.alert_id}) <= 1
    assert all(isinstance(each, HappenedTo) and each.began_s <= each.ended_s <= each.at_s for each in lines)


# What helped


def upset(what: What, words: tuple[str, ...], took_s: float) -> OutcomeTold:
    return OutcomeTold(
        at_s=NOW_S,
        wearer="w-1",
        outcome_id="o",
        alert_id="",
        by="Jo",
        what=what,
        helped=words,
        began_s=0.0,
        uncertainty_s=0.0,
        ended_s=took_s,
    )


def test_what_helped_is_counted_with_how_long_it_took_to_calm() -> None:
    found = what_helped(
        [
            upset(What.SETTLED, ("a walk", "Headphones"), 100.0),
            upset(What.INCIDENT, ("headphones",), 300.0),
            upset(What.SETTLED, (NOTHING,), 900.0),
            upset(What.SETTLED, (PASSED,), 500.0),
            upset(What.EXERCISE, ("a walk",), 10.0),
        ]
    )
    assert found == (Helped("Headphones", 2, 4, 200.0), Helped("a walk", 1, 4, 100.0), Helped(PASSED, 1, 4, 500.0))
    assert what_helped([]) == ()


def test_words_of_the_persons_own_plan_are_offered_first_and_no_word_twice() -> None:
    assert offered(["Her blue blanket ", "Headphones", ""]) == ("Her blue blanket", "Headphones", *HELPED[1:])
    assert offered([]) == HELPED


def test_a_word_that_helped_may_be_any_letter_that_can_be_seen() -> None:
    said: Callable[[list[str]], tuple[str, ...]] = helped
    assert said([" الموسيقى ", "👩‍👧 Mama", "MUSIC", "music", ""]) == ("الموسيقى", "👩‍👧 Mama", "music")
