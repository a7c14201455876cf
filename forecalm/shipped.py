"""An installation in; which models come with forecalm and are not on its shelf, and a proved copy of one there, out.

Nothing is adopted by itself: somebody who lets a model run in shadow, or rehearses it, asks for it by its name.
"""

from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Final

from forecalm.installation import Installation
from forecalm.keeping.files import alone
from models.errors import ShelfError
from models.experiments.results import EXPERIMENT
from models.shelf.manifest import Manifest
from models.shelf.pointers import Pointers, Withdrawn
from models.shelf.shelf import Shelf

REACHED: Final = (
    "Trained on simulated build-ups only: it has never seen a person. What it reaches in people is unknown. A model of"
    " the same kind, trained on 55 other simulated people, foretold 0.30 (0.24 to 0.36) of the incidents of 30"
    " simulated people whom nobody had looked at, at 0.67 false alarms in 4 h: 0.24 over chance, where the"
    " training-free detector came to 0.13. That is less than was wanted (docs/forecast.md). Let it run in shadow beside"
    " the training-free detector, not in its place, until recorded incidents say more."
)
"""What is to be known of the model that is shipped. The figures are those of docs/forecast.md: a test compares them."""


def shipped() -> Shelf:
    """Return the models that come with forecalm, to be read alone."""
    return Shelf(Path(str(files("models.shelf") / "shipped")))


def waiting(shelf: Shelf) -> tuple[str, ...]:
    """Return the names of what is shipped, and neither lies on the ``shelf`` nor was withdrawn from it."""
    there = shelf.names()
    return tuple(name for name in shipped().names() if name not in there and not _withdrawn(shelf, name))


def readable(shelf: Shelf, name: str) -> Shelf:
    """Return where a model can be looked at: what is shipped where it waits there, else the ``shelf``."""
    return shipped() if name in waiting(shelf) else shelf


def adopt(here: Installation, name: str, *, by: str) -> bool:
    """Put a copy of a model that is shipped on the shelf, unless one of its name lies there; return whether it did.

    It is proved as at every loading, copied whole or not at all, and entered in the audit. Raises ShelfError where it
    cannot be believed, or was withdrawn here; KeepingError where a back-up or an erasure is under way.
    """
    shelf, source = Shelf(here.models), shipped()
    if name not in source.names() or name in shelf.names():
        return False
    with alone(here.folder), closing(here.open_registry()) as registry:
        if _withdrawn(shelf, name):
            raise ShelfError(
                f"model {name!r} was withdrawn here and is gone from the shelf: what is shipped is not adopted again by"
                " itself; whoever wants it back restores its folder from a back-up"
            )
        registry.note("model adopted", by=by, model=name, digest=shelf.adopt(name, source))
    return True


def limits_of(manifest: Manifest) -> str:
    """Return what a model is not known for: of the one that is shipped, or made as it was, also what is reached."""
    experiments = (path.read_text(encoding="utf-8") for path in shipped().folder.glob(f"*/{EXPERIMENT}"))
    return f"{manifest.limits} {REACHED}" if manifest.experiment in experiments else manifest.limits


def simulated(manifest: Manifest) -> bool:
    """Whether a model was trained on simulated people alone, as its experiment file says."""
    from models.reports.card import simulated_studies  # loads what makes pages

    return bool(manifest.studies) and set(manifest.studies) <= set(simulated_studies(manifest))


def _withdrawn(shelf: Shelf, name: str) -> bool:
    history = Pointers(shelf).standing().history
    return shelf.withdrawn(name) or any(isinstance(line, Withdrawn) and line.model == name for line in history)
