"""Several people pair over one line: who may when, what gateways are told, and what ends a pairing that is left."""

import random
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.errors import PairingError
from console.pairing import under_way
from console.pairing.alone import Alone
from console.pairing.flow import Cancel, Named, Pairing, PutOn, SoBeIt, Stage
from console.pairing.gesture import LATEST_S
from console.pairing.one import AWAY_S, LEFT_S, STOPPED_S, Wish
from console.pairing.under_way import Around, UnderWay
from ingest.control.messages import Roster, encode_message, roster_topic
from ingest.errors import RegistryError
from ingest.registry.stretches import Held
from ingest.sending.connection import Heard
from tests.console.pairing.bands import data, nearby, online, packet_of, still, tap
from tests.servers import until

BEGAN_S = 1.7e9


class Site:
    """A broker with one gateway; its clock stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = BEGAN_S
        self.waiting: deque[Heard] = deque()
        self.rosters: list[Roster] = []
        self.asked: list[str] = []
        self.entered: list[tuple[str, str, str, Wish]] = []
        self.refusing = ""
        self.away = ""
        self.online = True
        self.opened = 0

    @contextmanager
    def line(self) -> Iterator["Site"]:
        if self.away:
            raise PairingError(self.away)
        self.opened += 1
        yield self

    def heard(self) -> Collection[Heard]:
        return [self.waiting.popleft() for _ in range(len(self.waiting))]

    def look_at(self, gateway: str, seconds: float) -> None:
        self.asked.append(f"look {gateway}")

    def identify(self, band: str, seconds: float) -> None:
        self.asked.append(f"identify {band}")

    def offer(self, roster: Roster) -> None:
        self.rosters.append(roster)

    def enter(self, pairing: Pairing, wish: Wish, by: str) -> None:
        if self.refusing:
            raise RegistryError(self.refusing)
        self.entered.append((pairing.band, pairing.wearer, by, wish))

    def hear(self, *messages: tuple[str, bytes]) -> None:
        self.waiting.extend(Heard(topic, payload, retained=False, at_s=self.now_s) for topic, payload in messages)

    def around(self, known: Sequence[str] = ("a", "b", "c"), folder: Path | None = None) -> Around:
        return Around(
            line=self.line,
            held=lambda: ["a"],
            known=lambda: known,
            worn=lambda: ["a"],
            enter=self.enter,
            clock=lambda: self.now_s,
            alone=Alone(folder),
        )


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(under_way, "BEAT_S", 0.01)
    monkeypatch.setattr(under_way, "AGAIN_S", 0.01)
    monkeypatch.setattr(under_way, "warm", lambda: None)
    return Site()


@pytest.fixture
def pairings(site: Site) -> Iterator[UnderWay]:
    with UnderWay(site.around(), chance=random.Random(3)) as pairings:
        yield pairings


def to_stage(pairings: UnderWay, id_: str, stage: Stage) -> Pairing:
    until(lambda: pairings.now(id_).pairing.stage is stage, f"it never came to {stage}")
    return pairings.now(id_).pairing


def to_wrist(site: Site, pairings: UnderWay, band: str = "b") -> str:
    """Up to where somebody has said who wears it."""
    id_ = pairings.begin(band, by="Sam")
    site.hear(online(site.now_s), data(packet_of(band, 0, still(0))))
    to_stage(pairings, id_, Stage.CONFIRM)
    pairings.prompt(id_)
    for _ in range(2):
        site.now_s += 1.5
        site.hear(data(packet_of(band, round(site.now_s - BEGAN_S), still(1))), tap(band, site.now_s))
    until(lambda: not site.waiting, "it is not heard")
    site.now_s += LATEST_S
    to_stage(pairings, id_, Stage.WHO)
    return id_


def test_a_band_is_entered_once_with_all_that_was_said_of_a_new_wearer(site: Site, pairings: UnderWay) -> None:
    id_ = to_wrist(site, pairings)
    wish = Wish(name="Ann", consent_by="Ida, mother", carers=("Jo",))
    pairings.say(id_, Named("w-1", Held()), wish=wish)
    pairings.say(id_, PutOn())
    to_stage(pairings, id_, Stage.FIT)
    assert pairings.now(id_).called == "Ann", "a pseudonym made just now says nothing to whoever puts the band on"
    assert site.entered == [], "nothing before the fit was looked at"
    site.now_s += 26
    site.hear(data(packet_of("b", 40, still(2))))
    to_stage(pairings, id_, Stage.MEND)
    pairings.say(id_, SoBeIt())
    until(lambda: pairings.now(id_).entered, "it was not entered")
    assert site.entered == [("b", "w-1", "Sam", wish)]
    pairings.say(id_, SoBeIt())
    assert len(site.entered) == 1


def test_what_the_registry_refuses_is_said_and_nothing_is_entered(site: Site, pairings: UnderWay) -> None:
    site.refusing = "meanwhile somebody has paired it"
    id_ = to_wrist(site, pairings)
    pairings.say(id_, Named("w-1", Held()))
    pairings.say(id_, PutOn())
    to_stage(pairings, id_, Stage.FIT)
    site.now_s += 26
    site.hear(data(packet_of("b", 40, still(2))))
    to_stage(pairings, id_, Stage.MEND)
    pairings.say(id_, SoBeIt())
    stopped = to_stage(pairings, id_, Stage.STOPPED)
    assert stopped.reason == "meanwhile somebody has paired it; nothing was entered"
    assert not pairings.now(id_).entered


def test_two_people_do_not_pair_the_same_band_at_once(site: Site, pairings: UnderWay) -> None:
    first = pairings.begin("b", by="Sam")
    with pytest.raises(PairingError, match="Sam is pairing it"):
        pairings.begin("b", by="Kim")
    again = pairings.begin("b", by="Sam")
    assert pairings.now(first).pairing.stage is Stage.STOPPED
    assert pairings.now(again).pairing.stage is Stage.CONNECT


def test_nobody_begins_while_somebody_elses_band_is_not_confirmed_yet(site: Site, pairings: UnderWay) -> None:
    first = pairings.begin("b", by="Sam")
    with pytest.raises(PairingError, match="b is being paired by Sam: wait until that is done"):
        pairings.begin("c", by="Kim")
    pairings.say(first, Cancel())
    confirmed = to_wrist(site, pairings)
    other = pairings.begin("c", by="Kim")
    assert pairings.now(confirmed).pairing.stage is Stage.WHO, "what is confirmed goes on"
    assert pairings.now(other).pairing.stage is Stage.CONNECT


def test_who_begins_with_another_band_has_ended_the_one_that_was_not_confirmed(site: Site, pairings: UnderWay) -> None:
    first = pairings.begin("b", by="Sam")
    again = pairings.begin("c", by="Sam")
    stopped = to_stage(pairings, first, Stage.STOPPED)
    assert stopped.reason == "c was begun instead; nothing was entered"
    assert pairings.now(again).pairing.stage is Stage.CONNECT


def test_a_pairing_in_another_process_is_named_and_ours_bars_it_for_as_long_as_it_lasts(
    site: Site, tmp_path: Path
) -> None:
    with UnderWay(site.around(folder=tmp_path), chance=random.Random(3)) as pairings:
        elsewhere = Alone(tmp_path)
        elsewhere.take("c", "Kim")
        with pytest.raises(PairingError, match="c is being paired by Kim: wait until that is done"):
            pairings.begin("b", by="Sam")
        elsewhere.let_go()
        id_ = to_wrist(site, pairings)
        with pytest.raises(PairingError, match="b is being paired by Sam"):
            elsewhere.take("c", "Kim")
        pairings.say(id_, Cancel())

        def free() -> bool:
            try:
                elsewhere.take("c", "Kim")
            except PairingError:
                return False
            return True

        until(free, "it is barred for ever")
        elsewhere.let_go()


def roster_of(site: Site, *pairing: str) -> tuple[str, bytes]:
    now_us = round(site.now_s * 1e6)
    until_us = now_us + 120_000_000
    said = Roster(v=1, at_us=now_us, bands=["a"], pairing=list(pairing), pairing_until_us=until_us)
    return roster_topic("home"), encode_message(said)


def test_who_only_looks_is_silent_while_somebody_else_pairs(site: Site, pairings: UnderWay) -> None:
    pairings.near()
    until(lambda: site.opened == 1)
    site.hear(online(site.now_s), nearby(site.now_s, ["b"]))
    until(lambda: any(roster.pairing for roster in site.rosters), "none was brought")
    said = len(site.rosters)
    site.hear(roster_of(site, "c"))
    until(lambda: not site.waiting)
    for _ in range(3):
        site.now_s += 1.1
        pairings.near()
        site.hear(online(site.now_s), nearby(site.now_s, ["b"]))
        until(lambda: not site.waiting)
    assert len(site.rosters) == said, "theirs is pushed off the air"


def test_a_pairing_that_somebody_else_takes_off_the_air_again_and_again_ends_and_says_so(
    site: Site, pairings: UnderWay
) -> None:
    id_ = pairings.begin("b", by="Sam")
    for _ in range(2):
        until(lambda: bool(site.rosters) and site.rosters[-1].pairing == ["b"])
        site.rosters.clear()
        site.now_s += 1.1
        site.hear(roster_of(site, "c"))
        until(lambda: not site.waiting, "it is not heard")
    stopped = to_stage(pairings, id_, Stage.STOPPED)
    assert stopped.reason.startswith("c: somebody else is pairing that")


def test_gateways_are_told_of_the_band_and_let_go_of_it_when_it_is_over(site: Site, pairings: UnderWay) -> None:
    id_ = pairings.begin("b", by="Sam")
    until(lambda: any(roster.pairing == ["b"] for roster in site.rosters), "it was not offered")
    assert site.rosters[-1].bands == ["a"], "what is worn stays held"
    until(lambda: "identify b" in site.asked)
    pairings.say(id_, Cancel())
    until(lambda: site.rosters[-1].pairing == [], "it is still offered")


def test_a_look_brings_free_bands_of_the_house_and_leaves_strangers_and_worn_ones_alone(
    site: Site, pairings: UnderWay
) -> None:
    pairings.near()
    until(lambda: site.opened == 1)
    site.hear(online(site.now_s), nearby(site.now_s, ["a", "b", "stranger"]))
    until(lambda: any(roster.pairing for roster in site.rosters), "none was brought")
    assert {band for roster in site.rosters for band in roster.pairing} == {"b"}
    until(lambda: "look g-1" in site.asked)
    assert [each.band for each in pairings.near()[0]] == ["a", "b", "stranger"]


def test_whoever_was_brought_stays_however_well_others_are_heard_later(site: Site) -> None:
    known = [f"f{i}" for i in range(under_way.BROUGHT + 2)]
    with UnderWay(site.around(known), chance=random.Random(3)) as pairings:
        pairings.near()
        until(lambda: site.opened == 1)
        site.hear(online(site.now_s), nearby(site.now_s, known))
        until(lambda: any(roster.pairing for roster in site.rosters), "none was brought")
        site.hear(nearby(site.now_s, known[::-1]))
        until(lambda: not site.waiting, "it is not heard")
        assert [each.band for each in pairings.near()[0]] == known
        pairings.begin("f0", by="Sam")
        until(lambda: "identify f0" in site.asked)
        assert {tuple(roster.pairing) for roster in site.rosters} == {tuple(known[: under_way.BROUGHT])}


def test_the_line_is_open_only_while_somebody_pairs_or_looks(site: Site, pairings: UnderWay) -> None:
    pairings.near()
    until(lambda: site.opened == 1)
    site.now_s += under_way.LOOKED_S + 1
    until(lambda: pairings._hearing is None, "it still listens")


def test_a_page_that_is_left_ends_its_pairing(site: Site, pairings: UnderWay) -> None:
    id_ = pairings.begin("b", by="Sam")
    site.hear(data(packet_of("b", 0, still(0))))
    to_stage(pairings, id_, Stage.CONFIRM)
    site.now_s += LEFT_S + 1
    until(lambda: not pairings._ones[id_].live, "it goes on")
    assert pairings.now(id_).pairing.reason == "the page was left; nothing was entered"


def test_a_gateway_that_goes_is_blamed_and_a_pairing_waits_for_it_and_then_ends(site: Site, pairings: UnderWay) -> None:
    id_ = pairings.begin("b", by="Sam")
    site.hear(online(site.now_s), data(packet_of("b", 0, still(0))))
    to_stage(pairings, id_, Stage.CONFIRM)
    pairings.prompt(id_)
    site.now_s += STOPPED_S + 1
    site.hear(online(site.now_s, online=False))
    until(lambda: pairings.now(id_).trouble.endswith("g-1 is away"), "nothing is said")
    site.now_s += 1
    site.hear(online(site.now_s), data(packet_of("b", 7, still(0))))
    until(lambda: not pairings.now(id_).trouble, "it does not go on")
    assert pairings.now(id_).pairing.prompt_s > BEGAN_S, "the gesture is asked for anew"
    site.now_s += STOPPED_S + 1
    until(lambda: bool(pairings.now(id_).trouble))
    site.now_s += AWAY_S + 1
    stopped = to_stage(pairings, id_, Stage.STOPPED)
    assert "did not move" not in stopped.reason
    assert stopped.reason.startswith("no readings of b arrive any more")


def test_without_a_broker_it_says_so_and_ends(site: Site, pairings: UnderWay) -> None:
    site.away = "no gateway can be heard: 127.0.0.1:1883: nobody answers there; is forecalm serve running?"
    id_ = pairings.begin("b", by="Sam")
    until(lambda: pairings.now(id_).trouble == under_way.UNHEARD, "nothing is said")
    assert pairings.near() == ([], under_way.UNHEARD)
    site.now_s += AWAY_S + 1
    stopped = to_stage(pairings, id_, Stage.STOPPED)
    assert stopped.reason == f"{under_way.UNHEARD}; nothing was entered"


def test_what_came_of_a_pairing_is_forgotten_after_a_while(site: Site, pairings: UnderWay) -> None:
    id_ = pairings.begin("b", by="Sam")
    pairings.say(id_, Cancel())
    to_stage(pairings, id_, Stage.STOPPED)
    pairings.near()
    until(lambda: pairings._ones[id_].ended_s is not None, "it is not put aside")
    site.now_s += under_way.KEPT_S + 1
    pairings.near()
    until(lambda: id_ not in pairings._ones, "it is kept for ever")
    with pytest.raises(LookupError):
        pairings.now(id_)
