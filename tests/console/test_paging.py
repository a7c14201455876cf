"""Lists that go over pages."""

import pytest

from console.paging import paged


@pytest.mark.parametrize(
    ("asked", "shown", "page"),
    [("", "ab", 1), ("1", "ab", 1), ("3", "e", 3), ("0", "ab", 1), ("4", "e", 3), ("-2", "ab", 1), ("two", "ab", 1)],
)
def test_a_page_that_is_not_there_is_the_nearest_and_what_is_no_number_the_first(
    asked: str, shown: str, page: int
) -> None:
    assert paged("abcde", asked, 2) == (shown, page, 3)


def test_a_number_that_is_too_long_to_be_read_is_none() -> None:
    assert paged("abcde", "9" * 5000, 2) == ("ab", 1, 3)


def test_an_empty_list_has_one_page() -> None:
    assert paged("", "7", 2) == ("", 1, 1)
