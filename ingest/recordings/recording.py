"""What every reader of files makes, whatever the device: a recording in physical units with UTC times; and what a
reader is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.errors import RecordingError
from ingest.labels import Label
from ingest.recordings.archive import Source
from ingest.types import Array, Block


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """One wearing of one device. ``channels`` holds what was sampled, each channel in one or more even pieces in time
    order: a pause, or a clock that jumped, begins a new piece. Never an empty piece, at least one channel.

    ``start_s`` is the earliest start of them [UTC s]. ``ibi_s`` is (2, n): when each beat ended its interval [UTC s],
    and the interval [s]; None where the device found none. ``tags_s`` (n,) are button presses [UTC s]. ``labels`` are
    what files beside it say of it, their ``wearer`` empty: a file does not know whom it will be imported for. ``named``
    are those that name a wearer: of whom the recording is, is for whoever reads it to say. ``notes`` say what was odd,
    repaired or left out, a line each. ``device`` names the kind: ``empatica-e4``.
    """

    name: str
    device: str
    start_s: float
    channels: dict[str, tuple[Block, ...]]
    ibi_s: Array | None
    tags_s: Array
    notes: tuple[str, ...]
    labels: tuple[Label, ...] = ()
    named: tuple[Label, ...] = ()

    @property
    def end_s(self) -> float:
        """The end of the last sample of any channel [UTC s]."""
        return max(pieces[-1].end_s for pieces in self.channels.values())

    def whole(self, channel: str) -> Block:
        """The one piece of a channel. Raises RecordingError where it came in several, and KeyError where in none."""
        pieces = self.channels[channel]
        if len(pieces) > 1:
            raise RecordingError(f"{self.name}: {channel} came in {len(pieces)} pieces: cut the recording between them")
        return pieces[0]


@dataclass(frozen=True, slots=True)
class Format:
    """A way in which recordings lie on disk: one module with one ``FORMAT``, and one line in ``detect``.

    ``name`` is short and stable (``empatica-e4``); ``what`` says in a sentence what its files are. ``parts(source)``
    takes a cheap look (names, the heads of files) and returns those parts of the source that are of this format, each
    to be read by itself, so that a broken one costs no other its place; none: it is of another. ``Source.part`` makes
    one; the source itself may be the only part. What earlier formats took is not shown to later ones. It never raises.
    ``read(part)`` returns what is recorded there, at least one recording. It raises RecordingError, naming the file,
    the place in it and the mend, and never another exception, whatever the bytes; what it could leave out or repair is
    in the notes. A library that is not installed is such an error too, naming the extra to install.
    """

    name: str
    what: str
    parts: Callable[[Source], Sequence[Source]]
    read: Callable[[Source], list[Recording]]
