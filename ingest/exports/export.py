"""People, a layout and an empty folder in; everything that may be exported of them in it, its manifest last, out."""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from ingest.errors import RecordingError, RegistryError
from ingest.exports.bids import Subjects, finish, write_bids
from ingest.exports.deidentify import Deidentifying, Key, Keys, new_key
from ingest.exports.sheets import About, software
from ingest.exports.tables import require_pyarrow, write_csv, write_parquet
from ingest.exports.wearings import Choice, left_out, wearings
from ingest.labels import iso
from ingest.notice import SENTENCE
from ingest.readings import Readings
from ingest.recordings.recording import Recording
from ingest.registry.consents import Scope
from ingest.registry.registry import Registry
from ingest.store.protocol import Store

Layout = Literal["parquet", "bids", "csv"]
MANIFEST: Final = "export.json"
RECORD: Final = "exports.jsonl"
KEYS: Final = "exports.keys.json"
READ: Final = 1 << 20  # bytes of a file at once while it is digested


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whom, what, as what and where to; ``now_s`` [UTC s] is written down with it. ``deidentify``: see
    ``ingest.exports.deidentify``; ``stable``: with the key of the person's last export that asked for it, which is kept
    in ``keeping``, so that exports agree; else with one that nobody keeps. ``zone`` is for wearers of no site."""

    wearers: Sequence[str]
    layout: Layout
    out: Path
    keeping: Path
    now_s: float
    by: str
    zone: str = "UTC"
    choice: Choice = field(default_factory=Choice)
    deidentify: bool = False
    stable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedWearer:
    """What was written of one person, ``written_as`` a pseudonym or an id: recordings, seconds of them, samples by
    channel, labels (button presses among them). ``left_out``: samples that no consent to research covers;
    ``beats_alone``: beats of devices that sampled nothing beside, which no importer takes back, so they stay here."""

    wearer: str
    written_as: str
    recordings: int
    seconds: float
    samples: Mapping[str, int]
    labels: int
    left_out: int
    beats_alone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What lies in ``path`` now; ``digest`` is that of its manifest."""

    path: Path
    digest: str
    wearers: tuple[ExportedWearer, ...]


Progress = Callable[[str, float], None]
"""``progress(wearer, share)``: how much of a wearer is written, 0 to 1."""


def export(asked: Asked, *, store: Store, registry: Registry, progress: Progress = lambda *_: None) -> Exported:
    """Write everything asked for that a consent to research covers.

    All of it appears at once: it is written beside ``out`` under a hidden name, its manifest last, entered in
    ``exports.jsonl`` and the audit, and only then called ``out``. Raises RecordingError where ``out`` is not empty or
    pyarrow is missing, RegistryError where a wearer is unknown or nothing at all may be exported, StoreError, OSError;
    then nothing is left of it.
    """
    out = asked.out.resolve()
    _require_room(out)
    if asked.layout == "parquet":
        require_pyarrow()
    unfinished = out.with_name(f".{out.name}.{secrets.token_hex(4)}.unfinished")
    unfinished.mkdir(mode=0o700, parents=True)  # physiology: no other account of this machine reads it
    try:
        wearers = _write(unfinished, asked, store, registry, progress)
        if not any(each.recordings for each in wearers):
            names = ", ".join(asked.wearers)
            raise RegistryError(
                f"consent: nothing of {names} in that time is covered by one to research; enter it, or ask for another"
                " time"
            )
        digest = _write_manifest(unfinished, asked, wearers)
        _enter(asked, out, digest)
        for each in wearers:
            detail = {"layout": asked.layout, "deidentified": asked.deidentify, "manifest_sha256": digest}
            registry.note("export", wearer=each.wearer, by=asked.by, recordings=each.recordings, **detail)
        if out.exists():
            out.rmdir()
        unfinished.rename(out)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return Exported(path=out, digest=digest, wearers=wearers)


def _require_room(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RecordingError(f"{out}: is there already and not an empty folder: name another; nothing is overwritten")


def _write(
    folder: Path, asked: Asked, store: Store, registry: Registry, progress: Progress
) -> tuple[ExportedWearer, ...]:
    readings, subjects = Readings(store, registry), Subjects({}, {})
    site_of, zones = registry.site_of(), {site.name: site.time_zone for site in registry.sites()}
    keys, done = Keys(asked.keeping / KEYS), []
    for wearer in dict.fromkeys(asked.wearers):
        zone = zones.get(site_of.get(wearer) or "", asked.zone)
        worn = readings.worn(wearer, asked.choice.since_s, asked.choice.until_s, scope=Scope.RESEARCH)
        key = None if not asked.deidentify else keys.of(wearer) if asked.stable else new_key()
        about = About(
            wearer=wearer if key is None else key.id,
            zone=zone,
            shifted_s=None if key is None else key.shift_s,
            with_labels=asked.choice.labels,
        )
        spans = [(low, high) for each in worn for low, high in each.covered]
        whole_s = max(sum(high - low for low, high in spans), 1.0)
        written = _Written(key)
        for recording in wearings(readings, registry, wearer, asked.choice):
            written.write(folder, recording, about, asked.layout, subjects)
            progress(wearer, min(written.seconds / whole_s, 1.0))
        progress(wearer, 1.0)
        done.append(
            ExportedWearer(
                wearer=wearer,
                written_as=about.wearer,
                recordings=written.recordings,
                seconds=written.seconds,
                samples=written.samples,
                labels=written.labels,
                left_out=left_out(store, worn, asked.choice.channels),
                beats_alone=written.beats_alone,
            )
        )
    if asked.layout == "bids":
        finish(folder, subjects, deidentified=asked.deidentify)
    return tuple(done)


class _Written:
    """What of one wearer has been written so far."""

    def __init__(self, key: Key | None) -> None:
        self._hiding = None if key is None else Deidentifying(key)
        self.recordings = self.labels = self.beats_alone = 0
        self.seconds = 0.0
        self.samples: dict[str, int] = {}

    def write(self, folder: Path, recording: Recording, about: About, layout: Layout, subjects: Subjects) -> None:
        if not recording.channels:
            self.beats_alone += 0 if recording.ibi_s is None else recording.ibi_s.shape[1]
            return
        if self._hiding is not None:
            recording = self._hiding.deidentified(recording)
        if layout == "bids":
            write_bids(folder, recording, about, subjects)
        elif layout == "csv":
            write_csv(folder, recording, about)
        else:
            write_parquet(folder, recording, about)
        self.recordings += 1
        self.seconds += recording.end_s - recording.start_s
        self.labels += len(recording.labels) + recording.tags_s.size
        for name, pieces in recording.channels.items():
            self.samples[name] = self.samples.get(name, 0) + sum(piece.values.shape[-1] for piece in pieces)
        if recording.ibi_s is not None:
            self.samples["ibi"] = self.samples.get("ibi", 0) + recording.ibi_s.shape[1]


def _write_manifest(folder: Path, asked: Asked, wearers: Sequence[ExportedWearer]) -> str:
    """Write what the export is and the digest of each file, and return its own."""
    files = [
        {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": _digest(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    choice = asked.choice
    said: dict[str, Any] = {
        "forecalm": "export",
        "version": 1,
        "notice": SENTENCE,
        "software": software(),
        "made_at": iso(asked.now_s),
        "layout": asked.layout,
        "deidentified": asked.deidentify,
        "channels": choice.channels,
        "labels": choice.labels,
        "wearers": [
            {
                "wearer": each.written_as,
                "recordings": each.recordings,
                "seconds": each.seconds,
                "samples": each.samples,
                "labels": each.labels,
                "samples_left_out_for_want_of_consent": each.left_out,
                "beats_left_out_without_samples_beside": each.beats_alone,
            }
            for each in wearers
        ],
        "files": files,
    }
    data = msgspec.json.format(msgspec.json.encode(said), indent=1)
    with (folder / MANIFEST).open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(data).hexdigest()


def _digest(path: Path) -> str:
    """The digest of a file that is on disk now: a manifest must not outlive what it vouches for."""
    found = hashlib.sha256()
    with path.open("r+b") as file:
        os.fsync(file.fileno())
        while data := file.read(READ):
            found.update(data)
    return found.hexdigest()


def _enter(asked: Asked, out: Path, digest: str) -> None:
    """Write down where it will lie before it does: whoever erases somebody must hear of every export of theirs."""
    line = {
        "path": str(out),
        "sha256": digest,
        "wearers": list(dict.fromkeys(asked.wearers)),
        "at": iso(asked.now_s),
        "format": asked.layout,
        "deidentified": asked.deidentify,
        "by": asked.by,
    }
    asked.keeping.mkdir(parents=True, exist_ok=True)
    path = asked.keeping / RECORD
    if not path.exists():
        path.touch(mode=0o600)
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())
