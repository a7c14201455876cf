"""An installation in, what is to be said of its trained models out. Looks only."""

from collections.abc import Iterator

from forecalm.doctor.finding import Finding, Level
from forecalm.installation import Installation
from forecalm.watching.champion import choose
from models.risk import TRAINING_FREE

MEND = "forecalm models says why; mend it, or forecalm models roll-back, or promote another"


def models(here: Installation) -> Iterator[Finding]:
    """Whether the model that was chosen can watch, and the one in shadow run."""
    choice = choose(here.models)
    watches = TRAINING_FREE if choice.champion is None else choice.champion.name
    for fault in choice.faults:
        yield Finding(Level.FAILURE, "models", f"{watches} watches: {fault}", MEND)
    for model in (choice.champion, choice.shadow):
        if model is not None:
            role = "watches" if model is choice.champion else "runs in shadow"
            yield Finding(Level.OK, "models", f"{model.name} {role}, and is as it was when it was chosen")
    if choice.champion is None and not choice.faults:
        yield Finding(Level.OK, "models", f"no trained model is chosen: the training-free detector ({watches}) watches")
