"""Lines typed in, what is done to which simulated band out; and how a shaken band moves."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.pairing.gesture import SHAKEN_G, STILL_G, strength
from device_sim.errors import HandError
from device_sim.hands import ACTS, HELP, WORDS, Deed, Grip, Lives, deed_of
from ingest.wire import Packet, Samples

BANDS = ("band-01", "band-02", "strap-7")
LYING = np.tile([[0.0], [0.3], [0.95]], 32)


@pytest.mark.parametrize(
    ("line", "deed"),
    [
        ("tap band-01", Deed("tap", ("band-01",))),
        ("  SHAKE   2 3 \r", Deed("shake", ("band-02", "strap-7"))),
        ("off 1 band-01", Deed("off", ("band-01",))),
        ("help", "help"),
        ("?", "help"),
        ("", None),
        (" \t ", None),
    ],
)
def test_a_line_names_an_act_and_its_bands_by_name_or_number(line: str, deed: object) -> None:
    assert deed_of(line, BANDS) == deed


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tab 1", "did you mean tap"),
        ("dance 1", "say one of tap, shake"),
        ("tap", "say which band, as in: tap band-01"),
        ("tap 4", "4: no such band; there is band-01 to strap-7, or a number from 1 to 3"),
        ("tap 0", "no such band"),
        ("tap 1 ²", "no such band"),
        ("\x1b[2Jtap 1", r"\?\[2jtap: nobody"),
    ],
)
def test_a_wrong_line_is_told_what_would_be_right(line: str, said: str) -> None:
    with pytest.raises(HandError, match=said):
        deed_of(line, BANDS)


@given(st.text(max_size=400))
def test_any_line_is_understood_or_refused_in_one_printable_line(line: str) -> None:
    try:
        deed = deed_of(line, BANDS)
    except HandError as error:
        said = str(error)
    else:
        said = "" if deed is None else str(deed)
    assert said.isprintable()


def test_every_act_is_in_the_help() -> None:
    assert set(WORDS) == set(ACTS)
    assert all(f"{act} BAND" in HELP for act in ACTS)


@given(begin_s=st.floats(0, 1e6), lean=st.integers(0, 2))
def test_a_shaken_band_is_shaken_and_one_held_still_is_still_however_it_is_held(begin_s: float, lean: int) -> None:
    grip = Grip()
    held = np.roll(LYING, lean, axis=0)
    grip.turn(begin_s, shaken=True)
    grip.turn(begin_s + 1, shaken=False)
    shaken = np.clip(grip.felt(held, begin_s=begin_s, end_s=begin_s + 1), -2, 2)
    assert (strength(shaken, 32) > 1.5 * SHAKEN_G).all()
    still = grip.felt(held, begin_s=begin_s + 1, end_s=begin_s + 2)
    assert (strength(still, 32) < STILL_G / 4).all()


def test_a_shake_begins_and_ends_within_a_second() -> None:
    grip = Grip()
    grip.turn(10.5, shaken=True)
    grip.turn(11.25, shaken=False)
    moved = np.concatenate([grip.felt(LYING, begin_s=s, end_s=s + 1) - LYING for s in (9.0, 10.0, 11.0)], axis=1)
    on = np.flatnonzero(np.abs(moved).max(axis=0) > 0)
    assert (on[0], on[-1]) == (48, 71)
    assert grip.felt(LYING, begin_s=12, end_s=13) is LYING


def packet(seq: int) -> Packet:
    begin_us = 5_000_000 + 1_000_000 * seq
    eda = Samples(rate_hz=4.0, tick_us=begin_us, values=bytes(8), dtype="i2")
    return Packet(v=1, band="band-01", boot=7, seq=seq, tick_us=begin_us + 1_000_000, eda=eda)


def test_a_rebooted_band_counts_its_records_and_its_time_anew() -> None:
    lives = Lives(7)
    assert lives.named(packet(3), 7, began_us=8_000_000) == packet(3)
    assert lives.named(packet(4), 8, began_us=-200_000) is None, "the second in which it was switched off is lost"
    first, second = (lives.named(packet(seq), 8, began_us=0 if seq > 5 else 800_000) for seq in (5, 6))
    assert first is not None
    assert second is not None
    assert (first.boot, first.seq, first.tick_us) == (8, 0, 1_800_000)
    assert first.eda is not None
    assert first.eda.tick_us == 800_000
    assert (second.boot, second.seq, second.tick_us) == (8, 1, 2_800_000)


def live(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


def test_hands_do_to_bands_on_the_air_what_is_typed_and_to_no_others() -> None:
    pytest.importorskip("bumble", reason="the extra radio is not installed")
    from device_sim.ble import BandsOnAir
    from device_sim.scenario import load
    from device_sim.wristband.forecalm import ForecalmBand

    made: list[Packet] = []

    async def test() -> None:
        kinds = ("forecalm", "forecalm", "strap")
        bands = BandsOnAir(
            load("quiet"), seed=1, kinds=kinds, wearers=3, speed=20, boot=7, always_pairing=False, made=made.append
        )
        await bands.start()
        one, two = bands.bands["band-01"], bands.bands["band-02"]
        assert isinstance(one, ForecalmBand)
        assert isinstance(two, ForecalmBand)
        await bands.play(2)
        assert await bands.obey("shake 1") == ["band-01: take it in the hand and shake it hard, until told otherwise"]
        await bands.play(3)
        assert [packet.contact for packet in made if packet.band == "band-02"] == [True] * 5
        await bands.obey("charge 2")
        assert two.firmware.charging
        await bands.obey("on 2")
        assert not two.firmware.charging
        await bands.obey("off 2")
        await bands.obey("reboot 1")
        await bands.play(3)
        with pytest.raises(HandError, match="band-03: cannot tap: it is a strap; only forecalm bands can"):
            await bands.obey("tap 3")
        with pytest.raises(HandError, match="band-03: cannot shake: a strap senses no movement"):
            await bands.obey("shake 3")
        account = bands.account()
        assert [(band.boot, band.last_seq) for band in account.bands[1:]] == [(7, 1807), (None, None)]
        assert account.bands[0].boot == 8
        assert account.bands[0].first_seq == 0
        assert await bands.obey("help") == HELP.splitlines()
        await bands.stop()

    live(test())
    by_band = {band: [packet for packet in made if packet.band == band] for band in ("band-01", "band-02")}
    assert shaken(by_band["band-01"]) == [False] * 2 + [True] * (len(by_band["band-01"]) - 2), "until told otherwise"
    assert not any(shaken(by_band["band-02"]))
    assert [packet.contact for packet in by_band["band-02"]] == [True] * 5 + [False] * 3
    assert all(packet.seq == i for i, packet in enumerate(p for p in by_band["band-01"] if p.boot == 8))


def shaken(packets: list[Packet]) -> list[bool]:
    motions = [packet.motion for packet in packets]
    found = []
    for motion in motions:
        assert motion is not None
        counts = np.frombuffer(bytes(motion.values), "<i2").reshape(-1, 3).T  # type: ignore[arg-type]
        found.append(bool((strength(counts * motion.scale, motion.rate_hz) > SHAKEN_G).all()))
    return found
