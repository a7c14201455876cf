"""Who pauses the sound of which matter, why and until when in; the line for the journal, or a refusal, out."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from alerts.delivery.events import Snoozed
from alerts.delivery.matter import Kind
from alerts.delivery.proof import Proof
from alerts.errors import AlertError
from alerts.names import name

REASONS: Final = ("On my way.", "The sound makes it worse.", "Known: being looked at.")
"""What is said most; own words are taken as well."""

ALERT_MOST_S: Final = 300.0
"""Five minutes: long enough to walk to somebody, short enough that a forgotten pause is no silence."""

NOTICE_MOST_S: Final = 7_200.0
"""Two hours for what is wrong with bands, tablets or shifts: a charging band takes about as long."""

MOST_S: Final[Mapping[Kind, float]] = MappingProxyType({Kind.ALERT: ALERT_MOST_S, Kind.TEST: ALERT_MOST_S})

WORDS_MOST: Final = 120
"""Characters of a reason: a sentence."""


def snoozed(proof: Proof, *, by: str, reason: str, until_s: float, at_s: float) -> Snoozed:
    """Return the event. Raises AlertError where the matter is over, nobody says who or why, or the end is too far."""
    kind, most_s = proof.matter.kind, MOST_S.get(proof.matter.kind, NOTICE_MOST_S)
    if not proof.is_open:
        raise AlertError("it is over or somebody has it: there is nothing to pause")
    if not (math.isfinite(until_s) and math.isfinite(at_s)):
        raise AlertError("until_s and at_s are times in UTC seconds")
    if not at_s < until_s <= at_s + most_s + 1.0:  # a second for the way from the tablet
        raise AlertError(f"until_s: the sound of this ({kind}) is paused for up to {most_s / 60:g} min, choose less")
    return Snoozed(
        wearer=proof.matter.wearer,
        at_s=at_s,
        matter_id=proof.matter.matter_id,
        by=name(by, of="by"),
        reason=_said(reason),
        until_s=until_s,
    )


def _said(reason: str) -> str:
    plain = reason.strip()
    if not any(map(str.isalnum, plain)) or len(plain) > WORDS_MOST or not plain.isprintable():
        raise AlertError(f"reason: 1 to {WORDS_MOST} printable characters are needed, not {len(plain)} like these")
    return plain
