"""The gateway's decisions, without radio and without time."""

import asyncio
import itertools
from pathlib import Path

from ingest.ble.bonding import TRIES_MAX
from ingest.control.messages import Command, Nearby, Roster, decode_message, encode_message
from ingest.errors import LinkError
from ingest.wire import Stored
from tests.ingest.ble.gateway_bench import Band, Bench, FakeAdapter, advert, now_us, play, told


def test_it_connects_to_the_bands_of_its_roster_and_to_no_others(tmp_path: Path) -> None:
    async def story() -> None:
        ours, theirs = Band("band-1"), Band("band-2")
        bench = Bench(tmp_path, [FakeAdapter("a", [ours, theirs])], roster=["band-1"])
        await asyncio.sleep(10)
        assert ours.link is not None
        assert theirs.links == []
        assert bench.outbox.last("band-1") == ("connected", "")
        assert len(told(bench.outbox.packets, "band-1")) >= 8
        await bench.end()
        assert ours.link is None
        assert bench.outbox.last("band-1") == ("released", "the gateway was stopped")

    play(story())


def test_a_band_that_leaves_the_roster_is_let_go_and_one_that_joins_is_held(tmp_path: Path) -> None:
    async def story() -> None:
        one, two = Band("band-1"), Band("band-2")
        bench = Bench(tmp_path, [FakeAdapter("a", [one, two])], roster=["band-1"])
        await asyncio.sleep(5)
        bench.gateway.roster(Roster(v=1, at_us=2, bands=["band-2"]))
        await asyncio.sleep(5)
        assert one.link is None
        assert two.link is not None
        assert bench.outbox.last("band-1") == ("released", "it is no longer one of this site's bands")
        assert bench.outbox.forgotten == ["band-1"]
        bench.gateway.roster(Roster(v=1, at_us=1, bands=["band-1"]), retained=True)
        await asyncio.sleep(5)
        assert one.link is None, "an older roster changes nothing"
        await bench.end()

    play(story())


def test_a_band_is_connected_to_while_it_is_paired_and_no_longer(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1")
        bench = Bench(tmp_path, [FakeAdapter("a", [band])], roster=[])
        bench.gateway.roster(Roster(v=1, at_us=2, bands=[], pairing=["band-1"], pairing_until_us=60_000_002))
        await asyncio.sleep(30)
        assert band.link is not None
        await asyncio.sleep(31)
        assert band.link is None
        await bench.end()

    play(story())


def test_the_roster_outlives_the_gateway(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1")
        first = Bench(tmp_path, [FakeAdapter("a", [band])], roster=["band-1"])
        await first.end()
        second = Bench(tmp_path, [FakeAdapter("a", [band])], roster=None)
        await asyncio.sleep(5)
        assert band.link is not None
        await second.end()

    play(story())


def test_a_lost_band_is_had_again_within_a_second_or_two(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1")
        bench = Bench(tmp_path, [FakeAdapter("a", [band])], roster=["band-1"])
        await asyncio.sleep(60)
        assert band.link is not None
        band.link.end()
        await asyncio.sleep(2)
        assert len(band.links) == 2
        assert [state for _, state, _, _ in bench.outbox.states] == [
            "connecting",
            "connected",
            "lost",
            "connecting",
            "connected",
        ]
        await bench.end()

    play(story())


def test_connections_that_end_at_once_are_tried_later_and_later_and_told_once(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1", ends_after_s=1.0)
        bench = Bench(tmp_path, [FakeAdapter("a", [band])], roster=["band-1"])
        await asyncio.sleep(300)
        gaps = [b - a for (a, _), (b, _) in zip(band.links, band.links[1:], strict=False)]
        assert all(later > gap - 0.01 for gap, later in itertools.pairwise(gaps))
        assert gaps[-1] > 30
        band.ends_after_s = None
        await asyncio.sleep(90)
        assert bench.outbox.last("band-1") == ("connected", "")
        await bench.end()

    play(story())


def test_a_band_that_breaks_its_profile_is_refused_by_name_and_others_go_on(tmp_path: Path) -> None:
    async def story() -> None:
        good, bad = Band("band-1"), Band("band-2", wrong=True)
        bench = Bench(tmp_path, [FakeAdapter("a", [good, bad])], roster=["band-1", "band-2"])
        await asyncio.sleep(60)
        assert bench.outbox.last("band-2") == ("refused", "band-2: serial (2A25): is missing")
        assert len(bad.links) == 1, "it is left alone for minutes"
        assert len(told(bench.outbox.packets, "band-1")) > 55
        await bench.end()

    play(story())


def test_who_borrows_a_bands_name_does_not_keep_it_from_being_heard(tmp_path: Path) -> None:
    async def story() -> None:
        real = Band("band-1", {"a": -80}, address="real")
        thief = Band("band-1", {"a": -40}, address="thief", wrong=True)
        bench = Bench(tmp_path, [FakeAdapter("a", [thief, real])], roster=["band-1"])
        await asyncio.sleep(10)
        assert len(thief.links) == 1
        assert real.link is not None
        await bench.end()

    play(story())


def test_the_nearer_of_two_gateways_has_the_band_and_the_other_takes_it_over(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1", {"a": -90, "b": -55})
        far = Bench(tmp_path, [FakeAdapter("a", [band])], roster=["band-1"], name="far")
        near = Bench(tmp_path, [FakeAdapter("b", [band])], roster=["band-1"], name="near")
        await asyncio.sleep(10)
        assert [adapter for _, adapter in band.links] == ["b"]
        band.rssi = {"a": -55, "b": -95}
        assert band.link is not None
        band.link.end()
        await asyncio.sleep(10)
        assert [adapter for _, adapter in band.links] == ["b", "a"]
        assert far.outbox.last("band-1") == ("connected", "")
        seqs = told(near.outbox.packets, "band-1") + told(far.outbox.packets, "band-1")
        assert seqs == sorted(set(seqs)), "each packet by one of them"
        await near.end()
        await far.end()

    play(story())


def test_links_are_spread_over_adapters_and_no_adapter_holds_more_than_it_can(tmp_path: Path) -> None:
    async def story() -> None:
        bands = [Band(f"band-{i}", {"a": -50, "b": -50}) for i in range(7)]
        adapters = [FakeAdapter("a", bands, links_max=3), FakeAdapter("b", bands, links_max=3)]
        bench = Bench(tmp_path, adapters, roster=[band.name for band in bands])
        await asyncio.sleep(20)
        assert [adapter.links for adapter in adapters] == [3, 3]
        assert bench.outbox.statuses[-1][1:] == (6, 6)
        await bench.end()

    play(story())


def test_a_deaf_adapter_is_not_connected_by(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1", {"a": -40, "b": -60})
        adapters = [FakeAdapter("a", [band]), FakeAdapter("b", [band])]
        bench = Bench(tmp_path, adapters, roster=[])
        await asyncio.sleep(1)
        adapters[0].tell("pulled out")
        bench.gateway.roster(Roster(v=1, at_us=2, bands=["band-1"]))
        await asyncio.sleep(5)
        assert [adapter for _, adapter in band.links] == ["b"]
        await bench.end()

    play(story())


def test_a_band_is_had_by_the_adapter_that_has_a_bond_with_it(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1", {"a": -40, "b": -60})
        adapters = [FakeAdapter("a", [band]), FakeAdapter("b", [band])]
        adapters[0].bonds, adapters[1].bonds = set(), {"band-1"}
        bench = Bench(tmp_path, adapters, roster=["band-1"])
        await asyncio.sleep(5)
        assert [adapter for _, adapter in band.links] == ["b"]
        assert bench.outbox.last("band-1") == ("connected", "")
        assert bench.outbox.known["band-1"] == (1, 2)
        await bench.end()

    play(story())


def _pairs(bench: Bench, *bands: str, seconds: float = 120.0) -> None:
    until_us = now_us() + round(seconds * 1e6)
    bench.gateway.roster(Roster(v=1, at_us=now_us(), bands=list(bands), pairing=list(bands), pairing_until_us=until_us))


def test_a_band_that_no_adapter_has_a_bond_with_is_not_dialled_and_staff_are_told_what_to_do(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1")
        adapter = FakeAdapter("a", [band])
        adapter.bonds = set()
        bench = Bench(tmp_path, [adapter], roster=["band-1"])
        await asyncio.sleep(30)
        assert band.links == []
        reason = "not bonded with this adapter (a): hold it in pairing mode near the gateway"
        assert [told[1:3] for told in bench.outbox.states] == [("refused", reason)]
        assert bench.outbox.known["band-1"] == (0, 1)
        _pairs(bench, "band-1")
        await asyncio.sleep(5)
        assert band.links == [], "staff pair it, but it is not in pairing mode"
        band.pairing = True
        await asyncio.sleep(8)
        assert bench.outbox.last("band-1") == ("connected", "")
        assert bench.outbox.known["band-1"] == (1, 1)
        await bench.end()

    play(story())


def test_a_band_in_pairing_mode_is_bonded_with_by_every_adapter_of_every_gateway_before_any_holds_it(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        band = Band("band-1", {"a": -50, "b": -70, "c": -60, "d": -90}, pairing=True)
        adapters = [FakeAdapter(name, [band]) for name in "abcd"]
        for adapter in adapters:
            adapter.bonds = set()
        hall = Bench(tmp_path, adapters[:2], roster=[], name="hall", luck=0.2)
        attic = Bench(tmp_path, adapters[2:], roster=[], name="attic", luck=0.7)
        await asyncio.sleep(1)
        for bench in (hall, attic):
            _pairs(bench, "band-1")
        await asyncio.sleep(20)
        assert [adapter.bonds for adapter in adapters] == [{"band-1"}] * 4
        assert sorted(name for _, name in band.links[:4]) == ["a", "b", "c", "d"], "each once, then the race"
        assert len(band.links) == 5
        assert band.links[4][0] - band.links[3][0] < 8
        assert {hall.outbox.known["band-1"], attic.outbox.known["band-1"]} == {(2, 2)}
        assert ("connected", "") in (hall.outbox.last("band-1"), attic.outbox.last("band-1"))
        for bench in (hall, attic):
            await bench.end()

    play(story())


def test_a_band_that_does_not_let_itself_be_bonded_with_is_not_tried_for_ever(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1", {"a": -50}, pairing=True)

        class Refused(FakeAdapter):
            async def open(self, address: str, *, may_pair: bool) -> object:
                band.links.append((0.0, self.name))
                raise LinkError("it does not want to")

        adapter = Refused("a", [band])
        adapter.bonds = set()
        bench = Bench(tmp_path, [adapter], roster=[])
        _pairs(bench, "band-1")
        await asyncio.sleep(100)
        assert len(band.links) == TRIES_MAX
        assert "it does not want to" in " ".join(reason for _, _, reason, _ in bench.outbox.states)
        await bench.end()

    play(story())


def test_a_held_band_that_waits_in_pairing_mode_is_let_go_of_when_staff_pair_it(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1", {"a": -50, "b": -50}, pairing=True)
        adapters = [FakeAdapter("a", [band]), FakeAdapter("b", [band])]
        adapters[0].bonds, adapters[1].bonds = {"band-1"}, set()
        first = Bench(tmp_path, adapters[:1], roster=["band-1"], name="first")
        second = Bench(tmp_path, adapters[1:], roster=["band-1"], name="second")
        await asyncio.sleep(10)
        assert [name for _, name in band.links] == ["a"]
        for bench in (first, second):
            _pairs(bench, "band-1")
        await asyncio.sleep(10)
        assert adapters[1].bonds == {"band-1"}
        assert band.link is not None
        for bench in (first, second):
            await bench.end()

    play(story())


def test_a_link_over_which_nothing_comes_is_ended_and_made_again(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1")
        bench = Bench(tmp_path, [FakeAdapter("a", [band])], roster=["band-1"])
        await asyncio.sleep(5)
        band.mute = True
        await asyncio.sleep(32)
        assert any("nothing was heard" in reason for _, _, reason, _ in bench.outbox.states)
        band.mute = False
        await asyncio.sleep(60)
        assert bench.outbox.last("band-1") == ("connected", "")
        await bench.end()

    play(story())


def test_a_silent_radio_shows_in_the_status(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1")
        adapter = FakeAdapter("a", [band])
        bench = Bench(tmp_path, [adapter], roster=[])
        await asyncio.sleep(10)
        adapter.deaf = True
        deaf_us = now_us()
        await asyncio.sleep(60)
        radio_us = bench.outbox.statuses[-1][0]
        assert radio_us is not None
        assert abs(radio_us - deaf_us) <= 200_000
        await bench.end()

    play(story())


def test_records_that_nobody_can_date_are_told_of_in_plain_words_for_as_long_as_there_are_any(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1", undated=61)
        bench = Bench(tmp_path, [FakeAdapter("a", [band])], roster=["band-1"])
        await asyncio.sleep(10)
        state, reason = bench.outbox.last("band-1")
        assert (state, reason[:35]) == ("connected", "61 records stay in the band: no gat")
        assert "nobody can date them" in reason
        band.undated = 0
        await asyncio.sleep(10)
        assert bench.outbox.last("band-1") == ("connected", "")
        await bench.end()

    play(story())


def _command(do: str, seconds: float) -> Command:
    return Command(v=1, at_us=now_us(), id="c1", do=do, seconds=seconds, expires_us=now_us() + 5_000_000)  # type: ignore[arg-type]


def test_who_is_nearby_is_told_while_somebody_looks(tmp_path: Path) -> None:
    async def story() -> None:
        ours, theirs = Band("band-1"), Band("band-2")
        bench = Bench(tmp_path, [FakeAdapter("a", [ours, theirs])], roster=["band-1"])
        await asyncio.sleep(5)
        assert bench.outbox.lists == []
        bench.gateway.command(_command("look", 10), None)
        await asyncio.sleep(20)
        assert 9 <= len(bench.outbox.lists) <= 11
        assert {(seen.band, seen.connected) for seen in bench.outbox.lists[-1]} == {("band-1", True), ("band-2", False)}
        await bench.end()

    play(story())


def test_a_band_is_released_for_a_while_and_then_had_again(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1")
        bench = Bench(tmp_path, [FakeAdapter("a", [band])], roster=["band-1"])
        await asyncio.sleep(5)
        bench.gateway.command(_command("release", 60), "band-1")
        await asyncio.sleep(58)
        assert band.link is None
        assert bench.outbox.last("band-1")[0] == "released"
        await asyncio.sleep(5)
        assert band.link is not None
        await bench.end()

    play(story())


def test_commands_and_watermarks_reach_the_band(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1")
        bench = Bench(tmp_path, [FakeAdapter("a", [band])], roster=["band-1"])
        await asyncio.sleep(5)
        bench.gateway.command(_command("identify", 3), "band-1")
        bench.gateway.stored("band-1", Stored(v=1, boot=1, since=0, seq=2))
        await asyncio.sleep(1)
        assert band.talk is not None
        assert band.talk.identified == [3]
        assert [stored.seq for stored in band.talk.stored] == [2]
        await bench.end()

    play(story())


def test_a_flood_of_commands_is_shown_once_at_a_time(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1")
        bench = Bench(tmp_path, [FakeAdapter("a", [band])], roster=["band-1"])
        await asyncio.sleep(5)
        assert band.talk is not None
        slow, identified = asyncio.Event(), band.talk.identified

        async def identify(seconds: float) -> bool:
            identified.append(seconds)
            await slow.wait()
            return True

        band.talk.identify = identify  # type: ignore[method-assign]
        for _ in range(2):
            for _ in range(1000):
                bench.gateway.command(_command("identify", 3), "band-1")
            await asyncio.sleep(1)
            assert len(asyncio.all_tasks()) < 20
        assert len(identified) == 1
        slow.set()
        await asyncio.sleep(1)
        bench.gateway.command(_command("identify", 4), "band-1")
        await asyncio.sleep(1)
        assert identified == [3, 4]
        await bench.end()

    play(story())


def test_a_radio_full_of_made_up_names_costs_no_more(tmp_path: Path) -> None:
    async def story() -> None:
        band = Band("band-1")
        adapter = FakeAdapter("a", [band])
        bench = Bench(tmp_path, [adapter], roster=["band-1"])
        await asyncio.sleep(1)
        for i in range(5000):
            adapter.hear(advert(Band(f"band-x{i}")))
            adapter.hear(advert(Band("\0\n" * 40)))
        await asyncio.sleep(5)
        assert band.link is not None
        bench.gateway.command(_command("look", 2), None)
        await asyncio.sleep(2)
        near = bench.outbox.lists[-1]
        assert near[0].band == "band-1", "ours come first, however loud the others are"
        assert len(near) <= 100
        message = encode_message(Nearby(v=1, at_us=now_us(), gateway="g" * 64, bands=near))
        assert decode_message(message, Nearby).bands == near, "what is told can be heard"
        await bench.end()

    play(story())
