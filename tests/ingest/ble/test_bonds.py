"""Bonds: who makes them, that they outlive a restart, and what is said of one that a band has lost."""

import stat
from pathlib import Path

import pytest

from ingest.ble.adapters import Adapter
from ingest.errors import LinkError
from tests.bluez.house import House, live
from tests.bluez.peripheral import MAKER, SECRET, Peripheral
from tests.ingest.ble.conftest import Live


async def use_bond(house: House, band: Peripheral, *, may_pair: bool) -> None:
    """Connect and ask for what only a bonded gateway is told."""
    async with await house.open(band, may_pair=may_pair) as link:
        await link.secure()
        assert await link.read(SECRET) == b"bonded only"


async def bond(house: House, band: Peripheral) -> None:
    """As staff do it."""
    await use_bond(house, band, may_pair=True)
    await house.until(lambda: band.connections == 0)


@pytest.mark.parametrize("alias", [False, True], ids=["own-address", "other-identity"])
def test_a_bond_made_once_encrypts_every_later_link(in_house: Live, *, alias: bool) -> None:
    async def body(house: House) -> None:
        band = await house.band(alias=alias)
        await bond(house, band)
        for _ in range(2):
            await use_bond(house, band, may_pair=False)

    in_house(body)


def test_a_stranger_is_never_bonded_with_unless_staff_are_pairing(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        async with await house.open(band) as link:
            with pytest.raises(LinkError, match=r"C0:DE:00:00:00:01.*not bonded.*pairing mode"):
                await link.secure()
        assert await band.device.keystore.get_all() == []

    in_house(body)


def test_a_band_that_refuses_to_pair_says_so(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band(pairs=False)
        link = await house.open(band, may_pair=True)
        with pytest.raises(LinkError, match=r"C0:DE:00:00:00:01.*encrypting"):
            await link.secure()
        await link.close()
        assert await house.adapter.bonded(band.address) is False

    in_house(body)


def test_a_band_that_lost_its_bond_is_told_of_and_not_bonded_anew_on_its_own_word(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        await bond(house, band)
        await band.forget_bonds()
        with pytest.raises(LinkError, match=r"C0:DE:00:00:00:01.*lost .* bond.*pairing mode"):
            await use_bond(house, band, may_pair=False)
        assert await band.device.keystore.get_all() == []
        assert await house.adapter.bonded(band.address) is True

    in_house(body)


def test_staff_bond_anew_with_a_band_that_lost_its_bond(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        await bond(house, band)
        await band.forget_bonds()
        with pytest.raises(LinkError, match=r"C0:DE:00:00:00:01.*lost .* bond.*pairing mode"):
            await use_bond(house, band, may_pair=True)
        await house.until(lambda: house.adapter.links == 0)
        await bond(house, band)

    in_house(body)


def test_a_bond_is_let_go_of(in_house: Live) -> None:
    async def body(house: House) -> None:
        band = await house.band()
        await bond(house, band)
        await house.adapter.forget(band.address)
        async with await house.open(band) as link:
            with pytest.raises(LinkError, match="not bonded"):
                await link.secure()

    in_house(body)


def test_a_bonded_band_that_is_silent_is_given_up_and_costs_no_other_band_its_link(
    in_house: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(house: House) -> None:
        band, other = await house.band(), await house.band()
        await bond(house, band)
        await house.heard(band)
        async with await house.open(other) as link:
            house.die(band)
            monkeypatch.setattr("ingest.ble.link.CONNECT_S", 0.3)
            for _ in range(2):
                with pytest.raises(LinkError, match=r"connecting: no answer in time"):
                    await house.adapter.open(band.address, may_pair=False)
            assert await link.read(MAKER) == b"Test"

    in_house(body)


def test_bonds_of_a_bumble_adapter_outlive_a_restart_and_are_nobody_elses_to_read(tmp_path: Path) -> None:
    bonds = tmp_path / "gateway" / "bonds.json"

    async def first(house: House) -> None:
        await bond(house, await house.band())

    live("bumble", first, bonds=bonds)
    assert stat.S_IMODE(bonds.stat().st_mode) == 0o600
    address = bonds.read_text()

    async def second(house: House) -> None:
        band = await house.band()
        await house.heard(band)
        assert await house.adapter.bonded(band.address) is True

    live("bumble", second, bonds=bonds)
    assert bonds.read_text() == address


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"address": "x", "bonds": {}}', '{"address": 1}', "\0"])
def test_a_spoilt_file_of_bonds_is_named_and_left_alone(tmp_path: Path, text: str) -> None:
    bonds = tmp_path / "bonds.json"
    bonds.write_text(text)
    with pytest.raises(LinkError, match=r"bonds\.json does not hold bonds"):
        Adapter("usb:0", bonds=bonds)
    assert bonds.read_text() == text
