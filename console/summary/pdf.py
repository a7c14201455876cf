"""A report in; the same as a PDF out: A4, tagged in reading order, any script that its font has, from either side.

fpdf2 tags nothing but pictures by itself: headings and paragraphs are tagged here, one by one; a row of a table is read
as one paragraph. Letters are joined and turned by HarfBuzz.
"""

import logging
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from fpdf import FPDF, ViewerPreferences
from fpdf.enums import MethodReturnValue, TextMode

from console.summary import glyphs
from console.summary.masked import plain
from console.summary.report import Block, Listed, Report, Room, Say, Section, Table

FAMILY: Final = "DejaVu"
MARGIN_MM: Final = 18.0
FOOT_MM: Final = 16.0
BODY_PT, SMALL_PT, TITLE_PT, HEAD_PT = 9.5, 8.5, 18.0, 12.0
LINE: Final = 1.42
"""Of the size of letters, from line to line."""

WRITING_MM: Final = 8.5
STROKE_MM: Final = 0.13
"""How much a heading's letters are thickened: one weight of the font is shipped."""

MM_OF_PT: Final = 25.4 / 72
FIRST_COLUMN: Final = 1.5
LAST_COLUMN: Final = 1.5
"""Of the width of those between: names, and what is said in words."""

SIMPLE: Final = re.compile(
    r"[\u0020-\u02af\u0370-\u03ff\u0400-\u0482\u048a-\u04ff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]*"
)
"""Latin, Greek and Cyrillic without marks of their own, and what stands between words."""

_ISOLATED: Final = re.compile("\u2068([^\u2069]*)\u2069")

SOFT: Final = 85
"""Grey of asides: 7.5 to 1 on white."""


# What the font lacks is said in the report itself; marks of direction are never drawn, and no font needs them.
logging.getLogger("fpdf.output").addFilter(lambda record: not str(record.msg).startswith("Font %s is missing"))


def pdf_of(report: Report, *, made_s: float) -> bytes:
    """Return ``report`` as a PDF made at ``made_s`` [UTC s]; the same report gives the same bytes."""
    lacking = glyphs.lacking(texts_of(report))
    sheet = _Sheet(report.law, plain(report.title))
    sheet.set_creation_date(datetime.fromtimestamp(made_s, UTC))
    sheet.add_page()
    sheet.heading(report.title, level=1)
    for what, said in report.facts:
        sheet.paragraph(f"{what}: {said}", soft=True)
    if lacking:
        sheet.paragraph(glyphs.said(lacking))
    for section in report.first:
        _section(sheet, section)
    sheet.add_page()
    for section in report.more:
        _section(sheet, section)
    return bytes(sheet.output())


def texts_of(report: Report) -> Iterator[str]:
    """Yield everything that is written of ``report``."""
    yield report.title
    for what, said in report.facts:
        yield f"{what}{said}"
    for section in (*report.first, *report.more):
        yield section.title
        for block in section.blocks:
            yield from _texts_in(block)


def _texts_in(block: Block) -> Sequence[str]:
    match block:
        case Say():
            return (block.text,)
        case Listed():
            return block.points
        case Table():
            return (block.title, *block.head, *(cell for row in block.rows for cell in row))
        case Room():
            return (block.label,)


def _section(sheet: "_Sheet", section: Section) -> None:
    sheet.heading(section.title, level=2)
    for block in section.blocks:
        match block:
            case Say():
                sheet.paragraph(block.text, soft=block.soft)
            case Listed():
                for point in block.points:
                    sheet.paragraph(point, bullet=True)
            case Table():
                sheet.tabled(block)
            case Room():
                sheet.room(block)


class _Sheet(FPDF):
    """Pages that know where they end. ``law`` heads each, ``title`` stands in each foot."""

    def __init__(self, law: str, title: str) -> None:
        super().__init__(format="A4")
        self._law, self._named = law, title
        self.set_margins(MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(auto=False)
        self.add_font(FAMILY, fname=glyphs.FONT)
        self.set_font(FAMILY, size=BODY_PT)
        self.set_title(title)
        self.set_lang("en-GB")
        self.set_subject(law)
        self.set_creator("Forecalm")
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)

    def header(self) -> None:
        """Write the line of law."""
        with self._beside():
            self.set_font(FAMILY, size=BODY_PT)
            self.set_y(9)
            self._shape(self._law)
            with self._thick():
                self.cell(w=self.epw, text=self._law, align="C")
        self.set_y(MARGIN_MM)

    def footer(self) -> None:
        """Write whose it is, and which page this is."""
        with self._beside():
            self.set_font(FAMILY, size=SMALL_PT)
            self.set_y(-12)
            self._shape(self._named)
            self.cell(w=self.epw - 20, text=glyphs.boxed(self._named))
            self._shape("")
            self.cell(w=20, text=str(self.page_no()), align="R")

    def heading(self, text: str, *, level: int) -> None:
        """Write a heading, never at the foot of a page."""
        self.set_font(FAMILY, size=TITLE_PT if level == 1 else HEAD_PT)
        lines = self._lines(text, self.epw)
        gap = 0.0 if level == 1 else 3.5
        self._need(gap + lines * self._line_mm + 14)
        self.set_y(self.get_y() + gap)
        self.start_section(plain(text), level=0 if level == 1 else 1)
        with self._tagged(f"/H{level}", text), self._thick():
            self._text(text, self.l_margin, self.epw)
        self.set_y(self.get_y() + 1)

    def paragraph(self, text: str, *, soft: bool = False, bullet: bool = False) -> None:
        """Write some lines."""
        self.set_font(FAMILY, size=SMALL_PT if soft else BODY_PT)
        inset = 4.5 if bullet else 0.0
        self._need(self._lines(text, self.epw - inset) * self._line_mm + 1)
        with self._tagged("/P", text), self._soft(soft):
            if bullet:
                self.set_x(self.l_margin)
                self.cell(w=inset, h=self._line_mm, text="\N{BULLET}", align="C")
            self._text(text, self.l_margin + inset, self.epw - inset)
        self.set_y(self.get_y() + 0.8)

    def tabled(self, table: Table) -> None:
        """Write a table; where it goes over a page, its head is written again."""
        self.paragraph(table.title, soft=True)
        widths = self._widths(len(table.head))
        self._row(table.head, widths, head=True)
        for row in table.rows:
            page = self.page
            self.set_font(FAMILY, size=SMALL_PT)
            self._need(self._height(row, widths))
            if self.page != page:
                self._row(table.head, widths, head=True)
            self._row(row, widths)
        self.set_y(self.get_y() + 2)

    def room(self, room: Room) -> None:
        """Leave lines to write on."""
        self.set_font(FAMILY, size=BODY_PT)
        self._need(room.lines * WRITING_MM + self._line_mm)
        self.paragraph(f"{room.label}:")
        with self._beside():
            for _ in range(room.lines):
                self.set_y(self.get_y() + WRITING_MM - (3 if room.lines == 1 else 0))
                self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.set_y(self.get_y() + 2)

    def _row(self, cells: Sequence[str], widths: Sequence[float], *, head: bool = False) -> None:
        self.set_font(FAMILY, size=SMALL_PT)
        height, top, left = self._height(cells, widths), self.get_y(), self.l_margin
        self._need(height)
        top = self.get_y()
        with self._tagged("/P", " | ".join(cells)):
            for cell, width in zip(cells, widths, strict=True):
                self.set_y(top + 0.6)
                with self._thick() if head else self._soft(False):
                    self._text(cell, left, width - 2)
                left += width
        with self._beside():
            self.set_draw_color(0 if head else 170)
            self.line(self.l_margin, top + height, self.w - self.r_margin, top + height)
            self.set_draw_color(0)
        self.set_y(top + height)

    def _height(self, cells: Sequence[str], widths: Sequence[float]) -> float:
        lines = max(self._lines(cell, width - 2) for cell, width in zip(cells, widths, strict=True))
        return lines * self._line_mm + 1.2

    def _widths(self, columns: int) -> list[float]:
        one = self.epw / (columns - 2 + FIRST_COLUMN + LAST_COLUMN)
        return [one * FIRST_COLUMN, *([one] * (columns - 2)), one * LAST_COLUMN]

    @property
    def _line_mm(self) -> float:
        return float(self.font_size_pt) * MM_OF_PT * LINE

    def _lines(self, text: str, width: float) -> int:
        lines = self.multi_cell(width, self._line_mm, _drawn(text), dry_run=True, output=MethodReturnValue.LINES)
        return max(len(lines) if isinstance(lines, list) else 1, 1)

    def _shape(self, text: str) -> None:
        """Letters of most scripts stand beside each other as they are; it takes ten times as long to join them."""
        self.set_text_shaping(use_shaping_engine=not SIMPLE.fullmatch(plain(text)))

    def _text(self, text: str, left: float, width: float) -> None:
        drawn = _drawn(text)
        self._shape(text)
        self.set_x(left)
        self.multi_cell(
            width, self._line_mm, drawn, align="R" if _from_right(drawn) else "L", new_x="LEFT", new_y="NEXT"
        )

    def _need(self, height: float) -> None:
        """Begin a page where ``height`` [mm] is more than is left of this one."""
        if self.get_y() + height > self.h - FOOT_MM and self.get_y() > MARGIN_MM:
            size = self.font_size_pt
            self.add_page()
            self.set_font(FAMILY, size=size)

    @contextmanager
    def _thick(self) -> Iterator[None]:
        with self.local_context(text_mode=TextMode.FILL_STROKE, line_width=STROKE_MM):
            yield

    @contextmanager
    def _soft(self, soft: bool) -> Iterator[None]:
        self.set_text_color(SOFT if soft else 0)
        yield
        self.set_text_color(0)

    @contextmanager
    def _tagged(self, kind: str, text: str) -> Iterator[None]:
        """Everything written meanwhile, on one page, is one element of ``kind``; read out as ``text`` where what is
        drawn has another order, or boxes."""
        mark = self.struct_builder.next_mcid_for_page(self.page)
        aloud = plain(text) if _needs_words(text) else None
        self._add_marked_content(struct_type=kind, mcid=mark, alt_text=aloud)
        self._out(f"{kind} <</MCID {mark}>> BDC")
        yield
        self._out("EMC")

    @contextmanager
    def _beside(self) -> Iterator[None]:
        """What is written meanwhile is read by nobody: it stands on every page, or is a line."""
        self._out("/Artifact BMC")
        yield
        self._out("EMC")


def _drawn(text: str) -> str:
    """What is drawn of ``text``: words that stand alone need not be isolated."""
    bare = plain(text)
    if SIMPLE.fullmatch(bare):
        return bare
    alone = text[:1] == "\u2068" and text[-1:] == "\u2069" and len(text) == len(bare) + 2
    return glyphs.boxed(bare if alone else _ISOLATED.sub(_as_drawn, text))


def _as_drawn(isolated: re.Match[str]) -> str:
    """fpdf2 puts what is isolated and runs both ways in an order of its own: that is left to the sentence around it."""
    both = any(unicodedata.bidirectional(letter) == "L" for letter in isolated[1])
    return isolated[1] if both else isolated[0]


def _from_right(text: str) -> bool:
    """Whether a paragraph begins at the right: its first letter with a direction says so (UAX 9, P2), isolated words
    passed over."""
    depth = 0
    for letter in text:
        kind = unicodedata.bidirectional(letter)
        depth += (kind == "FSI") - (kind == "PDI")
        if not depth and kind in ("R", "AL", "L"):
            return kind != "L"
    return False


def _needs_words(text: str) -> bool:
    return bool(glyphs.lacking((text,))) or any(unicodedata.bidirectional(each) in ("R", "AL") for each in text)
