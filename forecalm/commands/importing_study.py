"""Paths of a study and what the command line says of its people in; who they are, and which of it is whose, out."""

import argparse
import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from forecalm.config import ConfigError
from forecalm.studies.files import alike, members
from ingest.ids import HOW, fitted, is_id
from ingest.recordings.detect import FORMATS
from ingest.recordings.labels_beside import FILE
from ingest.recordings.recording import Format

WHOLE: Final = "name"
"""``--wearer-from name``: a pseudonym is the whole name of a folder, zip or file, without its ending."""

COLUMNS: Final = ("file", "wearer", "name", "consent_by", "scope")
REQUIRED: Final = ("file", "wearer")
SCOPES: Final = ("care", "research", "share")


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """``wearer`` is the pseudonym of whom the recordings at ``paths`` are; ``name``, ``consent_by`` and ``scope`` are
    what was stated of them. ``said``: where, for messages; ``mend``: how a consent is stated there. ``drawn``: the
    pseudonym was drawn from the names of files. ``renames``: ``name`` was given by somebody, and holds over another."""

    wearer: str
    paths: tuple[Path, ...]
    said: str
    name: str | None = None
    consent_by: str | None = None
    scope: tuple[str, ...] = ("care",)
    mend: str = "--consent-by WHO"
    drawn: bool = False
    renames: bool = True


def people_of(chosen: argparse.Namespace, *, formats: tuple[Format, ...] = FORMATS) -> list[Somebody]:
    """Return whose recordings are imported, by pseudonym. Raises ConfigError where that is not said or not clear,
    DatasetError where a path cannot be looked into."""
    if chosen.wearer is not None:
        if chosen.prefix:
            raise ConfigError("--prefix: belongs to --wearer-from; write the whole pseudonym in --wearer")
        return [_one(chosen)]
    if chosen.name is not None:
        raise ConfigError("--name: is one person's: name them in a file (--people), or import one by one (--wearer)")
    inside = {each: path for path in chosen.paths for each in members(path, formats)}
    if chosen.people is not None:
        if chosen.prefix:
            raise ConfigError("--prefix: belongs to --wearer-from; write whole pseudonyms in --people")
        return _listed(chosen, inside)
    return _drawn(chosen, inside)


def left_out(paths: Iterable[Path], people: Iterable[Somebody]) -> list[Path]:
    """Return what lies directly in ``paths`` and is nobody's: said, so that nobody believes it imported."""
    taken = {path for each in people for path in each.paths}
    return [
        each
        for path in paths
        if path.is_dir() and path not in taken
        for each in sorted(path.iterdir())
        if each not in taken and not each.name.startswith(".") and each.name.lower() != FILE
    ]


def doubt(chosen: argparse.Namespace, people: Iterable[Somebody]) -> str:
    """Return what speaks against these being so many people, where whole names are said to be theirs; else nothing."""
    some = alike(sorted(each.wearer for each in people), chosen.prefix) if chosen.wearer_from == WHOLE else []
    if not some:
        return ""
    return (
        f"{' and '.join(some[:2])} would be two people: if they are one, say which part of the name is the person"
        " (--wearer-from '^[^_]+'), for models are judged by whom they were trained on; if not, --wearer-from '.+'"
    )


def _one(chosen: argparse.Namespace) -> Somebody:
    return Somebody(
        wearer=chosen.wearer,
        paths=tuple(chosen.paths),
        said=f"--wearer {chosen.wearer}",
        name=chosen.name,
        consent_by=chosen.consent_by,
        scope=tuple(chosen.scope),
        mend="--name NAME --consent-by WHO",
    )


def _drawn(chosen: argparse.Namespace, inside: Mapping[Path, Path]) -> list[Somebody]:
    pattern = r".+" if chosen.wearer_from == WHOLE else chosen.wearer_from
    whose: dict[str, tuple[str, list[Path]]] = {}
    for path in inside:
        found = _found(path, pattern)
        wearer = chosen.prefix + fitted(found, "-")
        if not is_id(wearer):
            raise ConfigError(f"--wearer-from: {path.name} would be {wearer!r}: a pseudonym is {HOW}")
        before = whose.setdefault(wearer.casefold(), (found, []))
        if before[1] and (before[0] != found or pattern == ".+"):
            raise ConfigError(
                f"--wearer-from: {before[1][0].name} and {path.name} would both be {wearer}: rename one of them, or"
                " name the people in a file (--people)"
            )
        before[1].append(path)
    return [
        Somebody(
            wearer=chosen.prefix + fitted(found, "-"),
            paths=tuple(paths),
            said=f"--wearer-from: {', '.join(path.name for path in paths[:3])}",
            name=f"{chosen.prefix}{found}"[:64],
            consent_by=chosen.consent_by,
            scope=tuple(chosen.scope),
            drawn=True,
            renames=False,
        )
        for _, (found, paths) in sorted(whose.items())
    ]


def _found(path: Path, pattern: str) -> str:
    name = path.resolve().name if path.is_dir() else path.stem
    try:
        match = re.search(pattern, name)
    except re.error as error:
        raise ConfigError(f"--wearer-from: {pattern!r} is no regular expression: {error}") from error
    if match is None:
        raise ConfigError(f"--wearer-from: {pattern!r} finds nobody in {name!r}")
    return match.group(1) if match.re.groups else match.group()


def _listed(chosen: argparse.Namespace, inside: Mapping[Path, Path]) -> list[Somebody]:
    people: dict[str, Somebody] = {}
    taken: dict[Path, str] = {}
    for number, row in _rows(chosen.people):
        said = f"{chosen.people}: line {number}"
        wearer = row["wearer"]
        if not is_id(wearer):
            raise ConfigError(f"{said}: wearer: {wearer!r}: a pseudonym is {HOW}")
        mine = tuple(each for each, path in inside.items() if _fits(each, path, row["file"]))
        if not mine:
            raise ConfigError(f"{said}: file: there is no {row['file']!r} among {_some(inside)}")
        for each in mine:
            if each in taken:
                raise ConfigError(f"{said}: file: {each.name} is {taken[each]}'s already")
            taken[each] = wearer
        somebody = _of_row(row, mine, said, chosen)
        before = people.get(wearer)
        if before is not None:
            stated = ("name", "consent_by", "scope")
            if any(getattr(before, each) != getattr(somebody, each) for each in stated):
                raise ConfigError(f"{said}: {wearer} has another name, consent_by or scope here than above")
            somebody = replace(before, paths=before.paths + mine)
        people[wearer] = somebody
    return list(people.values())


def _of_row(row: Mapping[str, str], paths: tuple[Path, ...], said: str, chosen: argparse.Namespace) -> Somebody:
    scope = tuple(each.strip() for each in re.split(r"[ ,;+]+", row.get("scope", "")) if each.strip())
    if not set(scope) <= set(SCOPES):
        raise ConfigError(f"{said}: scope: {row['scope']!r} is none of care and care,research")
    return Somebody(
        wearer=row["wearer"],
        paths=paths,
        said=said,
        name=row.get("name") or row["wearer"],
        consent_by=row.get("consent_by") or chosen.consent_by,
        scope=scope or tuple(chosen.scope),
        mend="a consent_by, or --consent-by WHO",
        renames=bool(row.get("name")),
    )


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows of a file of people, with their lines. Raises ConfigError, naming the line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--people {path}: cannot be read: {error}") from error
    delimiter = ";" if ";" in text.split("\n", 1)[0] else ","
    reader = csv.DictReader(text.splitlines(), delimiter=delimiter)
    columns = tuple(reader.fieldnames or ())
    if not set(REQUIRED) <= set(columns) <= set(COLUMNS) or len(set(columns)) < len(columns):
        raise ConfigError(
            f"--people {path}: its first line must name {' and '.join(REQUIRED)}, and may name"
            f" {', '.join(COLUMNS[2:])}; it says {', '.join(columns) or 'nothing'}"
        )
    found = []
    for row in reader:
        if None in row:
            raise ConfigError(f"--people {path}: line {reader.line_num}: has more cells than the first line")
        found.append((reader.line_num, {name: (cell or "").strip() for name, cell in row.items()}))
    if not found:
        raise ConfigError(f"--people {path}: names nobody")
    return found


def _fits(member: Path, root: Path, pattern: str) -> bool:
    """Whether a row's ``file`` is meant: the name, with or without its ending, or as it lies in the path."""
    within = member.relative_to(root).as_posix() if member != root else member.name
    return any(fnmatchcase(name, pattern) for name in (member.name, member.stem, within))


def _some(paths: Iterable[Path]) -> str:
    names = sorted(path.name for path in paths)
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
