"""A proof is folded from events in whatever order receipts come, and says who is told next and when."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.due import RETRY_AFTER_S, GiveUp, Retry, TakeStep, due
from alerts.delivery.events import DeliveryBegun, DeliveryEnded, DeliveryEvent, Escalated, Reached, Station, Step
from alerts.delivery.matter import Kind, Priority
from alerts.delivery.proof import ORDER, Next, Proof, after, begin, fold
from alerts.delivery.rules import DEFAULT

STEPS = (
    Step(after_s=0, who="on shift", channel="board"),
    Step(after_s=30, who="on shift", channel="push"),
    Step(after_s=90, who="Sam", channel="phone"),
)
BEGUN = DeliveryBegun(
    wearer="w1",
    at_s=1000.0,
    matter_id="m",
    kind=Kind.ALERT,
    priority=Priority.HIGH,
    words=(),
    version=DEFAULT.version,
    steps=STEPS,
    again_s=60.0,
)


class Counting(tuple[Escalated, ...]):
    """Steps that were taken, and how often somebody went through all of them."""

    walked = 0

    def __iter__(self) -> Iterator[Escalated]:
        self.walked += 1
        return super().__iter__()


def reached(station: Station, at_s: float, to: str = "kitchen", channel: str = "board", step: int = 0) -> Reached:
    return Reached(wearer="w1", at_s=at_s, matter_id="m", step=step, to=to, channel=channel, station=station)


def told(attempt: int) -> Reached:
    return Reached(
        wearer="w1", at_s=1090.0 + attempt, matter_id="m", step=2, to="Sam", channel="phone", station=Station.SENT,
        attempt=attempt,
    )  # fmt: skip


def taken(step: int, at_s: float) -> Escalated:
    return Escalated(wearer="w1", at_s=at_s, matter_id="m", step=step, because="its time")


def proof_of(*events: DeliveryEvent) -> Proof:
    return fold([BEGUN, *events])["m"]


@given(st.lists(st.sampled_from(ORDER), min_size=1))
def test_a_leg_never_goes_back_and_duplicates_change_nothing(stations: list[Station]) -> None:
    proof = begin(BEGUN)
    furthest = 0
    for number, station in enumerate(stations):
        proof = after(proof, reached(station, 1000.0 + number))
        furthest = max(furthest, ORDER.index(station))
        assert ORDER.index(proof.legs[0].station) == furthest
        assert after(proof, reached(station, 2000.0)).legs == proof.legs
    assert len(proof.legs) == 1


def test_the_first_end_counts_and_what_fits_no_matter_is_passed_over() -> None:
    ended = [
        DeliveryEnded(wearer="w1", at_s=1001.0, matter_id="m", by=by, because="somebody has it")
        for by in ("Ann", "Kim")
    ]
    assert proof_of(*ended).ended_by == "Ann"
    assert fold(ended) == {}


def test_it_says_who_is_told_next_and_when_until_somebody_has_it() -> None:
    proof = proof_of(taken(0, 1000.0))
    assert proof.next() == Next(1030.0, "on shift", "push", again=False)
    proof = after(proof, taken(1, 1030.0))
    assert proof.next() == Next(1090.0, "Sam", "phone", again=False)
    assert after(proof, taken(2, 1090.0)).next() == Next(1150.0, "Sam", "phone", again=True)
    assert proof_of(DeliveryEnded(wearer="w1", at_s=1001.0, matter_id="m", by="", because="")).next() is None


def times_told_again(kind: Kind, *, hours: float) -> int:
    proof, now_s = begin(msgspec.structs.replace(BEGUN, kind=kind)), 1000.0
    while True:
        following = proof.next()
        assert following is not None
        now_s = following.at_s
        if now_s > 1000.0 + hours * 3600:
            return max(0, proof.rounds(len(STEPS) - 1) - 1)
        steps = [
            action.step for action in due(proof, tablets=True, now_s=now_s).actions if isinstance(action, TakeStep)
        ]
        assert steps
        for step in steps:
            proof = after(proof, taken(step, now_s))


def test_a_band_on_its_charger_does_not_wake_somebody_all_night_and_an_alert_does() -> None:
    assert times_told_again(Kind.ALERT, hours=8) == 478
    for kind in (Kind.PROTECTION, Kind.UNCOVERED, Kind.OPEN_LONG, Kind.HOUSE):
        assert times_told_again(kind, hours=1) == 5
        assert times_told_again(kind, hours=8) == 12


def test_what_is_told_for_a_day_is_no_slower_to_judge_than_what_has_just_begun() -> None:
    proof = begin(BEGUN)
    for number in range(100):
        proof = after(after(proof, taken(2, 1090.0 + number)), told(number))
    escalated = Counting(proof.taken_steps)
    replace(proof, taken_steps=escalated).of(2)
    assert escalated.walked <= 2


def test_a_certain_failure_is_tried_again_ever_more_seldom_and_then_no_more() -> None:
    proof = proof_of(taken(0, 1000.0), reached(Station.SOUNDED, 1001.0), taken(1, 1030.0))
    now_s, tries = 1030.0, []
    for attempt in range(1, 10):
        for station in (Station.QUEUED, Station.FAILED):
            event = Reached(
                wearer="w1",
                at_s=now_s,
                matter_id="m",
                step=1,
                to="Ann",
                channel="push",
                station=station,
                attempt=attempt,
                detail="refused",
            )
            proof = after(proof, event)
        later = [at_s for at_s in (now_s + each for each in RETRY_AFTER_S) if _retries(proof, at_s)]
        if not later:
            break
        tries.append(later[0] - now_s)
        now_s = later[0]
    assert tuple(tries) == RETRY_AFTER_S


def _retries(proof: Proof, at_s: float) -> bool:
    return any(isinstance(action, Retry) for action in due(proof, tablets=True, now_s=at_s).actions)


@given(st.lists(st.floats(0, 300), min_size=1, max_size=20))
def test_what_is_due_never_comes_before_it_was_announced(times: list[float]) -> None:
    proof, now_s, again_s = begin(BEGUN), 1000.0, 0.0
    for wait_s in times:
        found = due(proof, tablets=True, now_s=now_s)
        steps = [action for action in found.actions if isinstance(action, TakeStep)]
        assert not steps or now_s >= again_s
        for action in steps:
            proof = after(proof, taken(action.step, now_s))
        again_s = due(proof, tablets=True, now_s=now_s).again_s if not steps else 0.0
        now_s += wait_s


def test_a_message_without_an_answer_is_given_up_in_time() -> None:
    proof = proof_of(taken(1, 1030.0), reached(Station.QUEUED, 1030.0, "Ann", "push", 1))
    assert not any(isinstance(each, GiveUp) for each in due(proof, tablets=True, now_s=1049.9).actions)
    assert any(isinstance(each, GiveUp) for each in due(proof, tablets=True, now_s=1050.0).actions)


ABSURD = [1e308, -1e308, 1e300, -5.0, 0.0]


@given(data=st.data(), at_s=st.sampled_from([*ABSURD, 1000.0]), now_s=st.sampled_from([1000.0, 1.8e9]))
def test_whatever_a_damaged_journal_says_of_times_everybody_is_told_and_each_turn_ends(
    data: st.DataObject, at_s: float, now_s: float
) -> None:
    absurd = st.sampled_from([*ABSURD, 20.0])
    steps = tuple(msgspec.structs.replace(step, after_s=data.draw(absurd)) for step in STEPS)
    begun = msgspec.structs.replace(
        BEGUN,
        at_s=at_s,
        steps=steps,
        again_s=data.draw(absurd),
        deliver_within_s=data.draw(absurd),
        answer_within_s=data.draw(absurd),
    )
    proof = after(begin(begun), taken(0, data.draw(absurd)))
    now_s = max(now_s, proof.last_s)
    until_s = now_s + 3 * 86_400
    times: list[float] = []
    while now_s < until_s and len(times) < 100:
        found = due(proof, tablets=True, now_s=now_s)
        for action in found.actions:
            assert isinstance(action, TakeStep)
            proof = after(proof, taken(action.step, now_s))
            times.append(now_s)
        now_s = now_s if found.actions else found.again_s
    assert {each.step for each in proof.taken_steps} == {0, 1, 2}
    assert all(later - first >= 30.0 for first, later in pairwise(times[3:]))
