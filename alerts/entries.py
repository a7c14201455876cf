"""What is brought to the desk in; the same in its one form, or a refusal that says what would be right, out."""

import logging
import math
from collections.abc import Callable, Mapping

from alerts.errors import AlertError
from alerts.policy import Policy
from alerts.views import CHANNELS
from models.risk import Abstention

log = logging.getLogger(__name__)

Reasons = Callable[[], tuple[str, ...]] | tuple[str, ...]


def moment(value_s: float, name: str) -> float:
    """Return a time; raises AlertError where it is not finite."""
    if not math.isfinite(value_s):
        raise AlertError(f"{name} is a time in UTC seconds, not {value_s}")
    return value_s


def check_second(probability: float, abstention: Abstention, second_end_s: float) -> None:
    """Raise AlertError where a probability and an abstention exclude each other."""
    if abstention is Abstention.NONE:
        if not 0 <= probability <= 1:
            raise AlertError(
                f"second {second_end_s}: without an abstention the probability is from 0 to 1, not {probability}"
            )
    elif not math.isnan(probability):
        raise AlertError(f"second {second_end_s}: {abstention.name} says nothing, so the probability is NaN")


def check_missing(missing: tuple[str, ...]) -> None:
    """Raise AlertError where something is missing that no band has."""
    for channel in missing:
        if channel not in CHANNELS:
            raise AlertError(f"missing: one of {', '.join(CHANNELS)}, not {channel!r}")


def sentences(reasons: Reasons) -> tuple[str, ...]:
    """Words must never stand between a carer and an alert: where they fail, the alert goes without."""
    try:
        return tuple(reasons() if callable(reasons) else reasons)
    except Exception:
        log.exception("no words for the reasons")
        return ()


def rules(policies: Mapping[str, Policy]) -> dict[str, Policy]:
    """Return a copy of each wearer's own rules; raises AlertError where one of them is none."""
    if not isinstance(policies, Mapping):
        raise AlertError(f"policies: a policy by wearer, not {type(policies).__name__}; the rules stay as they were")
    for wearer, policy in policies.items():
        if not isinstance(policy, Policy):
            raise AlertError(
                f"policies: those of {wearer!r} are {type(policy).__name__}, not a Policy: what holds stays in force"
            )
    return dict(policies)
