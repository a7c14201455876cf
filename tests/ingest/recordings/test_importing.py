"""Recordings on their way into the store and the registry: once, whole, as whose they are, or not at all."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import RegistryError, StoreError
from ingest.labels import Label
from ingest.recordings.digest import band_of, digest
from ingest.recordings.importing import Import, Imported, Passed, Refused, import_paths, import_recording
from ingest.recordings.packets import longest_s, packets
from ingest.recordings.recording import Recording
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from ingest.store.sqlite import SqliteStore
from ingest.types import Block
from ingest.wire import decode, encode

START_S = 1_600_000_000.25
ASKED = Import(wearer="w1", by="test", now_s=1_700_000_000.0)
EVER = Consent(frozenset({Scope.CARE}), "a guardian", 0.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "readings.db")
    yield opened
    opened.close()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = Registry(f"sqlite:///{tmp_path}/registry.db", clock=lambda: ASKED.now_s)
    opened.upgrade()
    for wearer in ("w1", "w2"):
        opened.add_wearer(wearer, f"name of {wearer}", by="test")
        opened.give_consent(wearer, EVER, by="test")
    yield opened
    opened.close()


def recorded(*, minutes: float = 5.0, seed: int = 1) -> Recording:
    """Two pieces with a pause and an overlap, rates that are no whole numbers, and NaN."""
    rng = np.random.default_rng(seed)
    n = int(minutes * 60)
    eda = rng.uniform(0, 5, 4 * n)
    eda[5] = np.nan
    motion = rng.integers(-64, 64, (3, 32 * n)) / 64
    motion[:, 7] = np.nan
    channels = {
        "eda": (Block("eda", START_S + 0.5, 4.0003, eda),),
        "temperature": (Block("temperature", START_S, 1.0, rng.uniform(30, 34, n).astype("f4").astype("f8")),),
        "ppg": (
            Block("ppg", START_S, 63.9995, rng.normal(size=32 * n)),
            Block("ppg", START_S + n / 2 - 0.1, 64.0059, rng.normal(size=16 * n)),
            Block("ppg", START_S + 0.8 * n, 64.0, rng.normal(size=100)),
        ),
        "motion": (Block("motion", START_S + 1, 32.0, motion),),
    }
    labels = (Label(what="calm", start_s=START_S, end_s=START_S + 60, rater="protocol"),)
    return Recording("made", "made", START_S, channels, None, np.array([START_S + 3]), ("a note",), labels)


def stored(store: SqliteStore, band: str, channel: str) -> tuple[np.ndarray, np.ndarray]:
    """Times and values of what is stored of a channel, in the order of time."""
    blocks = list(store.read(band, channel, -np.inf, np.inf))
    times = [block.start_s + np.arange(block.values.shape[-1]) / block.rate_hz for block in blocks]
    values = np.concatenate([block.values for block in blocks], axis=-1)
    order = np.argsort(np.concatenate(times), kind="stable")
    return np.concatenate(times)[order], values[..., order]


def given(recording: Recording, channel: str) -> tuple[np.ndarray, np.ndarray]:
    pieces = recording.channels[channel]
    times = np.concatenate([p.start_s + np.arange(p.values.shape[-1]) / p.rate_hz for p in pieces])
    order = np.argsort(times, kind="stable")
    return times[order], np.concatenate([p.values for p in pieces], axis=-1)[..., order]


def test_every_sample_is_stored_once_at_its_time(store: SqliteStore, registry: Registry) -> None:
    recording = recorded()
    done = import_recording(recording, ASKED, store=store, registry=registry)
    assert done.new == done.packets > 5
    assert done.band == band_of(digest(recording))
    for channel in recording.channels:
        times, values = stored(store, done.band, channel)
        told_times, told_values = given(recording, channel)
        np.testing.assert_array_equal(values, told_values)
        np.testing.assert_allclose(times, told_times, atol=1e-4, rtol=0)
        assert done.samples[channel] == times.size


def test_importing_again_changes_nothing(store: SqliteStore, registry: Registry) -> None:
    first = import_recording(recorded(), ASKED, store=store, registry=registry)
    before = (store.counts(), registry.sessions(), registry.labels(), registry.worn_by("w1"))
    renamed = replace(recorded(), name="another name", notes=())
    again = import_recording(renamed, ASKED, store=store, registry=registry)
    assert (again.new, again.packets, again.band) == (0, first.packets, first.band)
    assert (store.counts(), registry.sessions(), registry.labels(), registry.worn_by("w1")) == before


def test_the_session_its_wearer_and_its_labels_are_entered(store: SqliteStore, registry: Registry) -> None:
    done = import_recording(recorded(), ASKED, store=store, registry=registry)
    (session,) = registry.sessions("w1")
    assert (session.band, session.digest, session.start_s) == (done.band, done.digest, START_S)
    assert session.notes == ("a note",)
    ends = [received.utc_s(received.packet.tick_us) for received in store.packets(done.band)]
    assert {registry.wearer_of(done.band, end_s) for end_s in ends} == {"w1"}
    assert registry.wearer_of(done.band, done.end_s + 3600) is None
    told = {(label.what, label.wearer, label.start_s) for label in registry.labels("w1").values()}
    assert told == {("calm", "w1", START_S), ("button press", "w1", START_S + 3)}


class Killed(BaseException):
    """The process dies."""


class Dying:
    """A store whose process dies in its ``at``-th commit, before or after it is durable."""

    def __init__(self, store: SqliteStore, at: int, *, after: bool) -> None:
        self._store, self._left, self._after = store, at, after

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def commit(self, batch: list, *, dropped: list) -> int:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Killed
        new = self._store.commit(batch, dropped=dropped)
        if self._left == 0:
            raise Killed
        return new


@pytest.mark.parametrize("after", [False, True])
def test_an_import_that_was_killed_is_finished_by_doing_it_again(
    store: SqliteStore, registry: Registry, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    monkeypatch.setattr("ingest.recordings.importing.BATCH", 2)
    recording = recorded()
    with pytest.raises(Killed):
        import_recording(recording, ASKED, store=Dying(store, 2, after=after), registry=registry)
    done = import_recording(recording, ASKED, store=store, registry=registry)
    assert done.new == done.packets - (4 if after else 2)
    for channel in recording.channels:
        np.testing.assert_array_equal(stored(store, done.band, channel)[1], given(recording, channel)[1])
    assert len(registry.sessions()) == 1


def test_without_consent_nothing_is_entered_or_stored(store: SqliteStore, registry: Registry) -> None:
    registry.withdraw_consent("w1", at_s=ASKED.now_s, by="test")
    with pytest.raises(RegistryError, match="consent"):
        import_recording(recorded(), ASKED, store=store, registry=registry)
    with pytest.raises(RegistryError, match="consent"):
        import_recording(recorded(), replace(ASKED, wearer="nobody"), store=store, registry=registry)
    assert store.counts().packets == {}
    assert (registry.sessions(), registry.bands(), registry.labels()) == ([], [], {})


def test_what_consent_does_not_cover_is_dropped_for_ever(store: SqliteStore, registry: Registry) -> None:
    registry.withdraw_consent("w1", at_s=ASKED.now_s, by="test")
    registry.give_consent("w1", replace(EVER, until_s=START_S + 130), by="test")
    done = import_recording(recorded(), ASKED, store=store, registry=registry)
    assert 0 < done.new == done.packets - done.dropped < done.packets
    assert stored(store, done.band, "eda")[0][-1] < START_S + 130
    registry.give_consent("w1", EVER, by="test")
    assert import_recording(recorded(), ASKED, store=store, registry=registry).new == 0


def test_a_recording_is_not_given_to_a_second_wearer(store: SqliteStore, registry: Registry) -> None:
    import_recording(recorded(), ASKED, store=store, registry=registry)
    with pytest.raises(RegistryError, match="w1"):
        import_recording(recorded(), replace(ASKED, wearer="w2"), store=store, registry=registry)


def test_a_dry_run_says_the_same_and_writes_nothing(store: SqliteStore, registry: Registry) -> None:
    said = import_recording(recorded(), replace(ASKED, dry=True), store=store, registry=registry)
    assert (store.counts().packets, registry.sessions(), registry.labels()) == ({}, [], {})
    assert said == import_recording(recorded(), ASKED, store=store, registry=registry)


def test_what_cannot_be_read_costs_nothing_else_its_place(
    shared_data: Path, tmp_path: Path, store: SqliteStore, registry: Registry
) -> None:
    study = tmp_path / "study"
    study.mkdir()
    for name in ("1002_1511238009_A010D0.zip", "1003_1507301806_A004AD.zip"):
        (study / name).write_bytes((shared_data / "e4tools_demo" / name).read_bytes())
    (study / "broken.zip").write_bytes(b"PK\x03\x04 nothing")
    (study / "notes.txt").write_text("met at nine")
    shares: list[float] = []
    paths = [tmp_path / "absent", study]
    done = list(
        import_paths(paths, ASKED, store=store, registry=registry, progress=lambda _, share: shares.append(share))
    )
    assert [type(each) for each in done] == [Refused, Imported, Imported, Refused, Passed]
    assert "absent" in done[0].reason
    assert "broken.zip" in done[3].reason
    assert done[4].files == ("notes.txt",)
    assert done[1].source == "study/1002_1511238009_A010D0.zip"
    assert [session.origin for session in registry.sessions()] == [done[2].source, done[1].source]
    assert shares[-1] == 1.0


def test_a_store_that_cannot_write_ends_the_import(store: SqliteStore, registry: Registry) -> None:
    class Full(Dying):
        def commit(self, batch: list, *, dropped: list) -> int:
            raise StoreError("the disk is full")

    with pytest.raises(StoreError):
        import_recording(recorded(), ASKED, store=Full(store, 1, after=False), registry=registry)


def test_a_digest_is_of_the_content_alone() -> None:
    told = digest(recorded())
    assert told == digest(replace(recorded(), name="x", device="y", notes=(), labels=()))
    assert len({told, digest(recorded(seed=2)), digest(recorded(minutes=5.5))}) == 3
    changed = recorded()
    later = replace(changed.channels["eda"][0], start_s=START_S + 0.75)
    assert digest(replace(changed, channels=changed.channels | {"eda": (later,)})) != told
    assert digest(replace(changed, tags_s=np.array([START_S + 4]))) != told
    assert digest(replace(changed, ibi_s=np.array([[START_S + 1], [0.8]]))) != told


def test_packets_of_a_minute_go_over_the_wire_whole() -> None:
    recording = recorded(minutes=3)
    cut = [decode(encode(p)) for _, p in packets(recording, band="b", seconds=longest_s(recording))]
    assert [packet.seq for packet in cut] == list(range(len(cut)))
    assert len(cut) == 6  # four begun minutes, and one more for each of the pulse's further pieces


def test_fast_channels_make_short_packets() -> None:
    fast = replace(recorded(minutes=1), channels={"ppg": (Block("ppg", START_S, 4096.0, np.zeros(4096 * 20)),)})
    assert longest_s(fast) == 3.0
    for _, packet in packets(fast, band="b", seconds=3.0):
        decode(encode(packet))
    with pytest.raises(ValueError, match="at most 3"):
        next(packets(fast, band="b", seconds=4.0))
