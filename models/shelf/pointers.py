"""Who made which model champion, when, why and on what evidence: one line after the other in, what holds now out.

The file is only ever added to. A last line that a crash tore was told to nobody and counts for nothing; any other line
that cannot be read makes the file one that cannot be believed.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from models.errors import ShelfError
from models.risk import TRAINING_FREE
from models.shelf.manifest import POINTERS
from models.shelf.shelf import Shelf

BLANKS: Final = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters to Unicode, and nothing to see for a person: the Hangul fillers."""


class Rehearsal(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="rehearsal"
):
    """What a replay of stored sessions said of exactly the model whose manifest has ``model_digest``.

    ``champion`` is what it was held against. ``passed``: it is worse for nobody; ``worse_for`` counts for whom it is,
    everybody together as one. ``report`` is where the rehearsal can be read and ``report_digest`` its SHA-256.
    ``signed_by`` is whoever lets it pass all the same, ``because`` why.
    """

    model_digest: str
    champion: str
    passed: bool
    worse_for: int
    report: str
    report_digest: str
    signed_by: str = ""
    because: str = ""


class Unrehearsed(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="unrehearsed"
):
    """No rehearsal: ``signed_by`` answers for it, ``because`` of something."""

    signed_by: str
    because: str


Evidence = Rehearsal | Unrehearsed


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="done"):
    """Something that ``by`` did at ``at_s`` [UTC s], and ``why``."""

    at_s: float
    by: str
    why: str = ""


class Promoted(_Line, frozen=True, kw_only=True, tag="promoted"):
    """From now on the model of that name and manifest watches."""

    model: str
    digest: str
    evidence: Evidence


class RolledBack(_Line, frozen=True, kw_only=True, tag="rolled back"):
    """From now on ``to`` watches, which did before ``model``."""

    model: str
    to: str


class Shadowed(_Line, frozen=True, kw_only=True, tag="shadowed"):
    """From now on that model sees what the champion sees, and alerts nobody; none where ``model`` is empty."""

    model: str
    digest: str


class Withdrawn(_Line, frozen=True, kw_only=True, tag="withdrawn"):
    """That model is neither champion nor in shadow, nor is it gone back to, until it is promoted anew."""

    model: str


Line = Promoted | RolledBack | Shadowed | Withdrawn


@dataclass(frozen=True, slots=True)
class Pointer:
    """A model by its name, and the digest of the manifest that it had when it was chosen."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds now: the ``champions``, the last of which watches (none: the training-free detector); the ``shadow``;
    and the ``history`` that made it so, oldest first."""

    champions: tuple[Pointer, ...] = ()
    shadow: Pointer | None = None
    history: tuple[Line, ...] = ()

    @property
    def champion(self) -> Pointer | None:
        """Which model watches; None: the training-free detector."""
        return self.champions[-1] if self.champions else None

    @property
    def before(self) -> str:
        """The name of what a roll-back goes back to."""
        return self.champions[-2].name if len(self.champions) > 1 else TRAINING_FREE


def fold(lines: Sequence[Line]) -> Standing:
    """Return what holds after ``lines``. Whatever becomes champion, by whichever way, is in shadow no more."""
    champions: tuple[Pointer, ...] = ()
    shadow: Pointer | None = None
    for line in lines:
        match line:
            case Promoted():
                champions = (*(each for each in champions if each.name != line.model), Pointer(line.model, line.digest))
            case RolledBack():
                champions = champions[:-1]
            case Shadowed():
                shadow = Pointer(line.model, line.digest) if line.model else None
            case Withdrawn():
                champions = tuple(each for each in champions if each.name != line.model)
                shadow = None if shadow is not None and shadow.name == line.model else shadow
        if shadow is not None and champions and shadow.name == champions[-1].name:
            shadow = None
    return Standing(champions, shadow, tuple(lines))


class Pointers:
    """The pointers of a ``shelf``. Two that write at once are kept apart by whoever calls. Methods raise ShelfError,
    and then nothing changed; or OSError where the disk does."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.path = shelf.folder / POINTERS

    def standing(self) -> Standing:
        """Return what holds now."""
        return fold(self._lines()[0])

    def promote(self, name: str, *, by: str, evidence: Evidence, at_s: float, why: str = "") -> Promoted:
        """Make ``name`` the champion; it must be loadable, and the evidence must be of it and let it pass."""
        _require_signature(by, "who promotes a model")
        kept = self._shelf.load(name)
        _require_passed(name, kept.digest, evidence)
        champion = self.standing().champion
        if champion == Pointer(name, kept.digest):
            raise ShelfError(f"model {name!r} is the champion already: nothing to promote")
        line = Promoted(at_s=at_s, by=by, why=why, model=name, digest=kept.digest, evidence=evidence)
        self._add(line)
        return line

    def roll_back(self, *, by: str, why: str, at_s: float) -> RolledBack:
        """Go back to the champion before this one, at last to the training-free detector."""
        _require_signature(by, "who rolls back")
        standing = self.standing()
        if standing.champion is None:
            raise ShelfError(f"the training-free detector ({TRAINING_FREE}) watches: there is nothing before it")
        line = RolledBack(at_s=at_s, by=by, why=why, model=standing.champion.name, to=standing.before)
        self._add(line)
        return line

    def shadow(self, name: str | None, *, by: str, at_s: float, why: str = "") -> Shadowed:
        """Let ``name`` run beside the champion; None ends it."""
        _require_signature(by, "who puts a model in shadow")
        standing = self.standing()
        if name is None and standing.shadow is None:
            raise ShelfError("no model is in shadow: nothing to end")
        if name is not None and standing.champion is not None and name == standing.champion.name:
            raise ShelfError(f"model {name!r} is the champion: it cannot be its own shadow")
        digest = "" if name is None else self._shelf.load(name).digest
        line = Shadowed(at_s=at_s, by=by, why=why, model=name or "", digest=digest)
        self._add(line)
        return line

    def withdraw(self, name: str, *, by: str, why: str, at_s: float) -> Withdrawn:
        """Take ``name`` out of use, whether or not it still is on the shelf."""
        _require_signature(by, "who withdraws a model")
        standing = self.standing()
        if name not in {each.name for each in (*standing.champions, standing.shadow) if each is not None}:
            raise ShelfError(
                f"model {name!r} is neither champion, nor was it before, nor in shadow: nothing to withdraw"
            )
        line = Withdrawn(at_s=at_s, by=by, why=why, model=name)
        self._add(line)
        return line

    def _lines(self) -> tuple[list[Line], int]:
        """The lines, and where the last whole one ends."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return [], 0
        lines: list[Line] = []
        end = data.rfind(b"\n") + 1
        for number, said in enumerate(data[:end].splitlines(), 1):
            try:
                lines.append(msgspec.json.decode(said, type=Line))
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise ShelfError(
                    f"{self.path}, line {number} is not one of this version ({error}), so which model should watch is"
                    " not known: update forecalm, mend the line from a back-up, or put the file aside"
                ) from error
        return lines, end

    def _add(self, line: Line) -> None:
        end = self._lines()[1]
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(fd, "r+b") as file:
            file.seek(end)
            file.truncate()
            file.write(msgspec.json.encode(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if sys.platform != "win32":
            self.path.chmod(0o600)


def _require_signature(by: str, what: str) -> None:
    if not is_said(by) or not by.isprintable():
        raise ShelfError(f"by: {what} gives a name, not {by!r}")


def is_said(words: str) -> bool:
    """Whether there is something to read in ``words``."""
    return any(each.isalnum() and each not in BLANKS for each in words)


def _require_passed(name: str, digest: str, evidence: Evidence) -> None:
    if isinstance(evidence, Unrehearsed):
        if not (is_said(evidence.signed_by) and is_said(evidence.because)):
            raise ShelfError(f"model {name!r} was not rehearsed: who answers for promoting it, and because of what?")
        return
    if evidence.model_digest != digest:
        raise ShelfError(f"model {name!r}: the rehearsal is of another model of that name: rehearse this one")
    if not evidence.passed and not (is_said(evidence.signed_by) and is_said(evidence.because)):
        raise ShelfError(
            f"model {name!r}: the rehearsal found it worse for {evidence.worse_for} (people, or everybody): improve it,"
            " or let somebody sign for it and say why"
        )
