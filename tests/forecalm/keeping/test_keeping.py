"""What may be kept no longer goes, what may be kept stays to the packet, and nothing that fails ends the keeping."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecalm.installation import Installation
from forecalm.keeping.keeping import LOOK_MOST_S, SAY_AGAIN_S, Keeping
from forecalm.keeping.ranges import Piece, ranges
from ingest.errors import StoreError
from ingest.received import Received
from ingest.registry.consents import Consent, Scope
from ingest.registry.places import Site
from ingest.registry.registry import Registry
from ingest.registry.sessions import Kind, Session
from ingest.store.protocol import BandSummary, Erased, Store

Pack = Callable[..., Received]
NOW_S = 1_800_000_000.0
HOUR_S, DAY_S = 3_600.0, 86_400.0
CARE = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)


def keeping(registry: Registry, store: Store, hours: float = 24.0) -> Keeping:
    return Keeping(registry, store, unassigned_s=hours * HOUR_S, clock=lambda: NOW_S)


def ends(store: Store, band: str) -> list[float]:
    return [received.utc_s(received.packet.tick_us) for received in store.packets(band)]


def around(pack: Pack, band: str, middle_s: float, seconds: int = 5, **how: float) -> list[Received]:
    """Packets that end every second from ``seconds`` before to ``seconds`` after a moment."""
    return [pack(band, middle_s + i, **how) for i in range(-seconds, seconds + 1)]


@pytest.mark.parametrize("settled", [False, True])
def test_readings_that_nobody_claims_go_a_day_after_they_came_and_not_before(
    registry: Registry, store: Store, pack: Pack, *, settled: bool
) -> None:
    store.commit([*around(pack, "b-1", NOW_S - DAY_S), *around(pack, "x-9", NOW_S - DAY_S)])
    store.settle(NOW_S, everything=settled)
    keeping(registry, store).keep_once(NOW_S)
    left_s = [NOW_S - DAY_S + i for i in range(6)]  # they came half a second after their end
    assert ends(store, "b-1") == ends(store, "x-9") == left_s
    noted = [entry for entry in registry.audit_entries() if entry.action == "purge"]
    assert [entry.detail for entry in noted] == ['{"band":"b-1","packets":5}', '{"band":"x-9","packets":5}']
    keeping(registry, store).keep_once(NOW_S + 6)
    assert store.bands() == []
    assert store.commit(around(pack, "b-1", NOW_S - DAY_S)) == 0  # they count as stored for ever


def test_readings_that_came_late_wait_from_when_they_came(registry: Registry, store: Store, pack: Pack) -> None:
    late = around(pack, "b-1", NOW_S - 9 * DAY_S, late_s=9 * DAY_S - 60)
    store.commit([*around(pack, "b-1", NOW_S - 2 * DAY_S), *late])
    keeper = keeping(registry, store)
    keeper.keep_once(NOW_S)
    assert ends(store, "b-1") == [each.utc_s(each.packet.tick_us) for each in late]
    keeper.keep_once(NOW_S + DAY_S)
    assert ends(store, "b-1") == []


def test_an_assignment_keeps_its_part_of_a_band_s_time_to_the_packet(
    registry: Registry, store: Store, pack: Pack
) -> None:
    since_s, until_s = NOW_S - 3 * DAY_S, NOW_S - 2 * DAY_S
    registry.correct_assignment("b-1", "w-1", since_s=since_s, until_s=until_s, by="test")
    registry.add_wearer("w-3", "Nobody agreed", by="test")
    registry.correct_assignment("b-1", "w-3", since_s=until_s + 3, until_s=until_s + 9, by="test")
    store.commit([*around(pack, "b-1", since_s), *around(pack, "b-1", until_s)])
    keeping(registry, store).keep_once(NOW_S)
    mine = [since_s + i for i in range(6)] + [until_s - i for i in range(5, 0, -1)]
    assert ends(store, "b-1") == mine


def test_what_a_consent_kept_stays_after_it_was_withdrawn_and_what_it_never_covered_goes(
    registry: Registry, store: Store, pack: Pack, clock: Callable[[], float]
) -> None:
    registry.correct_assignment("b-1", "w-1", since_s=NOW_S - 4 * DAY_S, until_s=NOW_S - 2 * DAY_S, by="test")
    store.commit(around(pack, "b-1", NOW_S - 3 * DAY_S) + around(pack, "b-2", NOW_S - 5 * DAY_S))
    registry.withdraw_consent("w-1", at_s=NOW_S + 1, by="test")
    clock.now_s = NOW_S + 2  # type: ignore[attr-defined]
    registry.correct_assignment("b-2", "w-1", since_s=0.0, until_s=NOW_S - 4 * DAY_S, by="test")
    keeping(registry, store).keep_once(NOW_S)
    assert len(ends(store, "b-1")) == 11
    assert ends(store, "b-2") == []


def test_readings_of_somebody_who_was_erased_go_at_once(registry: Registry, store: Store, pack: Pack) -> None:
    registry.correct_assignment("b-1", "w-1", since_s=NOW_S - 100, until_s=NOW_S - 50, by="test")
    registry.assign("b-1", "w-2", NOW_S - 50, by="test")
    store.commit(around(pack, "b-1", NOW_S - 50))
    registry.erase_wearer("w-1", by="test")
    keeping(registry, store).keep_once(NOW_S)
    assert ends(store, "b-1") == [NOW_S - 50 + i for i in range(6)]


def test_each_site_keeps_readings_as_long_as_it_says_imported_ones_from_when_they_came(
    registry: Registry, store: Store, pack: Pack, clock: Callable[[], float]
) -> None:
    registry.add_site(Site("other", "Other", "UTC"), by="test")
    registry.correct_assignment("b-1", "w-1", since_s=0.0, until_s=NOW_S - 20 * DAY_S, by="test")
    registry.add_wearer("w-3", "Elsewhere", by="test")
    registry.give_consent("w-3", CARE, by="test")
    registry.assign("b-1", "w-3", NOW_S - 20 * DAY_S, by="test")
    registry.assign("b-2", "w-2", NOW_S - 30 * DAY_S, by="test")
    old_s = 1_750_000_000.0
    session = Session(
        band="e4-1", start_s=old_s - 9, end_s=old_s + 9, kind=Kind.IMPORTED, digest="d", wearer="w-1", origin="a.zip"
    )
    registry.add_session(session, by="test")
    moments = {"b-1": NOW_S - 20 * DAY_S, "b-2": NOW_S - 10 * DAY_S, "e4-1": old_s}
    for band, at_s in moments.items():
        store.commit(around(pack, band, at_s))
    keeper = keeping(registry, store)
    keeper.keep_once(NOW_S)
    assert [band.packets for band in store.bands()] == [11, 11, 11]
    registry.set_retention("home", 10, by="test")
    keeper.keep_once(NOW_S + LOOK_MOST_S)
    assert ends(store, "b-1") == [NOW_S - 20 * DAY_S + i for i in range(6)]  # w-3 is of no site: kept
    assert ends(store, "b-2") == []
    assert len(ends(store, "e4-1")) == 11
    keeper.keep_once(NOW_S + 10 * DAY_S)
    assert ends(store, "e4-1") == []
    noted = [entry for entry in registry.audit_entries("w-1") if entry.action == "retention"]
    assert [entry.detail for entry in noted] == ['{"band":"b-1","packets":5}', '{"band":"e4-1","packets":11}']


def test_what_was_there_before_the_registry_waits_from_when_that_was_made(
    here: Installation, store: Store, pack: Pack
) -> None:
    store.commit(around(pack, "b-1", NOW_S - 99 * DAY_S))
    with closing(Registry(f"sqlite:///{here.registry}", clock=lambda: NOW_S)) as young:
        young.upgrade()
        keeper = keeping(young, store)
        keeper.keep_once(NOW_S)
        young.add_band("b-1", by="test")
        keeper.keep_once(NOW_S + LOOK_MOST_S)
        assert len(ends(store, "b-1")) == 11
        keeper.keep_once(NOW_S + DAY_S)
        assert ends(store, "b-1") == []


def test_where_there_is_one_site_whoever_is_of_none_is_of_that(registry: Registry, store: Store, pack: Pack) -> None:
    registry.add_wearer("w-3", "New", by="test")
    registry.give_consent("w-3", CARE, by="test")
    registry.assign("b-1", "w-3", NOW_S - 20 * DAY_S, by="test")
    registry.set_retention("home", 10, by="test")
    store.commit(around(pack, "b-1", NOW_S - 15 * DAY_S))
    keeping(registry, store).keep_once(NOW_S)
    assert registry.site_of()["w-3"] == "home"
    assert ends(store, "b-1") == []


class Failing:
    """A store whose every second word is an error, as often as it is told."""

    def __init__(self, store: Store, failures: int) -> None:
        self._store = store
        self.failures = failures

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreError("readings.sqlite: database or disk is full")

    def settle(self, now_s: float, *, everything: bool = False) -> int:
        self._fail()
        return self._store.settle(now_s, everything=everything)

    def bands(self) -> list[BandSummary]:
        return self._store.bands()

    def recall(self, key: str) -> bytes | None:
        return self._store.recall(key)

    def packets(self, band: str, *span: float) -> Iterator[Received]:
        return self._store.packets(band, *span)

    def erase(self, band: str, since_s: float, until_s: float) -> Erased:
        self._fail()
        return self._store.erase(band, since_s, until_s)


def test_what_fails_is_said_once_tried_again_and_holds_up_no_other_band(
    registry: Registry, store: Store, pack: Pack, caplog: pytest.LogCaptureFixture
) -> None:
    failing = Failing(store, 2)
    for band in ("b-1", "b-2"):
        store.commit(around(pack, band, NOW_S - 2 * DAY_S))
    keeper = keeping(registry, failing)  # type: ignore[arg-type]
    keeper.keep_once(NOW_S)
    assert (len(ends(store, "b-1")), len(ends(store, "b-2"))) == (11, 0)
    assert caplog.text.count("settling readings has failed") == 1
    assert caplog.text.count("purging readings that are nobody's has failed") == 1
    failing.failures = 1
    keeper.keep_once(NOW_S + 1)
    assert caplog.text.count("settling readings has failed") == 1
    keeper.keep_once(NOW_S + SAY_AGAIN_S)
    assert ends(store, "b-1") == []
    assert caplog.text.count("works again") == 2


def test_an_audit_that_cannot_be_written_is_written_later(
    registry: Registry, store: Store, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.commit(around(pack, "b-1", NOW_S - 2 * DAY_S))
    keeper = keeping(registry, store)
    with monkeypatch.context() as locked:

        def refuse(*_: object, **__: object) -> None:
            raise StoreError("registry: database is locked")

        locked.setattr(registry, "note", refuse)
        keeper.keep_once(NOW_S)
    assert ends(store, "b-1") == []
    keeper.keep_once(NOW_S + 1)
    assert [entry.action for entry in registry.audit_entries()].count("purge") == 1


def test_the_thread_settles_by_itself_outlives_failures_and_ends(
    registry: Registry, store: Store, pack: Pack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("forecalm.keeping.keeping.SETTLE_EVERY_S", 0.001)
    registry.assign("b-1", "w-1", NOW_S - DAY_S, by="test")
    store.commit(around(pack, "b-1", NOW_S - HOUR_S))
    failing, settled, before = Failing(store, 3), threading.Event(), set(threading.enumerate())
    failing_settle = failing.settle

    def settle(now_s: float, *, everything: bool = False) -> int:
        moved = failing_settle(now_s, everything=everything)
        if moved:
            settled.set()
        return moved

    monkeypatch.setattr(failing, "settle", settle)
    with keeping(registry, failing):  # type: ignore[arg-type]
        assert settled.wait(30)
    assert set(threading.enumerate()) <= before
    assert len(ends(store, "b-1")) == 11


def test_a_band_that_is_all_claimed_is_not_looked_into_again(
    registry: Registry, store: Store, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.assign("b-1", "w-1", NOW_S - 3 * DAY_S, by="test")
    store.commit(around(pack, "b-1", NOW_S - 2 * DAY_S))
    keeper = keeping(registry, store)
    keeper.keep_once(NOW_S)
    looked: list[str] = []

    def look(band: str, *_: float) -> Iterator[Received]:
        looked.append(band)
        return iter(())

    monkeypatch.setattr(store, "packets", look)
    keeper.keep_once(NOW_S + LOOK_MOST_S)
    assert looked == []
    store.commit([pack("b-1", NOW_S - 3 * DAY_S - 60)])
    keeper.keep_once(NOW_S + 2 * LOOK_MOST_S)
    assert looked


span = st.tuples(st.integers(0, 60), st.integers(0, 6), st.booleans())


@given(st.lists(span, max_size=12))
def test_ranges_reach_all_that_goes_and_nothing_that_stays(spans: list[tuple[int, int, bool]]) -> None:
    pieces = [Piece(float(start), float(start + length), goes) for start, length, goes in spans]
    found = list(ranges(pieces))

    def reached(piece: Piece) -> bool:
        return any(piece.start_s < until and (piece.end_s > since or piece.start_s >= since) for since, until in found)

    stay = [piece for piece in pieces if not piece.goes]
    assert not any(reached(piece) for piece in stay)
    for piece in pieces:
        covered = [(other.start_s, other.end_s) for other in stay]
        moments = [piece.start_s + i / 4 for i in range(round(4 * (piece.end_s - piece.start_s)) + 1)]
        is_free = any(not any(low <= at <= high for low, high in covered) for at in moments)
        assert reached(piece) or not piece.goes or not is_free
    assert found == sorted(found)


def test_what_went_to_quarantine_goes_as_readings_do(registry: Registry, store: Store) -> None:
    registry.add_site(Site("short", "Short", "UTC"), by="test")
    registry.set_retention("short", readings_days=7, by="test")
    registry.add_wearer("w-3", "Name w-3", site="short", by="test")
    registry.give_consent("w-3", CARE, by="test")
    registry.correct_assignment("b-1", "w-1", since_s=NOW_S - 9 * DAY_S, until_s=NOW_S - 8 * DAY_S, by="test")
    registry.correct_assignment("b-2", "w-3", since_s=NOW_S - 9 * DAY_S, until_s=None, by="test")
    came = (("b-1", 8.5), ("b-1", 7.0), ("b-2", 8.0), ("b-2", 6.0), ("x-9", 1.1), ("x-9", 0.9), ("a b", 2.0))
    for band, days in came:
        said = f"{band} {days}".encode()
        store.quarantine(f"forecalm/v1/home/band/{band}/data", said, "junk", NOW_S - days * DAY_S)
    keeping(registry, store).keep_once(NOW_S)
    assert {refusal.payload for refusal in store.quarantined(9)} == {b"b-1 8.5", b"b-2 6.0", b"x-9 0.9"}
    assert store.counts().quarantined == 3


def test_a_clock_that_leaps_ahead_erases_nothing_before_it_has_gone_on_for_a_day(
    registry: Registry, store: Store, pack: Pack, caplog: pytest.LogCaptureFixture
) -> None:
    registry.set_retention("home", readings_days=365, by="test")
    registry.correct_assignment("b-1", "w-1", since_s=NOW_S - 100, until_s=None, by="test")
    store.commit([*around(pack, "b-1", NOW_S), *around(pack, "x-9", NOW_S)])
    then_s = NOW_S + 12 * 365 * DAY_S
    woken, running = keeping(registry, store), keeping(registry, store)
    running.keep_once(NOW_S)
    for keeper in (woken, running):
        caplog.clear()
        keeper.keep_once(then_s)
        keeper.keep_once(then_s + DAY_S / 2)
        assert "the clock is 4380 days ahead" in caplog.text
    assert (len(ends(store, "b-1")), len(ends(store, "x-9"))) == (11, 11)
    running.keep_once(NOW_S + 2 * DAY_S)
    assert (len(ends(store, "b-1")), len(ends(store, "x-9"))) == (11, 0), "set right, it is believed at once"
    woken.keep_once(then_s + DAY_S)
    assert ends(store, "b-1") == []


def test_a_restart_by_a_clock_that_has_leapt_erases_nothing_though_readings_came_by_it(
    registry: Registry, store: Store, pack: Pack, caplog: pytest.LogCaptureFixture
) -> None:
    registry.set_retention("home", readings_days=365, by="test")
    registry.correct_assignment("b-1", "w-1", since_s=NOW_S - 100, until_s=None, by="test")
    store.commit(around(pack, "b-1", NOW_S))
    then_s = NOW_S + 12 * 365 * DAY_S
    keeping(registry, store).keep_once(then_s)
    store.commit(around(pack, "b-2", then_s))
    caplog.clear()
    keeping(registry, store).keep_once(then_s + DAY_S / 2)
    assert "the clock leapt ahead before this start" in caplog.text
    assert len(ends(store, "b-1")) == 11
    keeping(registry, store).keep_once(then_s + DAY_S)
    assert ends(store, "b-1") == []


def test_while_nobody_can_say_whether_the_clock_has_leapt_nothing_is_erased(
    registry: Registry, store: Store, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.commit(around(pack, "x-9", NOW_S - 9 * DAY_S))
    keeper = keeping(registry, store)

    def refuse(key: str) -> bytes | None:
        raise StoreError(f"{key}: locked")

    with monkeypatch.context() as locked:
        locked.setattr(store, "recall", refuse)
        keeper.keep_once(NOW_S)
    assert len(ends(store, "x-9")) == 11
    keeper.keep_once(NOW_S + 1)
    assert ends(store, "x-9") == []
