"""A recording of a person in; the same out with nothing in it that names them, at a time that was not theirs.

What it does and cannot do is in docs/exports.md: physiology itself may identify somebody.
"""

import json
import os
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from ingest.errors import RegistryError
from ingest.labels import Label
from ingest.recordings.importing import DEVICE
from ingest.recordings.recording import Recording

WEEK_S: Final = 7 * 86_400
WEEKS_MIN: Final = 53  # more than a year back: no date can be taken for a true one
WEEKS_SPREAD: Final = 520  # ten years: a date says nothing about when within them it was
ID_BYTES: Final = 5  # ten hex digits: nobody guesses whose, and no two of a study are alike


@dataclass(frozen=True, slots=True)
class Key:
    """What a person is called in exports, and how many whole weeks earlier everything of theirs is said to be. Whoever
    has it can undo both: it is never in the export."""

    id: str
    weeks: int

    @property
    def shift_s(self) -> int:
        """By how much dates are moved into the past [s]: whole weeks, so that days of the week and times stay."""
        return self.weeks * WEEK_S


def new_key() -> Key:
    """A key that nobody can foresee."""
    return Key(f"p{secrets.token_hex(ID_BYTES)}", WEEKS_MIN + secrets.randbelow(WEEKS_SPREAD))


class Keys:
    """The keys of those whose exports are to agree with each other, in one file that only its owner reads. Erasing
    somebody must ``forget`` theirs."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, wearer: str) -> Key:
        """The wearer's key, made at the first time. Raises RegistryError where the file cannot be read."""
        known = self._all()
        if wearer not in known:
            known[wearer] = new_key()
            self._keep(known)
        return known[wearer]

    def forget(self, wearer: str) -> bool:
        """Destroy the wearer's key; False: there was none."""
        for left in self._left():
            left.unlink()
        known = self._all()
        if known.pop(wearer, None) is None:
            return False
        with self._path.open("r+b") as before:
            size = os.fstat(before.fileno()).st_size
            self._keep(known)
            before.write(b"\0" * size)  # the file that was: its bytes must not outlive its name
            before.flush()
            os.fsync(before.fileno())
        return True

    def _left(self) -> list[Path]:
        """What a crash left of a file that was being written: it tells as much as the file itself."""
        return sorted(self._path.parent.glob(f".{self._path.name}.*"))

    def _all(self) -> dict[str, Key]:
        try:
            found = json.loads(self._path.read_text())
            return {str(wearer): Key(str(id_), int(weeks)) for wearer, (id_, weeks) in found.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise RegistryError(
                f"{self._path.name}: cannot be read ({type(error).__name__}); put it back from a backup, or move it"
                " away: exports made from then on do not agree with earlier ones"
            ) from None

    def _keep(self, known: dict[str, Key]) -> None:
        beside = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        beside.touch(mode=0o600)
        with beside.open("w") as file:
            json.dump({wearer: [key.id, key.weeks] for wearer, key in known.items()}, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)


@dataclass(slots=True)
class Deidentifying:
    """One person's recordings, one after the other: numbered, moved in time, their raters called by number."""

    key: Key
    number: int = 0
    raters: dict[str, str] = field(default_factory=dict)

    def deidentified(self, recording: Recording) -> Recording:
        """The recording without notes and names of bands, files, raters; words of labels (``what``) stay."""
        self.number += 1
        shift_s = self.key.shift_s
        ibi_s = recording.ibi_s
        return Recording(
            name=f"{self.key.id}-{self.number:04d}",
            device=recording.device,
            start_s=recording.start_s - shift_s,
            channels={
                name: tuple(replace(piece, start_s=piece.start_s - shift_s) for piece in pieces)
                for name, pieces in recording.channels.items()
            },
            ibi_s=None if ibi_s is None else np.stack([ibi_s[0] - shift_s, ibi_s[1]]),
            tags_s=recording.tags_s - shift_s,
            notes=(),
            labels=tuple(self._label(label, shift_s) for label in recording.labels),
        )

    def _label(self, label: Label, shift_s: int) -> Label:
        rater = label.rater
        if rater != DEVICE:
            rater = self.raters.setdefault(rater, f"rater {len(self.raters) + 1}")
        return replace(label, start_s=label.start_s - shift_s, end_s=label.end_s - shift_s, rater=rater, note="")
