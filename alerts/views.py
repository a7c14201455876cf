"""What the desk shows of a wearer at one moment: values for the board and every other channel, without names."""

from dataclasses import dataclass
from enum import StrEnum

from models.risk import TRAINING_FREE


class RiskState(StrEnum):
    """How the person is, as far as anyone can know. Sight never changes it."""

    WATCHING = "watching"
    RISING = "rising"
    ALERTING = "alerting"  # latched until a named person takes it
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"  # over; a short refractory time before watching again


class Blind(StrEnum):
    """Why nobody can tell how the person is."""

    NOT_HEARD = "not heard yet"  # the band never sent
    SILENT = "silent"  # it did, and stopped
    NOT_WORN = "not worn"
    POOR_SIGNAL = "poor signal"
    LEARNING = "learning"  # this person's usual is not known yet
    OUT_OF_RANGE = "out of range"  # outside what the model has seen
    NOT_RECORDING = "not recording"  # no consent covers it: nothing is kept, and nobody looks


@dataclass(frozen=True, slots=True)
class Sight:
    """Whether the person can be watched; ``reason`` is None while they can. ``since_s`` [UTC s] is when that began."""

    since_s: float
    reason: Blind | None = None


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert from its raising on. ``reasons`` are plain sentences as they stood when it was raised; ``policy`` and
    ``model`` are what raised it ("", and ``probability`` NaN, where a disk did not take that); ``resolved_by`` is who
    said that it is over, "" where the signs settled."""

    alert_id: str
    wearer: str
    raised_s: float
    probability: float
    reasons: tuple[str, ...]
    policy: str
    acknowledged_by: str | None = None
    acknowledged_s: float | None = None
    resolved_s: float | None = None
    model: str = TRAINING_FREE
    resolved_by: str = ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The message that completed the deciding second, so that lateness can be measured: see ``ingest.wire.Packet``."""

    band: str
    boot: int
    seq: int
    sent_us: int | None


@dataclass(frozen=True, slots=True)
class WearerView:
    """Everything the board shows of one wearer. Times are UTC seconds; ``wearer`` is a pseudonym.

    ``trend`` is the probability over the last 30 min, oldest first, one value in 20 s (90 values), None where unknown.
    ``why`` are plain sentences, the most important first: what moves the risk, or what stands in the way of seeing it.
    ``learnt`` is 0 to 1, how much of this person's usual is known. ``missing`` names what of a worn band says nothing
    usable although the rest does (``CHANNELS``): whoever is seen is seen partly. ``model`` is what estimated last.
    ``open_long`` is whether an alert that was taken has been open for hours, and nobody said that it is over.
    """

    wearer: str
    at_s: float
    risk: RiskState
    risk_since_s: float
    sight: Sight
    probability: float | None
    trend: tuple[float | None, ...]
    why: tuple[str, ...]
    learnt: float
    heart_rate_bpm: float | None = None
    battery_pct: int | None = None
    alert: AlertView | None = None
    stamp: Stamp | None = None
    missing: tuple[str, ...] = ()
    model: str = TRAINING_FREE
    open_long: bool = False


CHANNELS = ("sweat", "pulse", "skin temperature", "movement")
"""What may be missing of a band, in the words of a board."""

TREND_STEP_S = 20
TREND_LENGTH = 90
