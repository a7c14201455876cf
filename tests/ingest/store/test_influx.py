"""Against InfluxDB's real engine: what settles there comes back to the last bit, once, whatever happens in between."""
# ruff: noqa: S608 - the queries are ours

import json
import logging
import math
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from ingest.errors import StoreError
from ingest.received import Received
from ingest.store.inbox import Inbox
from ingest.store.influx import InfluxRest
from ingest.store.influx_connection import InfluxConnection
from ingest.store.influx_points import FIELDS, PACKET, PAYLOAD
from ingest.store.line_protocol import lines, point
from ingest.store.protocol import View
from ingest.types import CHANNELS
from ingest.wire import Intervals, Packet, Samples, encode
from tests.ingest.store.influx_server import TOKEN, Influx, Scripted, bucket_of, influx_store

MakeReceived = Callable[..., Received]
UTC_S = 1e9
MEASUREMENTS = (PACKET, PAYLOAD, *FIELDS)
NOTHING = View(sqlite3.connect(":memory:"), frozenset())
INF = math.inf


@pytest.fixture
def rest(connection: InfluxConnection) -> InfluxRest:
    return InfluxRest(connection)


def everything(influx: Influx, bucket: str) -> dict[str, list]:
    """Every point of a database, by measurement."""
    return {m: influx.ask(f'SELECT * FROM "{m}" GROUP BY *', bucket) for m in MEASUREMENTS}


def kept(rest: InfluxRest, band: str = "b") -> list[Received]:
    return list(rest.packets(band, -INF, INF, NOTHING))


def by_start(packets: list[Received]) -> list[Received]:
    return sorted(packets, key=lambda r: (r.span_s()[0], r.packet.boot, r.packet.seq))


NUMBERS = st.one_of(
    st.floats(-9, 9), st.sampled_from([math.nan, -0.0, 1e9, -1e30, 5e-324]), st.floats(allow_infinity=False)
)

RATES = st.one_of(st.sampled_from([1.0, 2.0, 4.0]), st.floats(0.5, 512))


@st.composite
def channels(draw: st.DrawFn, name: str, tick_us: int) -> Samples:
    axes = CHANNELS[name].axes
    n = draw(st.integers(1, 5)) * axes
    dtype = draw(st.sampled_from(["f4", "i2", "f8"]))
    others = {"scale": draw(st.sampled_from([1.0, 0.01, 1 / 3, -0.5, 1e-3]))} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        values = draw(
            st.lists(st.one_of(st.none(), st.floats(-50, 50), st.floats(-1e12, 1e12)), min_size=n, max_size=n)
        )
        return Samples(rate_hz=draw(RATES), tick_us=tick_us, values=values, **others)
    if dtype == "i2":
        numbers = np.array(draw(st.lists(st.integers(-32768, 32767), min_size=n, max_size=n)), "<i2")
    else:
        with np.errstate(over="ignore"):
            numbers = np.array(draw(st.lists(NUMBERS, min_size=n, max_size=n)), "<f8").astype(f"<{dtype}")
        numbers[np.isinf(numbers)] = 1
    return Samples(rate_hz=draw(RATES), tick_us=tick_us, values=numbers.tobytes(), dtype=dtype, **others)


@st.composite
def packets(draw: st.DrawFn) -> list[Received]:
    """Packets of one boot whose clock moves, stands still or goes back, in order of their start."""
    made = []
    for seq in sorted(draw(st.sets(st.one_of(st.integers(0, 9), st.integers(0, 2**53 - 1)), min_size=1, max_size=6))):
        tick_us = draw(st.integers(0, 4)) * 1_000_000
        names = draw(st.sets(st.sampled_from([name for name in CHANNELS if name != "ibi"])))
        beats = draw(st.one_of(st.none(), st.lists(st.integers(0, 9), max_size=4)))
        packet = Packet(
            v=1, band="b", boot=7, seq=seq, tick_us=tick_us + 1_000_000,
            sent_us=draw(st.one_of(st.none(), st.just(2**53 - 1))),
            heard_us=draw(st.one_of(st.none(), st.integers(0, 2**53 - 1))),
            gateway=draw(st.sampled_from([None, "g-1", "_"])),
            lost=draw(st.sampled_from([None, (1 << 40, 1 << 41)])),
            battery=draw(st.one_of(st.none(), st.integers(0, 100))),
            contact=draw(st.sampled_from([None, True, False])),
            ibi=None if beats is None else Intervals(
                tick_us=[tick_us + 1000 * beat for beat in sorted(beats)], interval_s=[0.1 + beat / 3 for beat in beats]
            ),
            **{name: draw(channels(name, tick_us)) for name in names},
        )  # fmt: skip
        made.append(Received(packet, draw(st.sampled_from([1e9, 1e9 + 1e-7, 1e9 - 0.1])), draw(st.floats(0, 2e9)), b""))
    return by_start(made)


def told(received: Received) -> tuple:
    """All that is to come back; numbers by their bits."""
    lists = [[v.hex() if v is not None else v for v in s.values] for s in received.packet.samples().values()
             if isinstance(s.values, list)]  # fmt: skip
    return received.packet, received.offset_s.hex(), received.received_s.hex(), lists


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(batch=packets(), cut=st.integers(0, 6), again=st.booleans())
def test_any_packets_come_back_to_the_last_bit(
    influx: Influx, tmp_path_factory: pytest.TempPathFactory, batch: list[Received], cut: int, again: bool
) -> None:
    bucket = bucket_of(influx, tmp_path_factory.mktemp("any"))
    with closing(InfluxConnection(url=influx.url, bucket=bucket, token=TOKEN)) as connection:
        rest = InfluxRest(connection)
        for some in (batch[cut:], batch[:cut], batch if again else []):
            if some:
                rest.keep(some)
        assert [told(r) for r in kept(rest)] == [told(r) for r in batch]
        for channel in CHANNELS:
            blocks = [b for r in batch for b in r.blocks() if b.channel == channel]
            blocks.sort(key=lambda block: block.start_s)
            found = list(rest.read("b", channel, -INF, INF, NOTHING))
            key = [(b.start_s, b.rate_hz, b.values.shape, b.values.tobytes()) for b in found]
            assert sorted(key) == sorted((b.start_s, b.rate_hz, b.values.shape, b.values.tobytes()) for b in blocks)
        assert rest.check() == []
        before = everything(influx, bucket)
        rest.keep(batch)
        assert everything(influx, bucket) == before


def test_two_boots_at_one_time_are_told_apart(rest: InfluxRest, make_received: MakeReceived) -> None:
    first, second = ([make_received(seq=seq, boot=boot) for seq in range(3)] for boot in (1, 2**53 - 1))
    rest.keep(first)
    rest.keep(second)
    assert kept(rest) == by_start([*first, *second])


def test_more_packets_at_one_moment_than_an_answer_holds_all_come_back(
    rest: InfluxRest, make_received: MakeReceived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.store.influx.ROWS_MAX", 7)
    monkeypatch.setattr("ingest.store.influx.SAMPLES_MAX", 100)
    stuck = [make_received(seq=seq, start_s=5.0) for seq in range(30)]
    other = [make_received(seq=seq, boot=2) for seq in range(20)]
    rest.keep(stuck)
    rest.keep(other)
    assert kept(rest) == by_start([*stuck, *other])
    assert len(list(rest.read("b", "ppg", UTC_S + 5.2, UTC_S + 5.3, NOTHING))) == 31


def test_a_packet_too_large_for_one_field_comes_back(rest: InfluxRest, make_received: MakeReceived) -> None:
    noise = np.random.default_rng(0).normal(size=16_384 * 3) * 1e6  # beyond what an accelerometer can say
    motion = Samples(rate_hz=64.0, tick_us=0, values=noise.astype("<f8").tobytes(), dtype="f8")
    packet = make_received(seq=0, rates_hz={}, motion=motion)
    rest.keep([packet])
    assert kept(rest) == [packet]


def test_samples_are_drawn_in_physical_units_under_the_bands_name(
    rest: InfluxRest, influx: Influx, bucket: str, make_received: MakeReceived
) -> None:
    numbers = np.array([150, -32768, 152, 153], "<i2")
    eda = Samples(rate_hz=4.0, tick_us=0, values=numbers.tobytes(), dtype="i2", scale=0.01)
    rest.keep([make_received(seq=0, rates_hz={}, eda=eda, battery=80)])
    (series,) = influx.ask('SELECT * FROM "eda" GROUP BY *', bucket)
    assert series["tags"] == {"band": "b", "boot": "1"}
    at = 10**18
    assert series["values"] == [[at, 1.5], [at + 500_000_000, 1.52], [at + 750_000_000, 1.53]]
    (series,) = influx.ask('SELECT "battery", "late_s" FROM "packet"', bucket)
    assert series["values"] == [[at, 80, 0]]


def test_what_is_in_the_inbox_too_is_told_from_there(rest: InfluxRest, make_received: MakeReceived) -> None:
    batch = [make_received(seq=seq) for seq in range(4)]
    rest.keep(batch)
    view = View(NOTHING.db, {("b", 1, 2), ("c", 1, 0)})
    assert list(rest.packets("b", -INF, INF, view)) == [batch[0], batch[1], batch[3]]
    assert [b.start_s - UTC_S for b in rest.read("b", "eda", -INF, INF, view)] == [0, 1, 3]


def test_an_erasure_takes_every_point_of_its_packets_and_none_of_others(
    rest: InfluxRest, influx: Influx, bucket: str, tmp_path: Path, make_received: MakeReceived
) -> None:
    def packets_by_boot() -> dict[int, int]:
        with closing(Inbox(tmp_path / "inbox.sqlite").database) as database, database.snapshot() as db:
            return {boot: totals.packets for boot, totals in rest.totals("b", db).items()}

    ibi = Intervals(tick_us=[4_100_000, 4_900_000], interval_s=[0.8, 0.8])
    batch = [make_received(seq=seq, ibi=ibi if seq == 4 else None) for seq in range(9)]
    odd = make_received(seq=20, start_s=4.5)  # at moments where there is something already
    other = make_received(seq=4, band="c")
    rest.keep([*batch[:5], odd, *batch[5:]])
    rest.keep([other])
    rest.erase("b", UTC_S + 3.5, UTC_S + 5.0)
    assert kept(rest) == [*batch[:3], *batch[5:]]
    assert kept(rest, "c") == [other]
    assert rest.check() == []
    assert packets_by_boot() == {1: 7}
    for measurement in MEASUREMENTS:
        between = f"time >= {int(UTC_S + 3)}s AND time < {int(UTC_S + 5)}s"
        query = f'SELECT * FROM "{measurement}" WHERE "band" = \'b\' AND {between}'
        assert influx.ask(query, bucket) == [], measurement
    rest.erase("b", -INF, INF)
    rest.erase("b", -INF, INF)
    assert kept(rest) == []
    assert packets_by_boot() == {}


def test_a_packet_that_comes_late_takes_no_sample_from_those_that_are_there(
    rest: InfluxRest, make_received: MakeReceived
) -> None:
    there = [make_received(seq=seq) for seq in range(5, 8)]
    late = make_received(seq=1, start_s=4.5, rates_hz={"eda": 4.0}, eda=make_received(seq=9).packet.eda)
    late = replace(late, packet=structs.replace(late.packet, eda=structs.replace(late.packet.eda, tick_us=4_500_000)))
    long = make_received(seq=2, start_s=4.25, length_s=3.5)
    rest.keep(there)
    rest.keep([late])
    rest.keep([long])
    assert [r.packet for r in kept(rest)] == [r.packet for r in by_start([*there, late, long])]
    assert rest.check() == []


def test_a_long_erasure_goes_by_parts(
    rest: InfluxRest, make_received: MakeReceived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.store.influx.ERASE_MAX", 5)
    monkeypatch.setattr("ingest.store.influx.REACH_S", 3.0)
    monkeypatch.setattr("ingest.store.influx.ROWS_MAX", 4)
    batch = [make_received(seq=seq, rates_hz={"eda": 4.0, "ppg": 8.0}) for seq in range(40)]
    rest.keep(batch)
    rest.erase("b", UTC_S + 5.5, UTC_S + 33.0)
    assert kept(rest) == [*batch[:5], *batch[33:]]
    assert rest.check() == []


def test_what_is_outside_the_asked_range_need_not_be_whole(
    rest: InfluxRest, influx: Influx, bucket: str, make_received: MakeReceived
) -> None:
    batch = [make_received(seq=seq) for seq in range(4)]
    rest.keep(batch)
    influx.ask(f'DELETE FROM "eda" WHERE time < {int(UTC_S + 1)}s', bucket)  # as if still being written
    assert len(list(rest.read("b", "eda", UTC_S + 1, UTC_S + 3, NOTHING))) == 2
    assert list(rest.packets("b", UTC_S + 1, INF, NOTHING)) == batch[1:]


def test_samples_that_went_missing_are_told_of(
    rest: InfluxRest, influx: Influx, bucket: str, make_received: MakeReceived
) -> None:
    rest.keep([make_received(seq=seq) for seq in range(3)])
    influx.ask(f'DELETE FROM "ppg" WHERE time > {int(UTC_S)}s AND time < {int(UTC_S + 1)}s', bucket)
    with pytest.raises(StoreError, match=r"1 numbers of ppg are there of 64 of packet 1/0 of band b"):
        kept(rest)
    assert len(list(rest.read("b", "eda", -INF, INF, NOTHING))) == 3
    (line,) = rest.check()
    assert "ppg of band b: 129 numbers for 192" in line


def test_what_line_protocol_says_the_engine_understands(
    influx: Influx, bucket: str, connection: InfluxConnection
) -> None:
    names = ["a b", "a,b", "a=b", "50%", "é", "a\\b", '"quoted"', "x'y", "-", "0"]
    values = np.array(
        [0.0, -0.0, 1e16, 5e-324, 1.7976931348623157e308, 0.1, 1 / 3, 2.0**53 + 2, 1e-7, 123456789012345680.0]
    )
    whole = np.array([0, 1, -1, 2**63 - 1, -(2**63), 2**53 + 1, 5, 6, 7, 8])
    for i, name in enumerate(names):
        strings = [f'"{name}\\ {j}\n' for j in range(10)]
        fields = {name: values, "i": whole, "s": strings, "f": whole > 0}
        connection.write(lines(name, {name: name}, fields, np.arange(10) + i))
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        ((tags, rows),) = connection.rows(f'SELECT "{quoted}", i, f FROM "{quoted}" GROUP BY *', float, int, bool)
        assert tags == {name: name}
        assert [row[0] for row in rows] == list(range(i, i + 10))
        np.testing.assert_array_equal(np.array([row[1] for row in rows]).view(np.int64), values.view(np.int64))
        assert [row[2:] for row in rows] == list(zip(whole.tolist(), (whole > 0).tolist(), strict=True))
        ((_, texts),) = connection.rows(f'SELECT s FROM "{quoted}" GROUP BY *', str)
        assert [row[1] for row in texts] == strings


def test_a_large_write_goes_in_bounded_requests(
    influx: Influx, connection: InfluxConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.store.influx_connection.BODY_MAX", 1000)
    before = influx.written
    connection.write(
        lines("m", {}, {"v": np.arange(200) + 0.5}, np.arange(200)) + point("m", {}, {"s": "x" * 3000}, 999)
    )
    assert influx.written - before >= 4
    assert [row for _, rows in connection.rows("SELECT count(v), count(s) FROM m", int, int) for row in rows] == [
        (0, 200, 1)
    ]


def test_the_engine_is_killed_in_the_middle_of_settling(
    influx: Influx, tmp_path: Path, make_received: MakeReceived, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = [make_received(seq=seq, late_s=float(seq)) for seq in range(20)]
    with closing(influx_store(influx, tmp_path)) as store:
        store.commit(batch)
        written = InfluxConnection.write

        def half(self: InfluxConnection, text: bytes) -> None:
            written(self, text[: text.rfind(b"\n", 0, len(text) // 2) + 1])
            influx.kill()
            written(self, text)

        for kills in range(2):
            with monkeypatch.context() as patch:
                patch.setattr(InfluxConnection, "write", half if kills == 0 else _second(written, half))
                with pytest.raises(StoreError, match="cannot be reached"):
                    store.settle(UTC_S + 1e6, everything=True)
            assert store.counts().packets == {"b": 20}
            assert store.commit([make_received(seq=20 + kills)]) == 1
            influx.start()
            assert list(store.packets("b"))[:20] == batch
            store.erase("b", UTC_S + 20 + kills, INF)
        assert store.settle(UTC_S + 1e6, everything=True) == 20
        assert store.settle(UTC_S + 1e6, everything=True) == 0
        assert list(store.packets("b")) == batch
        assert store.check() == []
        once = everything(influx, bucket_of(influx, tmp_path))
    assert len(once["ppg"][0]["values"]) == 20 * 64


def _second(first: Callable[..., None], then: Callable[..., None]) -> Callable[..., None]:
    """A write that goes well once."""
    calls = []

    def write(self: InfluxConnection, text: bytes) -> None:
        calls.append(text)
        (first if len(calls) == 1 else then)(self, text)

    return write


def test_an_answer_that_got_lost_makes_nothing_twice(
    influx: Influx, tmp_path: Path, make_received: MakeReceived
) -> None:
    batch = [make_received(seq=seq) for seq in range(5)]
    with closing(influx_store(influx, tmp_path)) as store:
        store.commit(batch)
        influx.scripted = [Scripted("POST", "/api/v2/write", 504, b'{"message":"timeout"}', after=True)]
        with pytest.raises(StoreError, match="504"):
            store.settle(UTC_S + 1e6, everything=True)
        assert store.settle(UTC_S + 1e6, everything=True) == 5
        assert list(store.packets("b")) == batch
        assert store.check() == []


WRITE = ("POST", "/api/v2/write")


@pytest.mark.parametrize(
    ("scripted", "said"),
    [
        (Scripted(*WRITE, 401, b'{"message":"unauthorized access"}'), "the token is not valid"),
        (Scripted(*WRITE, 403, b'{"message":"insufficient permissions"}'), "may not do this"),
        (Scripted(*WRITE, 404, b'{"message":"bucket \\"x\\" not found"}'), "no such bucket"),
        (Scripted(*WRITE, 413, b"too large"), "max-body-size"),
        (Scripted(*WRITE, 422, b'{"message":"outside retention"}'), "retention"),
        (
            Scripted(*WRITE, 400, b'{"message":"partial write: points beyond retention policy dropped=3"}'),
            "retention of",
        ),
        (Scripted(*WRITE, 503, b"", {"Retry-After": "7"}), "overloaded"),
        (Scripted(*WRITE, 500, TOKEN.encode()), "500"),
        (Scripted("GET", "/query", 401, b"no " + TOKEN.encode()), "the token is not valid"),
        (Scripted("GET", "/query", 200, b"<html>a proxy</html>"), "is not InfluxQL's"),
        (Scripted("GET", "/query", 200, b'{"results":[{"partial":true}]}'), "cut short"),
        (Scripted("GET", "/query", 200, b'{"error":"timeout"}'), "timeout"),
    ],
)
def test_what_the_server_refuses_is_told_with_the_mend_and_without_the_token(
    influx: Influx,
    rest: InfluxRest,
    make_received: MakeReceived,
    caplog: pytest.LogCaptureFixture,
    scripted: Scripted,
    said: str,
) -> None:
    caplog.set_level(logging.INFO)
    influx.scripted = [scripted]
    with pytest.raises(StoreError, match=said) as caught:
        rest.keep([make_received(seq=0)])
    assert influx.url in str(caught.value)
    assert TOKEN not in str(caught.value) + caplog.text


def test_a_server_that_asks_for_patience_is_left_alone(influx: Influx, bucket: str) -> None:
    now_s = [0.0]
    influx.scripted = [Scripted(*WRITE, 429, b"", {"Retry-After": "9"})]
    with closing(InfluxConnection(url=influx.url, bucket=bucket, token=TOKEN, clock=lambda: now_s[0])) as connection:
        with pytest.raises(StoreError, match="429"):
            connection.write(b"m v=1 1\n")
        with pytest.raises(StoreError, match="left alone for another 9 s"):
            connection.write(b"m v=1 1\n")
        now_s[0] = 9.5
        connection.write(b"m v=1 1\n")


def test_points_that_the_engine_drops_are_an_error(
    influx: Influx, rest: InfluxRest, bucket: str, make_received: MakeReceived, connection: InfluxConnection
) -> None:
    influx.ask(f'CREATE RETENTION POLICY "day" ON "{bucket}" DURATION 1d REPLICATION 1 DEFAULT')
    with pytest.raises(StoreError, match=r"retention policy.*let it keep as long"):
        rest.keep([make_received(seq=0)])
    influx.ask(f'ALTER RETENTION POLICY "autogen" ON "{bucket}" DEFAULT')
    connection.write(b'eda,band=z value="a string" 1000000000000000000\n')
    with pytest.raises(StoreError, match=r"partial write: field type conflict.*the mend"):
        rest.keep([make_received(seq=0)])


def test_a_server_that_is_away_a_wrong_token_and_a_missing_bucket_say_so(influx: Influx, bucket: str) -> None:
    for url, token, name, said in (
        ("http://127.0.0.1:9", TOKEN, bucket, "cannot be reached"),
        (influx.url, "wrong", bucket, "the token is not valid"),
        (influx.url, TOKEN, "nowhere", "no such bucket"),
    ):
        with closing(InfluxConnection(url=url, bucket=name, token=token)) as connection:
            for ask in (
                lambda: connection.write(b"m v=1 1\n"),
                lambda: list(connection.rows("SELECT v FROM m", float)),
            ):
                with pytest.raises(StoreError, match=said) as caught:
                    ask()
                assert str(caught.value).startswith(f"InfluxDB at {url}, bucket {name!r}")
                assert token not in str(caught.value)


@pytest.mark.parametrize("url", ["localhost:8086", "ftp://x", "http://", "http://me:secret@host:8086"])
def test_an_address_that_is_none_or_holds_a_password_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match=r"store\.url") as caught:
        InfluxConnection(url=url, bucket="b")
    assert "secret" not in str(caught.value)


def test_a_token_in_the_clear_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    for url, warned in (("http://influx.lan:8086", True), ("https://influx.lan", False), ("http://127.0.0.1:1", False)):
        caplog.clear()
        InfluxConnection(url=url, bucket="b", token=TOKEN).close()
        assert ("unencrypted" in caplog.text) == warned
        assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("foreign", "said"),
    [
        (b"packet,band=b seq=1i,start_s=1e9 1000000000000000000\n", "is none of ours|of another type"),
        (b"packet,band=b,boot=x seq=1i,start_s=1e9 1000000000000000000\n", "is none of ours"),
        (b"packet,band=b,boot=3 seq=1i 1000000000000000000\n", "start_s is missing"),
        (b"packet,band=b,boot=3 seq=1i,start_s=1e9,eda_n=4i 1000000000000000000\n", "not all of eda"),
    ],
)
def test_points_of_another_program_are_told_of(
    rest: InfluxRest, connection: InfluxConnection, make_received: MakeReceived, foreign: bytes, said: str
) -> None:
    rest.keep([make_received(seq=0)])
    connection.write(foreign)
    with pytest.raises(StoreError, match=said):
        kept(rest)


ANSWERS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["results", "series", "values", "tags", "error"]), inner, max_size=3),
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=40), ANSWERS.map(lambda answer: json.dumps(answer).encode())))
def test_whatever_answers_is_either_rows_or_an_error_of_ours(data: bytes) -> None:
    connection = InfluxConnection(url="http://127.0.0.1:9", bucket="b")
    with suppress(StoreError):
        connection._series(data)


def test_a_backup_says_what_it_does_not_hold(
    rest: InfluxRest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rest.backup(tmp_path / "copy.sqlite")
    assert "copy.sqlite holds only what has not settled there" in caplog.text


def test_the_payload_is_encoded_as_a_sender_would(rest: InfluxRest, make_received: MakeReceived) -> None:
    packet = make_received(seq=0)
    rest.keep([packet])
    (found,) = kept(rest)
    assert found.payload == encode(packet.packet)
