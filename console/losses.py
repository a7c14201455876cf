"""A WearerView and the time in; the way in which nobody can see that wearer, and since when, out."""

from dataclasses import dataclass
from typing import Final, Literal

from alerts.views import Blind, WearerView

STALE_S: Final = 15.0
"""A view older than this is no sight: nobody looks at that wearer any more. The page calls its server lost as late."""

Watch = Literal["ok", "partly", "none"]
Cover = Literal["protected", "partly", "cannot tell", "not"]


@dataclass(frozen=True, slots=True)
class Loss:
    """How one way of not seeing is shown: by itself (``word``, ``why``) and beside a risk that stays (``beside``)."""

    word: str
    beside: str
    why: str
    glyph: str
    watch: Watch
    cover: Cover
    signal: str
    sounds: Literal["lost", "notice", ""]


LOSSES: Final[dict[Blind, Loss]] = {
    Blind.NOT_HEARD: Loss(
        word="Not heard yet",
        beside="Not heard yet.",
        why="The band has not sent anything yet.",
        glyph="cannot",
        watch="none",
        cover="not",
        signal="No signal yet",
        sounds="",
    ),
    Blind.SILENT: Loss(
        word="Not protected since {at}",
        beside="Signal lost {at}.",
        why="The band has stopped sending.",
        glyph="unprotected",
        watch="none",
        cover="not",
        signal="No signal",
        sounds="lost",
    ),
    Blind.NOT_WORN: Loss(
        word="Band off since {at}",
        beside="Band came off at {at}.",
        why="The band is not on the skin.",
        glyph="bandoff",
        watch="none",
        cover="not",
        signal="Band off",
        sounds="lost",
    ),
    Blind.POOR_SIGNAL: Loss(
        word="Cannot tell since {at}",
        beside="Signal poor since {at}.",
        why="Too little of the signal can be used.",
        glyph="cannot",
        watch="partly",
        cover="cannot tell",
        signal="Signal poor",
        sounds="",
    ),
    Blind.LEARNING: Loss(
        word="Getting to know {name}",
        beside="Cannot tell since {at}.",
        why="What is usual is not known yet.",
        glyph="cannot",
        watch="partly",
        cover="cannot tell",
        signal="Signal good",
        sounds="",
    ),
    Blind.OUT_OF_RANGE: Loss(
        word="Cannot tell since {at}",
        beside="Cannot tell since {at}.",
        why="Readings unlike any that were learnt from.",
        glyph="cannot",
        watch="partly",
        cover="cannot tell",
        signal="Signal good",
        sounds="",
    ),
    Blind.NOT_RECORDING: Loss(
        word="Not recording",
        beside="Not recording.",
        why="No consent: nothing is kept, and no alert can come.",
        glyph="notrecording",
        watch="none",
        cover="not",
        signal="Not recording",
        sounds="notice",
    ),
}

STALE: Final = Loss(
    word="Not protected since {at}",
    beside="Nobody can see since {at}.",
    why="The server has stopped reading. Look in.",
    glyph="unprotected",
    watch="none",
    cover="not",
    signal="No signal",
    sounds="lost",
)


def loss_of(view: WearerView, *, now_s: float) -> tuple[Loss | None, float]:
    """Return how sight of ``view`` is lost at ``now_s`` [UTC s], None while it is not, and since when.

    What is too old is no sight, whatever it says.
    """
    loss = None if view.sight.reason is None else LOSSES[view.sight.reason]
    if now_s - view.at_s > STALE_S and (loss is None or loss.cover != "not"):
        return STALE, view.at_s
    return loss, view.sight.since_s if loss else now_s
