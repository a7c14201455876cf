"""What a study brings to a data set: people, each a source of sessions, and what is to be said of those left out."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.datasets.building import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """``sources`` as ``models.datasets.building.build_from`` takes them, which other processes can be given, and the
    ``people`` whose they are; ``notes`` say who was left out, and why."""

    name: str
    people: tuple[str, ...]
    sources: tuple[Source, ...]
    notes: tuple[str, ...] = ()


def together(studies: Sequence[Study]) -> tuple[list[Source], list[str]]:
    """Return the sources and the notes of several studies, for one data set."""
    return [each for study in studies for each in study.sources], [note for study in studies for note in study.notes]
