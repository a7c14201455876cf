"""What the desk has seen: an alert raised, taken, over; sight lost and regained. Lines of the journal."""

from alerts.happened import HappenedTo
from alerts.views import Blind
from models.risk import TRAINING_FREE


class AlertRaised(HappenedTo, frozen=True, kw_only=True, tag="alert raised"):
    """Signs stayed high: a carer must come."""

    alert_id: str
    probability: float
    reasons: tuple[str, ...]
    policy: str
    model: str = TRAINING_FREE  # before there were others, it raised every alert


class AlertAcknowledged(HappenedTo, frozen=True, kw_only=True, tag="alert acknowledged"):
    """``by`` said: I'm on it."""

    alert_id: str
    by: str


class AlertResolved(HappenedTo, frozen=True, kw_only=True, tag="alert resolved"):
    """The signs of an acknowledged alert settled, or somebody named ``by`` said that it is over."""

    alert_id: str
    by: str = ""


class SightLost(HappenedTo, frozen=True, kw_only=True, tag="sight lost"):
    """Nobody can tell how the person is, since ``since_s``; written again when the reason changes."""

    reason: Blind
    since_s: float


class SightRegained(HappenedTo, frozen=True, kw_only=True, tag="sight regained"):
    """The person can be watched again."""


SituationEvent = AlertRaised | AlertAcknowledged | AlertResolved | SightLost | SightRegained
