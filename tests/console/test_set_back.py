"""Where the clock was set back, boards say what is still to come by the clock as it is."""

from dataclasses import replace

from alerts.delivery.events import DeliveryBegun, Snoozed, Step
from alerts.delivery.matter import Kind, Priority
from alerts.delivery.proof import after, begin
from console.around import going

BEGUN = DeliveryBegun(
    wearer="w1",
    at_s=10_000.0,
    matter_id="m",
    kind=Kind.ALERT,
    priority=Priority.HIGH,
    words=(),
    version="rules",
    steps=(
        Step(after_s=30, who="on shift", channel="push"),
        Step(after_s=90, who="Sam", channel="phone"),
    ),
    again_s=60.0,
)


def test_who_is_told_next_and_the_end_of_a_snooze_go_by_the_clock_as_it_is() -> None:
    pause = Snoozed(wearer="w1", at_s=10_000.0, matter_id="m", by="Ann", reason="On my way.", until_s=10_120.0)
    proof = replace(after(begin(BEGUN), pause), behind_s=5_000.0)
    told = going(proof, now_s=5_001.0)
    assert told.next is not None
    assert (told.next.at_s, told.snoozed_until_s) == (5_030.0, 5_120.0)
    alone = going(proof, now_s=5_001.0, devices=())
    assert alone.next is not None
    assert (alone.next.who, alone.next.at_s) == ("Sam", 5_090.0)
    assert going(proof, now_s=5_121.0).snoozed_until_s is None
