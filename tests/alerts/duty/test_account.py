"""What is handed over: what happened to somebody's people on their shift, no less and nobody else's."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec
import pytest

from alerts.delivery.events import Escalated, Reached, Snoozed, Station
from alerts.duty.account import Account, account
from alerts.duty.duty import Duty
from alerts.duty.errors import UnknownShift
from alerts.duty.words import SEVERAL, lines, why
from alerts.events import Event
from alerts.journal import Scratch
from alerts.outcomes.events import OutcomeTold, What
from alerts.protection.breaks import TABLE, Meaning
from alerts.protection.cover import Level, Link
from alerts.protection.events import CoverChanged
from alerts.situation_events import AlertAcknowledged, AlertRaised, AlertResolved

SEVEN_S = 1_763_535_600.0  # 07:00 in London, 19 November 2025
NAMES = {"w-1": "Aidan", "w-2": "Bea", "w-3": "Noor"}


def raised(wearer: str, alert_id: str, at_s: float) -> AlertRaised:
    return AlertRaised(wearer=wearer, at_s=at_s, alert_id=alert_id, probability=0.8, reasons=(), policy="p")


def told(at_s: float, outcome_id: str, what: What, *, alert_id: str = "a-1", corrects: str = "") -> OutcomeTold:
    return OutcomeTold(
        wearer="w-2",
        at_s=at_s,
        outcome_id=outcome_id,
        alert_id=alert_id,
        by="Jo",
        what=what,
        helped=("headphones",),
        began_s=at_s - 60,
        uncertainty_s=60,
        ended_s=at_s,
        corrects=corrects,
    )


def morning() -> tuple[Scratch, Duty, str]:
    """Jo has everybody from 07:00 to 15:00; Bea had an alert, Noor is not protected, and Priya takes over."""
    log = Scratch(
        [raised("w-1", "a-0", SEVEN_S - 900), AlertResolved(wearer="w-1", at_s=SEVEN_S - 800, alert_id="a-0")]
    )
    duty = Duty(log, watched=lambda: tuple(NAMES), names=lambda: NAMES, zone=ZoneInfo("Europe/London"))
    shift = duty.begin("Jo", (), until_s=SEVEN_S + 8 * 3600, by="Jo", at_s=SEVEN_S)
    at_s = SEVEN_S + 3600
    log.append(
        [
            raised("w-2", "a-1", at_s),
            Escalated(wearer="w-2", at_s=at_s + 0.5, matter_id="a-1", step=0, because="its time"),
            Reached(wearer="w-2", at_s=at_s + 1, matter_id="a-1", step=0, to="x", channel="push", station=Station.SENT),
            Reached(
                wearer="w-2", at_s=at_s + 2, matter_id="a-1", step=0, to="t", channel="board", station=Station.SOUNDED
            ),
            Escalated(wearer="w-2", at_s=at_s + 60, matter_id="a-1", step=1, because="nobody has it"),
            Snoozed(wearer="w-2", at_s=at_s + 70, matter_id="a-1", by="Jo", reason="on the way", until_s=at_s + 130),
            AlertAcknowledged(wearer="w-2", at_s=at_s + 90, alert_id="a-1", by="Jo"),
            told(at_s + 600, "o-1", What.SETTLED),
            AlertResolved(wearer="w-2", at_s=at_s + 600, alert_id="a-1", by="Jo"),
            told(at_s + 700, "o-2", What.INCIDENT, corrects="o-1"),
            told(at_s + 900, "o-3", What.EXCITED, alert_id=""),
            CoverChanged(wearer="w-3", at_s=at_s, level=Level.NOT, link=Link.CONTACT, since_s=at_s),
            CoverChanged(wearer="w-3", at_s=at_s + 60, level=Level.NOT, link=Link.GATEWAY, since_s=at_s + 60),
        ]
    )
    duty.mute("kitchen", by="Jo", reason="lunch", until_s=at_s + 600, at_s=at_s)
    duty.unmute("kitchen", by="Jo", at_s=at_s + 300)
    duty.offer(shift.shift_id, to="Priya", note="Swap the band of Noor.", at_s=at_s + 1000)
    duty.take(shift.shift_id, by="Priya", at_s=SEVEN_S + 8 * 3600)
    log.append([raised("w-1", "a-2", SEVEN_S + 9 * 3600)])
    return log, duty, shift.shift_id


def test_every_alert_is_told_from_its_raising_to_what_it_was() -> None:
    _, duty, shift_id = morning()
    found = duty.account(shift_id)
    bea = found.people[1]
    (alert,) = bea.alerts
    at_s = SEVEN_S + 3600
    assert (alert.raised_s, alert.proved_s, alert.taken_by, alert.taken_s) == (at_s, at_s + 2, "Jo", at_s + 90)
    assert (alert.escalated_s, alert.ended_s, len(alert.snoozes)) == ((at_s + 60,), at_s + 600, 1)
    assert alert.outcome is not None
    assert alert.outcome.what is What.INCIDENT, "the correction counts"
    assert [each.what for each in bea.incidents] == [What.EXCITED]
    assert found.mutes[0].until_s == at_s + 300


def test_what_happened_before_and_after_is_not_theirs() -> None:
    _, duty, shift_id = morning()
    assert duty.account(shift_id).people[0].alerts == ()


def test_what_was_open_when_it_began_is_in_it() -> None:
    log, duty, _ = morning()
    (after,) = duty.shifts()
    noor = duty.account(after.shift_id).people[2]
    assert noor.open_gap is not None
    assert noor.open_gap.link is Link.GATEWAY
    assert [each.alert_id for each in duty.account(after.shift_id).people[0].open_alerts] == ["a-2"]
    assert len(log.read()) == len(log.history)


def test_its_lines_are_read_out_in_the_clock_of_the_house() -> None:
    _, duty, shift_id = morning()
    assert duty.summary(shift_id) == (
        "Research use only \N{EN DASH} not a medical device",
        "Shift of Jo, 19 November 2025, from 07:00 to 15:00, for everybody. Priya took over.",
        "Still open:",
        "- Noor: not protected since 08:01 (nothing came by the gateway).",
        "Since 07:00:",
        "- Bea: 1 alert. 08:00, shown after 2 s, more people told at 08:01, snoozed by Jo until 08:02 (on the way),"
        " taken by Jo after 90 s, incident, headphones helped, over at 08:10."
        " 08:14 excited, headphones helped, without an alert, said Jo.",
        "- Noor: No alerts. Not protected 08:00 to 08:01 (the band is off).",
        "- Aidan: No alerts.",
        "Tablets muted:",
        "- kitchen, 08:00 to 08:05, by Jo: lunch.",
        "Notes:",
        "- Swap the band of Noor. (for Priya)",
    )


def test_somebody_on_shift_for_one_person_is_told_of_nobody_else() -> None:
    log, duty, _ = morning()
    shift = duty.begin("Sam", ["w-1"], until_s=SEVEN_S + 12 * 3600, by="Sam", at_s=SEVEN_S + 9 * 3600)
    log.append([raised("w-2", "a-3", SEVEN_S + 10 * 3600)])
    assert [each.wearer for each in duty.account(shift.shift_id).people] == ["w-1"]
    assert "Bea" not in "".join(duty.summary(shift.shift_id))


def test_it_goes_out_as_json_and_comes_back() -> None:
    _, duty, shift_id = morning()
    found = duty.account(shift_id)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Account) == found


def test_a_shift_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownShift, match="forecalm shift show"):
        account(Scratch().read(), "shift-0", watched=())


def test_whoever_is_erased_is_in_no_account() -> None:
    log, _, shift_id = morning()
    left: Sequence[Event | None] = [event.without("w-2") for event in log.read()]
    kept = [event for event in left if event is not None]
    found = account(kept, shift_id, watched=("w-1", "w-3"))
    said = "".join(lines(found, names={}, zone=ZoneInfo("UTC")))
    assert "w-2" not in said
    assert "Swap the band" not in said


def cover(
    wearer: str, since_s: float, level: Level, link: Link | None = None, *, at_s: float | None = None
) -> CoverChanged:
    at_s = since_s if at_s is None else at_s
    return CoverChanged(wearer=wearer, at_s=at_s, level=level, link=link, since_s=since_s)


def summary_of(*changes: CoverChanged) -> tuple[str, ...]:
    log = Scratch()
    duty = Duty(log, watched=lambda: tuple(NAMES), names=lambda: NAMES, zone=ZoneInfo("Europe/London"))
    shift = duty.begin("Jo", (), until_s=SEVEN_S + 8 * 3600, by="Jo", at_s=SEVEN_S)
    log.append(list(changes))
    return duty.summary(shift.shift_id)[2:]


def test_what_was_broken_for_less_than_a_minute_is_counted_in_one_line() -> None:
    times = (SEVEN_S + 60, SEVEN_S + 600, SEVEN_S + 1200)
    short = [(each, Level.NOT, Link.PIPELINE) for each in times]
    healed = [(each + 20, Level.PROTECTED, None) for each in times]
    changes = [cover("w-2", *each) for each in sorted([*short, *healed])]
    assert summary_of(*changes) == (
        "Since 07:00:",
        "- Aidan, Bea, Noor: No alerts.",
        "- Not fully protected for less than a minute, how often: Bea 3.",
    )


def test_many_short_breaks_in_a_row_are_one_long_one_as_bad_as_the_worst() -> None:
    found = summary_of(
        cover("w-2", SEVEN_S + 60, Level.PARTLY, Link.BAND),
        cover("w-2", SEVEN_S + 100, Level.NOT, Link.CONTACT),
        cover("w-2", SEVEN_S + 150, Level.PARTLY, Link.BAND),
        cover("w-2", SEVEN_S + 190, Level.PROTECTED),
    )
    assert found[1] == "- Bea: No alerts. Not protected 07:01 to 07:03 (the band is off)."


def test_what_broke_last_is_not_said_of_all_the_time_in_which_something_else_was_broken() -> None:
    """A new cause comes with the time since when they are not protected, not since when it is the cause."""
    lost_s = SEVEN_S + 60
    found = summary_of(
        cover("w-2", lost_s, Level.NOT, Link.TABLET),
        cover("w-2", lost_s, Level.NOT, Link.SIGNAL, at_s=lost_s + 300),
        cover("w-2", lost_s, Level.NOT, Link.BROKER, at_s=lost_s + 310),
        cover("w-2", lost_s + 320, Level.PROTECTED),
    )
    assert found[1] == "- Bea: No alerts. Not protected 07:01 to 07:06 (no tablet can sound)."


def test_of_a_break_that_still_is_the_newest_cause_is_said_and_since_when_they_are_not_protected() -> None:
    found = summary_of(
        cover("w-2", SEVEN_S + 60, Level.NOT, Link.TABLET),
        cover("w-2", SEVEN_S + 60, Level.NOT, Link.CONTACT, at_s=SEVEN_S + 600),
    )
    assert found == (
        "Still open:",
        "- Bea: not protected since 07:01 (the band is off).",
        "Since 07:00:",
        "- Aidan, Bea, Noor: No alerts.",
    )


def test_a_break_that_still_is_or_that_a_clock_was_set_back_in_is_told_however_short() -> None:
    found = summary_of(
        cover("w-2", SEVEN_S + 600, Level.NOT, Link.TABLET),
        cover("w-2", SEVEN_S + 300, Level.PROTECTED),
        cover("w-3", SEVEN_S + 700, Level.NOT, Link.BROKER),
    )
    assert found[:2] == ("Still open:", "- Noor: not protected since 07:11 (no reading arrived).")
    assert "- Bea: No alerts. Not protected 07:10 to 07:05 (no tablet can sound)." in found


@pytest.mark.parametrize("meaning", TABLE.values(), ids=TABLE)
def test_every_break_has_plain_words_for_whoever_takes_over(meaning: Meaning) -> None:
    """Neither an engineer's word for a link, nor a sentence with a hole in it, nor that of another break."""
    said = why(meaning.link, meaning.level)
    alike = [each for each in TABLE.values() if (each.link, each.level) == (meaning.link, meaning.level)]
    assert " " in said
    assert "{" not in said
    assert len(alike) == 1 or (meaning.link, meaning.level) in SEVERAL


@pytest.mark.parametrize(
    ("rounds", "said"),
    [
        (3, "more people told at 07:02, 07:04, 07:06, still open"),
        (9, "more people told at 07:02, again 8 times until 07:18, still open"),
    ],
)
def test_rounds_that_went_on_for_long_are_counted(rounds: int, said: str) -> None:
    log = Scratch()
    duty = Duty(log, watched=lambda: tuple(NAMES), names=lambda: NAMES, zone=ZoneInfo("Europe/London"))
    shift = duty.begin("Jo", (), until_s=SEVEN_S + 8 * 3600, by="Jo", at_s=SEVEN_S)
    log.append([raised("w-1", "a-9", SEVEN_S)])
    for number in range(rounds):
        at_s = SEVEN_S + 120 * (number + 1)
        log.append([Escalated(wearer="w-1", at_s=at_s, matter_id="a-9", step=1, because="nobody has it")])
    assert any(said in line for line in duty.summary(shift.shift_id))
