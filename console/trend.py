"""Half an hour of probability in; its drawing, with what nobody could see hatched, out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from alerts.policy import ENTER
from alerts.views import TREND_STEP_S

ALERT_LINE: Final = round((38 - 36 * ENTER) / 0.4, 1)
"""How far down the trend's box [%] the production policy begins to count towards an alert."""


@dataclass(frozen=True, slots=True)
class Trend:
    """Half an hour of probability in a box 100 wide and 40 high, 0 at its foot.

    ``ink`` and ``area`` are SVG path data; ``now`` is the height of the last value in % from the top, None where it is
    unknown; ``unseen`` holds (left, width) in % of every stretch that nobody could see.
    """

    ink: str
    area: str
    now: float | None
    unseen: tuple[tuple[float, float], ...]


def trend_of(values: Sequence[float | None], *, filled: bool, blind: bool, age_s: float) -> Trend:
    """Return the drawing of ``values`` (oldest first, one in ``TREND_STEP_S``).

    ``filled`` closes the area under the line. While ``blind``, the last ``age_s`` seconds are hatched even where the
    values do not say so yet, because a stretch that nobody could see must never look like a calm one.
    """
    count = len(values)
    unseen_from = count - int(age_s // TREND_STEP_S) - 1 if blind else count
    known = [value if i < unseen_from else None for i, value in enumerate(values)]
    step = 100 / max(count - 1, 1)
    ink, area, unseen = [], [], []
    for is_known, run in groupby(enumerate(known), key=lambda item: item[1] is not None):
        points = [(i * step, 38 - 36 * value) for i, value in run if value is not None] if is_known else []
        if points:
            line = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            ink.append(f"M{line}" if len(points) > 1 else f"M{line}h0")
            area.append(f"M{line}V40H{points[0][0]:.1f}Z")
        else:
            places = [i for i, _ in run]
            left, right = max((places[0] - 0.5) * step, 0.0), min((places[-1] + 0.5) * step, 100.0)
            unseen.append((round(left, 1), round(right - left, 1)))
    last = known[-1] if known else None
    return Trend(
        ink="".join(ink),
        area="".join(area) if filled else "",
        now=None if last is None else round((38 - 36 * last) / 0.4, 1),
        unseen=tuple(unseen),
    )
