"""Bonds of every adapter of every gateway, made while staff pair a band once: so that any of them can hold it."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("bumble", reason="the extra radio is not installed")

from benchmarks.gateway_house import radio_house
from ingest.ble.bonding import LEAVE_MAX_S, QUIET_S, TRIES_MAX, Bonds, Round
from tests.ingest.ble.radio_bench import LONG_S, RadioGateway, until


@pytest.mark.long
def test_a_band_that_is_paired_once_is_held_by_any_adapter_of_any_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.ble.bonding.QUIET_S", 2 * QUIET_S)  # this computer may stand still for some seconds

    async def story() -> None:
        async with AsyncExitStack() as stack:
            house = await stack.enter_async_context(radio_house(bands=1, doors=4, seed=2, supervision_s=0.3))
            doors = [f"tcp-client:127.0.0.1:{port}" for port in house.doors]
            gateways = [
                await stack.enter_async_context(RadioGateway(tmp_path / name, which, roster=["band-01"]))
                for name, which in (("hall", doors[:2]), ("attic", doors[2:]))
            ]
            await until(lambda: len(house.hosts()) == 4)
            await house.bands[0].start()
            house.bring_near()
            for one in gateways:
                one.pair(["band-01"], 120.0)
            await house.until_bonded(4)
            await house.until_held(1)
            await until(lambda: "connected" in {one.outbox.last("band-01")[0] for one in gateways})
            await until(lambda: [one.outbox.known["band-01"] for one in gateways] == [(2, 2), (2, 2)])
            for one in gateways:
                one.pair(["band-01"], 0.0)
            assert house.bands[0].band is not None
            house.bands[0].band.open_pairing(0.0)
            for host in house.hosts():
                for other in house.hosts():
                    (house.air.restore if other == host else house.air.silence)(other)
                pair = (min(host, "band-01"), max(host, "band-01"))
                await until(lambda pair=pair: house.held() == 1 and house.air.links() == [pair])  # type: ignore[misc]
                heard = [len(one.outbox.packets) for one in gateways]
                await until(lambda heard=heard: [len(one.outbox.packets) for one in gateways] != heard)  # type: ignore[misc]
            assert all(one.outbox.packets for one in gateways)

    asyncio.run(asyncio.wait_for(story(), 4 * LONG_S))


@given(st.dictionaries(st.integers(0, 3), st.integers(-100, -40)), st.lists(st.booleans(), max_size=40))
def test_every_adapter_has_its_turn_and_none_more_than_it_may(lacking: dict[int, int], made: list[bool]) -> None:
    making, left, turns = Round(0.0), dict(lacking), []
    for now_s, bonded in enumerate(made):
        if (adapter := making.adapter(left)) is None:
            break
        turns.append(adapter)
        making.tried(adapter, float(now_s), 0.5)
        if bonded:
            del left[adapter]
    assert all(turns.count(adapter) <= TRIES_MAX for adapter in lacking)
    assert len(made) < TRIES_MAX * len(lacking) or set(turns) == set(lacking)


def test_a_band_is_left_to_others_until_nobody_takes_it_but_not_for_ever() -> None:
    making = Round(10.0)
    assert not making.is_over(10.0 + QUIET_S - 0.1, free_s=0.0)
    assert not making.is_over(10.0 + QUIET_S, free_s=11.0), "somebody had it a second ago"
    assert making.is_over(11.0 + QUIET_S, free_s=11.0)
    assert making.is_over(12.0 + QUIET_S, free_s=12.0 + QUIET_S), "once is enough"
    assert Round(0.0).is_over(LEAVE_MAX_S, free_s=LEAVE_MAX_S)


def test_who_has_a_bond_is_asked_again_only_where_that_may_have_changed() -> None:
    bonds = Bonds()
    assert bonds.asks(0, 0.0)
    assert not bonds.asks(0, 0.1)
    assert bonds.asks(0, 1.0), "it did not know"
    bonds.known[0] = False
    assert not bonds.asks(0, 2.0)
    assert bonds.lacks(0)
    assert not bonds.lets_in(0)
    assert bonds.asks(0, 10.0)
    bonds.known[0] = True
    assert not bonds.asks(0, 1000.0)
    bonds.doubt(0)
    assert bonds.asks(0, 1000.1)
    assert (bonds.count(), bonds.lets_in(0), bonds.lacks(0)) == (1, True, False)
    bonds.known[1] = None
    assert (bonds.count(), bonds.lets_in(1), bonds.lacks(1)) == (1, True, True), "an operating system that does not say"
