"""A small ward."""

import pytest

from models.datasets.dataset import Dataset
from tests.models.splits.cohorts import made


@pytest.fixture
def ward() -> Dataset:
    """Three people with three sessions each, a day apart."""
    return made([(f"{who}{day}", who, 24.0 * day, 40) for who in ("A", "B", "C") for day in range(3)])
