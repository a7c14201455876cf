"""The moments of a day: each thing once, in plain words, with how long it took."""

from alerts.outcomes.events import OutcomeTold, What
from alerts.protection.cover import Level, Link
from alerts.protection.events import CoverChanged
from alerts.situation_events import AlertAcknowledged, AlertRaised, AlertResolved, SightLost, SightRegained
from alerts.views import Blind
from console.day.moments import MOST, lasting, odds_words, told
from console.day.office import Note
from console.day.times import Span

DAY = Span(since_s=0.0, until_s=86_400.0)


def alert(at_s: float, alert_id: str = "a") -> AlertRaised:
    return AlertRaised(wearer="w", at_s=at_s, alert_id=alert_id, probability=0.7, reasons=("Pulse up.",), policy="p")


def outcome(outcome_id: str, what: What, corrects: str = "") -> OutcomeTold:
    return OutcomeTold(
        wearer="w",
        at_s=200.0,
        outcome_id=outcome_id,
        alert_id="a",
        by="Jo",
        what=what,
        helped=("headphones", "a walk"),
        began_s=460.0,
        uncertainty_s=60.0,
        ended_s=640.0,
        corrects=corrects,
    )


def test_an_alert_is_told_from_its_raising_to_its_end() -> None:
    events = [
        alert(100.0),
        AlertAcknowledged(wearer="w", at_s=162.0, alert_id="a", by="Jo"),
        AlertResolved(wearer="w", at_s=700.0, alert_id="a", by="Jo"),
        outcome("o1", What.EXERCISE),
        outcome("o2", What.INCIDENT, corrects="o1"),
    ]
    said = told(events, (), DAY)
    assert [it.said for it in said.moments] == [
        "Jo said that it was over.",
        "Incident, 3 min. Headphones and a walk helped.",
        "Jo had it after 62 s.",
        "Alert. Pulse up.",
    ]
    assert said.moments[1].beside == "Jo, told 6 min before"
    assert said.alerts == (100.0,)
    assert len(said.outcomes) == 1


def test_time_without_sight_is_told_once_with_how_long_it_took_and_a_brief_one_not_at_all() -> None:
    def gone(since_s: float, reason: Blind) -> SightLost:
        return SightLost(wearer="w", at_s=since_s, since_s=since_s, reason=reason)

    events = [
        gone(0.0, Blind.NOT_HEARD),
        SightRegained(wearer="w", at_s=30.0),
        gone(1000.0, Blind.NOT_WORN),
        SightRegained(wearer="w", at_s=2080.0),
        gone(3000.0, Blind.SILENT),
    ]
    said = told(events, (), DAY).moments
    assert [(it.said, it.goes_on) for it in said] == [
        ("The band fell silent.", True),
        ("Band on again.", False),
        ("Band off, 18 min.", False),
    ]


def test_that_an_alert_would_have_reached_nobody_is_told() -> None:
    def cover(at_s: float, level: Level, link: Link | None) -> CoverChanged:
        return CoverChanged(wearer="w", at_s=at_s, since_s=at_s, level=level, link=link)

    events = [
        cover(0.0, Level.NOT, Link.GATEWAY),
        cover(600.0, Level.PROTECTED, None),
        cover(700.0, Level.NOT, Link.CARER),
        cover(730.0, Level.PROTECTED, None),
    ]
    assert [it.said for it in told(events, (), DAY).moments] == ["Not protected, 10 min: the gateway was silent."]


def test_a_day_with_more_than_a_page_holds_says_how_much_more() -> None:
    events = [alert(60.0 * number, f"a{number}") for number in range(MOST + 5)]
    said = told(events, (), DAY)
    assert (len(said.moments), said.more, len(said.alerts)) == (MOST, 5, MOST + 5)
    assert said.moments[0].at_s == 60.0 * (MOST + 4)


def test_a_note_stands_at_its_time_and_as_it_was_written() -> None:
    note = Note(number=1, at_s=500.0, by="Jo", text="<b>Lunch</b>")
    (moment,) = told((), (note,), DAY).moments
    assert (moment.at_s, moment.note) == (500.0, note)


def test_times_are_said_as_people_say_them() -> None:
    assert [lasting(it) for it in (0, 20, 61, 1080, 3600, 30_120)] == [
        "0 s",
        "20 s",
        "1 min",
        "18 min",
        "1 h",
        "8 h 22 min",
    ]


def test_odds_are_never_said_to_be_certain() -> None:
    assert odds_words(0.72) == "About 7 in 10"
    assert odds_words(0.94) == "About 9 in 10"
    assert odds_words(0.97) == odds_words(1.0) == "More than 9 in 10"
    assert odds_words(0.0) == "Fewer than 1 in 10"
