"""Nothing in, the registry of inputs out: what each says, of what window, in whose plain words, and from what."""

import math
from dataclasses import dataclass
from typing import Final, Literal

Group = Literal["physiology", "motion"]
Scale = Literal["as it is", "logarithm", "root"]
Kind = Literal["recent", "rise", "change", "deviation", "spread"]

MINUTE_S: Final = 60.0
MINUTES_S: Final = 180.0
LONG_S: Final = 600.0
MEMORY_S: Final = 4 * 3600.0  # of what is usual, in known time: several laboratory sessions, half a day at school


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What inputs follow: ``feature`` of the engine on a scale on which a person's seconds are about normal.

    ``offset`` is added before a logarithm: what the sensor's own noise amounts to. ``typical`` is how far a calm
    person's seconds usually lie apart on that scale: what is assumed until the person's own spread is known.
    ``needs_skin``: known only while the band is on. ``kinds`` are the inputs made of it.
    """

    name: str
    feature: str
    unit: str
    scale: Scale
    offset: float
    typical: float
    group: Group
    driver: str
    kinds: tuple[Kind, ...]
    explained_by_motion: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One column that models read."""

    name: str
    quantity: str
    kind: Kind
    unit: str
    window_s: float
    group: Group
    driver: str
    explained_by_motion: bool


WINDOWS_S: Final[dict[Kind, float]] = {
    "recent": MINUTE_S,
    "rise": LONG_S,
    "change": MINUTES_S,
    "deviation": MEMORY_S,
    "spread": MINUTES_S,
}
SAYS: Final[dict[Kind, str]] = {
    "recent": "mean of about the last minute",
    "rise": "mean of about the last minute less that of the last ten",
    "change": "mean of about the last 20 s less that of the last three minutes",
    "deviation": "mean of about the last minute, in spreads from the person's own past so far",
    "spread": "how far seconds lie apart, over about three minutes",
}
_ALL: Final = ("recent", "rise", "deviation")


def _quantity(
    name: str,
    feature: str,
    unit: str,
    scale: Scale,
    offset: float,
    typical: float,
    group: Group,
    driver: str,
    *kinds: Kind,
    explained_by_motion: bool = False,
) -> Quantity:
    return Quantity(
        name=name,
        feature=feature,
        unit=unit,
        scale=scale,
        offset=offset,
        typical=typical,
        group=group,
        driver=driver,
        kinds=kinds,
        explained_by_motion=explained_by_motion,
    )


QUANTITIES: Final = (
    _quantity("level", "eda_level_uS", "uS", "logarithm", 0.05, 0.3, "physiology", "sweat_level", *_ALL, "change"),
    _quantity("phasic", "eda_phasic_uS", "uS", "logarithm", 0.02, 0.7, "physiology", "sweat_drive", *_ALL),
    _quantity("drive", "eda_driver_uS", "uS", "logarithm", 0.05, 0.6, "physiology", "sweat_drive", *_ALL),
    _quantity("responses", "response_rate_per_min", "1/min", "root", 0.0, 0.7, "physiology", "response_rate", *_ALL),
    _quantity("sum", "response_sum_uS", "uS", "logarithm", 0.1, 0.7, "physiology", "response_size", *_ALL),
    _quantity("sympathetic", "eda_sympathetic_uS2", "uS2", "logarithm", 1e-4, 1.2, "physiology", "sweat_drive", *_ALL),
    _quantity("slope", "eda_slope_uS_per_min", "uS/min", "as it is", 0.0, 0.5, "physiology", "sweat_level", "recent"),
    _quantity(
        "pulse", "heart_rate_bpm", "1/min", "as it is", 0.0, 6.0, "physiology", "pulse", *_ALL, "change", "spread"
    ),
    _quantity(
        "unexplained",
        "heart_rate_unexplained_bpm",
        "1/min",
        "as it is",
        0.0,
        6.0,
        "physiology",
        "pulse",
        "recent",
        "deviation",
        explained_by_motion=True,
    ),
    _quantity("beats", "hrv60_mean_nn_ms", "ms", "logarithm", 0.0, 0.08, "physiology", "pulse", *_ALL),
    _quantity("rmssd", "hrv60_rmssd_ms", "ms", "logarithm", 1.0, 0.35, "physiology", "beat_to_beat", *_ALL),
    _quantity("sdnn", "hrv60_sdnn_ms", "ms", "logarithm", 1.0, 0.35, "physiology", "beat_to_beat", *_ALL),
    _quantity("hf", "hrv60_hf_ms2", "ms2", "logarithm", 10.0, 0.8, "physiology", "beat_to_beat", *_ALL),
    _quantity("skin", "temperature_C", "degC", "as it is", 0.0, 0.5, "physiology", "cooling", "rise", "deviation"),
    _quantity(
        "warming",
        "temperature_slope_C_per_min",
        "degC/min",
        "as it is",
        0.0,
        0.1,
        "physiology",
        "cooling",
        "recent",
        "deviation",
    ),
    _quantity("motion", "motion_g", "g", "logarithm", 0.01, 0.9, "motion", "restlessness", *_ALL, "spread"),
    _quantity("turning", "turn_deg", "deg", "logarithm", 1.0, 0.9, "motion", "restlessness", *_ALL),
    _quantity("posture", "posture_changes_per_min", "1/min", "root", 0.0, 0.6, "motion", "restlessness", *_ALL),
    _quantity("repetition", "repetition_strength", "1", "as it is", 0.0, 0.15, "motion", "repetition", *_ALL),
    _quantity("stereotypy", "stereotypy", "1", "as it is", 0.0, 0.2, "motion", "repetition", *_ALL),
)


def _unit(quantity: Quantity, kind: Kind) -> str:
    if kind == "deviation":
        return "1"
    return {"as it is": quantity.unit, "logarithm": f"ln {quantity.unit}", "root": f"root {quantity.unit}"}[
        quantity.scale
    ]


INPUTS: Final = tuple(
    Input(
        name=f"{quantity.name}_{kind}",
        quantity=quantity.name,
        kind=kind,
        unit=_unit(quantity, kind),
        window_s=WINDOWS_S[kind],
        group=quantity.group,
        driver=quantity.driver,
        explained_by_motion=quantity.explained_by_motion,
    )
    for quantity in QUANTITIES
    for kind in quantity.kinds
)
NAMES: Final = tuple(each.name for each in INPUTS)
GROUPS: Final[dict[str, Group]] = {each.name: each.group for each in INPUTS}
DRIVERS: Final[dict[str, str]] = {each.name: each.driver for each in INPUTS}

assert len(set(NAMES)) == len(NAMES)
assert all(math.isfinite(each.typical) and each.typical > 0 for each in QUANTITIES)
