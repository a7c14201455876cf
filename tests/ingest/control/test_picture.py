"""What gateways say in, what is so out: online, deaf, here or there, fought over."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.control.messages import BandStatus, GatewayStatus, Nearby, Seen
from ingest.control.picture import AHEAD_US, DEAF_US, GATEWAYS_MAX, NEARBY_US, SILENT_US, Picture

S = 1_000_000  # microseconds
State = Literal["connected", "connecting", "lost", "refused", "released"]


def gateway(at_us: int = 0, *, online: bool = True, radio_us: int | None = 0, links_max: int = 7) -> GatewayStatus:
    return GatewayStatus(v=1, at_us=at_us, online=online, radio_us=radio_us, links_max=links_max)


def band(name: str, *, state: State = "connected", since_us: int = 0) -> BandStatus:
    return BandStatus(v=1, at_us=0, gateway=name, state=state, since_us=since_us)


def seen(name: str, rssi: int | None, heard_us: int = 0) -> Seen:
    return Seen(band=name, profile="forecalm", address="aa", heard_us=heard_us, rssi=rssi)


def site(*gateways: str) -> Picture:
    picture = Picture()
    for name in gateways:
        picture.hear_gateway(name, gateway(), 0)
    return picture


def hear(picture: Picture, name: str, status: BandStatus, now_us: int) -> None:
    picture.hear_band(name, status.gateway, status, now_us)


def test_a_gateway_is_online_until_it_or_its_will_says_otherwise_or_it_falls_silent() -> None:
    picture = site("hall", "attic", "cellar")
    picture.hear_gateway("attic", gateway(online=False), 1)
    assert [(one.gateway, one.online) for one in picture.gateways(2)] == [
        ("attic", False),
        ("cellar", True),
        ("hall", True),
    ]
    picture.hear_gateway("hall", gateway(), SILENT_US)
    assert [one.gateway for one in picture.gateways(SILENT_US + 1) if one.online] == ["hall"]


@pytest.mark.parametrize(
    ("age_us", "online"),
    [(0, True), (SILENT_US, True), (SILENT_US + 1, False), (-AHEAD_US, True), (-AHEAD_US - 1, False)],
)
def test_what_a_broker_had_from_before_is_as_old_as_its_gateways_clock_says(age_us: int, *, online: bool) -> None:
    now_us = 10**15
    picture = Picture()
    picture.hear_gateway("hall", gateway(now_us - age_us), now_us, retained=True)
    (hall,) = picture.gateways(now_us)
    assert hall.online is online
    assert hall.heard_us <= now_us
    picture.hear_gateway("hall", gateway(now_us - age_us), now_us)
    assert picture.gateways(now_us)[0].online, "it has spoken"


def test_a_clock_that_is_known_to_be_wrong_still_tells_how_old_a_status_is() -> None:
    now_us, wrong_us = 10**15, 1_546_300_800 * S
    picture = Picture()
    picture.hear_gateway("hall", gateway(wrong_us), now_us)
    later_us = now_us + 100 * SILENT_US
    picture.hear_gateway("hall", gateway(wrong_us + 100 * SILENT_US - S), later_us, retained=True)
    assert picture.gateways(later_us)[0].online
    picture.hear_gateway("hall", gateway(wrong_us + S), later_us, retained=True)
    (hall,) = picture.gateways(later_us)
    assert (hall.online, hall.heard_us) == (False, now_us + S)


def test_a_gateway_whose_radio_hears_nothing_is_deaf_whatever_its_clock_says() -> None:
    picture = Picture()
    wrong = 1_546_300_800 * S  # it believes in 2019
    picture.hear_gateway("hears", gateway(wrong, radio_us=wrong - DEAF_US), 5)
    picture.hear_gateway("deaf", gateway(wrong, radio_us=wrong - DEAF_US - 1), 5)
    picture.hear_gateway("never", gateway(DEAF_US + 1, radio_us=None), 5)
    picture.hear_gateway("off", gateway(wrong, radio_us=0, online=False), 5)
    picture.hear_gateway("no_radio", gateway(wrong, radio_us=None, links_max=0), 5)
    assert [one.gateway for one in picture.gateways(6) if one.deaf] == ["deaf", "never"]


def test_a_band_is_where_it_was_last_connected_whoever_says_farewell_later() -> None:
    picture = site("hall", "attic")
    hear(picture, "b", band("hall", since_us=1), 1)
    hear(picture, "b", band("attic", since_us=20), 21)
    hear(picture, "b", band("hall", state="lost", since_us=19), 22)
    (at,) = picture.bands(23)
    assert (at.gateway, at.since_us) == ("attic", 20)
    hear(picture, "b", band("attic", state="lost", since_us=30), 31)
    (at,) = picture.bands(32)
    assert (at.gateway, at.since_us, at.status.state) == (None, None, "lost")


def test_a_band_that_no_gateway_has_to_do_with_any_more_is_not_shown() -> None:
    picture = site("hall", "attic")
    hear(picture, "b", band("hall", since_us=1), 1)
    hear(picture, "b", band("attic", state="lost"), 2)
    picture.hear_band("b", "hall", None, 3)
    assert [(at.band, at.gateway) for at in picture.bands(3)] == [("b", None)]
    picture.hear_band("b", "attic", None, 4)
    picture.hear_band("b", "attic", None, 5)
    assert picture.bands(5) == []


def test_a_band_whose_gateway_is_gone_is_nowhere() -> None:
    picture = site("hall")
    hear(picture, "b", band("hall"), 1)
    picture.hear_gateway("hall", gateway(online=False), 2)
    (at,) = picture.bands(3)
    assert at.gateway is None
    assert at.status.state == "connected", "what was said last can still be read"


def test_a_band_that_goes_to_and_fro_is_fought_over_and_one_carried_through_the_house_is_not() -> None:
    picture = site("hall", "attic")
    for n in range(5):
        hear(picture, "fought", band(("hall", "attic")[n % 2], since_us=n), n * 10 * S)
        hear(picture, "stays", band("hall"), n * 10 * S)
    (fight,) = picture.fights(40 * S)
    assert (fight.band, fight.gateways, fight.changes) == ("fought", ("attic", "hall"), 4)
    for n in range(5):
        hear(picture, "walks", band(("hall", "attic")[n % 2], since_us=n), n * 60 * S)
    assert picture.fights(240 * S) == []


def test_a_gateway_that_repeats_itself_takes_no_band_from_another() -> None:
    """It has not noticed yet that the band is gone."""
    picture = site("hall", "attic")
    hear(picture, "b", band("hall", since_us=1), 1)
    hear(picture, "b", band("attic", since_us=20), 21)
    hear(picture, "b", band("hall", since_us=1), 22)
    (at,) = picture.bands(23)
    assert (at.gateway, at.since_us) == ("attic", 20)


def test_a_band_nearby_is_shown_at_the_gateway_that_hears_it_best() -> None:
    picture = Picture()
    picture.hear_nearby(Nearby(v=1, at_us=0, gateway="hall", bands=[seen("a", -80), seen("b", -50)]), 0)
    picture.hear_nearby(Nearby(v=1, at_us=0, gateway="attic", bands=[seen("a", -60), seen("c", None)]), 1)
    found = [(near.band, near.gateway, near.others) for near in picture.nearby(2)]
    assert found == [("b", "hall", ()), ("a", "attic", ("hall",)), ("c", "attic", ())]
    picture.hear_nearby(Nearby(v=1, at_us=3, gateway="attic", bands=[]), 3)
    assert [(near.band, near.gateway) for near in picture.nearby(4)] == [("b", "hall"), ("a", "hall")]
    assert picture.nearby(NEARBY_US + 1) == [], "who was not heard of lately is not near"


def test_a_band_that_a_gateway_has_not_heard_for_a_while_is_not_nearby() -> None:
    picture = Picture()
    stale = seen("a", -50, heard_us=0)
    picture.hear_nearby(Nearby(v=1, at_us=NEARBY_US + 1, gateway="hall", bands=[stale]), 7)
    assert picture.nearby(8) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["hall", "attic", "cellar"]),
            st.sampled_from(["connected", "connecting", "lost", "refused", "released"]),
            st.integers(0, 10),
        ),
        max_size=40,
    )
)
def test_a_band_is_at_no_more_than_one_gateway_which_is_online_and_said_so_last(
    said: list[tuple[str, State, int]],
) -> None:
    picture = site("hall", "attic")
    now_us, newest = 0, {}
    for name, state, passes_us in said:
        now_us += passes_us
        hear(picture, "b", band(name, state=state), now_us)
        newest[name] = state
    for at in picture.bands(now_us):
        assert at.gateway is None or (at.gateway in ("hall", "attic") and newest[at.gateway] == "connected")
        assert at.gateway is not None or "connected" not in (newest.get("hall"), newest.get("attic"))


def test_what_is_made_up_is_not_remembered_without_end() -> None:
    picture = site("hall")
    hear(picture, "b", band("hall"), 0)
    for n in range(20_000):
        hear(picture, "b", band(f"g{n}"), n)
        hear(picture, f"b{n}", band("hall"), n)
        picture.hear_band(f"b{n}", "hall", None, n)
        near = Nearby(v=1, at_us=0, gateway=f"g{n}", bands=[seen("b", -50), seen(f"b{n}", -50)])
        if n < 300:
            picture.hear_nearby(near, n * S)
    assert len(picture._bands["b"]) == GATEWAYS_MAX
    assert len(picture._changes) == 1
    assert len(picture._near) <= 2 + NEARBY_US // S
    hear(picture, "b", band("hall", since_us=5), 20_000)
    assert [one.gateway for one in picture.bands(20_001)] == ["hall"]
