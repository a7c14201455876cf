"""What is promised to stand beside a row: nobody a message that cannot come, nothing for a time that has passed."""

import pytest
from msgspec.structs import replace

from alerts.delivery.events import Step
from alerts.delivery.matter import Kind
from alerts.delivery.proof import Proof, after, begin
from alerts.protection.cover import Cover, Level
from console.around import HELD_S, around, going
from console.beside import Next
from console.care import Outside
from console.telling import told_of_loss
from tests.console.caring import Caring

T = 1_763_562_728.0
BOARD = Step(after_s=0, who="on shift", channel="board")
PUSH = Step(after_s=30, who="on shift", channel="push")
CALL = Step(after_s=60, who="Sam", channel="call")


def clock(at_s: float) -> str:
    return f"T{at_s - T:+.0f}"


def proof(*steps: Step, taken: tuple[int, ...] = (0,)) -> Proof:
    """The proof of a matter that was told along ``steps``, those of ``taken`` by now."""
    caring = Caring(["w1"])
    caring.telling.open("m-1", "w1", T, kind=Kind.PROTECTION)
    one = caring.telling.all["m-1"]
    told = begin(replace(one.begun, steps=steps))
    for step in taken:
        told = after(told, replace(one.taken_steps[0], step=step))
    return told


def said(told: Proof, *, now_s: float, devices: tuple[str, ...] | None) -> str:
    return told_of_loss(going(told, now_s=now_s, devices=devices), None, clock=clock, now_s=now_s).told


@pytest.mark.parametrize(
    ("devices", "words"),
    [
        (None, "If nobody takes it, everybody on shift gets a message on the phone at T+30."),
        (("Jo",), "If nobody takes it, Jo gets a message on the phone at T+30."),
        (("Jo", "Maryam"), "If nobody takes it, Jo, Maryam get a message on the phone at T+30."),
        ((), "If nobody takes it, Sam\N{RIGHT SINGLE QUOTATION MARK}s phone rings at T+60."),
    ],
)
def test_a_message_is_promised_only_to_whoever_has_a_device_for_it(devices: tuple[str, ...] | None, words: str) -> None:
    assert said(proof(BOARD, PUSH, CALL), now_s=T, devices=devices) == words


def test_who_has_no_device_is_told_again_at_the_tablets() -> None:
    again = going(proof(BOARD, PUSH, taken=(0, 1)), now_s=T, devices=())
    assert again.next == Next("on shift", "board", T + 120)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((BOARD, CALL), "Sam is being told now."),
        ((BOARD, Step(after_s=60, who="on shift", channel="mail")), "Everybody on shift is being told now."),
        ((BOARD, Step(after_s=60, who="on shift", channel="board")), "Every tablet is told again now."),
    ],
)
def test_a_step_that_is_late_is_promised_for_no_time_that_has_passed(steps: tuple[Step, ...], words: str) -> None:
    assert said(proof(*steps), now_s=T + 60, devices=None) == words


def test_what_somebody_took_is_theirs_for_a_quarter_of_an_hour_and_what_ended_by_itself_is_gone() -> None:
    caring = Caring(["w1", "w2"])
    for matter_id in ("m-1", "m-2"):
        caring.telling.open(matter_id, "", T, kind=Kind.UNCOVERED, words="Nobody is on shift.")
    caring.telling.taken("m-1", "Jo")
    caring.telling.taken("m-2", "")
    near = ("m-1", "m-2")
    assert [(it.matter_id, it.by) for it in around(caring.care, near, T + 60).going] == [("m-1", "Jo")]
    assert around(caring.care, near, T + HELD_S).going == ()


@pytest.mark.parametrize(
    ("level", "by"), [(None, ["Jo"]), (Level.NOT, ["Jo"]), (Level.PARTLY, ["Jo"]), (Level.PROTECTED, [])]
)
def test_who_sees_to_somebody_is_said_until_they_are_known_to_be_protected(level: Level | None, by: list[str]) -> None:
    caring = Caring(["w1"])
    caring.telling.open("m-1", "w1", T, kind=Kind.PROTECTION, words="Callum is not protected.")
    caring.telling.taken("m-1", "Jo")
    if level is not None:
        caring.rest.now["w1"] = Cover(wearer="w1", level=level, since_s=T)
    assert [it.by for it in around(caring.care, ("m-1",), T + 60).going] == by
    assert around(caring.care, ("m-1",), T + HELD_S).going == ()


def test_who_sees_to_the_house_is_said_for_as_long_as_it_is_so(monkeypatch: pytest.MonkeyPatch) -> None:
    caring = Caring(["w1"])
    caring.telling.open("m-1", "", T, kind=Kind.HOUSE, words="The disk is nearly full.")
    matter = caring.telling.all["m-1"].matter
    caring.telling.taken("m-1", "Jo")
    monkeypatch.setattr(caring.rest, "notices", lambda: (matter,))
    assert [it.by for it in around(caring.care, ("m-1",), T + 2 * HELD_S).going] == ["Jo"]
    monkeypatch.setattr(caring.rest, "notices", lambda: ())
    assert around(caring.care, ("m-1",), T + 1).going == ()


@pytest.mark.parametrize(
    ("outside", "indoors"),
    [
        (Outside((), ()), True),
        (Outside(("Sam",), ()), False),
        (Outside((), ("Jo",)), False),
    ],
)
def test_a_house_whose_alerts_go_no_further_than_its_tablets_knows_it(outside: Outside, *, indoors: bool) -> None:
    caring = Caring(["w1"])
    caring.rest.outside = outside
    assert around(caring.care, (), T).indoors is indoors
