"""A seed and an alert's id in; who takes it on, by which way and after how long out: the same in every process."""

import random
from dataclasses import dataclass
from typing import Final

WAYS: Final = (("form", 0.3), ("api", 0.25), ("link", 0.25), ("late", 0.2))
"""At a tablet by its form, or by the API; by the link in a message; nobody before the third step was taken."""

SOON_S: Final = 12.0
LATE_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class Taking:
    """``by`` takes it ``after_s`` after it could first be done by ``way``."""

    way: str
    by: str
    after_s: float


def taking(seed: int, alert_id: str, *, soon_s: float = SOON_S) -> Taking:
    """Return what becomes of an alert."""
    chance = random.Random(f"{seed} {alert_id}")  # noqa: S311 - nothing secret
    (way,) = chance.choices([name for name, _ in WAYS], [weight for _, weight in WAYS])
    most_s = LATE_S if way == "late" else soon_s
    return Taking(way, chance.choice(("Jo", "Maryam")), chance.uniform(0.3, most_s))
