"""Every page can be got to, and every other one is accessible; the rest is in test_every_page_is_accessible_too.py."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.console.accessible import House, check, opened_house
from tests.console.visits import NOT_REACHED, PAGES

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened_house(tmp_path_factory.mktemp("house")) as house:
        yield house


def test_there_is_a_way_to_every_page(house: House) -> None:
    ways = {visit.path for visit in house.visits}
    lost = sorted(set(PAGES) & house.paths - ways - set(NOT_REACHED))
    assert not lost, f"say in tests/console/visits.py how one gets to {lost}"


@pytest.mark.parametrize("path", PAGES[0::2])
def test_every_other_page_is_accessible(path: str, house: House, browser: Browser) -> None:
    check(path, house, browser)
