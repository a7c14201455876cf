"""Who connects when, who is heard by which address, and what outlives a gateway."""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.heard import ADDRESSES_MAX, BANDS_MAX, FRESH_S, TRUST_TRIES, Radio
from ingest.ble.numbering import Numbering
from ingest.ble.racing import LASTED_S, LONGEST_S, REFUSED_S, WAIT_MAX_S, Attempts, Load, choose, wait_s
from ingest.ble.rostered import PAIRING_MAX_US, Rostered
from ingest.control.messages import Roster, Seen
from ingest.errors import SpoolError

NOW_US = 1_760_000_000_000_000


@given(st.integers(-127, 20), st.integers(-127, 20))
def test_the_louder_never_waits_longer(one: int, other: int) -> None:
    assert 0 <= wait_s(one) <= WAIT_MAX_S
    assert (wait_s(one) <= wait_s(other)) or one < other


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_a_band_that_cannot_be_had_is_tried_ever_later_but_at_least_once_in_a_minute_and_a_half(
    luck: list[float],
) -> None:
    attempts, now_s = Attempts(), 0.0
    for one in luck:
        attempts.opened(now_s)
        attempts.ended(now_s + 1, one)
        assert 0 < attempts.not_before_s - (now_s + 1) <= 1.5 * LONGEST_S + 1e-6
        now_s = attempts.not_before_s


def test_a_connection_that_lasted_is_tried_again_at_once_and_a_refusal_after_minutes() -> None:
    attempts = Attempts(failures=9)
    attempts.opened(0.0)
    attempts.ended(LASTED_S, 0.5)
    assert attempts.not_before_s == LASTED_S
    attempts.opened(100.0)
    attempts.ended(100.0 + 2 * LASTED_S, 0.5, refused=True)
    assert attempts.not_before_s == 100.0 + 2 * LASTED_S + REFUSED_S


def test_the_least_loaded_adapter_takes_it_unless_another_hears_it_much_better() -> None:
    assert choose([Load(2, 7, -60), Load(1, 7, -62)]) == 1
    assert choose([Load(2, 7, -50), Load(1, 7, -85)]) == 0
    assert choose([Load(7, 7, -50), Load(1, 7, None), Load(1, 7, -50, works=False)]) is None


def _seen(band: str, address: str, rssi: int = -60) -> Seen:
    return Seen(band=band, profile="p", address=address, heard_us=NOW_US, rssi=rssi)


def test_a_band_that_was_not_heard_for_a_while_begins_its_race_anew() -> None:
    radio = Radio(float)
    radio.hear(0, _seen("b", "x", -95), 0.0, wanted=bool)
    assert radio.bands["b"].way(1.0) is None
    radio.hear(0, _seen("b", "x", -95), WAIT_MAX_S, wanted=bool)
    assert radio.bands["b"].way(WAIT_MAX_S) is not None
    late_s = WAIT_MAX_S + FRESH_S + 1
    assert radio.bands["b"].way(late_s) is None
    radio.hear(0, _seen("b", "x", -95), late_s, wanted=bool)
    assert radio.bands["b"].way(late_s + WAIT_MAX_S / 2) is None


@pytest.mark.parametrize(("every_s", "doubled"), [(0.25, False), (1.0, False), (1.05, True)])
def test_a_bond_is_made_with_a_band_however_seldom_it_calls(every_s: float, doubled: bool) -> None:
    radio = Radio(lambda: 0.5)
    for call in range(int(12 / every_s)):
        now_s = call * every_s
        way = radio.hear(0, _seen("b", "x", -50), now_s, wanted=bool, bonds=True)
        if doubled:
            radio.hear(0, _seen("b", "x", -50), now_s + 0.01, wanted=bool, bonds=True)
        assert way is not None
        assert way.bonds is not None
        way.bonds.known[0] = False
        way.bonds.pair(now_s, on=True)
        if way.bonder(now_s, able=lambda _, __: True) is not None:
            return
    pytest.fail("no bond was ever to be made")


def test_a_band_that_calls_four_times_a_second_is_known_to_have_been_taken_for_a_second() -> None:
    radio = Radio(float)
    calls = [0.25 * i for i in range(40)]
    for now_s in (*calls, calls[-1] + 1.0):
        way = radio.hear(0, _seen("b", "x", -50), now_s, wanted=bool)
    assert way is not None
    assert way.free_s == calls[-1] + 1.0


def test_names_that_anybody_makes_up_take_no_more_room_and_push_out_no_band_of_ours() -> None:
    radio = Radio(float)
    for i in range(3 * BANDS_MAX):
        radio.hear(0, _seen(f"b{i}", "x"), float(i), wanted=lambda band: band == "b0")
    for i in range(3 * ADDRESSES_MAX):
        radio.hear(0, _seen("b0", f"x{i}"), 5000.0 + i, wanted=lambda band: band == "b0")
    assert len(radio.bands) <= BANDS_MAX
    assert len(radio.bands["b0"].ways) <= ADDRESSES_MAX
    radio.forget(1e6, wanted=lambda band: band == "b0")
    assert list(radio.bands) == ["b0"]


@pytest.mark.parametrize("proof", ["a bond", "a connection that lasted"])
def test_a_thief_that_changes_its_address_all_the_time_is_not_dialled_before_the_band(proof: str) -> None:
    radio = Radio(lambda: 0.5)
    radio.hear(0, _seen("b", "band", -90), 0.0, wanted=bool, bonds=proof == "a bond")
    band = radio.bands["b"].ways["band"]
    if band.bonds is not None:
        band.bonds.known[0] = True
    else:
        band.attempts.opened(0.0)
        band.attempts.ended(LASTED_S, 0.5)
    dialled = []
    for turn in range(8 * ADDRESSES_MAX):
        now_s = LASTED_S + turn
        radio.hear(0, _seen("b", f"thief {turn}", -30), now_s, wanted=bool)
        radio.hear(0, _seen("b", "band", -90), now_s, wanted=bool)
        dialled += [way.address for way in [radio.bands["b"].way(now_s)] if way is not None]
    assert set(dialled) == {"band"}
    for _ in range(TRUST_TRIES):
        band.attempts.ended(now_s, 0.5)
    assert radio.bands["b"].way(now_s) not in (None, band), "it may go by another address now"


def test_no_number_is_given_twice_also_if_the_clock_goes_back(tmp_path: Path) -> None:
    boots = []
    for now_us in (NOW_US, NOW_US, NOW_US - 10**15):
        numbering = Numbering(tmp_path / "numbers", now_us=now_us)
        boots.append(numbering.boot)
        assert [numbering.number("a")[1] for _ in range(3)] == [0, 1, 2]
        assert numbering.number("b") == (numbering.boot, 0)
        assert numbering.boot < 1 << 53
    assert boots == sorted(set(boots))


def test_two_gateways_that_start_together_do_not_meet(tmp_path: Path) -> None:
    boots = {Numbering(tmp_path / str(i), now_us=NOW_US).boot for i in range(5)}
    assert len(boots) == 5


def test_a_file_of_numbers_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for wrong in (b"", b"{}", b'{"started_s": -1, "own": 1}', b'{"started_s": 1, "own": 99999999}', b"[]"):
        (tmp_path / "numbers").write_bytes(wrong)
        with pytest.raises(SpoolError, match="numbers"):
            Numbering(tmp_path / "numbers", now_us=NOW_US)


def test_a_roster_that_cannot_be_read_lets_nobody_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "roster").write_bytes(b'{"v": 1')
    with caplog.at_level(logging.WARNING):
        rostered = Rostered(tmp_path / "roster")
    assert not rostered.known
    assert not rostered.allows("b", NOW_US)
    assert "roster" in caplog.text
    rostered.take(Roster(v=1, at_us=1, bands=["b"]), NOW_US)
    assert Rostered(tmp_path / "roster").allows("b", NOW_US)


def test_a_roster_dated_by_a_clock_that_stood_a_day_ahead_does_not_hold_against_the_next(tmp_path: Path) -> None:
    rostered = Rostered(tmp_path / "roster")
    for ahead_us, taken in ((0, True), (86_400_000_000, True), (1_000_000, True), (0, False), (1 << 52, True)):
        assert (
            rostered.take(Roster(v=1, at_us=NOW_US + ahead_us, bands=[f"b{ahead_us}"]), NOW_US, retained=True) is taken
        )
    assert rostered.take(Roster(v=1, at_us=NOW_US, bands=["b"]), NOW_US, retained=True)
    assert Rostered(tmp_path / "roster").allows("b", NOW_US)


def test_what_the_service_says_now_holds_although_its_clock_went_back_by_a_day(tmp_path: Path) -> None:
    rostered = Rostered(tmp_path / "roster")
    rostered.take(Roster(v=1, at_us=NOW_US, bands=["a"]), NOW_US)
    back = Roster(v=1, at_us=NOW_US - 86_400_000_000, bands=["b"])
    assert not rostered.take(back, NOW_US, retained=True), "the broker may have had it for a day"
    assert rostered.take(back, NOW_US)
    assert Rostered(tmp_path / "roster").allows("b", NOW_US)


@pytest.mark.parametrize("ahead_us", [0, 3_600_000_000, -3_600_000_000])
def test_a_band_is_paired_for_as_long_as_the_service_says_by_whatever_clock(tmp_path: Path, ahead_us: int) -> None:
    roster = Roster(v=1, at_us=NOW_US, bands=[], pairing=["b"], pairing_until_us=NOW_US + 120_000_000)
    rostered, now_us = Rostered(tmp_path / "roster"), NOW_US + ahead_us
    rostered.take(roster, now_us)
    rostered.take(roster, now_us + 60_000_000, retained=True)
    assert rostered.pairs("b", now_us + 119_999_999)
    assert not rostered.pairs("b", now_us + 120_000_000)
    again = Rostered(tmp_path / "roster")
    assert not again.pairs("b", now_us), "a file does not say when"
    again.take(roster, NOW_US + 60_000_000, retained=True)
    assert again.pairs("b", NOW_US + 119_999_999)
    assert not again.pairs("b", NOW_US + 120_000_000)


def test_nobody_is_paired_for_ever(tmp_path: Path) -> None:
    rostered = Rostered(tmp_path / "roster")
    rostered.take(Roster(v=1, at_us=1, bands=[], pairing=["b"], pairing_until_us=NOW_US * 2), NOW_US)
    assert rostered.pairs("b", NOW_US + PAIRING_MAX_US - 1)
    assert not rostered.pairs("b", NOW_US + PAIRING_MAX_US)


def test_a_house_that_is_empty_all_at_once_is_believed_after_a_while(tmp_path: Path) -> None:
    rostered = Rostered(tmp_path / "roster")
    for minutes, bands, held in ((0, ["a", "b"], "ab"), (1, [], "ab"), (2, [], "ab"), (3, [], ""), (4, ["a"], "a")):
        now_us = NOW_US + 60_000_000 * minutes
        rostered.take(Roster(v=1, at_us=now_us, bands=bands), now_us)
        assert [band for band in "abc" if rostered.allows(band, now_us)] == list(held)
    rostered.take(Roster(v=1, at_us=NOW_US, bands=[]), NOW_US)
    assert not rostered.allows("a", NOW_US), "the only band of a house may well be unpaired"


def test_a_roster_that_names_somebody_ends_the_wait_for_those_it_does_not(tmp_path: Path) -> None:
    rostered = Rostered(tmp_path / "roster")
    for bands in (["a", "b"], [], ["c"]):
        rostered.take(Roster(v=1, at_us=NOW_US, bands=bands), NOW_US)
    assert [band for band in "abc" if rostered.allows(band, NOW_US)] == ["c"]


def test_what_a_gateway_keeps_is_for_its_user_alone(tmp_path: Path) -> None:
    Rostered(tmp_path / "gateway" / "roster").take(Roster(v=1, at_us=1, bands=["b"]), NOW_US)
    Numbering(tmp_path / "gateway" / "numbers", now_us=NOW_US)
    assert (tmp_path / "gateway").stat().st_mode & 0o077 == 0
    assert {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "gateway").iterdir()} == {
        "roster": 0o600,
        "numbers": 0o600,
    }
