"""The sticker on a band: what is printed is what is read, and nothing else is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import PairingError
from console.pairing.label import band_in, code_of, sticker_png, sticker_svg

IDS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)


@given(band=IDS)
def test_what_is_printed_is_what_is_read(band: str) -> None:
    assert band_in(code_of(band)) == band
    assert band_in(code_of(band) + "\r\n") == band


@given(band=IDS, at=st.integers(0, 80), put=st.characters(codec="utf-8"))
def test_a_code_with_one_letter_wrong_is_never_another_band(band: str, at: int, put: str) -> None:
    code = code_of(band)
    at %= len(code)
    wrong = code[:at] + put + code[at + 1 :]
    if wrong.rstrip("\r\n") == code:
        return
    with pytest.raises(PairingError):
        band_in(wrong)


@given(text=st.text(max_size=300))
def test_foreign_codes_are_refused(text: str) -> None:
    with pytest.raises(PairingError, match=r"code of a band|not read whole"):
        band_in(text)


@pytest.mark.parametrize(
    "typed",
    [
        "forecalm.band\N{LATIN SMALL LETTER SHARP S}07.4a3b",
        "forecalm.bqnd-07." + code_of("band-07")[-4:],
        "https://example.org/band-07",
        "FORECALM.BAND-07." + code_of("band-07")[-4:],
        " " + code_of("band-07"),
        code_of("band-07") + code_of("band-07"),
    ],
)
def test_a_scanner_with_another_keyboard_or_two_codes_in_one_line_are_refused(typed: str) -> None:
    with pytest.raises(PairingError):
        band_in(typed)


def test_the_code_is_as_documented() -> None:
    assert code_of("band-07") == "forecalm.band-07.fa6e"


@pytest.mark.parametrize("band", ["", "a b", "x" * 65, "a.b", "<svg>"])
def test_what_no_band_is_called_gets_no_sticker(band: str) -> None:
    with pytest.raises(PairingError, match="no band's id"):
        sticker_svg(band)


def test_a_sticker_shows_the_id_to_people_too() -> None:
    svg = sticker_svg("band-07")
    assert re.search(r">band-07</text>", svg)
    assert svg.count("<svg") == svg.count("</svg>") == 3
    assert sticker_png("band-07").startswith(b"\x89PNG\r\n")
