"""All operators together, for the laws."""

from signals.engine import Engine
from signals.features import NAMES
from signals.laws.case import Case

CHANNELS = ("eda", "temperature", "ppg", "motion", "ibi", "contact")
NEEDS_LONGER = ("heart_rate_expected_bpm", "heart_rate_unexplained_bpm")  # than two minutes; deviations need ten
NEEDS_MORE = ("eda_artefact", "repetition_hz", "repetition_g", "activity_level", "still", "posture_changes_per_min")
NEEDS_FAULTS = ("ppg_frozen", "temperature_frozen", "motion_frozen")
MUTE = {*NEEDS_LONGER, *NEEDS_MORE, *NEEDS_FAULTS, *(name for name in NAMES if name.endswith("_deviation"))}

CASES = {
    "Engine": Case(
        lambda n: Engine(rows=n),
        CHANNELS,
        by_second=True,
        pointwise=False,
        forgets=False,  # what is usual for a person outlives silence
        mute=tuple(NAMES.index(name) for name in MUTE),
        seconds=132,
    ),
}
