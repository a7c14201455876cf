"""Rosters of several who let gateways at bands: nobody pushes somebody else's band off the air unseen."""

from itertools import count

from console.pairing.offering import AGAINST_S, OFFER_S, SOON_S, Offering
from ingest.control.messages import Roster

BEGAN_S = 1.7e9


class Air:
    """The broker's one roster, and who said it."""

    def __init__(self) -> None:
        self.roster: Roster | None = None
        self.said = 0

    def offer(self, roster: Roster) -> None:
        self.roster = roster
        self.said += 1

    def place(self) -> Offering:
        return Offering(self, lambda: ["a"])

    def kept(self, offering: Offering, band: str, now_s: float) -> tuple[str, ...]:
        return offering.keep([band], self.roster, now_s)


def test_a_pairing_is_said_at_once_again_in_time_and_taken_back() -> None:
    air = Air()
    offering = air.place()
    for second in range(70):
        assert air.kept(offering, "b", BEGAN_S + second) == ()
    assert air.said == 2
    assert air.roster is not None
    assert (air.roster.pairing, air.roster.bands) == (["b"], ["a"])
    offering.keep((), air.roster, BEGAN_S + 71)
    offering.keep((), air.roster, BEGAN_S + 72)
    assert (air.roster.pairing, air.said) == ([], 3)


def test_two_who_pair_over_one_broker_are_told_of_each_others_band_within_seconds() -> None:
    air = Air()
    one, two = air.place(), air.place()
    for tenth in count():
        now_s = BEGAN_S + tenth / 10
        told = air.kept(one, "b", now_s), air.kept(two, "c", now_s)
        if any(told):
            break
        assert tenth < 50, "they push each other's band off the air"
    assert told in ((("c",), ()), ((), ("b",)))


def test_one_roster_that_crossed_ours_on_its_way_is_no_pairing_of_somebody_else() -> None:
    air = Air()
    one, late = air.place(), air.place()
    for tenth in range(300):
        now_s = BEGAN_S + tenth / 10
        if tenth in (20, 20 + int(10 * AGAINST_S) + 10):
            late.say(["c"], now_s)
        assert air.kept(one, "b", now_s) == ()
    assert air.roster is not None
    assert air.roster.pairing == ["b"]


def test_the_services_own_roster_that_repeats_ours_is_ours() -> None:
    air = Air()
    one = air.place()
    air.kept(one, "b", BEGAN_S)
    assert air.roster is not None
    air.roster = Roster(v=1, at_us=5, bands=[], pairing=["b"], pairing_until_us=air.roster.pairing_until_us)
    assert one.theirs(air.roster, BEGAN_S + 1) == ()


def test_who_stops_looking_leaves_what_somebody_else_pairs_on_the_air() -> None:
    air = Air()
    looks, pairs = air.place(), air.place()
    air.kept(looks, "c", BEGAN_S)
    air.kept(pairs, "b", BEGAN_S + 1)
    assert looks.theirs(air.roster, BEGAN_S + 1.1) == ("b",)
    assert looks.keep((), air.roster, BEGAN_S + 1.1) == ()
    assert air.roster is not None
    assert air.roster.pairing == ["b"]


def test_a_pairing_that_crashed_is_nobodys_once_its_time_is_over() -> None:
    air = Air()
    air.place().say(["b"], BEGAN_S)
    late = air.place()
    assert late.theirs(air.roster, BEGAN_S + SOON_S) == ("b",)
    assert late.theirs(air.roster, BEGAN_S + OFFER_S + 1) == ()
