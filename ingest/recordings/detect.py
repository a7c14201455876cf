"""A path in; what is recorded there out, in whatever format it is, and what could not be read and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ingest.errors import RecordingError
from ingest.recordings import (
    cogwear,
    e4,
    embraceplus,
    emotibit,
    exported,
    exported_bids,
    qsensor,
    stereotypy,
    welltory,
    wesad,
    xdf,
)
from ingest.recordings.archive import Source, sources
from ingest.recordings.labels_beside import FILE, with_labels
from ingest.recordings.recording import Format, Recording

FORMATS: Final[tuple[Format, ...]] = (
    exported.FORMAT,
    exported_bids.FORMAT,
    e4.FORMAT,
    embraceplus.FORMAT,
    wesad.FORMAT,
    qsensor.FORMAT,
    stereotypy.FORMAT,
    cogwear.FORMAT,
    welltory.FORMAT,
    emotibit.FORMAT,
    xdf.FORMAT,
)
"""Every format that can be told by its content alone. Tables with a mapping are another: ``table.format_of``."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What one source, or a part of it, held: ``recordings`` in ``format``, or why it was ``refused``. ``name`` is
    what messages call it. ``passed`` are files that no format takes, in a source of which another part was read."""

    name: str
    format: str | None = None
    recordings: tuple[Recording, ...] = ()
    refused: str | None = None
    passed: tuple[str, ...] = ()


def look(path: Path, *, formats: Sequence[Format] = FORMATS) -> Iterator[Found]:
    """Yield what is recorded at ``path`` in one of ``formats``, source by source; memory holds one at a time. What
    several formats take is refused, and both are named. Raises RecordingError where there is nothing at ``path``."""
    others = False
    unread: Source | None = None
    for source in sources(path):
        if isinstance(source, RecordingError):
            others = True
            yield Found(str(source).split(":", 1)[0], refused=str(source))
            continue
        found = list(_within(source, formats))
        others = others or bool(found)
        yield from found
        if not found and source.name == path.name:
            unread = source
        elif not found:
            others = True
            yield Found(source.name, refused=_unknown(source, formats))
    if unread is not None:
        yield (
            Found(unread.name, passed=unread.names) if others else Found(unread.name, refused=_unknown(unread, formats))
        )


def _unknown(source: Source, formats: Sequence[Format]) -> str:
    if source.names == (source.name,) and source.name == FILE:
        return (
            f"{source.name}: a table of labels: label tables beside recordings are read by themselves when"
            " these are imported. One as in docs/labels.md can be read alone, too: forecalm labels import"
        )
    known = "; ".join(form.what for form in formats)
    table = "; or any table, with a mapping of its columns (--map)" if formats is FORMATS else ""
    return f"{source.name}: in none of the formats that can be read: {known}{table}"


def _within(source: Source, formats: Sequence[Format]) -> Iterator[Found]:
    try:
        claims = [(form, part) for form in formats for part in form.parts(source)]
    except RecordingError as error:
        yield Found(source.name, refused=str(error))
        return
    owners: dict[str, set[str]] = {}
    for form, part in claims:
        for name in part.names:
            owners.setdefault(name, set()).add(form.name)
    for form, part in claims:
        several = sorted(set().union(*(owners[name] for name in part.names)))
        if len(several) == 1:
            yield _read(form, part)
        elif several[0] == form.name:
            either = " and ".join(several)
            yield Found(part.name, refused=f"{part.name}: {either} both take it: give the files of each its own folder")
    rest = source.without(owners)
    if claims and rest.names:
        yield Found(source.name, passed=rest.names)


def _read(form: Format, part: Source) -> Found:
    try:
        return Found(part.name, form.name, tuple(with_labels(part, form.read(part))))
    except RecordingError as error:
        return Found(part.name, form.name, refused=_placed(part, str(error)))


def _placed(part: Source, said: str) -> str:
    """What went wrong, and where."""
    if said.startswith(part.name):
        return said
    first = part.names[0]
    alone = len(part.names) == 1 and not said.startswith(first.rsplit("/", 1)[-1])
    return f"{part.where(first) if alone else part.name}: {said}"


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
    one = recordings[0]
    left = (f"{FILE}: {len(one.named)} labels name a wearer, and are left out",) if one.named else ()
    return replace(one, name=path.resolve().stem, notes=(*one.notes, *left))
