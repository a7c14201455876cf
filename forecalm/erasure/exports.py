"""A wearer in; exports of them, and the key that these share, found, and deleted as far as they are still here, out."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from forecalm.erasure.parts import Trace
from forecalm.installation import Installation
from forecalm.keeping.errors import KeepingError
from forecalm.keeping.files import files_in, lines_of, remove_folder, sha256, write_lines
from ingest.exports.deidentify import Keys
from ingest.exports.export import KEYS, MANIFEST, RECORD

ASKED: Final = "research/exports"  # as ``forecalm.offices.exports`` has it, which loads every format
WISH: Final = "wish.json"


class Exports:
    """What ``exports.jsonl`` says was written to be taken along. What has left this machine is out of reach."""

    def __init__(self, here: Installation) -> None:
        self._record = here.folder / RECORD

    def _theirs(self, wearer: str) -> Iterator[tuple[Path, str]]:
        """The folder of each export that names the wearer, and why it stays."""
        for line in lines_of(self._record):
            if wearer in line.get("wearers", ()):
                folder = Path(str(line.get("path", "")))
                manifest = folder / MANIFEST
                if not folder.exists():
                    yield folder, ""
                elif set(line["wearers"]) != {wearer}:
                    yield folder, "it holds others too: export them again, and delete it"
                elif not manifest.is_file() or sha256(manifest) != line.get("sha256") or _changed(folder):
                    yield folder, "it is not as it was written: look for yourself, and delete it"
                else:
                    yield folder, ""

    def traces(self, wearer: str) -> Iterator[Trace]:
        """See ``Part.traces``."""
        for folder, stays in self._theirs(wearer):
            gone = "" if folder.exists() else " (gone already; it may have been given away)"
            yield Trace("export", f"{folder}{gone}", 1, stays)

    def erase(self, wearer: str, at: str) -> None:
        """See ``Part.erase``: the files first, the manifest last of them, then the line."""
        theirs = list(self._theirs(wearer))
        for folder, stays in theirs:
            if not stays and folder.exists():
                remove_folder(folder, last=folder / MANIFEST)
        if theirs:
            write_lines(self._record, list(self._without(wearer)))

    def _without(self, wearer: str) -> Iterator[dict[str, Any]]:
        """The record without a word of them; a path that holds their pseudonym goes with its line."""
        for line in lines_of(self._record):
            others = [one for one in line.get("wearers", ()) if one != wearer]
            if len(others) == len(line.get("wearers", ())):
                yield line
            elif others and wearer not in str(line.get("path")):
                yield {**line, "wearers": others}


def _changed(folder: Path) -> bool:
    """Whether a file was added to an export or has other content than its manifest says. One that is missing may have
    been deleted by an erasure that was cut off."""
    said = json.loads((folder / MANIFEST).read_bytes())
    known = {folder / file["path"]: file["sha256"] for file in said["files"]}
    return any(known.get(path) != sha256(path) for path in files_in(folder) if path != folder / MANIFEST)


class ExportFiles:
    """Files that researchers asked for on the console's pages, until they take them: each that names the wearer goes,
    others' readings and all; they ask again. What cannot be read may name them."""

    def __init__(self, here: Installation) -> None:
        self._folder = here.folder / ASKED

    def _theirs(self, wearer: str) -> Iterator[Path]:
        for folder in sorted(path for path in self._folder.glob("*") if path.is_dir()):
            try:
                said = json.loads((folder / WISH).read_bytes())
                theirs = wearer in said["export"]["wish"]["wearers"]
            except (OSError, ValueError, KeyError, TypeError):
                theirs = True
            if theirs:
                yield folder

    def traces(self, wearer: str) -> Iterator[Trace]:
        """See ``Part.traces``."""
        yield from (Trace("export that was asked for", str(folder), 1) for folder in self._theirs(wearer))

    def erase(self, wearer: str, at: str) -> None:
        """See ``Part.erase``; what says whom it is of goes last."""
        for folder in list(self._theirs(wearer)):
            remove_folder(folder, last=folder / WISH)


class ExportKey:
    """The key by which exports of theirs without a name agree with each other: it tells whose they are."""

    def __init__(self, here: Installation) -> None:
        self._path = here.folder / KEYS

    def traces(self, wearer: str) -> Iterator[Trace]:
        """See ``Part.traces``. Raises KeepingError where the file cannot be read: it is everybody's."""
        if self._path.exists() and wearer in self._known():
            yield Trace("export key", str(self._path), 1)

    def _known(self) -> dict[str, Any]:
        try:
            known = json.loads(self._path.read_bytes())
        except ValueError:
            known = None
        if not isinstance(known, dict):
            raise KeepingError(
                f"{self._path}: cannot be read, so nobody knows whose export keys it holds: put it back from a back-up,"
                " or delete it (exports made from then on do not agree with earlier ones), and erase again"
            )
        return known

    def erase(self, wearer: str, at: str) -> None:
        """See ``Part.erase``."""
        Keys(self._path).forget(wearer)
