"""A pairing from the broker's messages to the wrist, on a clock of its own."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.pairing.attending import Attending
from console.pairing.fit import Mend
from console.pairing.flow import UNSURE, Do, PutOn, Stage, begin
from console.pairing.hearing import AWAY_S, Hearing
from ingest.control.messages import BandEvent, BandState, BandStatus, band_status_topic, band_topic, encode_message
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
        self.silent: tuple[str, ...] = ()
        self.done: list[Do] = []

    @property
    def now_s(self) -> float:
        return BEGAN_S + self.second + 1 + DELAY_S

    def live(self, seconds: int) -> None:
        for _ in range(seconds):
            for band in {"this", "that"} - set(self.silent):
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
    house.live(5)
    assert house.attending.pairing.stage is Stage.CONFIRM, "another band's may still come"
    house.live(1)
    assert house.attending.pairing.stage is Stage.WEAR


def test_two_bands_that_are_tapped_together_are_told_to_be_several_whichever_is_heard_first() -> None:
    house = House(shakes=())
    house.live(2)
    house.hearing.hear(*online(house.now_s), house.now_s)
    for at_s, band in ((0.0, "this"), (0.0, "that"), (2.0, "this"), (2.15, "that")):
        house.hearing.hear(*tap(band, house.now_s + at_s), house.now_s + at_s)
    house.live(8)
    assert house.attending.pairing.stage is Stage.CONFIRM
    assert "several bands" in house.attending.pairing.reason
    assert Do.ASK_TO_WEAR not in house.done


def tap_twice(house: House, band: str = "this") -> None:
    for at_s in (house.now_s, house.now_s + 2):
        house.hearing.hear(*tap(band, at_s), at_s)


def test_a_band_whose_link_came_back_within_the_gesture_leaves_it_open_and_it_is_asked_once_more() -> None:
    house = House(shakes=())
    house.live(2)
    house.silent = ("that",)
    tap_twice(house)
    house.live(4)
    house.silent = ()
    house.live(3)
    pairing = house.attending.pairing
    assert (pairing.stage, pairing.attempts, pairing.unsure) == (Stage.CONFIRM, 0, 1)
    assert "came or went" in pairing.reason
    tap_twice(house)
    house.live(8)
    assert house.attending.pairing.stage is Stage.WEAR


def test_a_band_that_was_lost_a_moment_before_leaves_it_open_and_one_that_is_long_out_of_reach_does_not() -> None:
    house = House(shakes=())
    house.live(2)
    house.silent = ("that",)
    house.live(8)
    tap_twice(house)
    house.live(7)
    assert house.attending.pairing.unsure == 1
    house.live(round(AWAY_S))
    house.attending = Attending(begin("this", "w", Held(), now_s=house.now_s), house.hearing, random.Random(3))
    house.live(2)
    tap_twice(house)
    house.live(8)
    assert house.attending.pairing.stage is Stage.WEAR, "a house with a band out of reach pairs the others"


def test_a_band_that_flaps_stops_a_pairing_after_a_while_and_is_blamed_on_nobodys_hand() -> None:
    house = House(shakes=())
    for _ in range(UNSURE):
        house.live(2)
        house.silent = ("that",)
        tap_twice(house)
        house.live(7)
        house.silent = ()
    assert house.attending.pairing.stage is Stage.STOPPED
    assert "came or went" in house.attending.pairing.reason


def stands(state: BandState, band: str = "that", *, gateway: str = "g-1", since_s: float = 0.0) -> tuple[str, bytes]:
    status = BandStatus(v=1, at_us=1, gateway=gateway, state=state, since_us=round(since_s * 1e6))
    return band_status_topic("home", band, gateway), encode_message(status)


def test_a_band_to_which_a_link_is_being_made_leaves_it_open_and_a_word_of_long_ago_does_not() -> None:
    hearing = Hearing()
    hearing.hear(*stands("connecting"), BEGAN_S, retained=True)
    assert hearing.unheard(BEGAN_S, BEGAN_S + 1) == set()
    hearing.hear(*stands("connecting"), BEGAN_S)
    assert hearing.unheard(BEGAN_S, BEGAN_S + 1) == {"that"}
    assert hearing.unheard(BEGAN_S + AWAY_S, BEGAN_S + AWAY_S + 1) == set(), "whoever is dialled for ever bars nobody"
    hearing.hear(*stands("lost"), BEGAN_S)
    assert hearing.unheard(BEGAN_S, BEGAN_S + 1) == set(), "dialled in vain"


def test_what_another_gateway_says_takes_no_link_back_that_is_being_made() -> None:
    hearing = Hearing()
    hearing.hear(*stands("connecting"), BEGAN_S)
    hearing.hear(*stands("refused", gateway="g-2"), BEGAN_S)
    assert hearing.unheard(BEGAN_S, BEGAN_S + 1) == {"that"}


@pytest.mark.parametrize(("ago_s", "unheard"), [(3.0, {"that"}), (AWAY_S + 1, set())])
def test_a_band_that_was_lost_just_before_anybody_listened_leaves_it_open(ago_s: float, unheard: set[str]) -> None:
    hearing = Hearing()
    hearing.hear(*stands("lost", since_s=BEGAN_S - ago_s), BEGAN_S - 1, retained=True)
    assert hearing.unheard(BEGAN_S, BEGAN_S + 1) == unheard


def test_a_band_that_gateways_let_go_of_is_waited_for_no_longer() -> None:
    house = House(shakes=())
    house.live(3)
    house.silent = ("that",)
    house.hearing.hear(*stands("connected"), house.now_s)
    house.live(5)
    since_s = house.now_s - 1
    assert house.hearing.unheard(since_s, house.now_s + 5) == {"that", "this"}
    house.hearing.hear(*stands("released"), house.now_s)
    assert house.hearing.unheard(since_s, house.now_s + 5) == {"this"}


def test_a_strap_that_could_tell_nothing_leaves_nothing_open() -> None:
    hearing = Hearing()
    for second in (0, 9):
        packet = msgspec.structs.replace(packet_of("that", second, still(second)), motion=None)
        hearing.hear(*data(packet), BEGAN_S + second)
    assert hearing.unheard(BEGAN_S, BEGAN_S + 9) == set()


def test_a_tap_that_came_too_late_to_say_when_it_was_leaves_it_open() -> None:
    house = House(shakes=())
    house.live(2)
    house.hearing.hear(*online(house.now_s), house.now_s)
    tap_twice(house)
    house.hearing.hear(*tap("that", house.now_s), house.now_s + 4)
    house.live(7)
    assert house.attending.pairing.stage is Stage.CONFIRM
    assert "came or went" in house.attending.pairing.reason


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
