"""A PDF as fpdf2 writes it in; its text, page by page, and how it is tagged, out. No reader of PDFs is needed."""

import re
import zlib
from dataclasses import dataclass

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_LITERAL = re.compile(rb"\(((?:\\.|[^\\)])*)\)", re.DOTALL)
_SHOWN = re.compile(rb"\[((?:\((?:\\.|[^\\)])*\)|[^\]()])*)\]\s*TJ|(\((?:\\.|[^\\)])*\))\s*Tj", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


@dataclass(frozen=True, slots=True)
class Read:
    """Text of each page, what it draws in which order; each tag of it, and whether each that begins ends."""

    pages: tuple[str, ...]
    tags: tuple[tuple[str, ...], ...]
    balanced: bool

    @property
    def text(self) -> str:
        return "".join(self.pages)


def read(pdf: bytes) -> Read:
    """Return what is in it; raises where it does not hold together."""
    assert pdf.startswith(b"%PDF-")
    start = int(re.findall(rb"startxref\s+(\d+)\s+%%EOF", pdf)[-1])
    assert pdf[start : start + 4] == b"xref"
    streams = [_unpacked(each) for each in _STREAM.findall(pdf)]
    letters: dict[int, str] = {}
    for each in streams:
        if b"beginbfchar" in each:
            for code, said in re.findall(rb"<([0-9A-Fa-f]{4})>\s+<([0-9A-Fa-f]+)>", each):
                letters[int(code, 16)] = bytes.fromhex(said.decode()).decode("utf-16-be")
    drawn = [each for each in streams if b" BDC" in each]
    pages = tuple("".join(_said(it[1] or it[2], letters) for it in _SHOWN.finditer(each)) for each in drawn)
    tags = tuple(tuple(re.findall(r"/(\w+) <</MCID \d+>> BDC", each.decode("latin-1"))) for each in drawn)
    ends = all(len(re.findall(rb"BDC|BMC", each)) == each.count(b"EMC") for each in drawn)
    return Read(pages, tags, ends)


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream


def _said(shown: bytes, letters: dict[int, str]) -> str:
    said = b"".join(_plain(each) for each in _LITERAL.findall(shown))
    codes = [int.from_bytes(said[i : i + 2]) for i in range(0, len(said) - 1, 2)]
    return "".join(letters.get(code, "") for code in codes)


def _plain(literal: bytes) -> bytes:
    return re.sub(rb"\\(.)", lambda it: _ESCAPES.get(it[1], it[1]), literal, flags=re.DOTALL)
