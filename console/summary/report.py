"""A report as values: headings, sentences, lists and tables, the same for a page, a file and paper."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence or a few. ``soft``: it is an aside."""

    text: str
    soft: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """Points, each a sentence."""

    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; the first cell of each is what the row is about. ``title`` says what all of it is."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Room:
    """So many empty lines to write on, after ``label``."""

    label: str
    lines: int


Block = Say | Listed | Table | Room


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """``law`` heads it; ``first`` is the first page, ``more`` what stands behind it. ``facts`` stand under the title,
    each with what it is."""

    law: str
    title: str
    facts: tuple[tuple[str, str], ...]
    first: tuple[Section, ...]
    more: tuple[Section, ...]
