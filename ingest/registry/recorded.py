"""Recordings, and what people said about times, in; the same with their corrections out: a face of the registry."""

from collections.abc import Sequence

from ingest.labels import Label
from ingest.registry import labels, sessions
from ingest.registry.face import Face
from ingest.registry.sessions import Session


class Recorded(Face):
    """Sessions and labels."""

    def add_session(self, session: Session, *, by: str) -> bool:
        """Enter a recording; False: it is there already, by its digest, and nothing changes.

        An import enters its pseudo-band and, where ``wearer`` is given, who wore it. Raises RegistryError where its
        digest is there as somebody else's.
        """
        with self._writing(by) as writing:
            return sessions.add(writing, session)

    def sessions(
        self, wearer: str | None = None, since_s: float | None = None, until_s: float | None = None
    ) -> list[Session]:
        """Recordings that reach into ``[since_s, until_s)``, of a wearer or of anybody, in order of time."""
        with self._reading() as connection:
            return sessions.sessions(connection, wearer, since_s, until_s)

    def add_labels(self, given: Sequence[Label], *, by: str) -> list[int]:
        """Enter labels, each with a wearer, and return their numbers. One that was ever entered with just these words
        and times is not entered again, even if it was corrected or removed since: a file may come twice."""
        with self._writing(by) as writing:
            return labels.add(writing, given)

    def correct_label(self, number: int, label: Label, *, by: str) -> int:
        """Put ``label`` in the place of another one (a removed one comes back so) and return its number. The old one is
        kept beside it."""
        with self._writing(by) as writing:
            return labels.correct(writing, number, label)

    def remove_label(self, number: int, *, by: str) -> None:
        """Mark a label as not valid. It is kept."""
        with self._writing(by) as writing:
            labels.remove(writing, number)

    def labels(
        self,
        wearer: str | None = None,
        since_s: float | None = None,
        until_s: float | None = None,
        *,
        most: int | None = None,
    ) -> dict[int, Label]:
        """The valid labels that reach into ``[since_s, until_s)``, of a wearer or of anybody, by number, in order of
        time; the first ``most`` of them, None: all. Without carers' notes: whoever judges recordings reads none."""
        with self._reading() as connection:
            return labels.labels(connection, wearer, since_s, until_s, most)

    def day_notes(self, wearer: str, since_s: float | None = None, until_s: float | None = None) -> dict[int, Label]:
        """What carers noted of a wearer's days, as ``labels`` has it of everything else: labels that are NOTE."""
        with self._reading() as connection:
            return labels.labels(connection, wearer, since_s, until_s, notes=True)

    def count_labels(self, spans: Sequence[tuple[str, float, float]]) -> list[int]:
        """How many of ``labels`` a wearer has in ``[since_s, until_s)``, for each (wearer, since_s, until_s)."""
        with self._reading() as connection:
            return labels.count(connection, spans)

    def label_history(self, number: int) -> dict[int, Label]:
        """A label and what took its place, one after the other."""
        with self._reading() as connection:
            return labels.history(connection, number)

    def enter_outcome(self, outcome_id: str, label: Label, *, corrects: str = "", by: str) -> int:
        """Enter what a carer told as a label, once: an ``outcome_id`` that was ever entered changes nothing, whatever
        became of its label. ``corrects`` is the outcome that it stands in for. Return the label's number.

        Raises RegistryError where the wearer is not known, or what it corrects was not entered.
        """
        with self._writing(by) as writing:
            return labels.enter_outcome(writing, outcome_id, label, corrects=corrects)

    def outcomes_entered(self) -> frozenset[str]:
        """The id of every outcome that was ever entered."""
        with self._reading() as connection:
            return labels.outcomes(connection)
