"""Readings by the people they are of: cut where they must be, nothing merged, every hole said."""

import contextlib
import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.assemble import whole
from ingest.errors import RegistryError
from ingest.readings import Readings
from ingest.received import Received
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from ingest.registry.sessions import Kind, Session
from ingest.registry.stretches import Correction
from ingest.series import Piece, Source, series_of
from ingest.store.sqlite import SqliteStore
from ingest.types import CHANNELS, Block
from ingest.wire import Intervals
from tests.ingest.conftest import MakeReceived

T0 = 1e9  # the UTC of the bands' second 0
CARE, RESEARCH = Scope.CARE, Scope.RESEARCH


class House:
    """A store and a registry with two people, who agreed to care without end."""

    def __init__(self, folder: Path) -> None:
        self.store = SqliteStore(folder / "readings.sqlite")
        self.registry = Registry(f"sqlite:///{folder / 'registry.sqlite'}", clock=lambda: T0)
        self.registry.upgrade()
        for wearer in ("w-1", "w-2"):
            self.registry.add_wearer(wearer, f"Name of {wearer}", by="test")
            self.agree(wearer, CARE)
        for band in ("a", "b"):
            self.registry.add_band(band, by="test")
        self.readings = Readings(self.store, self.registry)

    def agree(self, wearer: str, *scopes: Scope, since: float = -1000, until: float | None = None) -> None:
        end_s = None if until is None else T0 + until
        self.registry.give_consent(wearer, Consent(frozenset(scopes), "Ida, mother", T0 + since, end_s), by="test")

    def wears(self, band: str, wearer: str | None, since: float, until: float | None = None) -> None:
        end_s = None if until is None else T0 + until
        self.registry.correct_assignments([Correction(band, wearer, T0 + since, end_s)], by="test")

    def imported(self, band: str, wearer: str, start: float, end: float) -> None:
        session = Session(
            band=band, start_s=T0 + start, end_s=T0 + end, kind=Kind.IMPORTED, digest=f"of {band}", wearer=wearer
        )
        self.registry.add_session(session, by="test")

    def times(self, wearer: str, channel: str, since: float, until: float, scope: Scope = CARE) -> list[float]:
        series = self.readings.series(wearer, channel, T0 + since, T0 + until, scope=scope)
        return (series.times_s - T0).round(6).tolist()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.store.close()
    house.registry.close()


def seconds(make: MakeReceived, band: str, numbers: Sequence[int], **others: object) -> list[Received]:
    return [make(seq=seq, band=band, **others) for seq in numbers]


def quarters(since: float, until: float) -> list[float]:
    return [each / 4 for each in range(round(since * 4), round(until * 4))]


def test_a_range_is_what_was_sampled_in_it_to_the_sample(house: House, make_received: MakeReceived) -> None:
    house.wears("a", "w-1", 0)
    house.store.commit(seconds(make_received, "a", range(20)))
    for settled in (False, True):
        if settled:
            assert house.store.settle(0.0, everything=True) == 20
        assert house.times("w-1", "eda", 3.3, 6.5) == quarters(3.5, 6.5)
        assert house.times("w-1", "eda", -5, 50) == quarters(0, 20)
        assert house.times("w-1", "eda", 6, 6) == []
        motion = house.readings.series("w-1", "motion", T0 + 3, T0 + 5, scope=CARE)
        assert motion.values.shape == (3, 64)
        assert motion.unit == "g"


def test_values_are_those_that_the_store_holds(house: House, make_received: MakeReceived) -> None:
    house.wears("a", "w-1", 0)
    sent = seconds(make_received, "a", range(5))
    house.store.commit(sent)
    for channel in ("eda", "temperature", "ppg", "motion"):
        found = house.readings.series("w-1", channel, T0, T0 + 5, scope=CARE)
        np.testing.assert_array_equal(found.values, np.concatenate([r.values(channel) for r in sent], axis=-1))


def test_an_assignment_corrected_afterwards_moves_the_readings_at_once(
    house: House, make_received: MakeReceived
) -> None:
    house.wears("a", "w-1", 0)
    house.store.commit(seconds(make_received, "a", range(10)))
    house.wears("a", "w-2", 3.3, 6.1)
    assert house.times("w-1", "eda", 0, 10) == quarters(0, 3.5) + quarters(6.25, 10)
    assert house.times("w-2", "eda", 0, 10) == quarters(3.5, 6.25)
    series = house.readings.series("w-1", "eda", T0, T0 + 10, scope=CARE)
    np.testing.assert_allclose(series.gaps - T0, [[3.5, 6.25]])


def test_bands_worn_one_after_the_other_follow_in_order_of_time_and_say_whose_they_are(
    house: House, make_received: MakeReceived
) -> None:
    house.wears("b", "w-1", 0, 5)
    house.wears("a", "w-1", 5, 10)
    house.imported("e4-1", "w-1", 100, 105)
    for band, numbers in (("a", range(4, 10)), ("b", range(6)), ("e4-1", range(100, 105))):
        house.store.commit(seconds(make_received, band, numbers))
    found = house.readings.series("w-1", "temperature", T0, T0 + 200, scope=CARE)
    assert (found.times_s - T0).tolist() == quarters(0, 10) + quarters(100, 105)
    assert found.sources == (Source("a", False), Source("b", False), Source("e4-1", True))
    assert found.source.tolist() == [1] * 20 + [0] * 20 + [2] * 20
    np.testing.assert_allclose(found.gaps - T0, [[10, 100], [105, 200]])


def test_two_bands_that_speak_of_the_same_time_are_never_merged(house: House, make_received: MakeReceived) -> None:
    house.wears("a", "w-1", 0, 10)
    house.imported("left", "w-1", 5, 15)
    house.store.commit(seconds(make_received, "a", range(10)))
    house.store.commit(seconds(make_received, "left", range(5, 15)))
    for ask in (
        house.readings.series,
        lambda wearer, _, *range_s, **more: house.readings.tick(wearer, *range_s, **more),
    ):
        with pytest.raises(RegistryError, match="source: a and left speak"):
            ask("w-1", "eda", T0, T0 + 20, scope=CARE)
    found = house.readings.by_source("w-1", "eda", T0, T0 + 20, scope=CARE)
    assert {band: (series.times_s[0] - T0, len(series.times_s)) for band, series in found.items()} == {
        "a": (0, 40),
        "left": (5, 40),
    }
    left = house.readings.series("w-1", "eda", T0, T0 + 20, scope=CARE, source="left")
    np.testing.assert_allclose(left.gaps - T0, [[0, 5], [15, 20]])
    assert house.times("w-1", "eda", 0, 5) == quarters(0, 5)


def test_what_no_consent_of_the_scope_covers_is_left_out_and_counted(house: House, make_received: MakeReceived) -> None:
    house.wears("a", "w-1", 0)
    house.store.commit(seconds(make_received, "a", range(10)))
    nothing = house.readings.series("w-1", "eda", T0, T0 + 10, scope=RESEARCH)
    assert (len(nothing.times_s), nothing.left_out) == (0, 40)
    np.testing.assert_allclose(nothing.gaps - T0, [[0, 10]])
    house.agree("w-1", RESEARCH, since=2, until=5)
    house.agree("w-1", RESEARCH, since=4, until=6.1)
    some = house.readings.series("w-1", "eda", T0, T0 + 10, scope=RESEARCH)
    assert (some.times_s - T0).tolist() == quarters(2, 6.25)
    assert some.left_out == 40 - 17
    assert house.readings.series("w-1", "eda", T0, T0 + 10, scope=CARE).left_out == 0
    house.registry.withdraw_consent("w-1", scopes=[RESEARCH], at_s=T0 + 9, by="test")
    assert house.times("w-1", "eda", 0, 10, RESEARCH) == []
    assert list(house.readings.packets("w-1", T0, T0 + 10, scope=RESEARCH)) == []
    assert house.readings.tick("w-1", T0, T0 + 10, scope=RESEARCH).seconds == 0


def test_a_hole_is_said_and_a_value_that_is_not_known_is_one(house: House, make_received: MakeReceived) -> None:
    house.wears("a", "w-1", 0)
    house.store.commit(seconds(make_received, "a", [0, 1, 4, 5]))
    found = house.readings.series("w-1", "eda", T0 - 2, T0 + 10, scope=CARE)
    np.testing.assert_allclose(found.gaps - T0, [[-2, 0], [2, 4], [6, 10]])
    values = np.array([1.0, np.nan, np.nan, 2.0, np.nan])
    piece = Piece(Source("a", False), Block("eda", 100.0, 4.0, values), 0, 5)
    known = series_of([piece], wearer="w", channel="eda", range_s=(100.0, 102.0), left_out=0)
    assert known.gaps.tolist() == [[100.25, 100.75], [101.0, 102.0]]
    one_axis = np.array([[np.nan, 1.0], [0.0, np.nan], [0.0, np.nan]])
    moved = Piece(Source("a", False), Block("motion", 100.0, 2.0, one_axis), 0, 2)
    assert series_of([moved], wearer="w", channel="motion", range_s=(100.0, 101.0), left_out=0).gaps.tolist() == []


def test_beats_are_cut_like_samples_and_their_intervals_say_what_is_known(
    house: House, make_received: MakeReceived
) -> None:
    house.wears("a", "w-1", 0)
    beats = [0.5, 1.5, 2.5, 6.0, 7.0]
    for seq, at in enumerate(beats):
        packet = make_received(
            seq=seq, band="a", start_s=at - 0.5, rates_hz={}, ibi=Intervals(tick_us=[round(at * 1e6)], interval_s=[1.0])
        )
        house.store.commit([packet])
    found = house.readings.series("w-1", "ibi", T0 + 1.5, T0 + 7, scope=CARE)
    assert (found.times_s - T0).tolist() == [1.5, 2.5, 6.0]
    assert found.values.tolist() == [1.0, 1.0, 1.0]
    np.testing.assert_allclose(found.gaps - T0, [[2.5, 5.0], [6.0, 7.0]])


def test_a_frame_has_a_row_of_nothing_where_each_gap_begins(house: House, make_received: MakeReceived) -> None:
    house.wears("a", "w-1", 0)
    house.store.commit(seconds(make_received, "a", [0, 1, 4]))
    found = house.readings.frame("w-1", "motion", T0, T0 + 6, scope=CARE)
    assert list(found.columns) == ["motion_x", "motion_y", "motion_z", "source"]
    assert str(found.index.dtype) == "datetime64[ns, UTC]"
    assert found.index.is_monotonic_increasing
    assert found.index.is_unique
    nothing = found[found["source"].isna()]
    assert [each.timestamp() - T0 for each in nothing.index] == [2.0, 5.0]
    assert nothing[["motion_x", "motion_y", "motion_z"]].isna().all(axis=None)
    assert len(found) == 3 * 32 + 2
    assert found.attrs["unit"] == "g"
    empty = house.readings.frame("w-1", "eda", T0 + 100, T0 + 200, scope=CARE)
    assert empty.isna().all(axis=None)
    assert len(empty) == 1


def test_a_frame_says_a_moment_to_the_nanosecond_that_a_float_holds() -> None:
    at_s = 1_717_171_717.123456
    piece = Piece(Source("a", False), Block("eda", at_s, 4.0, np.ones(3)), 0, 3)
    found = series_of([piece], wearer="w", channel="eda", range_s=(at_s, at_s + 0.75), left_out=0).frame()
    assert abs(found.index[0].value - 1_717_171_717_123_456_000) < 240


def test_packets_for_a_replay_are_whole_and_belong_to_whoever_wore_the_band_at_their_end(
    house: House, make_received: MakeReceived
) -> None:
    house.wears("a", "w-1", 0)
    house.wears("a", "w-2", 4.5, 6.0)
    sent = seconds(make_received, "a", range(10))
    house.store.commit(sent)
    one = [received for _, received in house.readings.packets("w-1", T0, T0 + 20, scope=CARE)]
    two = [received for _, received in house.readings.packets("w-2", T0, T0 + 20, scope=CARE)]
    assert [received.packet.seq for received in two] == [4]  # ended at 5; the one that ended at 6 is w-1's again
    assert [received.packet.seq for received in one] == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert (two[0].offset_s, two[0].received_s) == (sent[4].offset_s, sent[4].received_s)


def test_on_the_grid_are_the_numbers_of_the_assembly_without_what_may_not_be_used(
    house: House, make_received: MakeReceived
) -> None:
    house.wears("a", "w-1", 0)
    sent = seconds(make_received, "a", range(12))
    house.store.commit(sent)
    tick = house.readings.tick("w-1", T0, T0 + 12, scope=CARE)
    wanted = whole(sent)
    for channel in CHANNELS:
        np.testing.assert_array_equal(getattr(tick, channel), getattr(wanted, channel))
    house.agree("w-1", RESEARCH, since=2, until=5.5)
    some = house.readings.tick("w-1", T0, T0 + 5, scope=RESEARCH)
    assert (int(some.start_s[0]), some.seconds) == (T0 + 2, 3)
    np.testing.assert_array_equal(some.motion[0], wanted.motion[0, :, 2 * 32 : 5 * 32])
    np.testing.assert_array_equal(some.eda[0], wanted.eda[0, 2 * 4 : 5 * 4])
    odd = house.readings.tick("w-1", T0 + 2.3, T0 + 4.6, scope=RESEARCH)
    np.testing.assert_array_equal(np.isfinite(odd.eda[0]), np.arange(8) < 7)


def test_bands_that_are_changed_between_samples_are_two_bands_one_after_the_other(
    house: House, make_received: MakeReceived
) -> None:
    house.wears("a", "w-1", 0, 5.05)
    house.wears("b", "w-1", 5.05, 10)
    house.wears("b", "w-2", 0, 5.05)
    for band, offset in (("a", 0.0), ("b", 0.1)):
        house.store.commit(seconds(make_received, band, range(10), offset_s=T0 + offset))
    wanted = [*quarters(0, 5.25), *(each + 0.1 for each in quarters(5, 10))]
    assert house.times("w-1", "eda", 0, 10) == pytest.approx(wanted)
    tick = house.readings.tick("w-1", T0, T0 + 10, scope=CARE)
    assert np.isfinite(tick.eda[0]).sum() >= 38
    theirs = house.readings.tick("w-2", T0, T0 + 10, scope=CARE)
    assert (int(theirs.start_s[0] - T0), theirs.seconds) == (1, 5)
    assert np.isnan(theirs.eda[0, 16:]).all()
    assert np.flatnonzero(np.isfinite(theirs.ppg[0]))[-1] / 64 + 1 < 5.05


def test_what_is_not_known_and_a_range_that_ends_before_it_begins_are_refused(house: House) -> None:
    with pytest.raises(RegistryError, match="not known"):
        house.readings.series("w-9", "eda", T0, T0 + 1, scope=CARE)
    with pytest.raises(RegistryError, match="channel: 'pulse' is none of eda"):
        house.readings.series("w-1", "pulse", T0, T0 + 1, scope=CARE)
    house.wears("a", "w-1", 0)
    with pytest.raises(RegistryError, match="never wore 'b', but a"):
        house.readings.series("w-1", "eda", T0, T0 + 1, scope=CARE, source="b")
    with pytest.raises(RegistryError, match="after"):
        house.readings.series("w-1", "eda", T0 + 1, T0, scope=CARE)


def test_somebody_who_wore_nothing_has_a_gap_and_no_readings(house: House, make_received: MakeReceived) -> None:
    house.store.commit(seconds(make_received, "a", range(3)))
    found = house.readings.series("w-1", "eda", T0, T0 + 3, scope=CARE)
    assert (len(found.times_s), found.left_out, found.sources) == (0, 0, ())
    everything = house.readings.series("w-1", "eda", -math.inf, math.inf, scope=CARE)
    assert everything.gaps.tolist() == [[-math.inf, math.inf]]


@given(
    rate_hz=st.sampled_from([0.5, 1.0, 3.7, 4.0, 25.0, 51.2, 64.0, 1024.0]),
    start_s=st.floats(1e9, 2e9),
    n=st.integers(1, 300),
    edges=st.lists(st.floats(-0.2, 1.2), max_size=6),
)
def test_pieces_that_meet_hold_each_sample_once_and_at_the_same_time_however_they_are_cut(
    rate_hz: float, start_s: float, n: int, edges: list[float]
) -> None:
    block = Block("eda", start_s, rate_hz, np.arange(n, dtype=np.float64))
    cuts = sorted([-math.inf, math.inf, *(start_s + share * n / rate_hz for share in edges)])
    pieces = [Piece.cut(Source("a", False), block, low, high) for low, high in itertools.pairwise(cuts)]
    found = [piece for piece in pieces if piece is not None]
    np.testing.assert_array_equal(np.concatenate([piece.values() for piece in found]), block.values)
    whole_s = start_s + np.arange(n) / rate_hz
    np.testing.assert_array_equal(np.concatenate([piece.times_s() for piece in found]), whole_s)
    for (low, high), piece in zip(itertools.pairwise(cuts), pieces, strict=True):
        if piece is not None:
            assert low <= piece.start_s
            assert piece.times_s()[-1] < high
            assert piece.block.values.tolist() == piece.values().tolist()


SPANS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["w-1", "w-2", None]), st.floats(-2, 14), st.floats(0.3, 9)),
    max_size=5,
)
CONSENTS = st.lists(st.tuples(st.sampled_from(["w-1", "w-2"]), st.floats(-2, 14), st.floats(0.3, 9)), max_size=4)


@settings(max_examples=20, deadline=None)
@given(spans=SPANS, consents=CONSENTS)
def test_each_sample_is_of_whoever_wore_the_band_then_if_a_consent_covers_it_and_of_nobody_else(
    tmp_path_factory: pytest.TempPathFactory,
    make_received: MakeReceived,
    spans: list[tuple[str, str | None, float, float]],
    consents: list[tuple[str, float, float]],
) -> None:
    house = House(tmp_path_factory.mktemp("house"))
    for band in "ab":
        phase_s = 0.11 if band == "b" else 0.0  # two bands never sample at the same moments
        house.store.commit(seconds(make_received, band, range(12), rates_hz={"eda": 3.7}, offset_s=T0 + phase_s))
    for band, wearer, since, length in spans:
        with contextlib.suppress(RegistryError):  # two wristbands at once
            house.wears(band, wearer, since, since + length)
    for wearer, since, length in consents:
        house.agree(wearer, RESEARCH, since=since, until=since + length)
    taken = {band: house.store.read(band, "eda", T0 - 100, T0 + 100) for band in "ab"}
    when = {
        band: np.concatenate([b.start_s + np.arange(b.values.size) / b.rate_hz for b in blocks])
        for band, blocks in taken.items()
    }
    for wearer in ("w-1", "w-2"):
        found = house.readings.series(wearer, "eda", T0 - 100, T0 + 100, scope=RESEARCH)
        worn = sorted((t, band) for band in "ab" for t in when[band] if house.registry.wearer_of(band, t) == wearer)
        wanted = [(t, band) for t, band in worn if house.registry.has_consent(wearer, RESEARCH, t)]
        assert [(t, found.sources[i].band) for t, i in zip(found.times_s, found.source, strict=True)] == wanted
        assert found.left_out == len(worn) - len(wanted)
        in_a_gap = ((found.gaps[:, :1] <= found.times_s) & (found.times_s < found.gaps[:, 1:])).any()
        assert not in_a_gap
        assert (found.gaps[:, 0] < found.gaps[:, 1]).all()
        tick = house.readings.tick(wearer, T0 - 100, T0 + 100, scope=RESEARCH)
        at_s = tick.start_s[0] + np.flatnonzero(np.isfinite(tick.eda[0])) / 4
        for near_s in at_s:
            assert np.abs(found.times_s - near_s).min() < 1 / 3.7
    house.store.close()
    house.registry.close()
