"""What is written on paper and in files: all of it, in plain words, whatever somebody is called; no figure and no name
that is for somebody else."""

import logging
import re
from functools import cache

import pytest

from alerts.outcomes.events import What
from console.pages import pages
from console.summary.facts import Audience, Sharing, Wish, Written
from console.summary.glyphs import BOX, FONT
from console.summary.making import KEEP_S, made
from console.summary.paper import html_of
from console.summary.pdf import pdf_of, texts_of
from console.summary.report import Report
from ingest.notice import NOTICE
from tests.console.summary.kept import LONDON, UNTIL_S, alert, at, month
from tests.console.summary.pdf_read import Read, read
from tests.console.tablets import MARKUP

FORBIDDEN = re.compile(r"\b(patient|attack|abnormal|predict\w*|safe|seizure)\b", re.IGNORECASE)


def report(
    audience: Audience = Audience.FAMILY,
    *,
    name: str = "Bea",
    sharing: Sharing = Sharing(now=True),  # noqa: B008 - a value
    signed: str = "",
    **changed: object,
) -> Report:
    wish = Wish(audience=audience, notes=frozenset({1, 2}), own_words=True, signed=signed)
    return made(month(**changed), wish, sharing, name=name, place="Alder House", zone=LONDON, made_s=UNTIL_S)


@cache
def paper(audience: Audience, name: str = "Bea") -> Read:
    return read(pdf_of(report(audience, name=name), made_s=UNTIL_S))


def all_of(shown: Report) -> str:
    return "\n".join(texts_of(shown))


@pytest.mark.parametrize("audience", list(Audience))
def test_everything_that_is_said_stands_on_paper_in_order(audience: Audience) -> None:
    drawn = "".join(paper(audience).text.split())
    shown = report(audience)
    for section in (*shown.first, *shown.more):
        assert "".join(section.title.split()) in drawn
    for text in ("375 h watched, 297 h not watched.", "Sit beside, not in front", "Fire alarm test at three."):
        assert "".join(text.split()) in drawn
    order = [drawn.index("".join(section.title.split())) for section in shown.first]
    assert order == sorted(order)


def test_each_page_is_headed_by_the_line_of_law_and_the_first_is_one_page() -> None:
    found = paper(Audience.HEALTH)
    assert all(NOTICE in page for page in found.pages)
    assert "What we agree" in found.pages[0]
    assert "Hours that were watched" in found.pages[1]


def test_headings_and_paragraphs_are_tagged_in_reading_order_and_lines_are_not() -> None:
    found = paper(Audience.FAMILY)
    assert found.balanced
    assert found.tags[0][0] == "H1"
    assert [tag for page in found.tags for tag in page].count("H1") == 1
    assert {tag for page in found.tags for tag in page} == {"H1", "H2", "P"}
    written = pdf_of(report(), made_s=UNTIL_S)
    for said in (b"/Lang (en-GB)", b"/StructTreeRoot", b"/Marked true", b"/DisplayDocTitle true", b"/Outlines"):
        assert said in written, said


def test_the_same_report_gives_the_same_bytes() -> None:
    assert pdf_of(report(), made_s=UNTIL_S) == pdf_of(report(), made_s=UNTIL_S)


@pytest.mark.parametrize("name", ["محمد علي", "שרה", "Ἀθηνᾶ", "Žofie Łuczak", "Нина", "Ngọc Ánh"])
def test_names_of_many_scripts_are_drawn_letter_by_letter(name: str) -> None:
    drawn = paper(Audience.FAMILY, name).text
    assert BOX not in drawn
    missing = {letter for letter in name if letter not in drawn and letter != " "}
    assert not {letter for letter in missing if not _is_joined(letter)}


def _is_joined(letter: str) -> bool:
    """Arabic letters are drawn in the forms that they take beside each other, some two in one."""
    return "\u0600" <= letter <= "\u06ff"


def test_a_name_from_the_right_is_drawn_from_the_right() -> None:
    assert "הרש" in paper(Audience.FAMILY, "שרה").text


def test_what_the_font_does_not_have_is_said_and_never_dropped(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        found = read(pdf_of(report(name="张伟"), made_s=UNTIL_S))
    assert f"Summary for the plan: {BOX}{BOX}" in found.text
    assert "U+4F1F, U+5F20" in found.text
    assert not caplog.records


def test_read_aloud_a_name_that_cannot_be_drawn_is_itself() -> None:
    written = pdf_of(report(name="张伟"), made_s=UNTIL_S)
    assert "Summary for the plan: 张伟".encode("utf-16-be").hex().encode() in written


@pytest.mark.parametrize(
    "name", [MARKUP, "<script>alert(1)</script>", "a\u202eb", "{{ 7*7 }}", "%(x)s", "\\) Tj (", "x" * 200]
)
def test_whatever_somebody_is_called_is_text(name: str) -> None:
    shown = report(name=name, notes=(Written(number=1, at_s=at(1, 9), text=f"{name} slept."),))
    page = html_of(shown, pages(place="x", carers=()))
    assert "<script" not in page
    assert "\u202e" not in page
    assert page.count("<h1") == 1
    assert len(read(pdf_of(shown, made_s=UNTIL_S)).pages) >= 2


def test_a_file_of_html_loads_nothing_and_says_so() -> None:
    page = html_of(report(), pages(place="x", carers=()))
    assert "default-src 'none'" in page
    assert not re.search(r"(?:src|href)=", page)
    assert page.index(NOTICE) < page.index("<h1")


@pytest.mark.parametrize("audience", [Audience.FAMILY, Audience.SCHOOL])
def test_no_reading_is_told_to_those_who_need_none(audience: Audience) -> None:
    events = alert(1, at(1, 10), What.INCIDENT, reasons=("Pulse 137, 43 above usual for 9 min.", "Kept secret 8642."))
    text = all_of(report(audience, events=events, notes=()))
    for figure in ("137", "43", "8642", "9 min", "\N{MICRO SIGN}S", "\N{DEGREE SIGN}C"):
        assert figure not in text
    assert "137" in all_of(report(Audience.HEALTH, events=events))


@pytest.mark.parametrize("audience", list(Audience))
def test_no_carer_is_named_who_does_not_sign(audience: Audience) -> None:
    text = all_of(report(audience))
    for name in ("Jo", "Marsh", "Sam", "Callum"):
        assert not re.search(rf"\b{name}\b", text)
    assert "Jo Marsh" in all_of(report(audience, signed="Jo Marsh"))


@pytest.mark.parametrize("audience", list(Audience))
def test_the_words_are_those_of_the_house(audience: Audience) -> None:
    text = all_of(report(audience))
    assert not FORBIDDEN.search(text)
    assert "!" not in text


def test_no_alert_is_never_called_calm() -> None:
    text = all_of(report(events=(), minutes=()))
    assert "There was no alert. That is not the same as calm." in text
    assert "Silence is not calm" in text
    assert "too few to say anything about when" in text


def test_nothing_is_claimed_of_days_that_no_consent_covers() -> None:
    text = all_of(report(shared=()))
    assert "No hour of these days is covered by the consents" in text
    assert "Fire alarm" not in text
    assert "No time of day" not in text
    assert all_of(report(sharing=Sharing(now=False))) == text


def test_it_may_be_kept_for_a_year_and_no_longer_than_the_consent_holds() -> None:
    assert "Keep until1 June 2027" in all_of(report())
    assert "Keep until11 June 2026" in all_of(report(sharing=Sharing(now=True, until_s=UNTIL_S + 10 * 86_400)))
    assert KEEP_S == 365 * 86_400


def test_the_font_has_its_licence_beside_it_and_is_small() -> None:
    assert FONT.stat().st_size < 1_000_000
    assert "Bitstream Vera" in (FONT.parent / "LICENSE-DejaVu.txt").read_text()
