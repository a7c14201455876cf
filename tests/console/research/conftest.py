"""A laboratory for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.research.lab import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab(tmp_path / "var") as lab:
        yield lab
