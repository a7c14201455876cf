"""What a study brings to a data set: people, each a source of sessions, and what is to be said of those left out."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.datasets.building import Source
from models.datasets.rows import Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """``sources`` as ``models.datasets.building.build_from`` takes them, which other processes can be given, and the
    ``people`` whose they are; ``notes`` say who was left out, and why."""

    name: str
    people: tuple[str, ...]
    sources: tuple[Source, ...]
    notes: tuple[str, ...] = ()

    def sessions(self) -> list[Recorded]:
        """Return everybody's sessions, for ``models.datasets.building.build`` and for whoever wants to see their
        signals: all of them in memory, some 8 MB an hour; of a larger study give ``sources`` to ``build_from``.

        Raises DatasetError where a recording cannot be read.
        """
        return [each for source in self.sources for each in source()]


def together(studies: Sequence[Study]) -> tuple[list[Source], list[str]]:
    """Return the sources and the notes of several studies, for one data set."""
    return [each for study in studies for each in study.sources], [note for study in studies for note in study.notes]
