"""The shelf of an installation in, which models are to run out; and again whenever that changes.

Whatever is wrong with a model or with the pointers, there is a choice: the training-free detector needs no file.
"""

import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from forecalm.watching.watchers import ALONE, Choice, Model
from models.errors import ShelfError
from models.risk import TRAINING_FREE
from models.shelf.manifest import POINTERS

if TYPE_CHECKING:  # loads scikit-learn, which takes a second: only for whoever has promoted a model
    from models.shelf.pointers import Pointer
    from models.shelf.shelf import Shelf

log = logging.getLogger(__name__)

LOOK_S: Final = 2.0  # a roll-back is in force about so much later

Stamp = tuple[tuple[str, int, int], ...]


def choose(folder: Path) -> Choice:
    """Return which models on the shelf ``folder`` are to run, proved and tried out. Raises nothing: what is wrong is
    among the faults."""
    if not (folder / POINTERS).exists():
        return ALONE
    from models.shelf.pointers import Pointers
    from models.shelf.shelf import Shelf

    shelf = Shelf(folder)
    try:
        standing = Pointers(shelf).standing()
    except (ShelfError, OSError) as error:
        return Choice(chosen="unknown", faults=(_told(error),))
    champion, faults = _proved(shelf, standing.champion)
    shadow, more = _proved(shelf, standing.shadow)
    chosen = TRAINING_FREE if standing.champion is None else standing.champion.name
    return Choice(champion, shadow, chosen, (*faults, *more))


def _proved(shelf: "Shelf", pointer: "Pointer | None") -> tuple[Model | None, tuple[str, ...]]:
    if pointer is None:
        return None, ()
    try:
        return proved(shelf, pointer), ()
    except (ShelfError, OSError) as error:
        return None, (_told(error),)
    except Exception as error:  # whatever a model's file may make of it
        return None, (f"model {pointer.name!r} cannot be used: {type(error).__name__}: {error}",)


def proved(shelf: "Shelf", pointer: "Pointer") -> Model:
    """Return the model that was chosen, and no other of its name. Raises ShelfError, or OSError where the disk does."""
    from models.shelf.live import live_of, try_out

    kept = shelf.load(pointer.name)
    if kept.digest != pointer.digest:
        raise ShelfError(
            f"model {pointer.name!r} is not the one that was chosen, but another of that name: promote it anew, or"
            " restore the one that was"
        )
    build = live_of(kept.name, kept.fitted)
    try_out(kept.name, build)
    return Model(kept.name, kept.digest, build, kept.manifest)


def _told(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"the shelf cannot be read: {error.filename}: {error.strerror}"
    return str(error)


def say(choice: Choice) -> None:
    """Log what was chosen, loudly where something is wrong."""
    watches = TRAINING_FREE if choice.champion is None else choice.champion.name
    for fault in choice.faults:
        log.critical("%s", fault)
    if choice.faults and watches != choice.chosen:
        log.critical("%s watches, not %s: forecalm doctor, forecalm models", watches, choice.chosen)
    elif choice is not ALONE:
        shadow = "" if choice.shadow is None else f", {choice.shadow.name} in shadow"
        log.info("%s watches%s", watches, shadow)


def stamp(folder: Path) -> Stamp:
    """What changes whenever the choice may: the pointers, and every file of every model."""
    found = []
    for path in sorted([folder / POINTERS, *folder.glob("[a-z0-9]*/*")]):
        try:
            about = path.stat()
        except OSError:  # gone meanwhile
            continue
        found.append((path.relative_to(folder).as_posix(), about.st_mtime_ns, about.st_size))
    return tuple(found)


class ShelfWatch:
    """Looks at the shelf ``folder`` every ``LOOK_S`` on a thread of its own, and calls ``on_choice`` there when the
    choice may be another one. Use as a context manager."""

    def __init__(self, folder: Path, seen: Stamp, *, on_choice: Callable[[Choice], None]) -> None:
        self._folder = folder
        self._seen = seen
        self._on_choice = on_choice
        self._told = ""  # why it could not look
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shelf", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            self.look_again()

    def look_again(self) -> None:
        """Look once; what keeps it from looking is told once, and may be over at the next look."""
        try:
            self.look()
        except Exception as error:  # whatever a disk does: the next roll-back must be followed
            told = f"{type(error).__name__}: {error}"
            if told != self._told:
                log.error("whether another model is to run cannot be seen now: %s", told)
            self._told = told
        else:
            self._told = ""

    def look(self) -> None:
        """Look once."""
        now = stamp(self._folder)
        if now != self._seen:
            choice = choose(self._folder)
            try:
                self._on_choice(choice)
            except queue.Full:  # the engine is far behind: at the next look
                return
            self._seen = now
            say(choice)
