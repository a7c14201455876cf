"""A fit check in; what of it is well, what is to be mended and what cannot be told yet, out."""

from dataclasses import dataclass
from typing import Final, Literal

from console.pairing.fit import Fit, Mend

Verdict = Literal["well", "mend", "unknown"]

_CHECKS: Final = (
    ("On skin", "skin contact", (Mend.NOT_ON_SKIN,)),
    ("Pulse", "pulse", (Mend.NO_PULSE, Mend.COLD_SKIN, Mend.MOVING)),
    ("Snug", "skin contact", (Mend.TOO_LOOSE,)),
    ("Sweat sensor", "sweat", (Mend.DRY,)),
)
"""What is looked at, what must be known of it, and the verdicts that are about it. The order is that of the verdicts:
what comes after the one that was found was not asked any more."""


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One thing that is looked at; ``words`` say what to do where it is to be mended."""

    name: str
    verdict: Verdict
    words: str


def checks_of(fit: Fit | None) -> tuple[CheckRow, ...]:
    """Return what is known of how a band sits; nothing is well before it is known to be."""
    rows, found = [], False
    for name, needs, mends in _CHECKS:
        mend = fit is not None and fit.mend in mends
        found = found or mend
        told = fit is not None and fit.told and needs in fit.known and not found
        verdict: Verdict = "mend" if mend else "well" if told else "unknown"
        rows.append(CheckRow(name, verdict, fit.words if mend and fit is not None else ""))
    return tuple(rows)
