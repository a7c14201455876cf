"""The one registry of features: what the engine says about a person once a second, in a stable documented order.

In a second in which nothing at all arrives every feature is unknown; what else makes it so stands with each.
"""

from typing import Final

from signals.types import Feature

OFF_OR_INVALID: Final = "the band is off, or less than half of the window is valid"

FEATURES: Final = (
    Feature("eda_level_uS", "uS", 1, "eda", OFF_OR_INVALID),
    Feature("eda_slope_uS_per_min", "uS/min", 60, "eda", OFF_OR_INVALID),
    Feature("eda_driver_uS", "uS", 10, "eda", OFF_OR_INVALID),
    Feature("response_rate_per_min", "1/min", 60, "eda", OFF_OR_INVALID),
    Feature("response_sum_uS", "uS", 60, "eda", OFF_OR_INVALID),
    Feature(
        "heart_rate_bpm",
        "1/min",
        10,  # 20 where beats are sparse
        "ppg or ibi, motion",
        "the band is off, neither half of the second's PPG nor of its intervals arrives, the pulse keeps step with"
        " movement, or beats cover less than half of the window, and less than 35 % of the last 20 s, which are looked"
        " back on then, or nothing of the last 10 s",
    ),
    Feature(
        "beat_coverage",
        "1",
        10,
        "ppg or ibi",
        "the band is off, or neither half of the second's PPG nor of its intervals arrives",
    ),
    Feature("temperature_C", "degC", 1, "temperature", "less than half of the window is known"),
    Feature("temperature_slope_C_per_min", "degC/min", 60, "temperature", "less than half of the window is known"),
    Feature("motion_g", "g", 1, "motion", "less than half of the window is known"),
    Feature("motion_minute_g", "g", 60, "motion", "less than half of the window is known"),
    Feature(
        "worn", "1", 10, "temperature, eda, motion", "neither temperature nor EDA arrives, or what arrives cannot tell"
    ),
    Feature("eda_valid", "1", 10, "eda", "no EDA arrives"),
    Feature("ppg_quality", "1", 10, "ppg", "no PPG arrives"),
)
NAMES: Final = tuple(feature.name for feature in FEATURES)


def column(name: str) -> int:
    """Return where ``name`` stands on the last axis of ``Signals.features``; raises KeyError with the known names."""
    try:
        return NAMES.index(name)
    except ValueError:
        raise KeyError(f"no feature {name!r}; there are {', '.join(NAMES)}") from None
