"""The page about protection is what its table says."""

from pathlib import Path

from alerts.protection.drawn import FILE, page

ROOT = Path(__file__).parents[3]


def test_the_page_about_protection_is_drawn_from_the_table_of_breaks() -> None:
    assert (ROOT / FILE).read_text(encoding="utf-8") == page()
