"""Who is told when, by what it is proved, and what a crash, a clock, a disk or a channel may not take away."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from alerts.channels.channel import ChannelError, Message
from alerts.delivery.dispatch import STUCK_S, TRY_AGAIN_S, Dispatch, UnknownMatter, UnknownTablet
from alerts.delivery.events import DeliveryBegun, DeliveryEnded, Escalated, Reached, Snoozed, Station
from alerts.delivery.matter import Kind, Matter, Priority
from alerts.delivery.proof import Proof
from alerts.delivery.rules import DEFAULT, parse
from alerts.errors import AlertError
from alerts.events import Event
from alerts.journal import Scratch
from alerts.situation_events import AlertAcknowledged, AlertRaised
from tests.alerts.delivery.house import TEXT, House, Line
from tests.servers import LONG_S

NOTICE = Matter(
    matter_id="cover-1",
    kind=Kind.PROTECTION,
    priority=Priority.MEDIUM,
    wearer="w1",
    since_s=900.0,
    words=("The band is off.",),
)


class Unaskable(tuple[str, ...]):
    """Names that cannot be read."""

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError


class Hangs(Scratch):
    """A journal on a disk that does not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go = threading.Event(), threading.Event()

    def append(self, events: Sequence[Event]) -> None:
        self.asked.set()
        self.go.wait()
        super().append(events)


def sounded(house: House, alert_id: str) -> None:
    house.dispatch.receipt("kitchen", alert_id, Station.SOUNDED, house.now_s)
    house.settle()


def whys(house: House, alert_id: str) -> list[tuple[int, str]]:
    proof = house.dispatch.proof(alert_id)
    assert proof is not None
    return [(escalated.step, escalated.because) for escalated in proof.taken_steps]


def test_a_sounded_alert_waits_for_each_step_its_time_and_the_last_comes_again() -> None:
    house = House()
    alert = house.alert()
    sounded(house, alert.alert_id)
    house.wait(29)
    assert not house.push.came
    house.wait(1)
    assert [message.to for message in house.push.came] == ["Ann"]
    house.wait(59.5)
    assert not house.phone.came
    house.wait(0.5)
    assert [message.to for message in house.phone.came] == ["Sam"]
    house.wait(60)
    assert len(house.phone.came) == 2
    assert not any(message.repeat for message in house.phone.came)
    assert len({message.message_id for message in house.phone.came}) == 2


def test_whoever_was_told_outside_is_told_once_that_somebody_has_it() -> None:
    house = House()
    alert = house.alert()
    house.wait(200)
    house.take(alert)
    house.take(alert)
    house.wait(600)
    assert [message.to for message in house.phone.came if message.over] == ["Sam"]
    assert [message.to for message in house.push.came if message.over] == ["Ann"]
    proof = house.dispatch.proof(alert.alert_id)
    assert proof is not None
    assert (proof.ended_by, proof.is_open) == ("Ann", False)
    assert house.dispatch.proofs() == ()


def test_a_channel_may_keep_silent_about_the_end() -> None:
    house = House(rules=parse('silent_when_over = ["phone"]\n' + TEXT))
    alert = house.alert()
    house.wait(200)
    house.take(alert)
    assert not [message for message in house.phone.came if message.over]
    assert [message for message in house.push.came if message.over]


def test_an_alert_that_no_tablet_can_show_is_told_outside_at_once() -> None:
    house = House(tablets=())
    house.alert()
    assert [message.to for message in house.push.came] == ["Ann"]


def test_an_alert_that_tablets_lose_before_they_show_it_is_told_outside_at_once() -> None:
    house = House()
    house.alert()
    house.wait(2)
    assert not house.push.came
    house.tablets = ()
    house.settle()
    assert [message.to for message in house.push.came] == ["Ann"]


def test_an_alert_that_is_on_no_tablet_in_time_goes_on_to_the_next_step() -> None:
    house = House()
    alert = house.alert()
    house.wait(9.5)
    assert not house.push.came
    house.wait(0.5)
    assert whys(house, alert.alert_id)[-1] == (1, "not on a tablet in time")


def test_an_alert_that_is_shown_but_not_sounded_goes_on_to_the_next_step() -> None:
    house = House()
    alert = house.alert()
    house.dispatch.receipt("kitchen", alert.alert_id, Station.ON_TABLET, house.now_s)
    house.wait(10)
    assert whys(house, alert.alert_id)[-1] == (1, "shown, but not sounded")
    assert len(house.push.came) == 1


def test_an_alert_that_somebody_has_touched_counts_as_told() -> None:
    house = House()
    alert = house.alert()
    house.dispatch.receipt("kitchen", alert.alert_id, Station.SEEN, house.now_s)
    house.wait(29)
    assert not house.push.came


def test_a_channel_that_fails_is_tried_again_marked_and_the_next_step_comes_at_once() -> None:
    house = House(tablets=())
    house.push.does = "lies"
    house.alert()
    assert [message.repeat for message in house.push.came] == [False]
    assert [message.to for message in house.phone.came] == ["Sam"]
    house.wait(5)
    assert [message.repeat for message in house.push.came] == [False, True]
    assert len({message.message_id for message in house.push.came}) == 1
    house.wait(15)
    assert len(house.push.came) == 3
    house.push.does = "goes"
    house.wait(45)
    house.wait(600)
    assert [message.repeat for message in house.push.came] == [False, True, True, True]


TOGETHER = parse(TEXT.replace("after_s = 30", "after_s = 0"))


def test_a_push_message_that_was_sent_does_not_stand_in_for_tablets_that_stay_silent() -> None:
    house = House(rules=TOGETHER)
    house.alert()
    house.wait(9.5)
    assert (len(house.push.came), len(house.phone.came)) == (1, 0)
    house.wait(0.5)
    assert len(house.phone.came) == 1


def test_tablets_that_sound_stand_in_for_a_push_message_that_did_not_go() -> None:
    house = House(rules=TOGETHER)
    house.push.does = "gone"
    alert = house.alert()
    sounded(house, alert.alert_id)
    house.wait(89)
    assert not house.phone.came
    house.wait(1)
    assert len(house.phone.came) == 1


def test_a_message_that_nobody_answers_is_given_up_and_not_sent_again_by_itself() -> None:
    house = House(tablets=())
    house.push.does = "hangs"
    alert = house.alert()
    house.wait(19.5)
    assert not house.phone.came
    house.wait(0.5)
    assert whys(house, alert.alert_id)[-1] == (2, "no answer in time")
    house.wait(500)
    assert len(house.push.came) == 1


def test_a_late_answer_is_taken_in() -> None:
    house = House(tablets=())
    house.push.does = "hangs"
    alert = house.alert()
    house.wait(25)
    (answer,) = house.hands.hanging.values()
    answer(None)
    house.settle()
    proof = house.dispatch.proof(alert.alert_id)
    assert proof is not None
    (leg,) = [leg for leg in proof.legs if leg.channel == "push"]
    assert leg.station is Station.SENT
    assert [station for station, _ in leg.times] == [Station.QUEUED, Station.UNCERTAIN, Station.SENT]


def test_where_nobody_is_on_shift_everybody_is_told_and_it_is_said() -> None:
    house = House(tablets=(), on_shift={})
    alert = house.alert()
    assert sorted(message.to for message in house.push.came) == ["Ann", "Kim"]
    assert "nobody on shift" in whys(house, alert.alert_id)[-1][1]


def test_who_is_on_shift_is_asked_when_the_step_is_due() -> None:
    house = House()
    alert = house.alert()
    sounded(house, alert.alert_id)
    house.on_shift = {"": ("Ann",), "w1": ("Kim",)}
    house.wait(30)
    assert [message.to for message in house.push.came] == ["Kim"]


def test_a_last_step_that_told_nobody_widens_to_everybody() -> None:
    house = House(rules=DEFAULT, tablets=())
    house.push.does = "gone"
    house.alert()
    house.push.does = "goes"
    house.wait(DEFAULT.again_s)
    assert sorted(message.to for message in house.push.came) == ["Ann", "Kim"]


def test_a_leg_whose_answer_a_crash_took_is_sent_once_more_and_marked() -> None:
    house = House(tablets=())
    house.push.does = "hangs"
    alert = house.alert()
    house.crash()
    house.wait(1)
    assert [message.repeat for message in house.push.came] == [False, True]
    assert len({message.message_id for message in house.push.came}) == 1
    house.crash()
    assert len(house.push.came) == 3
    house.push.does = "goes"
    house.take(alert)
    over = [message for message in house.push.came if message.over]
    assert len(over) == 1
    house.crash()
    house.wait(60)
    assert len(house.push.came) == 4


@pytest.mark.parametrize("kind", [Kind.PROTECTION, Kind.UNCOVERED, Kind.HOUSE, Kind.OPEN_LONG])
def test_who_took_a_notice_is_known_after_a_crash_too(kind: Kind) -> None:
    house = House()
    taken_s = house.now_s
    house.dispatch.tell(replace(NOTICE, kind=kind))
    house.settle()
    house.dispatch.taken(NOTICE.matter_id, "Ann")
    house.settle()
    house.crash()
    house.wait(60)
    assert [(it.matter.matter_id, it.ended_by) for it in house.dispatch.taken_lately(taken_s)] == [("cover-1", "Ann")]
    assert house.dispatch.taken_lately(house.now_s) == ()
    assert house.dispatch.proofs() == ()


def test_what_was_answered_is_not_sent_again_after_a_crash() -> None:
    house = House(tablets=())
    house.alert()
    house.crash()
    house.wait(20)
    assert len(house.push.came) == 1


def test_a_taken_alert_whose_answer_a_crash_took_is_not_told_again_as_open() -> None:
    house = House(tablets=())
    house.push.does = "hangs"
    house.alert()
    house.journal.append([AlertAcknowledged(wearer="w1", at_s=house.now_s, alert_id="w1-1", by="Ann")])
    house.push.does = "goes"
    house.crash()
    assert house.dispatch.proofs() == ()
    assert [(message.over, message.repeat) for message in house.push.came] == [(False, False), (True, False)]


def test_an_alert_raised_before_a_crash_is_delivered_after_it_and_late_steps_at_once() -> None:
    house = House()
    house.journal.append(
        [AlertRaised(wearer="w1", at_s=house.now_s, alert_id="a", probability=0.9, reasons=(), policy="p")]
    )
    house.now_s += 31
    house.crash()
    assert [message.matter_id for message in house.push.came] == ["a"]
    assert not house.phone.came


def test_a_clock_set_back_delays_nothing_and_one_set_forward_tells_at_once() -> None:
    house = House()
    alert = house.alert()
    sounded(house, alert.alert_id)
    house.wait(20)
    house.now_s -= 5_000
    house.settle()
    house.wait(9.5)
    assert not house.push.came
    house.wait(0.5)
    assert len(house.push.came) == 1
    house.now_s += 5_000
    house.settle()
    house.settle()
    assert len(house.phone.came) == 1
    assert len(house.push.came) == 1


def test_what_is_still_to_come_is_told_by_the_clock_as_it_is_though_it_was_set_back() -> None:
    house = House()
    alert = house.alert()
    sounded(house, alert.alert_id)
    house.wait(10)
    house.now_s -= 5_000
    house.settle()
    coming = proof_in(house).next()
    assert coming is not None
    assert coming.at_s == house.now_s + 20
    house.crash()
    house.start()
    coming = proof_in(house).next()
    assert coming is not None
    assert house.now_s + 20 <= coming.at_s <= house.now_s + 30  # as far as the journal knows


@pytest.mark.parametrize("crashes", [False, True])
def test_a_snooze_ends_its_own_length_after_it_was_made_though_the_clock_was_set_back(crashes: bool) -> None:
    house = House()
    alert = house.alert()
    sounded(house, alert.alert_id)
    for back_s in (3_000, 2_000):
        now_s = house.now_s
        house.dispatch.snooze(alert.alert_id, by="Ann", reason="On my way.", until_s=now_s + 120, at_s=now_s)
        assert proof_in(house).snoozed_until_s == house.now_s + 120
        house.now_s -= back_s
        if crashes:
            house.crash()
            house.start()
        house.settle()
        assert proof_in(house).snoozed_until_s == house.now_s + 120
        house.wait(119)
        assert proof_in(house).snoozed_until_s == house.now_s + 1


def proof_in(house: House) -> Proof:
    (proof,) = house.dispatch.proofs()
    return proof


def test_people_are_told_though_the_disk_is_full_and_it_is_written_when_it_is_not() -> None:
    house = House(tablets=())
    house.journal.full = True
    house.alert()
    assert len(house.push.came) == 1
    assert house.dispatch.journal_fault
    house.journal.full = False
    house.wait(1)
    assert house.dispatch.journal_fault is None
    assert any(isinstance(event, DeliveryBegun) for event in house.journal.history)
    assert any(isinstance(event, Reached) and event.station is Station.SENT for event in house.journal.history)


def test_each_step_is_in_the_journal_before_its_message_goes() -> None:
    house = House(tablets=())

    class Looks(Line):
        def send(self, message: Message) -> None:
            last = house.journal.history[-1]
            assert isinstance(last, Reached)
            assert (last.to, last.station) == (message.to, Station.QUEUED)
            super().send(message)

    house.more = {"push": Looks()}
    house.start()
    house.alert()
    assert len(house.more["push"].came) == 1  # type: ignore[attr-defined]


def test_a_delivery_under_way_keeps_its_steps_and_a_new_one_goes_by_new_rules() -> None:
    house = House()
    house.alert()
    house.dispatch.use(DEFAULT)
    house.alert("w2-1", "w2")
    old, new = house.dispatch.proof("w1-1"), house.dispatch.proof("w2-1")
    assert old is not None
    assert new is not None
    assert len(old.steps) == 3
    assert (len(new.steps), new.version) == (2, DEFAULT.version)


def test_receipts_come_once_and_only_from_known_tablets_for_known_matters() -> None:
    house = House()
    alert = house.alert()
    for _ in range(3):
        sounded(house, alert.alert_id)
    house.dispatch.receipt("kitchen", alert.alert_id, Station.ON_TABLET, house.now_s)
    house.settle()
    from_tablet = [event for event in house.journal.history if isinstance(event, Reached) and event.to == "kitchen"]
    assert [event.station for event in from_tablet] == [Station.SOUNDED]
    with pytest.raises(UnknownTablet):
        house.dispatch.receipt("attic", alert.alert_id, Station.SEEN, house.now_s)
    with pytest.raises(UnknownMatter):
        house.dispatch.receipt("kitchen", "nothing", Station.SEEN, house.now_s)
    with pytest.raises(AlertError):
        house.dispatch.receipt("kitchen", alert.alert_id, Station.SENT, house.now_s)
    with pytest.raises(AlertError):
        house.dispatch.receipt("kitchen", alert.alert_id, Station.SEEN, float("nan"))


def test_many_receipts_are_one_write() -> None:
    house = House(tablets=tuple(f"t{number}" for number in range(20)))
    alert = house.alert()
    writes = []
    append = house.journal.append
    house.journal.append = lambda events: (writes.append(len(events)), append(events))[1]  # type: ignore[method-assign]
    for number in range(20):
        house.dispatch.receipt(f"t{number}", alert.alert_id, Station.SOUNDED, house.now_s)
    house.settle()
    assert writes == [20]


def test_a_notice_is_told_once_and_its_end_too() -> None:
    house = House(rules=parse(TEXT.replace("[[alert]]", "[[notice]]")), tablets=())
    house.dispatch.tell(NOTICE)
    house.dispatch.tell(NOTICE)
    house.settle()
    assert len(house.push.came) == 1
    house.dispatch.over("cover-1", "back")
    house.dispatch.over("cover-1", "back")
    house.settle()
    house.dispatch.tell(NOTICE)
    house.settle()
    assert [message.over for message in house.push.came] == [False, True]
    assert sum(isinstance(event, DeliveryEnded) for event in house.journal.history) == 1


def test_whoever_takes_a_notice_first_has_it() -> None:
    house = House()
    house.dispatch.tell(NOTICE)
    house.dispatch.taken("cover-1", " Ann ")
    house.dispatch.taken("cover-1", "Kim")
    proof = house.dispatch.proof("cover-1")
    assert proof is not None
    assert proof.ended_by == "Ann"
    with pytest.raises(UnknownMatter):
        house.dispatch.taken("cover-2", "Ann")
    with pytest.raises(AlertError):
        house.dispatch.taken("cover-1", " ")


def test_a_snooze_has_a_reason_and_an_end_and_ends_no_escalation() -> None:
    house = House()
    alert = house.alert()
    sounded(house, alert.alert_id)
    now_s = house.now_s
    refused = [("", "On my way.", 60.0), ("Ann", " ", 60.0), ("Ann", "x" * 121, 60.0), ("Ann", "On my way.", 400.0)]
    for by, reason, seconds in [*refused, ("Ann", "On my way.", 0.0), ("Ann", "On my way.", float("nan"))]:
        with pytest.raises(AlertError):
            house.dispatch.snooze(alert.alert_id, by=by, reason=reason, until_s=now_s + seconds, at_s=now_s)
    house.dispatch.snooze(alert.alert_id, by="Ann", reason="On my way.", until_s=now_s + 300, at_s=now_s)
    proof = house.dispatch.proof(alert.alert_id)
    assert proof is not None
    assert proof.snoozed_until_s == now_s + 300
    house.wait(30)
    assert len(house.push.came) == 1
    house.wait(60)
    assert len(house.phone.came) == 1
    house.alert("w1-2")
    newer = house.dispatch.proof("w1-2")
    assert newer is not None
    assert newer.snoozed_until_s is None
    assert sum(isinstance(event, Snoozed) for event in house.journal.history) == 1
    house.take(alert)
    with pytest.raises(AlertError):
        house.dispatch.snooze(alert.alert_id, by="Ann", reason="On my way.", until_s=now_s + 91, at_s=now_s + 90)


def test_whoever_listens_is_told_beside_the_chain_and_neither_proves_nor_hastens_it() -> None:
    mqtt = Line()
    house = House(rules=parse(TEXT.replace("events = false", "events = true")), more={"mqtt": mqtt})
    mqtt.does = "fails"
    alert = house.alert()
    sounded(house, alert.alert_id)
    house.wait(29)
    assert not house.push.came
    mqtt.does = "goes"
    house.wait(37)
    house.take(alert)
    assert [(message.to, message.link, message.over) for message in mqtt.came] == [("", "", False), ("", "", True)]


def test_shifts_tablets_and_links_that_break_do_not_stop_an_alert() -> None:
    house = House(broken=True)
    house.alert()
    assert sorted((message.to, message.link) for message in house.push.came) == [("Ann", ""), ("Kim", "")]


def test_a_matter_that_cannot_be_told_by_a_mistake_of_ours_keeps_no_other_from_being_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House(tablets=())
    act = Dispatch._act

    def mistaken(dispatch: Dispatch, matter_id: str, now_s: float) -> None:
        if matter_id == "w1-1":
            raise ZeroDivisionError
        act(dispatch, matter_id, now_s)

    monkeypatch.setattr(Dispatch, "_act", mistaken)
    house.alert("w1-1", "w1")
    house.alert("w2-1", "w2")
    assert [message.matter_id for message in house.push.came] == ["w2-1"]
    monkeypatch.undo()
    house.wait(TRY_AGAIN_S)
    assert [message.matter_id for message in house.push.came] == ["w2-1", "w1-1"]


def test_where_nobody_can_say_who_has_a_phone_contacts_are_told_all_the_same() -> None:
    house = House(rules=parse(TEXT.replace("after_s = 30", "after_s = 0")), tablets=(), on_shift={})
    house.reachable = Unaskable()
    house.alert()
    assert [message.to for message in house.phone.came] == ["Sam"]


def test_a_delivery_whose_disk_hangs_is_known_to_tell_nobody() -> None:
    steady = [0.0]
    stuck = Hangs()
    dispatch = Dispatch(
        journal=stuck,
        rules=DEFAULT,
        channels={},
        on_shift=lambda _: (),
        tablets=lambda: (),
        link=lambda *_: "",
        clock=lambda: 1000.0,
        steady=lambda: steady[0],
    )
    dispatch.start()
    dispatch.tell(NOTICE)
    assert stuck.asked.wait(LONG_S)
    assert dispatch.tells()
    steady[0] += STUCK_S + 1
    assert not dispatch.tells()
    stuck.go.set()
    dispatch.stop()


def test_listeners_hear_of_what_changes_and_one_that_breaks_hurts_nobody() -> None:
    house = House()
    heard = []
    house.dispatch.subscribe(lambda proof: 1 / 0)
    end = house.dispatch.subscribe(lambda proof: heard.append(proof.matter.matter_id))
    house.alert()
    assert heard
    end()
    heard.clear()
    house.alert("w2-1", "w2")
    assert not heard


class Stuck(Line):
    """Hangs until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def send(self, message: Message) -> None:
        self.go.wait()
        super().send(message)


def test_with_threads_of_its_own_one_channel_that_hangs_holds_up_no_other() -> None:
    stuck, there = Stuck(), threading.Event()

    class Rings(Line):
        def send(self, message: Message) -> None:
            super().send(message)
            there.set()

    phone = Rings()
    text = TEXT.replace("after_s = 30", "after_s = 0").replace("after_s = 90", "after_s = 0")
    dispatch = Dispatch(
        journal=Scratch(),
        rules=parse(text),
        channels={"push": stuck, "phone": phone},
        on_shift=lambda _: ("Ann",),
        tablets=lambda: (),
        link=lambda *_: "",
    )
    dispatch.start()
    for number in range(40):
        dispatch.tell(replace(NOTICE, matter_id=f"m{number}", kind=Kind.TEST))
    assert there.wait(LONG_S)
    stuck.go.set()
    dispatch.stop()
    assert phone.came
    assert not isinstance(phone.came[0], ChannelError)


def test_closed_proofs_are_kept_for_a_day_or_a_thousand() -> None:
    house = House(rules=parse("mqtt.events = false"))
    for number in range(1_003):
        house.dispatch.tell(replace(NOTICE, matter_id=f"m{number}"))
        house.dispatch.over(f"m{number}", "back")
    house.settle()
    assert house.dispatch.proof("m0") is None
    assert house.dispatch.proof("m1002") is not None
    house.now_s += 90_000
    house.dispatch.tell(NOTICE)
    house.dispatch.over("cover-1", "back")
    house.settle()
    assert house.dispatch.proof("m1002") is None
    assert not [event for event in house.journal.history if isinstance(event, Escalated)]
