"""The pages that test_every_page_is_accessible.py leaves to this file, so that two workers share them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.console.accessible import House, check, opened_house
from tests.console.visits import PAGES

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened_house(tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.mark.parametrize("path", PAGES[1::2])
def test_the_rest_is_accessible(path: str, house: House, browser: Browser) -> None:
    check(path, house, browser)
