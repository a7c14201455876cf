"""Shifts and mutes, tap by tap: what is refused says why, and nobody is without somebody meanwhile."""

import threading
from collections.abc import Sequence

import pytest

from alerts.duty.duty import BACK_S, LEFT, MUTE_MAX_S, SHIFT_MAX_S, SHIFT_S, Duty
from alerts.duty.errors import LeftAlone, UnknownShift
from alerts.duty.events import ShiftBegun, ShiftEnded, TabletUnmuted
from alerts.duty.notices import due_matters
from alerts.duty.roster import Shift
from alerts.errors import AlertError, JournalError
from alerts.events import Event
from alerts.journal import Scratch
from tests.servers import LONG_S

NOON_S = 1_763_553_600.0
HOUR_S = 3600.0
WATCHED = ("w-1", "w-2")


class Disk(Scratch):
    full = False

    def append(self, events: Sequence[Event]) -> None:
        if self.full:
            raise JournalError("cannot write the journal: No space left on device")
        super().append(events)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def duty(disk: Disk) -> Duty:
    return Duty(disk, watched=lambda: WATCHED)


def begun(duty: Duty, carer: str = "Jo", *wearers: str, hours: float = 8) -> Shift:
    return duty.begin(carer, wearers, until_s=NOON_S + hours * HOUR_S, by=carer, at_s=NOON_S)


def test_until_it_is_taken_whoever_has_them_has_them(duty: Duty) -> None:
    shift = begun(duty)
    duty.offer(shift.shift_id, to="Priya, Sam", note="Noor: swap the band.", at_s=NOON_S + 60)
    assert duty.on_shift("w-1", NOON_S + 60) == ("Jo",)
    taken = duty.take(shift.shift_id, by="sam", at_s=NOON_S + 90)
    assert (taken.carer, taken.until_s) == ("Sam", NOON_S + 90 + SHIFT_S)
    assert duty.on_shift("w-1", NOON_S + 90) == ("Sam",)


def test_a_take_that_a_crash_tears_leaves_both_on_shift(duty: Duty, disk: Disk) -> None:
    shift = begun(duty)
    duty.offer(shift.shift_id, to="Priya", at_s=NOON_S)
    duty.take(shift.shift_id, by="Priya", at_s=NOON_S)
    whole = disk.history
    assert isinstance(whole[-1], ShiftEnded)
    for kept in range(3, len(whole) + 1):
        assert Duty(Scratch(whole[:kept]), watched=lambda: WATCHED).on_shift("w-1", NOON_S)


def test_only_whom_it_is_offered_to_takes_it(duty: Duty) -> None:
    shift = begun(duty)
    with pytest.raises(AlertError, match="offered to nobody, and Jo has them"):
        duty.take(shift.shift_id, by="Priya", at_s=NOON_S)
    duty.offer(shift.shift_id, to="Sam", at_s=NOON_S)
    with pytest.raises(AlertError, match="offered to Sam"):
        duty.take(shift.shift_id, by="Priya", at_s=NOON_S)
    with pytest.raises(AlertError, match="has them already"):
        duty.offer(shift.shift_id, to="JO", at_s=NOON_S)
    with pytest.raises(UnknownShift):
        duty.take("shift-of-yesterday", by="Priya", at_s=NOON_S)


def test_an_end_that_would_leave_somebody_alone_says_whom_and_what_would_be_right(duty: Duty) -> None:
    shift = begun(duty)
    begun(duty, "Priya", "w-1")
    with pytest.raises(LeftAlone, match=r"1 person would have nobody: w-2\. Offer the shift") as refusal:
        duty.end(shift.shift_id, by="Jo", at_s=NOON_S)
    assert refusal.value.wearers == ("w-2",)
    assert duty.on_shift("w-2", NOON_S) == ("Jo",)


def test_whoever_has_left_has_nobody_any_more_and_it_is_known_that_nobody_stayed(disk: Disk) -> None:
    left: dict[str, float] = {}
    duty = Duty(disk, watched=lambda: WATCHED, left=lambda: left)
    begun(duty)
    begun(duty, "Jo", "w-1")
    begun(duty, "Priya", "w-2")
    duty.mute("t-1", by="Jo", reason="asleep", until_s=NOON_S + 60, at_s=NOON_S)
    left["jo"] = NOON_S + 0.5
    disk.full = True
    assert duty.tick(NOON_S + 1) == ()
    assert duty.on_shift("w-1", NOON_S + 1) == ("Jo",), "nothing has changed that could not be kept"
    disk.full = False
    duty.tick(NOON_S + 2)
    assert [shift.carer for shift in duty.shifts()] == ["Priya"]
    assert [(each.wearer, each.anyway) for each in duty.uncovered(WATCHED, NOON_S + 2)] == [("w-1", LEFT)]
    assert duty.mutes(NOON_S + 2) == ()
    ends = [event.anyway for event in disk.history if isinstance(event, ShiftEnded)]
    assert ends == ["", LEFT], "while another shift of theirs went on nobody was alone"
    (matter,) = due_matters(NOON_S + 2, alone=duty.uncovered(WATCHED, NOON_S + 2), overdue=(), grace_s=120)
    assert matter.words[-1] == "Their carer is no longer a carer here."
    duty.begin("Jo", [], until_s=NOON_S + HOUR_S, by="Jo", at_s=NOON_S + 2.5)
    duty.tick(NOON_S + 3)
    assert duty.on_shift("w-1", NOON_S + 3) == ("Jo",), "who is back is not sent away by what was so before"


def test_somebody_whose_shift_is_overdue_is_nobody_to_leave_people_with(duty: Duty) -> None:
    begun(duty, "Priya", hours=1)
    shift = begun(duty)
    with pytest.raises(LeftAlone, match="or only Priya, whose shift should be over"):
        duty.end(shift.shift_id, by="Jo", at_s=NOON_S + 2 * HOUR_S)


def test_whoever_must_go_goes_with_a_reason_and_nobody_is_said_to_have_them_from_then_on(
    duty: Duty, disk: Disk
) -> None:
    shift = begun(duty)
    duty.end(shift.shift_id, by="Jo", at_s=NOON_S + 60, anyway="taken ill")
    again = Duty(disk, watched=lambda: WATCHED)
    for each in (duty, again):
        alone = each.uncovered(WATCHED, NOON_S + 600)
        assert [(x.wearer, x.since_s, x.anyway) for x in alone] == [(w, NOON_S + 60, "taken ill") for w in WATCHED]


def test_a_shift_whose_end_passes_goes_on_overdue(duty: Duty) -> None:
    shift = begun(duty, hours=1)
    late_s = NOON_S + 30 * HOUR_S
    duty.tick(late_s)
    assert duty.on_shift("w-1", late_s) == ("Jo",)
    assert duty.overdue(late_s) == (shift,)
    assert duty.uncovered(WATCHED, late_s) == ()
    duty.begin("Priya", (), until_s=late_s + HOUR_S, by="Priya", at_s=late_s)
    assert duty.on_shift("w-1", late_s) == ("Priya", "Jo")


def test_a_second_tap_changes_nothing_and_a_later_end_prolongs(duty: Duty, disk: Disk) -> None:
    first = begun(duty)
    assert begun(duty) == first
    assert len(disk.history) == 1
    prolonged = begun(duty, hours=9)
    assert (prolonged.shift_id, prolonged.until_s) == (first.shift_id, NOON_S + 9 * HOUR_S)
    assert len(duty.shifts()) == 1


def test_a_take_never_shortens_the_takers_own_shift(duty: Duty) -> None:
    shift = begun(duty)
    own = begun(duty, "Priya", hours=20)
    duty.offer(shift.shift_id, to="Priya", at_s=NOON_S)
    assert duty.take(shift.shift_id, by="Priya", at_s=NOON_S) == own


@pytest.mark.parametrize("until_s", [NOON_S, NOON_S - 1, NOON_S + SHIFT_MAX_S + 1, float("nan"), float("inf")])
def test_a_shift_ends_in_the_days_to_come(duty: Duty, until_s: float) -> None:
    with pytest.raises(AlertError, match="until_s: a time in the 168 hours after now"):
        duty.begin("Jo", (), until_s=until_s, by="Jo", at_s=NOON_S)


def test_somebody_who_is_not_watched_is_nobodys(duty: Duty) -> None:
    with pytest.raises(AlertError, match=r"wearers: 'w-9' is not watched here; watched are w-1, w-2"):
        begun(duty, "Jo", "w-9")


@pytest.mark.parametrize("nobody", ["", "  ", "\u3164", "x" * 81, "a\nb", "--"])
def test_carers_have_names(duty: Duty, nobody: str) -> None:
    with pytest.raises(AlertError, match="carer: 1 to 80 printable characters"):
        begun(duty, nobody)


def test_where_carers_are_known_others_are_refused_and_are_told_who_is(disk: Disk) -> None:
    duty = Duty(disk, watched=lambda: WATCHED, known=lambda: ("Jo", "Priya"))
    with pytest.raises(AlertError, match="nobody here is called Rosa; carers are Jo, Priya"):
        begun(duty, "Rosa")
    assert begun(duty, "priya").carer == "Priya"


def test_what_cannot_be_kept_is_refused_and_nothing_has_changed(duty: Duty, disk: Disk) -> None:
    shift = begun(duty)
    duty.offer(shift.shift_id, to="Priya", at_s=NOON_S)
    before = duty.shifts()
    disk.full = True
    for act in (
        lambda: begun(duty, "Sam"),
        lambda: duty.offer(shift.shift_id, to="Sam", at_s=NOON_S),
        lambda: duty.take(shift.shift_id, by="Priya", at_s=NOON_S),
        lambda: duty.end(shift.shift_id, by="Jo", at_s=NOON_S, anyway="fire bell"),
        lambda: duty.mute("t-1", by="Jo", reason="asleep", until_s=NOON_S + 60, at_s=NOON_S),
    ):
        with pytest.raises(JournalError, match=r"nothing has changed, for it could not be kept: .*No space left"):
            act()
    assert duty.shifts() == before
    assert duty.mutes(NOON_S) == ()


def test_a_mute_lasts_no_longer_than_the_shift_of_who_muted(duty: Duty) -> None:
    shift = begun(duty, hours=2)
    assert duty.mute("t-1", by="jo", reason="asleep", until_s=NOON_S + 9 * HOUR_S, at_s=NOON_S) == shift.until_s
    assert duty.muted_until("t-1", shift.until_s - 1) == shift.until_s
    assert duty.muted_until("t-1", shift.until_s) is None
    assert duty.tick(shift.until_s) == ("t-1",)


def test_a_mute_ends_when_the_people_are_taken_over(duty: Duty, disk: Disk) -> None:
    shift = begun(duty)
    duty.mute("t-1", by="Jo", reason="asleep", until_s=NOON_S + HOUR_S, at_s=NOON_S)
    duty.offer(shift.shift_id, to="Priya", at_s=NOON_S)
    duty.take(shift.shift_id, by="Priya", at_s=NOON_S + 60)
    assert duty.mutes(NOON_S + 60) == ()
    assert TabletUnmuted(at_s=NOON_S + 60, tablet="t-1", by="") in disk.history


def test_a_mute_ends_though_the_disk_is_full_and_is_written_when_it_is_not(duty: Duty, disk: Disk) -> None:
    begun(duty)
    duty.mute("t-1", by="Jo", reason="asleep", until_s=NOON_S + 60, at_s=NOON_S)
    disk.full = True
    assert duty.tick(NOON_S + 60) == ("t-1",)
    assert duty.muted_until("t-1", NOON_S + 60) is None
    disk.full = False
    assert duty.tick(NOON_S + 61) == ()
    assert disk.history[-1] == TabletUnmuted(at_s=NOON_S + 60, tablet="t-1", by="")


def test_a_clock_that_is_set_back_makes_no_mute_longer(duty: Duty, disk: Disk) -> None:
    begun(duty)
    duty.mute("t-1", by="Jo", reason="asleep", until_s=NOON_S + HOUR_S, at_s=NOON_S)
    again = Duty(disk, watched=lambda: WATCHED)
    for each in (duty, again):
        assert each.tick(NOON_S - BACK_S - 1) == ("t-1",)
        assert each.mutes(NOON_S) == ()


@pytest.mark.parametrize(
    ("by", "reason", "until_s", "why"),
    [
        ("Priya", "asleep", NOON_S + 60, "Priya is not on shift"),
        ("Jo", " ", NOON_S + 60, "reason: say why"),
        ("Jo", "asleep", NOON_S, "in the 12 hours after now"),
        ("Jo", "asleep", NOON_S + MUTE_MAX_S + 1, "in the 12 hours after now"),
    ],
)
def test_a_mute_has_somebody_on_shift_a_reason_and_an_end(
    duty: Duty, by: str, reason: str, until_s: float, why: str
) -> None:
    begun(duty, hours=24)
    with pytest.raises(AlertError, match=why):
        duty.mute("t-1", by=by, reason=reason, until_s=until_s, at_s=NOON_S)


def test_nobody_mutes_when_their_shift_should_be_over(duty: Duty) -> None:
    begun(duty, hours=1)
    with pytest.raises(AlertError, match="the shift of Jo should be over; hand it over, or prolong it first"):
        duty.mute("t-1", by="Jo", reason="asleep", until_s=NOON_S + 3 * HOUR_S, at_s=NOON_S + 2 * HOUR_S)


def test_nobody_has_them_since_a_moment_that_a_clock_set_back_does_not_put_into_the_future(duty: Duty) -> None:
    shift = begun(duty)
    duty.end(shift.shift_id, by="Jo", at_s=NOON_S, anyway="fire bell")
    back_s = NOON_S - 5 * HOUR_S
    assert {each.since_s for each in duty.uncovered(WATCHED, back_s)} == {back_s}
    assert {each.since_s for each in duty.uncovered(WATCHED, back_s + 60)} == {back_s}


def test_an_erased_wearer_vanishes_from_shifts_and_theirs_alone_end(duty: Duty, disk: Disk) -> None:
    begun(duty, "Jo", "w-1")
    begun(duty, "Priya", "w-1", "w-2")
    shift = begun(duty, "Sam", "w-1")
    duty.offer(shift.shift_id, to="Jo", note="w-1 slept badly", at_s=NOON_S)
    left = [event.without("w-1") for event in disk.history]
    again = Duty(Scratch([event for event in left if event is not None]), watched=lambda: ("w-2",))
    assert [(each.carer, each.wearers) for each in again.shifts()] == [("Priya", ("w-2",))]
    assert "w-1" not in str([event for event in left if event is not None])


def test_a_shift_for_everybody_stays_one_when_somebody_is_erased() -> None:
    everybody = ShiftBegun(at_s=NOON_S, shift_id="s", carer="Jo", wearers=(), until_s=NOON_S + 1, by="Jo")
    assert everybody.without("w-1") == everybody


def test_of_all_who_tap_at_once_one_has_them(duty: Duty) -> None:
    shift = begun(duty)
    carers = [f"carer {number}" for number in range(8)]
    duty.offer(shift.shift_id, to=", ".join(carers), at_s=NOON_S)
    together, refused = threading.Barrier(len(carers)), []

    def tap(carer: str) -> None:
        together.wait()
        try:
            duty.take(shift.shift_id, by=carer, at_s=NOON_S)
        except UnknownShift:
            refused.append(carer)

    threads = [threading.Thread(target=tap, args=(carer,)) for carer in carers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == len(carers) - 1
    assert set(duty.on_shift("w-1", NOON_S)) == set(carers) - set(refused)


def test_a_disk_that_hangs_keeps_nobody_from_asking_who_has_whom() -> None:
    hanging, go_on = threading.Event(), threading.Event()

    class Hanging(Scratch):
        def append(self, events: Sequence[Event]) -> None:
            hanging.set()
            assert go_on.wait(LONG_S)
            super().append(events)

    duty = Duty(Hanging(), watched=lambda: WATCHED)
    tapping = threading.Thread(target=begun, args=(duty,))
    tapping.start()
    assert hanging.wait(LONG_S)
    assert duty.on_shift("w-1", NOON_S) == ()
    assert len(duty.uncovered(WATCHED, NOON_S)) == 2
    assert duty.muted_until("t-1", NOON_S) is None
    assert duty.tick(NOON_S) == ()
    go_on.set()
    tapping.join()
    assert duty.on_shift("w-1", NOON_S) == ("Jo",)


def test_a_restart_does_not_begin_to_count_anew_for_whom_there_never_was_anybody(duty: Duty, disk: Disk) -> None:
    disk.full = True
    duty.tick(NOON_S)
    disk.full = False
    duty.tick(NOON_S + 1)
    duty.tick(NOON_S + 2)
    assert len(disk.history) == len(WATCHED)
    again = Duty(disk, watched=lambda: WATCHED)
    for each in (duty, again):
        alone = each.uncovered(WATCHED, NOON_S + 600)
        assert [(x.since_s, x.before) for x in alone] == [(NOON_S, False)] * 2
    begun(again, "Jo", "w-1")
    assert [x.wearer for x in again.uncovered(WATCHED, NOON_S + 600)] == ["w-2"]
