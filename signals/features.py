"""The one registry of features: what the engine says about a person once a second, in a stable documented order.

In a second in which nothing at all arrives every feature is unknown; what else makes it so stands with each.
"""

from typing import Final

from signals import usual
from signals.heart import hrv
from signals.types import Feature

OFF_OR_INVALID: Final = "the band is off, or less than half of the window is believed"
HOLLOW: Final = f"{OFF_OR_INVALID}, or the model would hollow out the level to explain a fall"
HALF: Final = "less than half of the window is known"
UNHEARD: Final = "the band is off, or neither half of the second's PPG nor any interval of the band arrives"
UNSURE: Final = (
    f"{UNHEARD}; the pulse keeps step with movement, or did in the last 10 s; or evidence for it covers less than a"
    " quarter of the last seconds (two fifths where no beat bears it out), or leaves more than 5 bpm of error"
)

CONDUCTANCE: Final = (
    Feature("eda_level_uS", "uS", 1, "eda", OFF_OR_INVALID),
    Feature("eda_slope_uS_per_min", "uS/min", 60, "eda", OFF_OR_INVALID),
    Feature("eda_driver_uS", "uS", 10, "eda", OFF_OR_INVALID),
    Feature("eda_tonic_uS", "uS", 1, "eda, of 2 s ago", HOLLOW),
    Feature("eda_phasic_uS", "uS", 10, "eda, until 2 s ago", HOLLOW),
    Feature("eda_phasic_drive_uS", "uS", 10, "eda, until 2 s ago", HOLLOW),
    Feature("response_rate_per_min", "1/min", 60, "eda", OFF_OR_INVALID),
    Feature("response_sum_uS", "uS", 60, "eda", OFF_OR_INVALID),
    Feature("response_rise_s", "s", 60, "eda", "the band is off, or no response was told in the window"),
    Feature("response_recovery_s", "s", 60, "eda", "the band is off, or no response recovered in the window"),
    Feature("eda_sympathetic_uS2", "uS2", 64, "eda", "the band is off, or less than 3/4 of the window is believed"),
    Feature("eda_sympathetic_share", "1", 64, "eda", "the band is off, or less than 3/4 of the window is believed"),
    Feature("eda_valid", "1", 10, "eda, temperature", "no EDA arrives"),
    Feature("eda_artefact", "1", 60, "eda", HALF),
    Feature("eda_contact", "1", 1, "eda", "no EDA arrives, or only for 3 s"),
    Feature("eda_frozen", "0 alive, 1 stuck, 2 at 0", 15, "eda", "no EDA arrives"),
)
HEART: Final = (
    Feature("heart_rate_bpm", "1/min", 10, "ppg or ibi, motion", UNSURE),
    Feature("heart_rate_error_bpm", "1/min", 10, "ppg or ibi, motion", UNSURE),
    Feature(
        "heart_rate_expected_bpm",
        "1/min",
        150,
        "heart rate, motion",
        f"{UNHEARD}; the first two minutes; movement is unknown for 30 s, until known for a minute",
    ),
    Feature("heart_rate_unexplained_bpm", "1/min", 150, "heart rate, motion", "heart rate or what is expected is"),
    Feature("beat_coverage", "1", 10, "ppg or ibi", UNHEARD),
    Feature("ppg_quality", "1", 10, "ppg", "no PPG arrives"),
    Feature("ppg_frozen", "0 alive, 1 stuck", 2, "ppg", "no PPG arrives"),
    *hrv.features(window_s=60),
)
SKIN: Final = (
    Feature("temperature_C", "degC", 1, "temperature", HALF),
    Feature("temperature_slope_C_per_min", "degC/min", 60, "temperature", "no temperature arrives, or for 20 s only"),
    Feature(
        "temperature_slope_error_C_per_min", "degC/min", 60, "temperature", "no temperature arrives, or for 20 s only"
    ),
    Feature("warming_up", "1", 60, "temperature, worn", "no temperature arrives, or for 20 s only"),
    Feature("temperature_frozen", "0 alive, 1 stuck", 60, "temperature", "no temperature arrives"),
    Feature(
        "worn",
        "1",
        10,
        "temperature, eda, motion, ppg, ibi",
        "neither temperature nor EDA arrives, or what arrives cannot tell",
    ),
)
MOVEMENT: Final = (
    Feature("motion_g", "g", 1, "motion", HALF),
    Feature("motion_minute_g", "g", 60, "motion", HALF),
    Feature("enmo_g", "g", 5, "motion", "less than half of one of the last 5 s is known"),
    Feature("mad_g", "g", 5, "motion", "less than half of one of the last 5 s is known"),
    Feature("activity_level", "0 to 3", 5, "motion", "less than half of one of the last 5 s is known"),
    Feature("still", "1", 5, "motion", "less than half of one of the last 5 s is known"),
    Feature("forearm_deg", "deg", 1, "motion", "less than half of the window is known, or nothing like gravity is"),
    Feature("turn_deg", "deg", 5, "motion", "less than half of one of the last 5 s is known"),
    Feature("posture_changes_per_min", "1/min", 60, "motion", HALF),
    Feature("repetition_strength", "1", 4, "motion", HALF),
    Feature("repetition_hz", "Hz", 4, "motion", f"{HALF}, or nothing repeats plainly"),
    Feature("repetition_g", "g", 4, "motion", HALF),
    Feature("stereotypy", "1", 8, "motion, of 3 s ago", HALF),
    Feature("motion_frozen", "0 alive, 1 stuck", 60, "motion", "no motion arrives"),
)
FEATURES: Final = (*CONDUCTANCE, *HEART, *SKIN, *MOVEMENT, *usual.FEATURES)
NAMES: Final = tuple(feature.name for feature in FEATURES)


def column(name: str) -> int:
    """Return where ``name`` stands on the last axis of ``Signals.features``; raises KeyError with the known names."""
    try:
        return NAMES.index(name)
    except ValueError:
        raise KeyError(f"no feature {name!r}; there are {', '.join(NAMES)}") from None
