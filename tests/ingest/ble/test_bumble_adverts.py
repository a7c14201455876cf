"""Adverts as bumble hears them: any bytes at all are read without complaint, and what is whole in them is kept."""

from uuid import UUID

from bumble.core import AdvertisingData
from bumble.device import Advertisement
from bumble.hci import Address
from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.bumble_adverts import parse_advertisement

Kind = AdvertisingData.Type
HERE = Address("C0:DE:00:00:00:01")


def heard(data: bytes | AdvertisingData) -> Advertisement:
    """As if by radio."""
    return Advertisement(HERE, rssi=-60, data_bytes=bytes(data))


@given(st.binary(max_size=62))
def test_any_bytes_are_read_without_complaint(data: bytes) -> None:
    parsed = parse_advertisement(heard(data))
    assert all(service == service.lower() and len(service) == 36 for service in parsed.service_uuids)
    assert len(set(parsed.service_uuids)) == len(parsed.service_uuids)
    assert all(0 <= maker <= 0xFFFF for maker in parsed.manufacturer_data)


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=20)), max_size=8))
def test_any_structures_are_read_without_complaint(structures: list[tuple[int, bytes]]) -> None:
    parsed = parse_advertisement(heard(AdvertisingData(structures)))
    assert parsed.tx_power is None or -128 <= parsed.tx_power <= 127


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.uuids())
def test_services_of_every_width_are_told_by_128_bits(short: int, medium: int, long: UUID) -> None:
    parsed = parse_advertisement(
        heard(
            AdvertisingData(
                [
                    (Kind.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, short.to_bytes(2, "little")),
                    (Kind.COMPLETE_LIST_OF_32_BIT_SERVICE_CLASS_UUIDS, medium.to_bytes(4, "little")),
                    (Kind.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, long.bytes[::-1]),
                ]
            )
        )
    )
    base = "-0000-1000-8000-00805f9b34fb"
    assert parsed.service_uuids == list(dict.fromkeys([f"{short:08x}{base}", f"{medium:08x}{base}", str(long)]))


def test_a_whole_name_counts_before_a_shortened_one() -> None:
    names = [(Kind.SHORTENED_LOCAL_NAME, b"fc"), (Kind.COMPLETE_LOCAL_NAME, b"fc-0007")]
    for order in (names, names[::-1]):
        assert parse_advertisement(heard(AdvertisingData(order))).local_name == "fc-0007"
