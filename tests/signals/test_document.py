"""Operators and docs/signals.md in; whether each is described there, and every picture is there and light."""

import re
from pathlib import Path

import pytest

from signals.laws.case import Case
from tests.signals.test_laws import CASES

FOLDER = Path(__file__).parents[2] / "docs"
TEXT = (FOLDER / "signals.md").read_text(encoding="utf-8")
PICTURES = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", TEXT)
MOST_BYTES = 150_000


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_operator_is_described(case: Case) -> None:
    kinds = type(case.make(1)).__mro__
    name = next(kind.__name__ for kind in kinds if kind.__module__.startswith("signals."))
    assert re.search(rf"`[\w.]*\b{name}\b[^`]*`", TEXT)


def test_every_picture_is_shown_once_and_light() -> None:
    drawn = {f"signals/{path.name}": path.stat().st_size for path in (FOLDER / "signals").glob("*.png")}
    assert sorted(PICTURES) == sorted(drawn)
    assert max(drawn.values()) <= MOST_BYTES
