"""A session of a BIDS dataset that ``forecalm export`` wrote in, the very recording that was exported out.

Other BIDS datasets are not read: their sidecars say less than is needed (docs/exports.md).
"""

import gzip
import io
import zlib
from dataclasses import replace
from typing import Final

import msgspec

from ingest.errors import RecordingError
from ingest.labels import Label, require_label
from ingest.recordings.archive import Source
from ingest.recordings.exported import (
    TEXT_MAX,
    VALUES,
    File,
    Sheet,
    Whose,
    rebuild,
    require_one_wearer,
    sheet_of,
    table,
    unowned,
)
from ingest.recordings.recording import Format, Recording
from ingest.types import Array

NAME: Final = "forecalm-bids"
EVENTS: Final = "_events.json"


class _Sidecar(msgspec.Struct, frozen=True, rename={"sheet": "Forecalm", "labels": "ForecalmLabels"}):
    sheet: msgspec.Raw
    labels: tuple[Label, ...]


class _Owner(msgspec.Struct, frozen=True, rename={"sheet": "Forecalm"}):
    sheet: Whose


def parts(source: Source) -> list[Source]:
    """The folders of sessions: their events' sidecar holds our sheet; raises RecordingError where they are of several
    people."""
    found = [(each, names) for names in source.by_folder().values() if (each := _sidecar(source, names)) is not None]
    require_one_wearer(source, {_whose(source.head(each, TEXT_MAX)) for each, _ in found})
    return [source.part(names) for _, names in found]


def _whose(text: bytes) -> str:
    try:
        return msgspec.json.decode(text, type=_Owner).sheet.wearer
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def _sidecar(source: Source, names: list[str]) -> str | None:
    found = [name for name in names if name.endswith(EVENTS) and b'"Forecalm"' in source.head(name, TEXT_MAX)]
    return found[0] if len(found) == 1 else None


def read_session(part: Source) -> list[Recording]:
    """The recording of one session; raises RecordingError as every reader does."""
    name = _sidecar(part, list(part.names)) or part.names[0]
    where = part.where(name)
    try:
        said = msgspec.json.decode(part.read(name), type=_Sidecar)
        for label in said.labels:
            require_label(label)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RecordingError(f"{where}: {error}: export the recording again") from None
    except RecordingError as error:
        raise RecordingError(f"{where}: a label: {error}") from None
    sheet: Sheet = sheet_of(bytes(said.sheet), where)
    names = {each.rsplit("/", 1)[-1]: each for each in part.names}
    return [replace(rebuild(part, sheet, names, _load), labels=unowned(said.labels))]


FORMAT: Final = Format(
    NAME,
    "an export of forecalm as BIDS: folders sub-*/ses-*/beh",
    parts,
    read_session,
)


def _load(data: bytes, file: File, where: str) -> Array:
    beats = file.channel == "ibi"
    columns = ("onset", "interval", "unix_time") if beats else VALUES[file.channel]
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            text = packed.read(TEXT_MAX + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise RecordingError(f"{where}: {error}: export it again") from None
    if len(text) > TEXT_MAX:
        raise RecordingError(f"{where}: unpacks to more than {TEXT_MAX} bytes: no recording of one wearing")
    chosen = (2, 1) if beats else range(len(columns))
    return table(text, where, chosen=chosen, of=len(columns), separator=b"\t", unknown=b"n/a")
