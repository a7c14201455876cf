"""Names of adapters: what can never be one is refused at the start; what is only absent is not."""

import re

import pytest

from ingest.ble.adapters import Adapter
from ingest.ble.radio import ALONE, SCHEMES
from ingest.errors import LinkError


@pytest.mark.parametrize("spec", ["nonsense:1", "USB:0", ":0", "hci0:1"])
def test_a_transport_that_there_is_not_is_refused_saying_which_there_are(spec: str) -> None:
    with pytest.raises(LinkError, match=re.escape(f"adapter {spec!r}: there is no transport")) as refused:
        Adapter(spec)
    assert "tcp-client, " in str(refused.value)
    assert "usb" in str(refused.value)


@pytest.mark.parametrize("spec", ["usb:", "serial:", "tcp-client:"])
def test_a_transport_without_its_address_is_refused(spec: str) -> None:
    with pytest.raises(LinkError, match="say which after the colon"):
        Adapter(spec)


@pytest.mark.parametrize("spec", ["usb:7", "serial:/dev/not-there", "tcp-client:127.0.0.1:1", "vhci:", "", "hci9"])
def test_hardware_that_is_absent_is_no_reason_not_to_start(spec: str) -> None:
    pytest.importorskip("bumble", reason="the extra radio is not installed")
    assert Adapter(spec).name == (spec or "default")


def test_every_transport_of_bumbles_is_known() -> None:
    transport = pytest.importorskip("bumble.transport", reason="the extra radio is not installed")
    told = set(re.findall(r"^ *\* ([a-z-]+)$", transport.open_transport.__doc__ or "", re.MULTILINE))
    assert len(told) >= 14
    assert told - {"android-netsim"} <= set(SCHEMES)
    assert set(ALONE) <= set(SCHEMES)
