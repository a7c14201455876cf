"""A unit as somebody wrote it in, what makes ours of it out: the same for live streams and for recordings of them."""

from typing import Final

GRAVITY: Final = 9.80665  # m/s2 in g, by definition
KELVIN: Final = -273.15  # at which degC begin
UNITS: Final[dict[str, dict[str, tuple[float, float]]]] = {
    "eda": {
        **dict.fromkeys(("us", "microsiemens", "umho"), (1.0, 0.0)),
        **dict.fromkeys(("ns", "nanosiemens"), (1e-3, 0.0)),
        **dict.fromkeys(("ms", "millisiemens"), (1e3, 0.0)),
        **dict.fromkeys(("s", "siemens"), (1e6, 0.0)),
    },
    "motion": {
        "g": (1.0, 0.0),
        "mg": (1e-3, 0.0),
        "g/64": (1 / 64, 0.0),
        **dict.fromkeys(("m/s2", "m/s^2", "m/s²", "m/s/s", "ms-2"), (1 / GRAVITY, 0.0)),
    },
    "temperature": {
        **dict.fromkeys(("c", "°c", "degc", "celsius", "degreescelsius"), (1.0, 0.0)),
        **dict.fromkeys(("k", "kelvin"), (1.0, KELVIN)),
    },
    "ibi": {
        **dict.fromkeys(("s", "sec", "seconds"), (1.0, 0.0)),
        **dict.fromkeys(("ms", "msec", "milliseconds"), (1e-3, 0.0)),
    },
}
"""By channel and unit, in small letters and without spaces: ours = value x scale + offset. PPG has no unit."""


def into_ours(channel: str, unit: str) -> tuple[float, float] | None:
    """Scale and offset that make a channel's own unit of ``unit``; None where it is none of that channel. Any unit of
    PPG is its own."""
    if channel == "ppg":
        return 1.0, 0.0
    plain = unit.strip().lower().replace("µ", "u").replace("μ", "u").replace(" ", "")  # the micro sign, the letter mu
    return UNITS[channel].get(plain)
