"""A band that says more than a band has to say is sent away by name, before others wait for it."""

import asyncio
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from ingest.ble.pacing import (
    BOOTS_MAX,
    MOTIONS_HZ,
    PACKETS_HZ,
    POLAR_TIMES,
    PULSES_HZ,
    RECORDS_BURST,
    STUCK_S,
    WORDS_BURST,
    Pace,
)
from ingest.ble.profile import Conversation
from ingest.ble.profiles.forecalm import ForecalmBand
from ingest.ble.profiles.heart_rate import HeartRateStrap
from ingest.ble.profiles.infinitime import InfiniTime
from ingest.ble.profiles.polar import Polar
from ingest.errors import GattError
from ingest.gatt import uuids
from ingest.gatt.forecalm.control import Clock, Event, Run, State, TimeMark, encode_marks
from ingest.gatt.forecalm.fragments import fragments
from ingest.gatt.forecalm.records import Record
from ingest.gatt.heart_rate import HeartRate
from ingest.gatt.infinitime import encode_motion
from ingest.gatt.polar import Frame, Kind, Response, encode_acceleration
from tests.ingest.ble.gateway_bench import START_US, now_us, play
from tests.ingest.ble.test_profiles import Ears, PolarBand, Words, _light, _steady

MTU = 247
READS = {
    uuids.SERIAL: b"band-01",
    uuids.STATE: bytes(State(1, 0, 0, 5_000_000, 80, True, False)),
    uuids.CLOCK: bytes(Clock(1, 5_000_000)),
    uuids.TIME_MARK: encode_marks(()),
}
OFFERS = {uuids.RECORDS, uuids.STATE, uuids.CONTROL_POINT, uuids.EVENTS, uuids.CLOCK, uuids.TIME_MARK, uuids.SERIAL}


def record(boot: int, seq: int, *, backfilled: bool = False, tick_us: int = 6_000_000) -> list[bytes]:
    return fragments(bytes(Record(boot, seq, tick_us, 80, True)), seq=seq, mtu=MTU, backfilled=backfilled)


def flood() -> Iterator[tuple[str, bytes]]:
    for seq in range(100_000):
        yield from ((uuids.RECORDS, piece) for piece in record(1, seq))


def backfills() -> Iterator[tuple[str, bytes]]:
    for seq in range(100_000):
        yield from ((uuids.RECORDS, piece) for piece in record(1, seq, backfilled=True))


def rubbish() -> Iterator[tuple[str, bytes]]:
    for n in range(100_000):
        yield uuids.RECORDS, bytes((0x80, n & 0xFF)) + n.to_bytes(4, "little")


def torn() -> Iterator[tuple[str, bytes]]:
    for n in range(100_000):
        yield uuids.RECORDS, bytes((0x05, n & 0xFF, 0))


def starts() -> Iterator[tuple[str, bytes]]:
    for boot in range(1, 100):
        yield from ((uuids.RECORDS, piece) for piece in record(boot, 0))


def earlier() -> Iterator[tuple[str, bytes]]:
    for n in range(BOOTS_MAX):
        runs = tuple(Run(1000 + 32 * n + i, 0, (1 << 32) - 1) for i in range(32))
        yield uuids.STATE, bytes(State(1, 0, 0, 5_000_000, 80, True, False, runs))


def states() -> Iterator[tuple[str, bytes]]:
    for n in range(100_000):
        yield uuids.STATE, bytes(State(1, 0, 0, n, 80, True, False))


def taps() -> Iterator[tuple[str, bytes]]:
    for n in range(100_000):
        yield uuids.EVENTS, bytes(Event("double_tap", 1, n))


def say_all(link: Words, said: Iterator[tuple[str, bytes]]) -> None:
    for characteristic, data in said:
        link.say(characteristic, data)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (flood, "records .0101.: pace"),
        (backfills, "records .0101.: pace"),
        (rubbish, "crc: pace"),
        (torn, "records .0101.: pace"),
        (starts, "boot: 2 after 1"),
        (earlier, "boot: more than 64"),
        (states, "state .0103.: pace"),
        (taps, "events .0202.: pace"),
    ],
)
def test_a_band_that_floods_is_sent_away_by_name_before_it_fills_anything(
    said: Callable[[], Iterator[tuple[str, bytes]]], named: str
) -> None:
    async def story() -> None:
        link, ears = Words(READS, OFFERS), Ears()
        talk = asyncio.create_task(ForecalmBand().converse("band-01", link, ears).run())
        await asyncio.sleep(0.1)
        with pytest.raises(GattError, match=named):
            say_all(link, said())
        with pytest.raises(GattError, match=f"band-01: .*{named}"):
            await talk
        assert len(ears.packets) <= RECORDS_BURST
        assert len(ears.said) <= 250

    play(story())


def test_a_band_that_sends_its_memory_as_fast_as_it_is_asked_to_is_not_a_flood() -> None:
    async def story() -> None:
        link, ears = Words(READS, OFFERS), Ears()
        talk = asyncio.create_task(ForecalmBand().converse("band-01", link, ears).run())
        await asyncio.sleep(0.1)
        for look in range(40):
            for seq in range(120):
                for piece in record(1, look * 120 + seq, backfilled=True):
                    link.say(uuids.RECORDS, piece)
            await asyncio.sleep(0.5)
        link.end()
        await talk
        assert len(ears.packets) == 4800

    play(story())


def test_what_a_mark_dates_in_the_future_is_left_in_the_band_and_does_not_pass_for_the_present() -> None:
    async def story() -> None:
        ahead = TimeMark(9, 1_000_000, START_US + 86_400_000_000, 0)
        link, ears = Words({**READS, uuids.TIME_MARK: encode_marks((ahead,))}, OFFERS), Ears()
        talk = asyncio.create_task(ForecalmBand().converse("band-01", link, ears).run())
        await asyncio.sleep(0.1)
        for piece in record(9, 5, backfilled=True):
            link.say(uuids.RECORDS, piece)
        link.end()
        await talk
        assert ears.packets == []

    play(story())


def test_a_mark_that_lay_ahead_of_a_clock_that_was_behind_counts_once_that_is_set() -> None:
    async def story() -> None:
        mark = TimeMark(9, 1_000_000, START_US, 0)
        link, ears = Words({**READS, uuids.TIME_MARK: encode_marks((mark,))}, OFFERS), Ears()
        behind_us = 7_200_000_000
        link.now_us = lambda: now_us() - behind_us  # type: ignore[method-assign]
        talk = asyncio.create_task(ForecalmBand().converse("band-01", link, ears).run())
        await asyncio.sleep(0.1)
        behind_us = 0
        for piece in record(1, 6, backfilled=False):
            link.say(uuids.RECORDS, piece)
        await asyncio.sleep(1.0)
        for piece in record(9, 5, backfilled=True):
            link.say(uuids.RECORDS, piece)
        link.end()
        await talk
        assert [packet.boot for packet in ears.packets] == [1, 9]

    play(story())


def test_a_pace_is_borne_for_ever_and_a_burst_once() -> None:
    pace = Pace("x (0)", hz=10, burst=5)
    for n in range(1000):
        pace.count(n / 10)
    pace.count(200.0, 5)
    with pytest.raises(GattError, match=r"x .0.: pace"):
        pace.count(200.0)


def strap() -> tuple[Words, Conversation, Ears]:
    link, ears = Words({}, {uuids.HEART_RATE}), Ears()
    return link, HeartRateStrap(_steady).converse("other-1", link, ears), ears


def watch() -> tuple[Words, Conversation, Ears]:
    link, ears = Words({}, {uuids.INFINITIME_MOTION}), Ears()
    return link, InfiniTime(_steady).converse("other-1", link, ears), ears


def light() -> tuple[Words, Conversation, Ears]:
    link, ears = PolarBand({Kind.PPG}).link, Ears()
    return link, Polar(_steady).converse("other-1", link, ears), ears


def chest() -> tuple[Words, Conversation, Ears]:
    link, ears = PolarBand({Kind.ACCELERATION}).link, Ears()
    return link, Polar(_steady).converse("other-1", link, ears), ears


PULSE = bytes(HeartRate(60, intervals=(1024,)))


def frame(n: int) -> bytes:
    return _light(1 + n * 1e-6, 27)


def holes(n: int) -> bytes:
    return _light(1 + n * 1e-6, 2)


def unasked(n: int) -> bytes:
    return bytes(Frame(Kind.ECG, n, 0, False, b""))


OTHERS = [
    (strap, uuids.HEART_RATE, lambda _: PULSE, "heart rate .2A37.: pace", PULSES_HZ * STUCK_S),
    (chest, uuids.HEART_RATE, lambda _: PULSE, "heart rate .2A37.: pace", PULSES_HZ * STUCK_S),
    (watch, uuids.INFINITIME_MOTION, lambda _: encode_motion(0, 0, 1024), "motion .*: pace", MOTIONS_HZ * STUCK_S),
    (light, uuids.POLAR_DATA, frame, "Polar data .FB005C82.: samples: pace", POLAR_TIMES * 55 * STUCK_S / 27),
    (light, uuids.POLAR_DATA, holes, "packets: pace", PACKETS_HZ * STUCK_S),
    (light, uuids.POLAR_DATA, unasked, "Polar data .FB005C82.: samples: pace", POLAR_TIMES * 55 * STUCK_S),
    (light, uuids.POLAR_CONTROL, lambda _: bytes(Response(1, 1, 0, {})), "Polar control .*: pace", WORDS_BURST),
]


@pytest.mark.parametrize(("kind", "characteristic", "said", "named", "borne"), OTHERS)
def test_a_band_of_any_kind_that_floods_is_sent_away_by_name(
    kind: Callable[[], tuple[Words, Conversation, Ears]],
    characteristic: str,
    said: Callable[[int], bytes],
    named: str,
    borne: float,
) -> None:
    async def story() -> None:
        link, talk, ears = kind()
        running = asyncio.create_task(talk.run())
        await asyncio.sleep(0.1)
        counted = iter(range(20_000))
        with pytest.raises(GattError, match=named):
            say_all(link, ((characteristic, said(n)) for n in counted))
        told = next(counted) - 1
        assert borne - 5 <= told <= borne + 5
        with pytest.raises(GattError, match=f"other-1: .*{named}"):
            await running
        assert len(ears.packets) <= PACKETS_HZ * STUCK_S

    play(story())


def test_other_bands_may_go_on_at_their_fastest_for_ever_and_come_late_once() -> None:
    async def story() -> None:
        links = [kind() for kind in (strap, watch, light)]
        running = [asyncio.create_task(talk.run()) for _, talk, _ in links]
        (straps, watches, polars), tenths = [link for link, _, _ in links], 0

        def tell() -> None:
            nonlocal tenths
            tenths += 1
            watches.say(uuids.INFINITIME_MOTION, encode_motion(0, 0, 1024))
            if tenths % 3 == 0:
                straps.say(uuids.HEART_RATE, bytes(HeartRate(200, intervals=(307,))))
            if tenths % 5 == 0:
                polars.say(uuids.POLAR_DATA, _light(1 + tenths / 10, 88))  # as somebody else began it: 176 Hz

        await asyncio.sleep(0.1)
        for _ in range(6_000):
            await asyncio.sleep(0.1)
            tell()
        await asyncio.sleep(25.0)
        for _ in range(250):
            tell()
        for link in (straps, watches, polars):
            link.end()
        await asyncio.gather(*running)

    play(story())


def test_a_chest_straps_motion_at_its_own_rate_is_no_flood() -> None:
    async def story() -> None:
        link, talk, ears = chest()
        running = asyncio.create_task(talk.run())
        await asyncio.sleep(0.1)
        mg = encode_acceleration(np.zeros((52, 3), np.int32))
        for i in range(600):
            await asyncio.sleep(1.0)
            link.say(uuids.HEART_RATE, PULSE)
            link.say(uuids.POLAR_DATA, bytes(Frame(Kind.ACCELERATION, (i + 1) * 10**9, 1, False, mg)))
        link.end()
        await running
        assert len(ears.packets) >= 590

    play(story())
