"""Fixtures of the Bluetooth side: the same test body over both ways to reach a band."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Unpack, cast

import pytest

from tests.bluez.daemon import private_bus
from tests.bluez.house import House, Settings, Way, live
from tests.conftest import _program

Live = Callable[..., None]


@pytest.fixture(scope="session")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a private D-Bus, for the facade of BlueZ and bleak alike."""
    program = _program("dbus-daemon")
    with private_bus(program, tmp_path_factory.mktemp("bus")) as address:
        yield address


@pytest.fixture(params=["bumble", "bluez"])
def in_house(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Live:
    """Run a body in a house: twice, with a bumble central, and with bleak's own Linux backend over the facade."""
    way = cast(Way, request.param)
    bus: str | None = None
    if way == "bluez":
        bus = request.getfixturevalue("bus")
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)

    def run(body: Callable[[House], Awaitable[None]], **settings: Unpack[Settings]) -> None:
        live(way, body, bus=bus, **settings)

    return run
