"""A pairing from the broker's messages to the wrist, on a clock of its own."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.pairing.attending import Attending
from console.pairing.fit import Mend
from console.pairing.flow import Do, PutOn, Stage, begin
from console.pairing.hearing import Hearing
from ingest.control.messages import BandEvent, band_topic, encode_message
from ingest.registry.stretches import Held
from tests.console.pairing.bands import data, nearby, online, packet_of, shaken, still, tap

BEGAN_S = 1_000_000.0
DELAY_S = 0.7  # radio and broker


class House:
    """Two bands that send, one of which somebody may shake as asked."""

    def __init__(self, *, shakes: tuple[str, ...] = ("this",), worn: tuple[str, ...] = ()) -> None:
        self.hearing = Hearing()
        self.attending = Attending(begin("this", "w", Held(), now_s=BEGAN_S), self.hearing, random.Random(3))
        self.shakes, self.worn = shakes, worn
        self.second = 0
        self.done: list[Do] = []

    @property
    def now_s(self) -> float:
        return BEGAN_S + self.second + 1 + DELAY_S

    def live(self, seconds: int) -> None:
        for _ in range(seconds):
            for band in ("this", "that"):
                on = band in self.worn
                motion = None if on else shaken(self.second, self._asked(band))
                self.hearing.hear(*data(packet_of(band, self.second, motion, on=on)), self.now_s)
            self.look()
            self.second += 1

    def look(self) -> None:
        for do in self.attending.look(self.now_s):
            self.done.append(do)
            if do is Do.PROMPT:
                self.attending.prompt(self.now_s)

    def _asked(self, band: str):  # type: ignore[no-untyped-def] # noqa: ANN202
        pairing = self.attending.pairing

        def asked(after_s: float) -> bool:
            if band not in self.shakes or pairing.rhythm is None:
                return False
            return pairing.rhythm.shaking_at(BEGAN_S + self.second + after_s - 0.5 - pairing.prompt_s) is True

        return asked


def test_a_band_that_is_shaken_as_asked_is_put_on_checked_and_entered() -> None:
    house = House()
    house.live(25)
    assert house.attending.pairing.stage is Stage.WEAR
    house.worn = ("this",)
    house.live(2)
    house.attending.say(PutOn(), house.now_s)
    house.live(16)
    assert house.attending.pairing.stage is Stage.DONE
    assert house.attending.pairing.fit is not None
    assert house.attending.pairing.fit.mend is Mend.FINE
    assert house.attending.pairing.fit.seconds <= 15
    assert house.done == [Do.CONNECT, Do.PROMPT, Do.ASK_TO_WEAR, Do.CHECK, Do.ENTER]


@pytest.mark.parametrize(
    ("shakes", "word"), [(("that",), "another band"), (("this", "that"), "several"), ((), "not move")]
)
def test_whatever_else_moves_the_band_is_not_confirmed_and_it_says_why(shakes: tuple[str, ...], word: str) -> None:
    house = House(shakes=shakes)
    house.live(22)
    assert house.attending.pairing.stage is Stage.CONFIRM
    assert word in house.attending.pairing.reason
    house.live(45)
    assert house.attending.pairing.stage is Stage.STOPPED
    assert house.done[-1] is Do.LET_GO
    assert Do.ENTER not in house.done


def test_two_double_taps_confirm_too() -> None:
    house = House(shakes=())
    house.live(2)
    for at_s in (house.now_s, house.now_s + 2):
        house.hearing.hear(*tap("this", at_s), at_s)
    house.live(4)
    assert house.attending.pairing.stage is Stage.WEAR


def test_double_taps_that_a_gateway_held_back_confirm_nothing() -> None:
    house = House(shakes=())
    house.hearing.hear(*online(BEGAN_S), BEGAN_S)
    house.live(2)
    house.hearing.hear(*tap("that", house.now_s), house.now_s)  # so that its clock is known
    for ago_s in (62.0, 60.0):
        house.hearing.hear(*tap("this", house.now_s - ago_s), house.now_s)
    house.live(4)
    assert house.attending.pairing.stage is Stage.CONFIRM


def test_a_band_that_is_not_on_the_wrist_is_told_so_and_not_entered() -> None:
    house = House()
    house.live(25)
    house.attending.say(PutOn(), house.now_s)
    house.shakes = ()
    house.live(17)
    pairing = house.attending.pairing
    assert pairing.stage is Stage.MEND
    assert pairing.fit is not None
    assert pairing.fit.mend in (Mend.NOT_ON_SKIN, Mend.CANNOT_TELL)


def test_a_band_that_says_it_was_put_on_begins_the_check_by_itself() -> None:
    house = House()
    house.live(25)
    event = BandEvent(v=1, at_us=round(house.now_s * 1e6), gateway="g-1", band="this", kind="put_on")
    house.hearing.hear(band_topic("home", "this", "event"), encode_message(event), house.now_s)
    house.live(4)
    assert house.attending.pairing.stage is Stage.FIT


def test_readings_out_of_a_bands_memory_confirm_nothing() -> None:
    hearing = Hearing()
    packet = packet_of("this", 5, still(1))
    late = msgspec.structs.replace(packet, heard_us=1_000_000, sent_us=61_000_000)
    hearing.hear(*data(late), BEGAN_S)
    assert hearing.last_heard_s("this") < 0
    assert hearing.received("this", 0.0) == []
    assert hearing.moved == {}


def test_a_message_that_names_another_band_than_its_topic_is_not_believed() -> None:
    hearing = Hearing()
    hearing.hear(data(packet_of("that", 1))[0], data(packet_of("this", 1))[1], BEGAN_S)
    hearing.hear(tap("that", BEGAN_S)[0], tap("this", BEGAN_S)[1], BEGAN_S)
    assert (hearing.refused, hearing.taps, hearing.moved) == (2, {}, {})


TOPICS = st.sampled_from(
    [
        data(packet_of("this", 1))[0],
        tap("this", BEGAN_S)[0],
        online(BEGAN_S)[0],
        nearby(BEGAN_S, ["a"])[0],
        "forecalm/v1/home/roster",
        "forecalm/v1/home/band/this/stored",
        "",
    ]
)


@given(topic=TOPICS, payload=st.binary(max_size=200))
def test_messages_of_any_content_hurt_nothing(topic: str, payload: bytes) -> None:
    hearing = Hearing()
    hearing.hear(topic, payload, BEGAN_S)
    assert hearing.moved == {}
    assert hearing.last_heard_s("this") < 0
