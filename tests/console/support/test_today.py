"""What needs doing today: who is not watched comes first, and each task has the one tap that mends it."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from alerts.views import Blind, Sight, WearerView
from console.standing import ModelsAt
from console.support.office import Person
from console.support.today import LONG_S, Seen, Task, Urgency, tasks_of
from ingest.bands import BandReport, ConsentDue, Doubt, Sent, Waiting
from ingest.registry.consents import Scope
from tests.console.house import NAMES, NOW_S, House
from tests.console.office import Office, band


def seen(
    *bands: BandReport, views: tuple[WearerView, ...] = (), people: tuple[Person, ...] = (), **more: object
) -> Seen:
    overview = replace(Office(bands=bands).overview, **more)  # type: ignore[arg-type]
    return Seen(
        overview=overview,
        views=views,
        people=people,
        models=ModelsAt(),
        zone=ZoneInfo("Europe/London"),
        name=lambda wearer: NAMES.get(wearer, wearer),
    )


def only(tasks: tuple[Task, ...]) -> Task:
    (task,) = tasks
    return task


def blind(reason: Blind, for_s: float) -> WearerView:
    return replace(House().calm("w1"), sight=Sight(NOW_S - for_s, reason))


def test_where_nothing_ails_nothing_needs_doing() -> None:
    assert tasks_of(seen(band(), views=(House().calm("w1"),))) == ()


def test_a_band_of_nobody_is_paired_by_one_tap() -> None:
    task = only(tasks_of(seen(band("band-07", None, waiting=Waiting(NOW_S + 60, NOW_S + 90)))))
    assert (task.urgency, task.about) == (Urgency.NOW, "band-07")
    assert [(tap.verb, tap.where) for tap in task.taps] == [
        ("Pair it", "/pair?band=band-07"),
        ("Whose were they?", "/bands/band-07/correct"),
    ]


@pytest.mark.parametrize(("begun_s", "ended_s", "told"), [(700, 40, 0), (700, 500, 1), (100, 40, 1)])
def test_a_band_that_sent_only_while_somebody_paired_is_no_task(begun_s: float, ended_s: float, told: int) -> None:
    waiting = Waiting(NOW_S - 600 + 86_400, NOW_S - 30 + 86_400)
    of_nobody = seen(band("band-07", None, last_heard_s=NOW_S - 30, waiting=waiting))
    offered = replace(of_nobody, offered={"band-07": (NOW_S - begun_s, NOW_S - ended_s)})
    assert len(tasks_of(offered)) == told


@pytest.mark.parametrize(
    ("pct", "urgency"), [(15, Urgency.SOON), (16, Urgency.TODAY), (30, Urgency.TODAY), (31, None), (None, None)]
)
def test_a_band_that_runs_low_is_swapped_by_one_tap(pct: int | None, urgency: Urgency | None) -> None:
    tasks = tasks_of(seen(band(sent=Sent("hall", pct))))
    assert [task.urgency for task in tasks] == ([] if urgency is None else [urgency])
    assert all(task.taps[0].where == "/bands/band-01/swap" for task in tasks)


def test_a_band_that_is_silent_is_told_once_however_low_it_is() -> None:
    task = only(tasks_of(seen(band(last_heard_s=NOW_S - 60, sent=Sent("hall", 3)))))
    assert task.urgency is Urgency.NOW
    assert "Silent since 14:31" in task.what


def test_a_band_off_the_wrist_is_told_at_once_and_a_poor_signal_once_it_lasts() -> None:
    off = only(tasks_of(seen(band(), views=(blind(Blind.NOT_WORN, 5.0),))))
    assert (off.urgency, off.glyph) == (Urgency.NOW, "bandoff")
    assert tasks_of(seen(band(), views=(blind(Blind.POOR_SIGNAL, LONG_S - 1),))) == ()
    loose = only(tasks_of(seen(band(), views=(blind(Blind.POOR_SIGNAL, LONG_S + 1),))))
    assert (loose.urgency, loose.taps[0].verb) == (Urgency.SOON, "Check the fit")


def test_a_suspected_exchange_is_answered_by_one_tap_either_way() -> None:
    doubt = Doubt("band-01", "w1", "band-02", "w2", NOW_S - 3600)
    task = only(tasks_of(seen(band(), band("band-02", "w2"), doubts=(doubt,))))
    assert task.what == "band-01 has looked like Bea rather than Aidan since 13:32."
    exchanged, right = task.taps
    assert exchanged.where == f"/bands/band-01/correct?exchange=band-02&since={NOW_S - 3600:.0f}"
    assert (right.posts, right.fields) == (True, (("band", "band-01"), ("band", "band-02")))


def test_a_band_of_nobody_in_an_exchange_is_not_offered_for_one() -> None:
    task = only(tasks_of(seen(band("band-02", "w2"), doubts=(Doubt(None, "w1", "band-02", "w2", NOW_S - 60),))))
    assert [tap.verb for tap in task.taps] == ["Each is on the right wrist"]


def test_whoever_agreed_and_wears_nothing_is_paired_by_one_tap_and_whoever_did_not_is_not() -> None:
    people = (
        Person(wearer="w1", name="Aidan", band=None, agreed=True),
        Person(wearer="w2", name="Bea", band=None, agreed=False),
        Person(wearer="w3", name="Callum", band="band-01", agreed=True),
    )
    assert only(tasks_of(seen(people=people))).taps[0].where == "/pair?wearer=w1"


def test_the_most_urgent_stands_first_whatever_its_kind() -> None:
    tasks = tasks_of(
        seen(
            band(sent=Sent("hall", 20)),
            band("band-02", "w2", last_heard_s=NOW_S - 99),
            consents=(ConsentDue("w3", Scope.CARE, False, None), ConsentDue("w1", Scope.CARE, True, None)),
        )
    )
    assert [task.urgency for task in tasks] == sorted(task.urgency for task in tasks)
    assert {tasks[0].about, tasks[1].about} == {"Callum", "Bea, band-02"}
