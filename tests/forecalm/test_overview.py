"""What staff see, looked up in a real store and registry: nothing that fails hides the rest."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from forecalm.overview import FRESH_S, Overviews
from ingest.bands import Sent
from ingest.clock.clocks import Clocks, ClockState, GatewayState
from ingest.errors import RegistryError, StoreError
from ingest.intake.counts import Counters, HeldBack
from ingest.received import Received
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from ingest.store.sqlite import SqliteStore
from ingest.wire import Packet, encode

NOW_S = 1e9
DAY_S = 86_400.0


@dataclass
class Taking:
    """An intake as far as it is asked here."""

    held_back: HeldBack | None = None
    counters: Counters = field(default_factory=lambda: Counters(messages=3))

    def clocks(self) -> tuple[list[ClockState], list[GatewayState]]:
        return [ClockState("band-01", 1, 0.0, 9.0, 0.01, None, NOW_S, 0, is_proven=True)], []


class Away:
    """A store or registry that does not answer."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> object:
        def fail(*_: object, **__: object) -> object:
            raise self._error

        return fail


class Office:
    """Overviews of a store and a registry in a folder, and a clock that stands still until it is moved."""

    def __init__(self, folder: Path, registry: Registry, store: SqliteStore) -> None:
        self.now_s = NOW_S
        self.registry, self.store, self.intake = registry, store, Taking()
        self.overviews = self.of(store, registry)

    def of(self, store: object, registry: object) -> Overviews:
        return Overviews(
            store=store,  # type: ignore[arg-type]
            registry=registry,  # type: ignore[arg-type]
            intake=self.intake,  # type: ignore[arg-type]
            admit=self.registry.admissions().admit,
            keep_s=DAY_S,
            clock=lambda: self.now_s,
        )


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with (
        closing(Registry(f"sqlite:///{tmp_path / 'registry.sqlite'}", clock=lambda: NOW_S)) as registry,
        closing(SqliteStore(tmp_path / "readings.sqlite")) as store,
    ):
        registry.upgrade()
        consent = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0, NOW_S + DAY_S)
        registry.pair(band="band-01", wearer="w-01", since_s=0.0, name="Bea", carers=[], consent=consent, by="test")
        yield Office(tmp_path, registry, store)


def received(band: str = "band-01", seq: int = 0, **said: object) -> Received:
    packet = Packet(v=1, band=band, boot=1, seq=seq, tick_us=1_000_000 * (seq + 1), **said)  # type: ignore[arg-type]
    return Received(packet, Clocks().map(packet, NOW_S), NOW_S, encode(packet))


def test_what_is_stored_heard_and_agreed_comes_together(office: Office) -> None:
    office.store.commit([received(), received("stray")])
    office.store.quarantine("topic", b"\x00", "the reason", NOW_S)
    office.overviews.hear([(received(gateway="attic", battery=64), "w-01")])
    said = office.overviews.take()
    stray, mine = said.bands
    assert (stray.band, stray.is_urgent) == ("stray", True)
    assert (mine.band, mine.wearer, mine.packets, mine.sent) == ("band-01", "w-01", 1, Sent("attic", 64))
    assert mine.clock is not None
    assert mine.clock.drift_ppm == 9.0
    assert [(due.wearer, due.ends_s) for due in said.consents] == [("w-01", NOW_S + DAY_S)]
    assert [refusal.reason for refusal in said.refusals] == ["the reason"]
    assert (said.names, said.counters.messages, said.faults) == ({"w-01": "Bea"}, 3, ())


def test_a_battery_that_is_told_now_and_then_stays_and_the_newest_gateway_is_named(office: Office) -> None:
    office.overviews.hear([(received(gateway="attic", battery=64), "w-01"), (received(seq=1, gateway="hall"), "w-01")])
    office.overviews.hear([(received(seq=2, gateway="hall"), "w-01")])
    (mine,) = office.overviews.take().bands
    assert mine.sent == Sent("hall", 64)


def test_whoever_asks_again_at_once_is_told_the_same_and_a_little_later_anew(office: Office) -> None:
    first = office.overviews.take()
    office.now_s += FRESH_S / 2
    assert office.overviews.take() is first
    office.now_s += FRESH_S
    office.registry.rename("w-01", "Beatrix", by="test")
    assert office.overviews.take().names == {"w-01": "Beatrix"}
    office.now_s -= 3600
    assert office.overviews.take().at_s == office.now_s


def test_a_store_that_does_not_answer_hides_neither_who_wears_what_nor_whose_consent_ends(office: Office) -> None:
    said = office.of(Away(StoreError("the file is locked")), office.registry).take()
    assert said.faults == ("The store does not say what it holds: the file is locked",)
    assert [(band.band, band.wearer) for band in said.bands] == [("band-01", "w-01")]
    assert len(said.consents) == 1


def test_a_registry_that_does_not_answer_hides_no_band(office: Office) -> None:
    office.store.commit([received()])
    said = office.of(office.store, Away(RegistryError("the server is away"))).take()
    assert said.faults == ("The registry does not say who wears what: the server is away",)
    assert [(band.band, band.packets) for band in said.bands] == [("band-01", 1)]


def test_why_nothing_is_stored_is_said_without_asking_any_database(office: Office) -> None:
    broken = office.of(Away(StoreError("x")), Away(StoreError("x")))
    assert broken.held_back is None
    office.intake.held_back = HeldBack(5.0, "the disk is full")
    assert broken.held_back == HeldBack(5.0, "the disk is full")
