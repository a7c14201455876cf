"""What the tests of keeping share: an installation with people in it, and readings of marked bytes."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from forecalm.config import Config
from forecalm.installation import Installation
from ingest.received import Received
from ingest.registry.consents import Consent, Scope
from ingest.registry.places import Site
from ingest.registry.registry import Registry
from ingest.store.protocol import Store
from ingest.wire import Packet, Samples, encode

NOW_S = 1_800_000_000.0
HOUR_S = 3_600.0
CARE = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)

Pack = Callable[..., Received]


class Clock:
    """What the registry takes for the time."""

    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(Config(data=str(tmp_path / "var")))


@pytest.fixture
def registry(here: Installation, clock: Clock) -> Iterator[Registry]:
    """Wearers w-1 and w-2 who have consented, and bands b-1 and b-2 that nobody wears."""
    clock.now_s = NOW_S - 90 * 24 * HOUR_S
    with closing(Registry(f"sqlite:///{here.registry}", clock=clock)) as made:
        made.upgrade()
        made.add_site(Site("home", "Home", "UTC"), by="test")
        clock.now_s = NOW_S
        for wearer in ("w-1", "w-2"):
            made.add_wearer(wearer, f"Name {wearer}", site="home", by="test")
            made.give_consent(wearer, CARE, by="test")
        for band in ("b-1", "b-2"):
            made.add_band(band, by="test")
        yield made


@pytest.fixture
def store(here: Installation) -> Iterator[Store]:
    with closing(here.open_store()) as made:
        yield made


@pytest.fixture
def pack() -> Pack:
    """Makes a packet of a second that ends at ``end_s`` [UTC s] and came ``late_s`` after that."""

    def make(band: str, end_s: float, *, late_s: float = 0.5, seq: int | None = None, boot: int = 1) -> Received:
        tick_us = round((end_s - 1.7e9) * 1e6)
        seq = tick_us // 1_000_000 if seq is None else seq
        values = np.random.default_rng(seq).normal(size=4).astype("<f8").tobytes()
        eda = Samples(rate_hz=4.0, tick_us=tick_us - 1_000_000, values=values, dtype="f8")
        packet = Packet(v=1, band=band, boot=boot, seq=seq, tick_us=tick_us, eda=eda)
        return Received(packet, 1.7e9, end_s + late_s, encode(packet))

    return make
