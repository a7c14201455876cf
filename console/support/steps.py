"""How a pairing stands in; the steps as the page shows them, and what says that all of it is to be drawn anew, out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from console.pairing.flow import Stage
from console.pairing.one import Now
from console.support.near_rows import NearRow

STEPS: Final = (
    ("Pick", "or scan its code", (Stage.CONNECT,)),
    ("Shake", "the one in your hand", (Stage.CONFIRM,)),
    ("Who", "wears it, how long", (Stage.WHO,)),
    ("Fit", "15 s on the wrist", (Stage.WEAR, Stage.FIT, Stage.MEND)),
    ("Watching", "", (Stage.DONE,)),
)

SEEKING: Final = (Stage.CONNECT, Stage.CONFIRM)
"""Where the list of bands shows which of them moves."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: done, the one at hand, or to come."""

    verb: str
    what: str
    done: bool
    current: bool


def steps_of(now: Now) -> tuple[StepRow, ...]:
    """Return the steps of a pairing; a swap has no question of who."""
    stage = now.pairing.stage
    at = next((i for i, (_, _, stages) in enumerate(STEPS) if stage in stages), -1)
    return tuple(
        StepRow(verb, what, i < at or (stage is Stage.DONE and now.entered), i == at)
        for i, (verb, what, _) in enumerate(STEPS)
    )


def mark_of(now: Now | None, rows: Sequence[NearRow], fault: str) -> str:
    """Return what changes whenever the page is to be drawn anew; what somebody types in stays as it is meanwhile."""
    listed = ",".join(f"{row.band}{'' if row.free else '*'}" for row in rows) + ("!" if fault else "")
    if now is None:
        return listed
    pairing = now.pairing
    said = [pairing.stage.value, str(pairing.attempts), str(now.asked), str(now.entered)]
    if pairing.stage in SEEKING:
        said.append(listed)
    return " ".join(said)
