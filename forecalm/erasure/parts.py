"""A wearer in; what of an installation knows them, part by part, and its end out.

Each part says what there is and takes it away; taken away again, it changes nothing.
"""

import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from zipfile import BadZipFile

import msgspec
import numpy as np

from forecalm.installation import Installation
from forecalm.keeping.files import add_line, lines_of, remove_folder, shred, write_lines, write_whole

MANIFEST: Final = "manifest.json"
RETRAIN: Final = "retrain.jsonl"
WITHDRAWN: Final = "withdrawn"
REHEARSALS: Final = "rehearsals"  # as ``forecalm.rehearsing.proof`` has it, which loads every model too
FORETOLD: Final = "foretold"  # as ``forecalm.watching.foretold`` has it, which loads every model
NOTE: Final = (
    "Withdrawn {at}: somebody whom it was, or may have been, trained on has been erased.\nIt may hold what was learnt"
    " of them: use it for nothing, and delete this folder when it has been trained again.\n"
)


@dataclass(frozen=True, slots=True)
class Trace:
    """``count`` things of a ``kind`` that hold a wearer. ``stays``: why they are not deleted; empty: they are."""

    kind: str
    what: str
    count: int
    stays: str = ""


class Part(Protocol):
    """One place that may hold a wearer."""

    def traces(self, wearer: str) -> Iterator[Trace]:
        """Say what there is; writes nothing."""

    def erase(self, wearer: str, at: str) -> None:
        """Take it away; ``at`` is the date, for notes."""


class Learnt:
    """``learnt.npz``: a row for each wearer. What cannot be read goes whole: it is learnt anew."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def traces(self, wearer: str) -> Iterator[Trace]:
        """See ``Part.traces``."""
        arrays = self._arrays()
        if arrays is None:
            yield Trace("learnt", f"{self._path}: all of it, for it cannot be read", 1)
        elif wearer in arrays.get("wearers", ()):
            yield Trace("learnt", f"{self._path}: what is usual for them", 1)

    def _arrays(self) -> dict[str, Any] | None:
        if not self._path.exists():
            return {}
        try:
            with np.load(self._path, allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        except (OSError, EOFError, ValueError, KeyError, RuntimeError, BadZipFile):
            return None

    def erase(self, wearer: str, at: str) -> None:
        """See ``Part.erase``."""
        for part in (self._path.with_suffix(".part"), self._path.with_name(self._path.name + ".part")):
            if part.exists():
                shred(part)
        arrays = self._arrays()
        if arrays is None:
            shred(self._path)
        elif wearer in arrays.get("wearers", ()):
            stay = arrays["wearers"] != wearer
            new = self._path.with_name(self._path.stem + ".fresh")
            with new.open("wb") as file:
                np.savez(file, allow_pickle=False, **{name: array[stay] for name, array in arrays.items()})
            write_whole(self._path, new.read_bytes())
            shred(new)


class Files:
    """Files of their own: what was scored anew of them, and what was learnt anew."""

    def __init__(self, here: Installation) -> None:
        self._folders = here.folder / "rescored", here.folder / "relearnt"

    def _theirs(self, wearer: str) -> Iterator[Path]:
        rescored, relearnt = self._folders
        for path in sorted(rescored.glob("*.json")):
            try:
                theirs = msgspec.json.decode(path.read_bytes(), type=dict[str, Any]).get("wearer", wearer) == wearer
            except (msgspec.MsgspecError, UnicodeDecodeError):
                theirs = True  # what cannot be read may be theirs, and can be scored again
            if theirs:
                yield path
        for folder in self._folders:
            yield from (path for path in sorted(folder.glob("*.part")))
        yield from (path for path in [relearnt / f"{wearer}.npz"] if path.exists())

    def traces(self, wearer: str) -> Iterator[Trace]:
        """See ``Part.traces``."""
        yield from (Trace("scored anew", str(path), 1) for path in self._theirs(wearer))

    def erase(self, wearer: str, at: str) -> None:
        """See ``Part.erase``."""
        for path in list(self._theirs(wearer)):
            shred(path)


class Foretold:
    """What models foretold, a line a wearer and minute: theirs go, and what cannot be read may be theirs."""

    def __init__(self, here: Installation) -> None:
        self._folder = here.folder / FORETOLD

    def traces(self, wearer: str) -> Iterator[Trace]:
        """See ``Part.traces``."""
        for path in sorted(self._folder.glob("*.jsonl")):
            count = len(path.read_bytes().splitlines()) - len(self._others(path, wearer))
            if count:
                yield Trace("foretold", str(path), count)

    def erase(self, wearer: str, at: str) -> None:
        """See ``Part.erase``."""
        for path in sorted(self._folder.glob("*.jsonl")):
            stay = self._others(path, wearer)
            if len(stay) < len(path.read_bytes().splitlines()):
                write_whole(path, b"".join(line + b"\n" for line in stay))

    def _others(self, path: Path, wearer: str) -> list[bytes]:
        """The lines that are surely of somebody else."""
        return [line for line in path.read_bytes().splitlines() if _whose(line) not in (None, wearer)]


def _whose(line: bytes) -> str | None:
    try:
        found = msgspec.json.decode(line, type=dict[str, Any]).get("wearer")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return found if isinstance(found, str) else None


class Rehearsals:
    """What models would have done to people, a file a model: those that tell of the wearer go, or cannot be read. A
    promotion then wants another rehearsal; what was decided by it stays in the audit, which names nobody."""

    def __init__(self, here: Installation) -> None:
        self._folder = here.folder / REHEARSALS

    def _theirs(self, wearer: str) -> Iterator[Path]:
        for path in sorted([*self._folder.glob("*.json"), *self._folder.glob("*.part")]):
            try:
                said = msgspec.json.decode(path.read_bytes(), type=_Rehearsed)
                theirs = wearer in {*(person.wearer for person in said.people), *said.left_out}
            except (msgspec.MsgspecError, UnicodeDecodeError):
                theirs = True
            if theirs:
                yield path

    def traces(self, wearer: str) -> Iterator[Trace]:
        """See ``Part.traces``."""
        yield from (Trace("rehearsal", str(path), 1) for path in self._theirs(wearer))

    def erase(self, wearer: str, at: str) -> None:
        """See ``Part.erase``."""
        for path in list(self._theirs(wearer)):
            shred(path)


class _Somebody(msgspec.Struct):
    wearer: str


class _Rehearsed(msgspec.Struct):
    """As much of a rehearsal as says whom it is of."""

    people: list[_Somebody]
    left_out: list[str]


class Backups:
    """``backups.jsonl``: copies of everything, which hold whoever was there. Deleted only where ``delete`` says so."""

    def __init__(self, here: Installation, *, delete: bool) -> None:
        self._ledger = here.folder / "backups.jsonl"
        self._delete = delete

    def _theirs(self, wearer: str) -> Iterator[tuple[Path, str]]:
        """The folder of each that may hold the wearer, and why it stays."""
        stays = "" if self._delete else "it is everybody's: make a new one, then delete it, or erase with --backups"
        for line in lines_of(self._ledger):
            folder = Path(str(line.get("path", "")))
            if line.get("unfinished"):
                if folder.is_dir():
                    yield folder, ""
            elif not (folder / MANIFEST).is_file():
                yield folder, "it is not there now: if it lies on another disk, delete it there"
            elif _may_hold(folder / "registry.sqlite", wearer):
                yield folder, stays

    def traces(self, wearer: str) -> Iterator[Trace]:
        """See ``Part.traces``."""
        yield from (Trace("backup", str(folder), 1, stays) for folder, stays in self._theirs(wearer))

    def erase(self, wearer: str, at: str) -> None:
        """See ``Part.erase``: those that are not there stay on record, for their disk may come back."""
        gone = {str(folder) for folder, stays in self._theirs(wearer) if not stays}
        for folder in sorted(gone):
            remove_folder(Path(folder), last=Path(folder) / MANIFEST)
        if self._ledger.exists():
            lines = [line for line in lines_of(self._ledger) if line.get("path") not in gone]
            write_lines(self._ledger, [x for x in lines if not x.get("unfinished") or Path(str(x["path"])).is_dir()])


def _may_hold(registry: Path, wearer: str) -> bool:
    """Whether a copy of a registry knows a wearer; what cannot be looked into does."""
    if not registry.is_file():
        return True
    try:
        with closing(sqlite3.connect(f"{registry.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            return db.execute("SELECT 1 FROM wearer WHERE pseudonym = ?", (wearer,)).fetchone() is not None
    except sqlite3.Error:
        return True


class Models:
    """Models whose ``manifest.json`` says that they were ``trained_on`` the wearer: moved aside, to be trained anew.
    One that cannot be understood may say so of anybody; once it is aside, that is told until the model is deleted."""

    def __init__(self, here: Installation) -> None:
        self._folder = here.folder / "models"

    def _theirs(self, wearer: str) -> Iterator[tuple[Path, dict[str, Any], list[str] | None]]:
        """The folder of each, what its manifest says, and whom it was trained on, None: nobody knows."""
        withdrawn = self._folder / WITHDRAWN
        for path in [*sorted(self._folder.glob("*/manifest.json")), *sorted(withdrawn.glob("*/manifest.json"))]:
            manifest, trained_on = _understood(path.read_bytes())
            if trained_on is None or wearer in trained_on:
                yield path.parent, manifest, trained_on

    def traces(self, wearer: str) -> Iterator[Trace]:
        """See ``Part.traces``."""
        for folder, _, trained_on in self._theirs(wearer):
            if trained_on is not None:
                yield Trace("model", f"{folder}: trained on them; withdrawn, to be trained anew", 1)
                continue
            what = f"{folder}: its manifest does not say on whom it was trained, it may be them"
            if folder.parent == self._folder:
                yield Trace("model", f"{what}; withdrawn, to be trained anew", 1)
            else:
                yield Trace("model", what, 1, "it is withdrawn already: train it again, and delete it")

    def erase(self, wearer: str, at: str) -> None:
        """See ``Part.erase``: first out of use, then queued, then without their name."""
        for folder, manifest, trained_on in list(self._theirs(wearer)):
            aside = folder
            if folder.parent == self._folder:
                aside = self._folder / WITHDRAWN / f"{folder.name}-{secrets.token_hex(4)}"
                aside.parent.mkdir(mode=0o700, exist_ok=True)
                folder.rename(aside)
            queue, name = self._folder / RETRAIN, str(manifest.get("name", folder.name))
            if aside.name not in {line.get("withdrawn") for line in lines_of(queue)}:
                add_line(queue, {"model": name, "withdrawn": aside.name, "at": at})
            (aside / "WITHDRAWN.txt").write_text(NOTE.format(at=at))
            others = None if trained_on is None else [one for one in trained_on if one != wearer]
            said = json.dumps(manifest | {"trained_on": others}, indent=2)
            write_whole(aside / "manifest.json", said.encode() + b"\n")


def _understood(said: bytes) -> tuple[dict[str, Any], list[str] | None]:
    """What a manifest says, nothing where it is none, and whom its model was trained on, None where that is no list of
    names."""
    try:
        manifest = json.loads(said)
    except ValueError:
        return {}, None
    if not isinstance(manifest, dict):
        return {}, None
    try:
        return manifest, msgspec.convert(manifest.get("trained_on", []), type=list[str])
    except msgspec.ValidationError:
        return manifest, None
