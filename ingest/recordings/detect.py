"""A path in; what is recorded there out, in whatever format it is, and what could not be read and why."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ingest.errors import RecordingError
from ingest.recordings import cogwear, e4, embraceplus, qsensor, stereotypy, welltory, wesad
from ingest.recordings.archive import Source, sources
from ingest.recordings.recording import Format, Recording

FORMATS: Final[tuple[Format, ...]] = (
    e4.FORMAT,
    embraceplus.FORMAT,
    wesad.FORMAT,
    qsensor.FORMAT,
    stereotypy.FORMAT,
    cogwear.FORMAT,
    welltory.FORMAT,
)
"""Every format that can be read, the one that is most easily told first, those that take nearly anything last."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What one source, or a part of it, held: ``recordings`` in ``format``, or why it was ``refused``. ``name`` is
    what messages call it. ``passed`` are files that no format takes, in a source of which another part was read."""

    name: str
    format: str | None = None
    recordings: tuple[Recording, ...] = ()
    refused: str | None = None
    passed: tuple[str, ...] = ()


def look(path: Path) -> Iterator[Found]:
    """Yield what is recorded at ``path``, source by source; memory holds one at a time. Raises RecordingError where
    there is nothing at ``path``."""
    others = False
    unread: Source | None = None
    for source in sources(path):
        if isinstance(source, RecordingError):
            others = True
            yield Found(str(source).split(":", 1)[0], refused=str(source))
            continue
        found = list(_within(source))
        others = others or bool(found)
        yield from found
        if not found and source.name == path.name:
            unread = source
        elif not found:
            others = True
            yield Found(source.name, refused=_unknown(source))
    if unread is not None:
        yield Found(unread.name, passed=unread.names) if others else Found(unread.name, refused=_unknown(unread))


def _unknown(source: Source) -> str:
    known = ", ".join(form.name for form in FORMATS)
    return f"{source.name}: in none of the formats that can be read ({known}): name the files of one of these"


def _within(source: Source) -> Iterator[Found]:
    rest, any_taken = source, False
    for form in FORMATS:
        for part in form.parts(rest):
            any_taken = True
            yield _read(form, part)
            rest = rest.without(set(part.names))
    if any_taken and rest.names:
        yield Found(source.name, passed=rest.names)


def _read(form: Format, part: Source) -> Found:
    try:
        return Found(part.name, form.name, tuple(form.read(part)))
    except RecordingError as error:
        return Found(part.name, form.name, refused=str(error))


def read(path: Path) -> list[Recording]:
    """Everything recorded at ``path``. Raises RecordingError where anything of it cannot be read, or nothing is."""
    found = list(look(path))
    for each in found:
        if each.refused is not None:
            raise RecordingError(each.refused)
    return [recording for each in found for recording in each.recordings]


def read_one(path: Path) -> Recording:
    """The one recording at ``path``, named after it; raises RecordingError as ``read`` does, or for several."""
    recordings = read(path)
    if len(recordings) > 1:
        some = ", ".join(recording.name for recording in recordings[:5])
        raise RecordingError(f"{path.name}: holds {len(recordings)} recordings ({some}): name one of them")
    return replace(recordings[0], name=path.resolve().stem)
