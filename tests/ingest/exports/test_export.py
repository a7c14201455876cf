"""Exports as a whole: what consent covers and no more, all at once, hidden if asked, back in to the last sample."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import RecordingError, RegistryError
from ingest.exports import export as exporting
from ingest.exports.export import KEYS, MANIFEST, RECORD, Asked, Exported, export
from ingest.exports.wearings import Choice
from ingest.labels import Label
from ingest.recordings.detect import look, read
from ingest.recordings.importing import Import, import_paths, import_recording
from ingest.recordings.recording import Recording
from ingest.registry.consents import Consent, Scope
from ingest.registry.places import Site
from ingest.registry.registry import Registry
from ingest.store.sqlite import SqliteStore
from ingest.types import CHANNELS, Block
from ingest.wire import Intervals

pytestmark = pytest.mark.long

NOW_S = 1_700_000_000.0
START_S = 1_603_584_000.5  # 25 October 2020 00:00 UTC: clocks in Berlin go back an hour later
LAYOUTS = ("parquet", "bids", "csv")


@dataclass
class House:
    folder: Path
    store: SqliteStore
    registry: Registry

    def take(self, recording: Recording, wearer: str = "wearer-one") -> None:
        import_recording(
            recording, Import(wearer=wearer, by="t", now_s=NOW_S), store=self.store, registry=self.registry
        )

    def export(self, out: str = "out", **asked: object) -> Exported:
        usual = {"wearers": ["wearer-one"], "layout": "csv", "now_s": NOW_S, "by": "t"}
        given = Asked(**usual | {"out": self.folder / out, "keeping": self.folder / "data"} | asked)
        return export(given, store=self.store, registry=self.registry)


def opened(folder: Path, *, scopes: frozenset[Scope] = frozenset({Scope.CARE, Scope.RESEARCH})) -> House:
    folder.mkdir(exist_ok=True)
    registry = Registry(f"sqlite:///{folder}/registry.db", clock=lambda: NOW_S)
    registry.upgrade()
    registry.add_site(Site("homestead", "Homestead", "Europe/Berlin"), by="t")
    for wearer in ("wearer-one", "wearer-two"):
        registry.add_wearer(wearer, f"Josephine {wearer} Quackenbush", site="homestead", by="t")
        registry.give_consent(wearer, Consent(scopes, "a guardian", 0.0), by="t")
    return House(folder, SqliteStore(folder / "readings.db"), registry)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = opened(tmp_path)
    yield found
    found.store.close()
    found.registry.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[House]:
    found = opened(tmp_path / "other")
    yield found
    found.store.close()
    found.registry.close()


def recorded(*, minutes: int = 90, seed: int = 1, start_s: float = START_S) -> Recording:
    rng = np.random.default_rng(seed)
    n = minutes * 60
    eda = rng.uniform(0, 5, 4 * n)
    eda[5] = np.nan
    channels = {
        "eda": (Block("eda", start_s, 4.0003, eda[: 2 * n]), Block("eda", start_s + n - 60, 4.0, eda[2 * n :])),
        "motion": (Block("motion", start_s + 1, 1.0, rng.integers(-64, 64, (3, n)) / 64),),
    }
    ibi_s = np.stack([start_s + np.arange(1, n - 1), rng.uniform(0.5, 1, n - 2)])
    labels = (
        Label(
            what="rocking",
            start_s=start_s + 5,
            end_s=start_s + 9,
            rater="Dr. Llewellyn Quackenbush",
            note="with Josephine",
            level=2.0,
        ),
    )
    return Recording(
        "made", "made-band", start_s, channels, ibi_s, np.array([start_s + 7]), ("from Josephine.zip",), labels
    )


def stored(house: House, band: str, channel: str) -> list[tuple[float, float, bytes]]:
    return [(b.start_s, b.rate_hz, b.values.tobytes()) for b in house.store.read(band, channel, -np.inf, np.inf)]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_export_imports_into_another_installation_as_the_very_recording(
    house: House, other: House, layout: str
) -> None:
    house.take(recorded())
    house.take(recorded(seed=2, start_s=START_S + 90_000))
    done = house.export(layout=layout)
    asked = Import(wearer="wearer-two", by="t", now_s=NOW_S)
    list(import_paths([done.path], asked, store=other.store, registry=other.registry))
    bands = [each.band for each in house.store.bands()]
    assert [each.band for each in other.store.bands()] == bands
    for band in bands:
        for channel in CHANNELS:
            assert stored(other, band, channel) == stored(house, band, channel)
    told = [replace(label, wearer="") for label in house.registry.labels("wearer-one").values()]
    assert [replace(label, wearer="") for label in other.registry.labels("wearer-two").values()] == told


@pytest.mark.parametrize("layout", LAYOUTS)
def test_importing_an_export_where_it_came_from_stores_nothing_twice(house: House, layout: str) -> None:
    house.take(recorded())
    before = house.store.counts()
    done = house.export(layout=layout)
    asked = Import(wearer="wearer-one", by="t", now_s=NOW_S)
    found = list(import_paths([done.path], asked, store=house.store, registry=house.registry))
    assert sum(getattr(each, "new", 0) for each in found) == 0
    assert house.store.counts() == before


def test_only_what_a_consent_to_research_covers_is_exported_and_the_rest_is_counted(house: House) -> None:
    house.take(recorded())
    house.registry.withdraw_consent("wearer-one", scopes=[Scope.RESEARCH], at_s=NOW_S, by="t")
    with pytest.raises(RegistryError, match="research"):
        house.export()
    until_s = START_S + 1000.0
    house.registry.give_consent("wearer-one", Consent(frozenset({Scope.RESEARCH}), "g", START_S + 8, until_s), by="t")
    done = house.export()
    (found,) = read(done.path)
    for pieces in found.channels.values():
        assert all(START_S + 8 <= piece.start_s < until_s for piece in pieces)
        last = pieces[-1]
        assert last.start_s + (last.values.shape[-1] - 1) / last.rate_hz < until_s <= last.end_s
    assert (found.labels, found.tags_s.size) == ((), 0)
    (said,) = done.wearers
    whole = house.store.counts().samples
    assert said.left_out + sum(said.samples.values()) == sum(whole.values())


def test_a_wearer_that_nobody_knows_or_a_folder_in_use_is_refused_and_nothing_is_left(house: House) -> None:
    house.take(recorded())
    with pytest.raises(RegistryError, match="w9"):
        house.export(wearers=["wearer-one", "w9"])
    used = house.folder / "used"
    used.mkdir()
    (used / "mine.txt").write_text("kept")
    with pytest.raises(RecordingError, match="not an empty folder"):
        house.export("used")
    assert (used / "mine.txt").read_text() == "kept"
    assert not [each for each in house.folder.iterdir() if "unfinished" in each.name]
    assert not (house.folder / "out").exists()
    assert not (house.folder / "data" / RECORD).exists()


@pytest.mark.parametrize("at", ["_write_manifest", "_enter"])
def test_an_export_that_fails_leaves_nothing_that_looks_whole(
    house: House, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    house.take(recorded())

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, at, full)
    with pytest.raises(OSError, match="space"):
        house.export()
    assert not list(house.folder.rglob(MANIFEST))
    assert not (house.folder / "out").exists()


def test_every_export_is_entered_for_the_audit_and_for_erasure(house: House) -> None:
    house.take(recorded())
    done = house.export(layout="parquet")
    (line,) = (house.folder / "data" / RECORD).read_text().splitlines()
    said = json.loads(line)
    assert (said["path"], said["sha256"], said["wearers"]) == (str(done.path), done.digest, ["wearer-one"])
    entry = [each for each in house.registry.audit_entries("wearer-one") if each.action == "export"]
    assert [json.loads(each.detail)["manifest_sha256"] for each in entry] == [done.digest]
    assert "wearer-one" not in entry[0].detail


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_deidentified_export_names_nobody_and_no_true_date(house: House, layout: str) -> None:
    house.take(recorded())
    (told,) = [each.band for each in house.store.bands()]
    done = house.export(layout=layout, deidentify=True)
    everything = [path.relative_to(done.path).as_posix().encode() for path in done.path.rglob("*")]
    everything += [path.read_bytes() for path in done.path.rglob("*") if path.is_file()]
    if layout == "bids":
        import gzip

        everything += [gzip.decompress(path.read_bytes()) for path in done.path.rglob("*.gz")]
    for secret in (  # none so short that a few hundred kilobytes of compressed numbers may spell it
        b"wearer-one",
        b"Josephine",
        b"Llewellyn",
        b"Quackenbush",
        told.encode(),
        b"Berlin",
        b"2020-10",
        b"1603584000",
        b"homestead",
        b"a guardian",
    ):
        assert not [each for each in everything if secret in each], secret


@pytest.mark.parametrize("layout", LAYOUTS)
def test_dates_are_shifted_by_whole_weeks_and_nothing_else_changes(house: House, layout: str) -> None:
    house.take(recorded())
    (true,) = read(house.export("true", layout=layout).path)
    (moved,) = read(house.export("moved", layout=layout, deidentify=True).path)
    shift_s = true.start_s - moved.start_s
    assert shift_s % (7 * 86_400) == 0
    assert shift_s >= 52 * 7 * 86_400
    for name, pieces in true.channels.items():
        for one, other in zip(pieces, moved.channels[name], strict=True):
            assert (one.start_s - other.start_s, one.rate_hz) == (shift_s, other.rate_hz)
            np.testing.assert_array_equal(one.values, other.values)
    np.testing.assert_array_equal(true.ibi_s - moved.ibi_s, [[shift_s], [0]] * np.ones_like(true.ibi_s))
    np.testing.assert_array_equal(true.tags_s - moved.tags_s, [shift_s])
    (label,), (hidden,) = true.labels, moved.labels
    assert hidden == replace(
        label, start_s=label.start_s - shift_s, end_s=label.end_s - shift_s, rater="rater 1", note=""
    )


def test_the_time_of_day_is_kept_through_the_change_of_clocks(house: House) -> None:
    house.take(recorded())
    true, moved = (house.export(f"out{hide}", deidentify=hide) for hide in (False, True))
    sheets = [json.loads(next(done.path.rglob("recording.json")).read_bytes()) for done in (true, moved)]
    assert [[each["offset_s"] for each in sheet["local"]] for sheet in sheets] == [[7200, 3600]] * 2
    shift_s = sheets[0]["local"][0]["from_s"] - sheets[1]["local"][0]["from_s"]
    assert sheets[0]["local"][1]["from_s"] == datetime(2020, 10, 25, 1, tzinfo=UTC).timestamp()
    assert sheets[1]["local"][1]["from_s"] == sheets[0]["local"][1]["from_s"] - shift_s
    assert [sheet["zone"] for sheet in sheets] == ["Europe/Berlin", ""]


def test_two_deidentified_exports_agree_only_if_asked_and_the_key_stays_at_home(house: House) -> None:
    house.take(recorded())
    starts = [read(house.export(f"out{i}", deidentify=True, stable=i > 1).path)[0].start_s for i in range(4)]
    assert starts[2] == starts[3]
    assert len(set(starts)) > 1
    key = house.folder / "data" / KEYS
    assert key.stat().st_mode & 0o077 == 0
    kept = exporting.Keys(key).of("wearer-two")
    with key.open("rb") as before:
        assert exporting.Keys(key).forget("wearer-one")
        assert before.read().strip(b"\0") == b""
    assert not exporting.Keys(key).forget("wearer-one")
    assert b"wearer-one" not in key.read_bytes()
    assert exporting.Keys(key).of("wearer-two") == kept
    assert read(house.export("out4", deidentify=True, stable=True).path)[0].name != read(house.folder / "out3")[0].name


def test_a_range_and_channels_can_be_chosen(house: House) -> None:
    house.take(recorded())
    choice = Choice(since_s=START_S + 60, until_s=START_S + 120, channels=("motion",), labels=False)
    (found,) = read(house.export(choice=choice).path)
    assert list(found.channels) == ["motion"]
    assert (found.start_s, found.whole("motion").values.shape) == (START_S + 60, (3, 60))
    assert found.ibi_s is None
    assert not list((house.folder / "out").rglob("*labels*"))


def test_a_wristband_makes_a_recording_of_each_wearing(house: House, make_received: object) -> None:
    house.registry.add_band("b", by="t")
    house.registry.assign("b", "wearer-one", 1e9, by="t")
    for first in (0, 20, 8000):
        batch = [make_received(seq=first + i, late_s=0.1) for i in range(10)]
        house.store.commit(batch)
    done = house.export()
    found = sorted(read(done.path), key=lambda each: each.start_s)
    assert [each.name for each in found] == ["b_20010909T014640Z", "b_20010909T040000Z"]
    assert [len(each.channels["eda"]) for each in found] == [2, 1]
    assert found[0].device == "wristband"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_that_was_changed_or_is_missing_is_refused_by_name(house: House, layout: str) -> None:
    house.take(recorded(minutes=10))
    done = house.export(layout=layout)
    path = next(each for each in sorted(done.path.rglob("*motion*")) if not each.name.endswith(".json"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-9] + b"123456789")
    (wrong,) = [each.refused for each in look(done.path) if each.refused]
    assert path.name in wrong
    assert "changed" in wrong
    path.unlink()
    (wrong,) = [each.refused for each in look(done.path) if each.refused]
    assert path.name in wrong
    assert "missing" in wrong


def test_parquet_without_pyarrow_says_what_to_install(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.take(recorded(minutes=10))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(RecordingError, match=r"forecalm\[formats\]"):
        house.export(layout="parquet")
    for layout in ("csv", "bids"):
        assert read(house.export(f"as_{layout}", layout=layout).path)


def test_parquet_tells_everything_by_itself(house: House) -> None:
    import pyarrow.parquet as pq

    house.take(recorded(minutes=60 * 30))
    done = house.export(layout="parquet")
    days = sorted(path.name for path in done.path.rglob("eda_*"))
    assert days == ["eda_2020-10-25.parquet", "eda_2020-10-26.parquet"]
    table = pq.read_table(next(done.path.rglob(days[0])))
    said = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert (said["forecalm.unit"], said["forecalm.wearer"], said["forecalm.site_zone"]) == (
        "uS",
        "wearer-one",
        "Europe/Berlin",
    )
    assert "Research use only" in said["forecalm.notice"]
    first = table["time"][0].as_py()
    assert first == datetime(2020, 10, 25, tzinfo=UTC) + timedelta(seconds=0.5)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_several_wearers_and_a_recording_that_changed_hands_keep_apart(house: House, layout: str) -> None:
    for i, wearer in enumerate(("a-1", "a1", "A_1")):
        house.registry.add_wearer(wearer, "Josephine", site="homestead", by="t")
        house.registry.give_consent(wearer, Consent(frozenset(Scope), "g", 0.0), by="t")
        house.take(recorded(minutes=10, seed=i), wearer)
    (band,) = [each.band for each in house.registry.worn_by("a-1")]
    house.registry.correct_assignment(band, "a1", since_s=START_S + 200, until_s=START_S + 300, by="t")
    done = house.export(layout=layout, wearers=["a-1", "a1", "A_1", "a-1"])
    assert [each.recordings for each in done.wearers] == [2, 2, 1]
    found = [each for folder in sorted(done.path.iterdir()) if folder.is_dir() for each in read(folder)]
    assert len(found) == 5
    motion = sum(each.channels["motion"][0].values.shape[1] for each in found if "motion" in each.channels)
    assert motion == 3 * 600


def test_no_other_account_of_the_machine_can_look_into_an_export(house: House) -> None:
    house.take(recorded(minutes=10))
    assert house.export().path.stat().st_mode & 0o777 == 0o700


def test_beats_with_nothing_beside_them_are_left_out_and_counted(house: House, make_received: object) -> None:
    house.registry.add_band("strap", by="t")
    house.registry.assign("strap", "wearer-one", 1e9, by="t")
    ibi = Intervals(tick_us=[500_000], interval_s=[0.8])
    house.store.commit([make_received(seq=0, band="strap", rates_hz={}, ibi=ibi)])
    with pytest.raises(RegistryError, match="nothing"):
        house.export()
    house.take(recorded(minutes=10))
    (said,) = house.export().wearers
    assert (said.recordings, said.beats_alone) == (1, 1)
