"""The hazard log names tests as its evidence: they exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_control_in_the_hazard_log_is_held_by_a_test_that_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "hazards.md").read_text(encoding="utf-8")))
    existing = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 30
    assert named <= existing, sorted(named - existing)
