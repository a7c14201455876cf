"""What a carer told in; the label that data sets and rehearsals read out."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from alerts.outcomes.events import OutcomeTold, What
from ingest.labels import NOTE_MAX, Label
from models.datasets.target import UNSURE

WORDS: Final[Mapping[What, str]] = MappingProxyType(
    {
        What.SETTLED: "settled_build_up",
        What.INCIDENT: "incident",
        What.EXERCISE: "exercise",
        What.EXCITED: "excitement",
        What.BAND: "band problem",
        What.UNSURE: UNSURE,
    }
)
"""Words of labels, those of simulated cohorts where there is one: what is learnt from the one is tried on the other."""


def label_of(told: OutcomeTold) -> Label:
    """Return the label that an outcome is entered as."""
    of = "of an alert" if told.alert_id else "no alert was raised"
    helped = f"; helped: {', '.join(told.helped)}" if told.helped else ""
    return Label(
        what=WORDS[told.what],
        start_s=told.began_s,
        end_s=told.ended_s,
        rater=told.by,
        wearer=told.wearer,
        onset_uncertainty_s=told.uncertainty_s,
        note=f"{of}{helped}"[:NOTE_MAX],
    )
