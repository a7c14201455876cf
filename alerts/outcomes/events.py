"""What it was: lines of the journal."""

from enum import StrEnum

from alerts.happened import HappenedTo


class What(StrEnum):
    """What a carer saw."""

    SETTLED = "anxious, settled"
    INCIDENT = "incident"
    EXERCISE = "exercise"
    EXCITED = "excited"
    BAND = "band problem"
    UNSURE = "unsure"


class OutcomeTold(HappenedTo, frozen=True, kw_only=True, tag="outcome told"):
    """``by`` says ``what`` it was, of alert ``alert_id`` ("": none was raised), begun at ``began_s`` give or take
    ``uncertainty_s``; ``corrects`` is the ``outcome_id`` that this stands in for, "" where it is the first."""

    outcome_id: str
    alert_id: str
    by: str
    what: What
    helped: tuple[str, ...]
    began_s: float
    uncertainty_s: float
    ended_s: float
    corrects: str = ""


OutcomeEvent = OutcomeTold
