"""Personal baselines, for the laws: what they know they keep, however long the silence."""

from signals.baseline import Baseline
from signals.laws.case import Case

CASES = {
    "Baseline": Case(
        lambda n: Baseline(rows=n, rate_hz=1, contexts=2, floor=1e-6, memory_s=150, least_s=30),
        ("level", "context"),
        pointwise=False,  # what is usual is known without a value
        forgets=False,
        seconds=160,
    ),
}
