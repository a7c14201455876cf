"""Nothing in, the registry of inputs out: what each says, over which window, in whose plain words, and from what."""

from dataclasses import dataclass
from typing import Final, Literal

Group = Literal["physiology", "motion"]
Scale = Literal["as it is", "logarithm", "root"]
Kind = Literal["recent", "deviation", "lasting", "rise", "change"]

MEMORY_S: Final = 4 * 3600.0  # of what is usual, in known time: some laboratory sessions, half a day at school
WINDOWS_S: Final[dict[Kind, float]] = {"recent": 60, "deviation": 60, "lasting": 180, "rise": 180, "change": 20}
DRIVER_NAMES: Final = (
    "sweat_level",
    "sweat_drive",
    "response_rate",
    "response_size",
    "pulse",
    "variability",
    "cooling",
    "restlessness",
    "exertion",
    "repetition",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What inputs follow: ``feature`` of the engine, on a scale on which a person's seconds are about normal.

    ``offset`` is added before a logarithm: about what the sensor's own noise amounts to. ``typical`` is how far a calm
    person's seconds lie apart on that scale: what is assumed until the person's own spread is known.
    ``explained_by_motion``: physiology of which what movement explains was taken off, so that it says nothing without.
    """

    name: str
    feature: str
    unit: str
    scale: Scale
    offset: float = 0.0
    typical: float
    group: Group
    driver: str
    kinds: tuple[Kind, ...]
    explained_by_motion: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One column that models read: its ``group`` for models of physiology or of motion alone, its plain ``driver``."""

    name: str
    quantity: str
    kind: Kind
    unit: str
    window_s: float
    group: Group
    driver: str
    explained_by_motion: bool


QUANTITIES: Final = (
    Quantity(
        name="level",
        feature="eda_level_uS",
        unit="uS",
        scale="logarithm",
        offset=0.05,
        typical=0.3,
        group="physiology",
        driver="sweat_level",
        kinds=("deviation", "lasting", "rise", "change"),
    ),
    Quantity(
        name="drive",
        feature="eda_driver_uS",
        unit="uS",
        scale="logarithm",
        offset=0.05,
        typical=0.6,
        group="physiology",
        driver="sweat_drive",
        kinds=("deviation", "lasting", "rise", "change"),
    ),
    Quantity(
        name="responses",
        feature="response_rate_per_min",
        unit="1/min",
        scale="root",
        typical=0.7,
        group="physiology",
        driver="response_rate",
        kinds=("deviation", "lasting", "rise"),
    ),
    Quantity(
        name="responses_sum",
        feature="response_sum_uS",
        unit="uS",
        scale="logarithm",
        offset=0.1,
        typical=0.7,
        group="physiology",
        driver="response_size",
        kinds=("deviation", "lasting", "rise"),
    ),
    Quantity(
        name="pulse",
        feature="heart_rate_bpm",
        unit="1/min",
        scale="as it is",
        typical=6.0,
        group="physiology",
        driver="pulse",
        kinds=("recent", "deviation", "lasting", "rise", "change"),
    ),
    Quantity(
        name="pulse_unexplained",
        feature="heart_rate_unexplained_bpm",
        unit="1/min",
        scale="as it is",
        typical=6.0,
        group="physiology",
        driver="pulse",
        kinds=("recent", "deviation", "lasting"),
        explained_by_motion=True,
    ),
    Quantity(
        name="variability",
        feature="hrv60_sdnn_ms",
        unit="ms",
        scale="logarithm",
        offset=1.0,
        typical=0.35,
        group="physiology",
        driver="variability",
        kinds=("recent",),
    ),
    Quantity(
        name="beat_to_beat",
        feature="hrv60_rmssd_ms",
        unit="ms",
        scale="logarithm",
        offset=1.0,
        typical=0.35,
        group="physiology",
        driver="variability",
        kinds=("recent",),
    ),
    Quantity(
        name="skin",
        feature="temperature_C",
        unit="degC",
        scale="as it is",
        typical=0.5,
        group="physiology",
        driver="cooling",
        kinds=("rise",),
    ),
    Quantity(
        name="motion",
        feature="motion_g",
        unit="g",
        scale="logarithm",
        offset=0.01,
        typical=0.9,
        group="motion",
        driver="exertion",
        kinds=("recent", "deviation", "lasting"),
    ),
    Quantity(
        name="turning",
        feature="turn_deg",
        unit="deg",
        scale="logarithm",
        offset=1.0,
        typical=0.9,
        group="motion",
        driver="restlessness",
        kinds=("recent", "deviation", "lasting"),
    ),
    Quantity(
        name="repetition",
        feature="repetition_strength",
        unit="1",
        scale="as it is",
        typical=0.15,
        group="motion",
        driver="repetition",
        kinds=("recent", "deviation", "lasting"),
    ),
    Quantity(
        name="stereotypy",
        feature="stereotypy",
        unit="1",
        scale="as it is",
        typical=0.2,
        group="motion",
        driver="repetition",
        kinds=("recent", "deviation", "lasting"),
    ),
)


def _unit(quantity: Quantity, kind: Kind) -> str:
    if kind in ("deviation", "lasting"):
        return "own spreads"
    if kind in ("rise", "change"):
        return "typical spreads"
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
