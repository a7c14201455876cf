"""Real outlets, found and read on this computer alone, as in a container without a network."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from ingest.errors import SourceError
from ingest.lsl.channels import Stream, read_mapping
from ingest.lsl.gateway import Gateway, Wanted, found, use_peers
from ingest.wire import Packet
from tests.servers import until

pytestmark = pytest.mark.long

pylsl = pytest.importorskip("pylsl", reason="the extra formats is not installed")
WAIT_S = 60.0  # a bound, never waited out where things work


@pytest.fixture(scope="module", autouse=True)
def _here_only() -> None:
    use_peers(["127.0.0.1"])


def outlet(
    name: str,
    source_id: str,
    channels: list[tuple[str, str, str]],
    *,
    rate_hz: float = 0.0,
    form: str = "float32",
    kind: str = "test",
) -> "pylsl.StreamOutlet":
    """An outlet of channels of (label, type, unit)."""
    info = pylsl.StreamInfo(name, kind, len(channels), rate_hz, form, source_id)
    described = info.desc().append_child("channels")
    for label, its_kind, unit in channels:
        one = described.append_child("channel")
        for key, value in (("label", label), ("type", its_kind), ("unit", unit)):
            one.append_child_value(key, value)
    return pylsl.StreamOutlet(info)


@dataclass
class Run:
    """A gateway in a thread of its own, and what it has published."""

    gateway: Gateway
    packets: list[Packet] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not true():
            assert time.monotonic() < deadline, "it did not come"
            self.gateway.look(self.packets.append)
            threading.Event().wait(0.01)

    def samples(self, channel: str) -> np.ndarray:
        some = [getattr(packet, channel) for packet in self.packets]
        return np.concatenate([np.frombuffer(one.values, "<f4") for one in some if one is not None])


@pytest.fixture
def named(request: pytest.FixtureRequest) -> str:
    """What no stream of another test is called, whichever process it runs in."""
    return f"{os.getpid()}-{request.node.name}"[:60]


@pytest.fixture
def start() -> Iterator[Callable[..., Run]]:
    made: list[Gateway] = []

    def begin(wanted: Wanted, **more: object) -> Run:
        said: list[str] = []
        made.append(Gateway(wanted, say=said.append, **more))
        return Run(made[-1], said=said)

    yield begin
    for gateway in made:
        gateway.close()


def test_a_stream_is_found_and_says_what_it_is(named: str) -> None:
    made = outlet("Wrist", named, [("eda", "EDA", "uS"), ("t", "Temp", "C")], rate_hz=4.0)
    streams: list[Stream] = []

    def is_there() -> bool:
        streams.extend(one for one in found(1.0) if one.source_id == named)
        return bool(streams)

    until(is_there)
    (stream,) = streams
    assert (stream.name, stream.rate_hz, stream.form) == ("Wrist", 4.0, "float32")
    assert [(one.label, one.kind, one.unit) for one in stream.channels] == [("eda", "EDA", "uS"), ("t", "Temp", "C")]
    del made


def test_an_outlet_that_ends_and_comes_back_is_taken_up_again_as_a_new_boot(
    start: Callable[..., Run], named: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = start(Wanted(source_id=named))
    numbers = np.arange(40, dtype=np.float32) / 3
    for part in np.split(numbers, 2):
        made = outlet("Wrist", named, [("eda", "EDA", "uS")], rate_hz=4.0)
        run.until(lambda: run.gateway.open == 1)
        run.until(made.have_consumers)
        before = sum(len(packet.eda.values) // 4 for packet in run.packets)
        base = pylsl.local_clock()
        for i, number in enumerate(part):
            made.push_sample([float(number)], base + i / 4)
        run.until(lambda n=before: sum(len(packet.eda.values) // 4 for packet in run.packets) == n + 20)
        del made
        run.until(lambda: run.gateway.open == 0)
    assert run.samples("eda").tobytes() == numbers.tobytes()
    boots = list(dict.fromkeys(packet.boot for packet in run.packets))
    assert len(boots) == 2
    assert run.gateway.bands == [named]
    assert "is lost" in caplog.text


def test_whatever_number_a_stream_sends_comes_out_bit_for_bit(start: Callable[..., Run], named: str) -> None:
    made = outlet("Wrist", named, [("ppg", "PPG", "")], rate_hz=64.0, form="double64")
    run = start(Wanted(source_id=named))
    run.until(lambda: run.gateway.open == 1 and made.have_consumers())
    numbers = np.random.default_rng(4).normal(size=256) * np.pi
    made.push_chunk(numbers[:, None].tolist(), pylsl.local_clock())
    run.until(lambda: sum(len(packet.ppg.values) // 8 for packet in run.packets) == numbers.size)
    got = np.concatenate([np.frombuffer(packet.ppg.values, packet.ppg.dtype) for packet in run.packets])
    assert got.tobytes() == numbers.tobytes()


def test_what_cannot_be_taken_is_said_once_by_name_and_the_rest_goes_on(
    start: Callable[..., Run], named: str, caplog: pytest.LogCaptureFixture
) -> None:
    strange = outlet("Ohm", "ohm", [("eda", "EDA", "kohm")], rate_hz=4.0, kind=named)
    words = outlet("Markers", "mark", [("marker", "", "")], form="string", kind=named)
    good = outlet("Wrist", "good", [("eda", "EDA", "uS")], rate_hz=4.0, kind=named)
    run = start(Wanted(kind=named))
    run.until(good.have_consumers)

    def complaints(name: str, why: str) -> list[str]:
        told = [record.message for record in caplog.records if "not taken" in record.message]
        return [one for one in told if name in one and why in one]

    run.until(lambda: bool(complaints("'Ohm'", "kohm") and complaints("'Markers'", "not numbers")))
    listed = run.gateway._listed_s
    run.until(lambda: run.gateway._listed_s > listed)
    assert len(complaints("'Ohm'", "kohm")) == len(complaints("'Markers'", "not numbers")) == 1
    assert run.gateway.bands == ["good"]
    del strange, words


def test_streams_of_one_band_may_not_say_the_same_thing_twice(
    start: Callable[..., Run], named: str, caplog: pytest.LogCaptureFixture
) -> None:
    both = [outlet(name, name, [("eda", "EDA", "uS")], rate_hz=4.0, kind=named) for name in ("left", "right")]
    run = start(Wanted(kind=named, band="band-01"))
    run.until(lambda: "band band-01 has eda already from another stream" in caplog.text)
    assert run.gateway.open == 1
    del both


def test_a_mapping_file_lets_an_undescribed_stream_in(start: Callable[..., Run], named: str) -> None:
    made = outlet("Raw", named, [("", "", ""), ("", "", "")], rate_hz=4.0)
    mapping = read_mapping(b'ignore = ["2"]\n[channels]\n"1" = "temperature degC"\n', "map.toml")
    run = start(Wanted(source_id=named, band="band-07"), mapping=mapping)
    run.until(lambda: run.gateway.open == 1 and made.have_consumers())
    for number in range(8):
        made.push_sample([30.0 + number, 0.0])
    run.until(lambda: run.gateway.counts["temperature"] == 8)
    assert {packet.band for packet in run.packets} == {"band-07"}
    assert run.samples("temperature").tolist() == [30.0 + number for number in range(8)]


def test_a_name_that_no_band_may_have_and_a_peer_that_is_none_are_refused() -> None:
    with pytest.raises(SourceError, match="--band: 'a b'"):
        Gateway(Wanted(band="a b"))
    with pytest.raises(SourceError, match="--peers: 'a}"):
        use_peers(["a}\n[log]"])
