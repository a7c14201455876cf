"""A band's id in, the text and the picture of the sticker on it out; a scanned text in, the id out, or why it is none.

The text is ``forecalm.BAND.CHECK``: CHECK is the CRC-16 (CCITT-FALSE) of the id, four hexadecimal digits. It is no
secret: it shows scanners that type with another keyboard's layout (y for z, a sharp s for a hyphen) and other codes.
"""

import binascii
import re
from io import BytesIO, StringIO
from typing import Final

from console.errors import PairingError
from ingest.ids import HOW, PART, is_id

PREFIX: Final = "forecalm"
TEXT_MAX: Final = 200  # a scanner types one line; a code is 80 characters at most
SIDE_MM: Final = 20.0  # read at arm's length, and fits a wristband's charger or its box
TEXT_MM: Final = 3.0
BORDER: Final = 4  # modules, as the standard for QR codes asks
PIXELS: Final = 10  # a module: 600 dpi at 20 mm
_CODE: Final = re.compile(rf"forecalm\.({PART})\.([0-9a-f]{{4}})\Z")


def code_of(band: str) -> str:
    """Return the text of a band's code; raises PairingError where no band is called that."""
    if not is_id(band):
        raise PairingError(f"{band!r} is no band's id: it must be {HOW}")
    return f"{PREFIX}.{band}.{_check(band)}"


def band_in(text: str) -> str:
    """Return the band that a scanned ``text`` names; raises PairingError where it is none of our codes.

    What ends the line is not part of it. Nothing else is forgiven: a code that is nearly right is another band's.
    """
    line = text.rstrip("\r\n")
    match = _CODE.match(line)
    if match is None:
        shown = line if len(line) <= TEXT_MAX else f"{line[:TEXT_MAX]}..."
        raise PairingError(f"{shown!r} is no code of a band: one reads forecalm.BAND.CHECK; was it the right sticker?")
    band, check = match.groups()
    if check != _check(band):
        raise PairingError(
            f"{line!r} was not read whole: its last four characters do not fit {band!r}; scan again, and set the"
            " scanner to the layout of the keyboard"
        )
    return band


def band_named(said: str) -> str:
    """Return the band that is named by its id or its code; raises PairingError for a code that is none of ours."""
    return band_in(said) if "." in said else said  # no id has a full stop, every code has


def sticker_svg(band: str) -> str:
    """Return the sticker as SVG: the code, 20 mm wide, and the id beneath it for people to read."""
    code = StringIO()
    _made(band).save(_Bytes(code), kind="svg", border=BORDER, xmldecl=False, svgns=True, omitsize=True)
    height = SIDE_MM + TEXT_MM + 2
    size = min(TEXT_MM, SIDE_MM / (0.62 * len(band)))  # a monospaced letter is 0.6 as wide as high
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIDE_MM:g}mm" height="{height:g}mm"'
        f' viewBox="0 0 {SIDE_MM:g} {height:g}"><rect width="100%" height="100%" fill="#fff"/>'
        f'<svg width="{SIDE_MM:g}" height="{SIDE_MM:g}">{code.getvalue().strip()}</svg>'
        f'<text x="{SIDE_MM / 2:g}" y="{SIDE_MM + TEXT_MM:g}" text-anchor="middle" font-family="monospace"'
        f' font-size="{size:.2f}">{band}</text></svg>\n'
    )


def sticker_png(band: str) -> bytes:
    """Return the code alone as PNG, black on white."""
    made = BytesIO()
    _made(band).save(made, kind="png", border=BORDER, scale=PIXELS)
    return made.getvalue()


class _Bytes:
    """What segno writes bytes to, as text."""

    def __init__(self, text: StringIO) -> None:
        self._text = text

    def write(self, data: bytes) -> None:
        self._text.write(data.decode())


def _made(band: str):  # type: ignore[no-untyped-def] # noqa: ANN202 - segno has no types
    import segno  # here: a tablet's page needs no pictures

    return segno.make(code_of(band), error="q", micro=False)  # a quarter may be scratched off


def _check(band: str) -> str:
    return f"{binascii.crc_hqx(band.encode(), 0xFFFF):04x}"
