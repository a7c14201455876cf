"""A registry, the journal and what the engine kept of each minute in; what is kept of a person's days out."""

import logging
from collections.abc import Iterable
from pathlib import Path

import msgspec

from alerts.events import Event
from alerts.happened import HappenedTo
from console.day.office import Kept, Note, Reading
from forecalm.offices.past import Past
from forecalm.watching.foretold import minutes_in
from ingest.errors import RegistryError, StoreError
from ingest.labels import NOTE, Label
from ingest.registry.consents import Given, Scope
from ingest.registry.registry import Registry
from ingest.registry.stretches import end_of

log = logging.getLogger(__name__)


class DayBook:
    """A person's days, read anew each time: nothing of them is held in memory, so that whoever is erased, and whatever
    consent was withdrawn, is gone from here at once. See ``console.day.office.Days``."""

    def __init__(self, registry: Registry, *, journal: Path, minutes: Path) -> None:
        self._registry = registry
        self._past = Past(journal)
        self._minutes = minutes

    def kept(self, wearer: str, since_s: float, until_s: float) -> Kept | None:
        """See ``Days.kept``."""
        missing = []
        given: list[Given] = []
        notes: tuple[Note, ...] = ()
        worn = True
        try:
            if wearer not in self._registry.wearers():
                return None
            given = [it for it in self._registry.consents(wearer) if it.scope is Scope.CARE]
            notes = tuple(self._notes(wearer, since_s, until_s).values())
            worn = bool(self._registry.worn_by(wearer))
        except StoreError as error:
            log.error("a day is shown without notes and readings: %s", type(error).__name__)
            missing.append("Notes and readings cannot be looked up now: the registry does not answer.")
        covered = tuple((it.from_s, end_of(it.until_s)) for it in given if it.withdrawn_s is None)
        try:
            events = self._past.about(wearer, since_s, until_s)
        except OSError as error:
            log.error("a day is shown without what happened: %s", error.strerror)
            events = ()
            missing.append("What happened cannot be looked up now: the journal cannot be read.")
        return Kept(
            since_s=since_s,
            until_s=until_s,
            readings=self._readings(wearer, since_s, until_s, covered),
            events=events,
            notes=notes,
            covered=covered,
            consented=bool(given) or bool(missing),
            withdrawn=bool(given) and not covered,
            worn=worn,
            missing=tuple(missing),
        )

    def notes(self, wearer: str, number: int) -> Note | None:
        """See ``Days.notes``."""
        return self._notes(wearer, None, None).get(number)

    def write(self, wearer: str, text: str, *, at_s: float, by: str) -> int:
        """See ``Days.write``. One that was written and removed before comes back."""
        label = Label(what=NOTE, start_s=at_s, end_s=at_s, rater=by, wearer=wearer, note=text)
        (number,) = self._registry.add_labels([label], by=by)
        if number in self._notes(wearer, at_s, None):
            return number
        return self._registry.correct_label([*self._registry.label_history(number)][-1], label, by=by)

    def correct(self, wearer: str, number: int, text: str, *, by: str) -> int:
        """See ``Days.correct``."""
        was = self._of(wearer, number)
        if text == was.text:
            return number
        label = Label(what=NOTE, start_s=was.at_s, end_s=was.at_s, rater=by, wearer=wearer, note=text)
        return self._registry.correct_label(number, label, by=by)

    def remove(self, wearer: str, number: int, *, by: str) -> None:
        """See ``Days.remove``."""
        self._of(wearer, number)
        self._registry.remove_label(number, by=by)

    def _of(self, wearer: str, number: int) -> Note:
        found = self.notes(wearer, number)
        if found is None:
            raise RegistryError("note: it was changed or removed in the meantime; look at the day again")
        return found

    def _notes(self, wearer: str, since_s: float | None, until_s: float | None) -> dict[int, Note]:
        return {
            number: Note(number=number, at_s=it.start_s, by=it.rater, text=it.note)
            for number, it in self._registry.day_notes(wearer, since_s, until_s).items()
        }

    def _readings(
        self, wearer: str, since_s: float, until_s: float, covered: Iterable[tuple[float, float]]
    ) -> tuple[Reading, ...]:
        """What no consent covers any more is not shown."""
        return tuple(
            Reading(
                at_s=float(it.at_s),
                risk=it.told.highest,
                sweat_us=it.readings.sweat_us if it.readings else None,
                pulse_bpm=it.readings.pulse_bpm if it.readings else None,
                skin_c=it.readings.skin_c if it.readings else None,
                movement_g=it.readings.movement_g if it.readings else None,
            )
            for it in minutes_in(self._minutes, wearer, since_s, until_s)
            if any(begin_s <= it.at_s < end_s for begin_s, end_s in covered)
        )


def lines_about(journal: Path, wearer: str) -> list[HappenedTo]:
    """Return every line of the journal about a wearer; one that is being written, or cannot be read, is left out."""
    theirs, decoder = b'"wearer":"%b"' % wearer.encode(), msgspec.json.Decoder(Event)
    found = []
    with journal.open("rb") as file:
        for line in file:
            if theirs not in line:
                continue
            try:
                event = decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue
            if isinstance(event, HappenedTo) and event.wearer == wearer:
                found.append(event)
    return found
