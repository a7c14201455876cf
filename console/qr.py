"""A text in; its QR code as a camera reads it, dark on light whatever a page's colours, out."""

import io
from typing import Final

import segno

MENDS: Final = "m"
"""How much of it may be lost: 15 %, for a screen or a sheet that nobody scratches (stickers of bands bear more)."""

BORDER: Final = 4
"""Modules left free around it: fewer than ISO/IEC 18004 asks for, and cameras look for long."""

SCALE: Final = 8
"""Pixels of a module where a picture says how large it is."""


def inline_svg(text: str) -> str:
    """Return it as an element of a page, which gives it its size."""
    return str(_made(text).svg_inline(omitsize=True, border=BORDER, dark="#000", light="#fff", svgclass="qr"))


def picture_svg(text: str) -> bytes:
    """Return it as a file."""
    drawn = io.BytesIO()
    _made(text).save(
        drawn, kind="svg", scale=SCALE, border=BORDER, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
    return drawn.getvalue()


def in_letters(text: str) -> str:
    """Return it as lines of a terminal."""
    drawn = io.StringIO()
    _made(text).terminal(out=drawn, compact=True)
    return drawn.getvalue()


def _made(text: str) -> segno.QRCode:
    return segno.make(text, error=MENDS, micro=False)
