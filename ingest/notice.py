"""Nothing in; the words that stand on every page, report, message and export, in every room, out."""

from typing import Final

NOTICE: Final = "Research use only \N{EN DASH} not a medical device"
"""As a line of its own."""

SENTENCE: Final = f"{NOTICE}."
"""Among other sentences."""
