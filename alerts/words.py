"""What a model says in; plain sentences out, the most important first."""

from typing import Final

from alerts.views import Blind

LEARN_MIN: Final = 10
"""Minutes of worn time after which a person's usual is known: ``models.arousal`` counts them."""

_BLIND: Final = {
    Blind.NOT_HEARD: "The band has not been heard yet.",
    Blind.SILENT: "The band is silent.",
    Blind.NOT_WORN: "The band is off.",
    Blind.POOR_SIGNAL: "The band is worn, but its readings are too poor to tell.",
    Blind.OUT_OF_RANGE: "Readings like these have not been met before, so they tell nothing.",
}


def blind(reason: Blind, learnt: float) -> str:
    """Return what stands in the way of seeing; ``learnt`` is 0 to 1, how much of the person's usual is known."""
    if reason is Blind.LEARNING:
        return f"Getting to know this person: {int(learnt * LEARN_MIN)} of {LEARN_MIN} min."
    return _BLIND[reason]
