"""Every page can be got to, and is accessible."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.console.accessible import House, check, opened_house, opened_tablet
from tests.console.visits import NOT_REACHED, PAGES

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened_house(tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with opened_tablet(browser) as page:
        yield page


def test_there_is_a_way_to_every_page(house: House) -> None:
    ways = {visit.path for visit in house.visits}
    lost = sorted(set(PAGES) & house.paths - ways - set(NOT_REACHED))
    assert not lost, f"say in tests/console/visits.py how one gets to {lost}"


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_accessible(path: str, house: House, page: Page) -> None:
    check(path, house, page)
