"""Paths of recordings and whose they are in; their readings in the store, their sessions and labels in the registry.

A recording becomes packets of a pseudo-band that is named after its content (``digest``), so that importing it again,
or going on after a crash, stores nothing twice: see ``ingest.store.protocol``.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from ingest.admission import Verdict
from ingest.errors import RecordingError, RegistryError
from ingest.labels import Label, require_label
from ingest.received import Received
from ingest.recordings.detect import FORMATS, Found, look
from ingest.recordings.digest import band_of, boot_of, digest
from ingest.recordings.packets import longest_s, packets
from ingest.recordings.recording import Format, Recording
from ingest.registry.admissions import Admissions
from ingest.registry.sessions import Kind, Session
from ingest.store.protocol import Name, Store
from ingest.wire import Packet, encode

BATCH: Final = 64  # packets of one commit: an hour of a band, some MB; a crash costs no more than that again
ORIGIN_MAX: Final = 255  # characters of a file's name that the registry keeps
NOTES_MAX: Final = 20_000  # and of the notes on a recording
PRESS: Final = "button press"  # what a tag is called as a label
DEVICE: Final = "device"  # its rater


class Books(Protocol):
    """What importing asks of the registry: see ``ingest.registry.registry.Registry``."""

    def add_session(self, session: Session, *, by: str) -> bool:
        """Enter a recording, its pseudo-band and who wore it; False: it was there."""

    def add_labels(self, given: Sequence[Label], *, by: str) -> list[int]:
        """Enter labels that are new."""

    def admissions(self) -> Admissions:
        """Whose consent covers what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of one recording. ``source`` is where it lay, ``samples`` how many instants each channel has,
    ``packets`` how many it makes; of these ``new`` were not stored before, and ``dropped`` are not kept because no
    consent of the wearer covers them. ``notes`` say what was odd, repaired or left out."""

    source: str
    name: str
    format: str
    band: str
    digest: str
    start_s: float
    end_s: float
    samples: dict[str, int]
    labels: int
    packets: int
    new: int
    dropped: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A source or a recording of which nothing was imported, and why; the other ones are none the worse."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Passed:
    """Files beside recordings that hold none themselves: said, so that nobody believes them imported."""

    source: str
    files: tuple[str, ...]


Outcome = Imported | Refused | Passed
Progress = Callable[[str, float], None]
"""``progress(name, share)``: how much of a recording is stored, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """For whom, by whom and when: ``wearer`` is a pseudonym, ``by`` who does it, ``now_s`` the arrival of all packets
    [UTC s]. ``dry``: say what would be imported; nothing is written."""

    wearer: str
    by: str
    now_s: float
    dry: bool = False


def import_paths(
    paths: Iterable[Path],
    asked: Import,
    *,
    store: Store,
    registry: Books,
    progress: Progress = lambda *_: None,
    formats: Sequence[Format] = FORMATS,
    before: Callable[[Recording], str | None] = lambda _: None,
) -> Iterator[Outcome]:
    """Import everything recorded at ``paths`` in one of ``formats`` and yield what became of each, as it happens;
    memory holds one source at a time. With a mapping of columns, ``table.format_of`` is the one format. ``before`` is
    called with each recording before it is imported, so that a consent can be entered that it needs; where it returns
    a band, the readings are there already as those of that band, and nothing is entered or stored. What cannot be
    read or entered is Refused and the rest goes on. Raises StoreError where nothing can go on; what was yielded before
    is stored."""
    for path in paths:
        try:
            for found in look(path, formats=formats):
                yield from _import_found(found, asked, store, registry, progress, before)
        except RecordingError as error:
            yield Refused(str(path), str(error))


def _import_found(
    found: Found,
    asked: Import,
    store: Store,
    registry: Books,
    progress: Progress,
    before: Callable[[Recording], str | None],
) -> Iterator[Outcome]:
    if found.refused is not None:
        yield Refused(found.name, found.refused)
    if found.passed:
        yield Passed(found.name, found.passed)
    for recording in found.recordings:
        try:
            there = before(recording)
            yield (
                import_recording(recording, asked, store=store, registry=registry, origin=found.name, progress=progress)
                if there is None
                else _exported(recording, asked, origin=found.name, band=there)
            )
        except (RecordingError, RegistryError) as error:
            yield Refused(f"{found.name}: {recording.name}", str(error))


def import_recording(
    recording: Recording,
    asked: Import,
    *,
    store: Store,
    registry: Books,
    origin: str = "",
    progress: Progress = lambda *_: None,
) -> Imported:
    """Import one recording: its session, assignment and labels, then its readings, in commits of ``BATCH`` packets.
    ``origin`` is where it lay; without one its name.

    Cut off at any moment, doing it again finishes it. Raises RegistryError where the wearer is unknown, the recording
    is there as somebody else's, or no consent of the wearer covers any of it: then nothing is entered or stored; and
    RecordingError where a label cannot be kept, or StoreError.
    """
    labels = _labels(recording, asked.wearer)
    done = _unstored(recording, origin=origin, labels=len(labels))
    _require_consent(recording, asked, registry)
    if not asked.dry:
        registry.add_session(_session(done, asked), by=asked.by)
        registry.add_labels(labels, by=asked.by)
    done = _store(recording, done, asked, store, _covered(done.band, asked, registry.admissions()), progress)
    if done.new and not asked.dry:
        store.settle(asked.now_s, everything=True)
    return done


def _unstored(recording: Recording, *, origin: str, labels: int) -> Imported:
    """What can be said of a recording before any of it is stored."""
    of = digest(recording)
    return Imported(
        source=origin or recording.name,
        name=recording.name,
        format=recording.device,
        band=band_of(of),
        digest=of,
        start_s=recording.start_s,
        end_s=recording.end_s,
        samples={name: sum(p.values.shape[-1] for p in pieces) for name, pieces in recording.channels.items()},
        labels=labels,
        packets=0,
        new=0,
        dropped=0,
        notes=_notes(recording),
    )


def _exported(recording: Recording, asked: Import, *, origin: str, band: str) -> Imported:
    """What became of a recording whose readings are there already, as those of ``band``: nothing."""
    done = _unstored(recording, origin=origin, labels=len(_labels(recording, asked.wearer)))
    return replace(done, band=band, notes=(f"it was exported from here, where it is {band}",))


def _covered(band: str, asked: Import, admissions: Admissions) -> Callable[[float], bool]:
    """Whether a packet that ends at a moment [UTC s] is to be kept; a band that is not entered yet is its wearer's."""
    if asked.dry:
        return lambda end_s: admissions.consented(asked.wearer, end_s)
    return lambda end_s: admissions.admit(band, end_s).verdict is not Verdict.DROP


def _store(
    recording: Recording,
    done: Imported,
    asked: Import,
    store: Store,
    covered: Callable[[float], bool],
    progress: Progress,
) -> Imported:
    """Commit what is not stored yet, packet by packet of the same cut whenever it is imported."""
    boot = boot_of(done.digest)
    run = store.watermark(done.band, boot)
    cut = packets(recording, band=done.band, boot=boot, seconds=longest_s(recording))
    count = new = dropped = 0
    while batch := list(itertools.islice(cut, BATCH)):
        count += len(batch)
        missing = [(at_s, p) for at_s, p in batch if run is None or not run.since <= p.seq <= run.seq]
        kept = [_received(packet, recording.start_s, asked.now_s) for at_s, packet in missing if covered(at_s)]
        refused: list[Name] = [(p.band, p.boot, p.seq) for at_s, p in missing if not covered(at_s)]
        dropped += len(refused)
        if asked.dry:
            new += len(kept)
        elif missing:
            new += store.commit(kept, dropped=refused)
        progress(done.name, min(1.0, (batch[-1][0] - done.start_s) / (done.end_s - done.start_s)))
    return replace(done, packets=count, new=new, dropped=dropped)


def _received(packet: Packet, start_s: float, now_s: float) -> Received:
    """The packet as it is stored: its clock began with the recording, so that the mapping is known, not found."""
    return Received(packet, start_s, now_s, encode(packet))


def _require_consent(recording: Recording, asked: Import, registry: Books) -> None:
    admissions, step_s = registry.admissions(), longest_s(recording)
    ends = range(1, math.ceil((recording.end_s - recording.start_s) / step_s) + 1)
    if not any(admissions.consented(asked.wearer, recording.start_s + i * step_s) for i in ends):
        raise RegistryError(
            f"consent: none of {asked.wearer} to care covers {recording.name}; enter the wearer and a consent that"
            " covers the time of the recording first"
        )


def _session(done: Imported, asked: Import) -> Session:
    return Session(
        band=done.band,
        start_s=done.start_s,
        end_s=done.end_s,
        kind=Kind.IMPORTED,
        format=done.format,
        origin=done.source[-ORIGIN_MAX:],
        digest=done.digest,
        notes=_fitting(done.notes),
        wearer=asked.wearer,
    )


def _fitting(notes: Sequence[str]) -> tuple[str, ...]:
    """As many notes as the registry keeps."""
    lengths = itertools.accumulate(len(note) + 1 for note in notes)
    return tuple(note for note, length in zip(notes, lengths, strict=True) if length <= NOTES_MAX)


def _notes(recording: Recording) -> tuple[str, ...]:
    if recording.ibi_s is None or "ppg" not in recording.channels:
        return recording.notes
    n = recording.ibi_s.shape[1]
    return (*recording.notes, f"{n} intervals of the device's own are not stored: they follow from its PPG")


def _labels(recording: Recording, wearer: str) -> list[Label]:
    """The labels of the files (of those that name somebody, the wearer's) and the button presses, as those of
    ``wearer``. Raises RecordingError where one cannot be kept."""
    presses = [Label(what=PRESS, start_s=at_s, end_s=at_s, rater=DEVICE) for at_s in recording.tags_s.tolist()]
    mine = [label for label in recording.named if label.wearer == wearer]
    found = [replace(label, wearer=wearer) for label in (*recording.labels, *mine, *presses)]
    for label in found:
        try:
            require_label(label)
        except RecordingError as error:
            raise RecordingError(f"{recording.name}: the label {label.what[:50]!r}: {error}") from error
    return found
