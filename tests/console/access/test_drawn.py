"""docs/access.md is what the tables say."""

from pathlib import Path

from console.access.drawn import drawn

ACCESS = Path(__file__).parents[3] / "docs" / "access.md"


def test_the_document_of_access_is_up_to_date() -> None:
    """Else: ``python -m console.access.drawn docs/access.md``."""
    text = ACCESS.read_text(encoding="utf-8")
    assert text == drawn(text)
