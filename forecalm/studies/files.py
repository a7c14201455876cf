"""Paths of recordings in, a study of the people they are of out, with the labels that lie beside them.

One recording, or one folder or zip of recordings, is of one person, who is named after it: see ``recorded``.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from forecalm.studies.cutting import sessions_of
from forecalm.studies.study import Study
from ingest.assemble import whole
from ingest.errors import RecordingError
from ingest.ids import HOW, fitted, is_id
from ingest.labels import Label, read_labels
from ingest.received import Received
from ingest.recordings.archive import Source, sources
from ingest.recordings.detect import FORMATS, look
from ingest.recordings.digest import digest
from ingest.recordings.importing import DEVICE, PRESS
from ingest.recordings.packets import longest_s, packets
from ingest.recordings.recording import Format, Recording
from models.datasets.dataset import Session
from models.datasets.rows import Recorded
from models.errors import DatasetError

STEM: Final = r".+"  # of a file's or folder's name, without its ending: the whole of it
_BEGIN: Final = re.compile(r"[A-Za-z]*[0-9]+[A-Za-z]*(?=[_-])")  # S01 of S01_Final, 15 of 15_1594213322


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPerson:
    """Somebody whose recordings lie at ``paths``: called, it reads them and yields the sessions in order of time."""

    person: str
    study: str
    paths: tuple[Path, ...]
    labels: tuple[Label, ...] = ()
    formats: tuple[Format, ...] = FORMATS
    devices: tuple[str, ...] = ("*",)

    def __call__(self) -> Iterator[Recorded]:
        """Yield the sessions; raises DatasetError where a recording cannot be read."""
        found = [recording for path in self.paths for recording in self._read(path)]
        found.sort(key=lambda pair: (pair[1].start_s, pair[1].name))
        for origin, recording in found:
            session = Session(
                name=f"{self.person}-{recording.name}",
                person=self.person,
                study=self.study,
                start_s=recording.start_s,
                end_s=recording.end_s,
                origin=origin,
                digest=digest(recording),
            )
            try:
                tick = whole(_received(recording))
            except ValueError as error:
                raise DatasetError(f"{origin}: {recording.name}: {error}") from error
            labels = (*self.labels, *_labels(recording, self.person))
            for part, cut in sessions_of(session, tick):
                yield Recorded(session=part, tick=cut, labels=labels)

    def _read(self, path: Path) -> Iterator[tuple[str, Recording]]:
        try:
            for found in look(path, formats=self.formats):
                if found.refused is not None:
                    raise DatasetError(f"{found.refused}; mend it, or take it out of the paths")
                for recording in found.recordings:
                    if any(fnmatchcase(recording.device, each) for each in self.devices):
                        yield found.name, recording
        except RecordingError as error:
            raise DatasetError(f"{path}: {error}") from error


def recorded(
    paths: Sequence[Path],
    *,
    study: str,
    person: str = STEM,
    people: Mapping[str, str] | None = None,
    labels: Path | None = None,
    formats: Sequence[Format] = FORMATS,
    devices: Sequence[str] = ("*",),
) -> Study:
    """Return the study of the recordings at ``paths``.

    A folder that holds folders or zips, or files each of which is a recording (tables, pickles), is gone into, one
    level; each of these, and any other path, is of one person.
    Their pseudonym is the study's name and what the regular expression ``person`` finds in the name of the folder, zip
    or file (its first group, if it has one; ``STEM``: the whole name without its ending), with a hyphen between:
    ``stress_predict-S02``. ``people`` overrides it by name: ``{"S02.zip": "w-07"}``. ``labels`` is a file of
    docs/labels.md, with a wearer in each row, beside what lies beside the recordings. ``devices``: only recordings of
    these (``cogwear-e4``; ``*`` and ``?`` as in file names).

    Raises DatasetError where there is nothing at a path, a name is not found or no pseudonym, or the labels cannot be
    read or name somebody else.
    """
    by_person: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        for each in members(path, formats):
            by_person[_named(each, study, person, people or {})].append(each)
    said = _said(labels, by_person)
    sources = tuple(
        RecordedPerson(
            person=who,
            study=study,
            paths=tuple(of),
            labels=tuple(said.get(who, ())),
            formats=tuple(formats),
            devices=tuple(devices),
        )
        for who, of in sorted(by_person.items())
    )
    if not sources:
        raise DatasetError(f"study {study}: there are no recordings at {', '.join(map(str, paths)) or 'no path'}")
    return Study(name=study, people=tuple(sorted(by_person)), sources=sources, notes=_doubt(sorted(by_person), study))


def members(path: Path, formats: Sequence[Format]) -> list[Path]:
    """Return the paths of one person each: what is in a folder, unless the folder is one recording. Raises DatasetError
    where there is nothing at ``path``, or it cannot be looked into."""
    if not path.exists():
        raise DatasetError(f"{path}: there is no such file or folder")
    if not path.is_dir():
        return [path]
    inside = [
        each
        for each in sorted(path.iterdir())
        if not each.name.startswith((".", "__MACOSX")) and (each.is_dir() or each.suffix.lower() == ".zip")
    ]
    return inside or _alone(path, formats) or [path]


def _alone(folder: Path, formats: Sequence[Format]) -> list[Path]:
    """The files of a folder where each is a recording by itself, as tables and pickles are; none where they belong
    together, as those of an E4 do. Raises DatasetError where it cannot be looked into."""
    try:
        found = list(sources(folder))
        parts = [part for each in found if isinstance(each, Source) for form in formats for part in form.parts(each)]
    except RecordingError as error:
        raise DatasetError(f"{folder}: {error}") from error
    names = sorted(name for part in parts for name in part.names)
    return [folder / name for name in names] if len(names) == len(parts) == len(set(names)) else []


def _named(path: Path, study: str, pattern: str, people: Mapping[str, str]) -> str:
    if path.name in people:
        found = people[path.name]
        if not is_id(found):
            raise DatasetError(f"people: {found!r}: a pseudonym is {HOW}")
        return found
    stem = path.resolve().name if path.is_dir() else path.stem
    try:
        match = re.search(pattern, stem)
    except re.error as error:
        raise DatasetError(f"person: {pattern!r} is no regular expression: {error}") from error
    if match is None:
        raise DatasetError(f"person: {pattern!r} finds nobody in {stem!r}: change it, or name the person in people")
    found = match.group(1) if match.re.groups else match.group()
    return fitted(f"{study}-{found}", "-")[:64]


def alike(people: Sequence[str], prefix: str) -> list[str]:
    """Return those who, after ``prefix``, are called as if they were one (``S01_a``, ``S01_b``); none: nobody is."""
    begins: dict[str, list[str]] = defaultdict(list)
    for each in people:
        begin = _BEGIN.match(each.removeprefix(prefix))
        if begin is not None:
            begins[begin.group()].append(each)
    return next((each for each in begins.values() if len(each) > 1), [])


def _doubt(people: Sequence[str], study: str) -> tuple[str, ...]:
    """A note where people are called as if some were one: they would be trained on and judged by."""
    some = alike(people, f"{study}-")
    if not some:
        return ()
    return (
        f"{study}: {' and '.join(some[:2])} count as two people: if they are one, say which part of the name is the"
        ' person (person = "^[^_]+"); else models are judged by whom they were trained on',
    )


def _said(path: Path | None, known: Mapping[str, Sequence[Path]]) -> dict[str, list[Label]]:
    if path is None:
        return {}
    try:
        labels = read_labels(path)
    except (RecordingError, OSError) as error:
        raise DatasetError(f"{path}: {error}") from error
    said: dict[str, list[Label]] = defaultdict(list)
    for label in labels:
        if label.wearer not in known:
            raise DatasetError(f"{path.name}: wearer {label.wearer!r} is none of {', '.join(sorted(known))}")
        said[label.wearer].append(label)
    return said


def _received(recording: Recording) -> list[Received]:
    """What a band would have sent, in the pieces in which recordings are imported."""
    cut = packets(recording, band=recording.name, seconds=longest_s(recording))
    return [Received(packet, recording.start_s, at_s, b"") for at_s, packet in cut]


def _labels(recording: Recording, person: str) -> list[Label]:
    presses = [Label(what=PRESS, start_s=at_s, end_s=at_s, rater=DEVICE) for at_s in recording.tags_s.tolist()]
    return [replace(label, wearer=person) for label in (*recording.labels, *presses)]
