"""Tables with a mapping: times of every kind, units, gaps, and what cannot be told refused by line."""

import contextlib
import io
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import RecordingError
from ingest.recordings.detect import look
from ingest.recordings.mapping import Mapping, mapping_of, read_mapping
from ingest.recordings.recording import Recording
from ingest.recordings.table import format_of

START = 1_700_000_000
EDA = '[channels.eda]\ncolumn = "eda"\n'
SECONDS = f'[time]\ncolumn = "t"\n{EDA}'


def mapped(text: str) -> Mapping:
    return mapping_of(text, "map.toml")


def found(path: Path, mapping: str) -> Recording:
    (each,) = look(path, formats=(format_of(mapped(mapping)),))
    if each.refused is not None:
        raise RecordingError(each.refused)
    (recording,) = each.recordings
    return recording


def put(folder: Path, text: str | bytes, name: str = "table.csv") -> Path:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder / name


def test_columns_are_found_by_name_and_scaled(tmp_path: Path) -> None:
    text = "x,ms,y,gsr,z,T\n" + "".join(f"{i},{250 * i},0,{1000 * i},-64,91.4\n" for i in range(4))
    mapping = f"""device = "shimmer"
        time = {{column = "ms", unit = "ms", start = "{START}"}}
        [channels]
        eda = {{column = "gsr", scale = 0.001}}
        temperature = {{column = "T", scale = 0.5555555555555556, offset = -17.77777777777778}}
        motion = {{columns = ["x", "y", "z"], scale = 0.015625}}"""
    recording = found(put(tmp_path, text), mapping)
    assert (recording.device, recording.name, recording.start_s) == ("shimmer", "table", START)
    assert recording.whole("eda").values.tolist() == [0, 1, 2, 3]
    assert recording.whole("eda").rate_hz == 4
    assert recording.whole("motion").values[:, 1].tolist() == [1 / 64, 0, -1]
    assert recording.whole("temperature").values == pytest.approx(33.0)


@pytest.mark.parametrize(("unit", "per_s"), [("s", 1), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)])
def test_numbers_of_time_count_in_their_unit(tmp_path: Path, unit: str, per_s: float) -> None:
    text = "t,eda\n" + "".join(
        f"{round((START + i / 4) * per_s) if per_s > 1 else START + i / 4},{i}\n" for i in range(8)
    )
    recording = found(put(tmp_path, text), f'[time]\ncolumn = "t"\nunit = "{unit}"\n{EDA}')
    assert recording.start_s == START
    assert recording.whole("eda").rate_hz == pytest.approx(4, rel=1e-6)


def test_dates_have_an_offset_or_the_mapping_says_whose_clock_they_are_of(tmp_path: Path) -> None:
    rows = "t,eda\n2024-07-01 10:00:00.00,1\n2024-07-01 10:00:00.25,2\n"
    iso = f'[time]\ncolumn = "t"\nunit = "iso"\n{EDA}'
    told = found(put(tmp_path, rows.replace("0,1", "0+01:00,1").replace("5,2", "5+01:00,2")), iso)
    zoned = found(put(tmp_path, rows), iso.replace("[channels.eda]", 'zone = "Europe/London"\n[channels.eda]'))
    expected = datetime(2024, 7, 1, 10, tzinfo=ZoneInfo("Europe/London")).timestamp()
    assert told.start_s == zoned.start_s == expected
    with pytest.raises(RecordingError, match=r"say the time\.zone"):
        found(put(tmp_path, rows), iso)
    with pytest.raises(RecordingError, match="line 3: a time without an offset"):
        found(put(tmp_path, rows.replace("0,1", "0Z,1")), iso)


def test_the_hour_that_comes_twice_is_told_by_its_order(tmp_path: Path) -> None:
    first = pd.date_range("2024-10-27 00:30", "2024-10-27 01:30", freq="20s", tz="UTC")
    text = "t,eda\n" + "".join(f"{at.tz_convert('Europe/London'):%Y-%m-%dT%H:%M:%S},1\n" for at in first)
    mapping = f'[time]\ncolumn = "t"\nunit = "iso"\nzone = "Europe/London"\n{EDA}'
    recording = found(put(tmp_path, text), mapping)
    assert recording.start_s == first[0].timestamp()
    assert recording.end_s == pytest.approx(first[-1].timestamp() + 20)
    never = "t,eda\n2024-03-31T01:30:00,1\n2024-03-31T01:30:01,1\n"
    with pytest.raises(RecordingError, match="2024-03-31 01:30"):
        found(put(tmp_path, never), mapping)


def test_without_times_the_rate_and_the_start_say_them(tmp_path: Path) -> None:
    text = "eda,ECG\n" + "1.5,0\n" * 100
    at = found(put(tmp_path, text), f'time = {{rate_hz = 100, start = "2024-01-01T00:00:00Z"}}\n{EDA}')
    assert (at.whole("eda").rate_hz, at.whole("eda").values.size) == (100, 100)
    assert at.start_s == datetime.fromisoformat("2024-01-01T00:00:00Z").timestamp()
    unknown = found(put(tmp_path, text), f"time = {{rate_hz = 100}}\n{EDA}")
    assert unknown.start_s == 0
    assert any("1970" in note for note in unknown.notes)


def test_semicolons_decimal_commas_other_encodings_and_no_header(tmp_path: Path) -> None:
    german = "# Gerät\nt;eda\n0,00;1,5\n0,25;2,5\n".encode("latin-1")
    options = 'delimiter = ";"\ndecimal = ","\nskip = 1\n'
    assert found(put(tmp_path, german), options + SECONDS).whole("eda").values.tolist() == [1.5, 2.5]
    bare = '[time]\ncolumn = "1"\n[channels.eda]\ncolumn = "3"\n'
    assert found(put(tmp_path, "0,x,1\n.5,y,2\n"), "header = false\n" + bare).whole("eda").values.tolist() == [1, 2]
    quoted = b'\xef\xbb\xbf"t","eda","a, b"\n0,1,"x, y"\n1,2,z\n'
    assert found(put(tmp_path, quoted), SECONDS).whole("eda").values.tolist() == [1, 2]


def test_utf_16_is_text_too(tmp_path: Path) -> None:
    recording = found(put(tmp_path, "t,eda\n0,1\n1,2\n".encode("utf-16")), SECONDS)
    assert recording.whole("eda").values.tolist() == [1, 2]


def test_empty_cells_are_unknown_or_of_a_slower_channel(tmp_path: Path) -> None:
    text = "t,eda,ppg\n" + "".join(f"{i / 64},{i if i % 16 == 0 else ''},{i}\n" for i in range(128))
    recording = found(put(tmp_path, text), SECONDS + '[channels.ppg]\ncolumn = "ppg"\n')
    assert recording.whole("eda").rate_hz == 4
    assert recording.whole("eda").values.tolist() == [0, 16, 32, 48, 64, 80, 96, 112]
    assert recording.whole("ppg").values.size == 128
    even = found(put(tmp_path, "eda\n1\n\n3\n"), f"time = {{rate_hz = 4}}\n{EDA}")
    np.testing.assert_array_equal(even.whole("eda").values, [1, np.nan, 3])


def test_parquet_is_a_table_too(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "t": pd.date_range("2024-07-01", periods=8, freq="250ms", tz="UTC"),
            "eda": np.arange(8, dtype="f4"),
            "other": ["x"] * 8,
        }
    )
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    recording = found(put(tmp_path, buffer.getvalue(), "a.parquet"), SECONDS.replace("[ch", 'unit = "iso"\n[ch'))
    assert recording.start_s == frame["t"][0].timestamp()
    assert recording.whole("eda").values.tolist() == list(range(8))
    with pytest.raises(RecordingError, match="say unit = 'iso'"):
        found(tmp_path / "a.parquet", SECONDS)
    with pytest.raises(RecordingError, match="is no whole Parquet file"):
        found(put(tmp_path, buffer.getvalue()[:-9], "cut.parquet"), SECONDS)
    with pytest.raises(RecordingError, match="has the columns t, eda, other"):
        found(tmp_path / "a.parquet", SECONDS.replace('"t"', '"time"'))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("t,eda\n0,1\n1,x\n", r"table\.csv line 3: 'x' in eda is no number"),
        ("t,eda\n0,1\n,2\n", r"table\.csv line 3: has no time"),
        ("t,eda\n0,1\n1,2\n1,2,3,4\n", "line 4"),
        ("t,eda,t\n0,1,0\n", "two columns are called 't'"),
        ("t,eda\n", "holds no line"),
        ("t,eda\n0,1_0\n", "line 2: '1_0' in eda is no number"),
        ("t,eda\n0,1;5\n", "line 2: '1;5' in eda is no number"),
        ('t,eda\n0,"1,5"\n', "line 2: '1,5' in eda is no number"),
        ('t,eda\n0,"1"\n1,2,"3"\n', "line 3: 3 cells, expected 2"),
        ("t,eda\n1e300,1\n1e301,2\n", r"^table\.csv: eda: sample 1 has no time"),
        ("a,b\n0,1\n", "in none of the formats"),
    ],
)
def test_what_cannot_be_used_is_refused_by_line(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(RecordingError, match=what):
        found(put(tmp_path, text), SECONDS)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "time"),
        ("[time]\n" + EDA, "say the column of the times, or the rate_hz"),
        ("time = {rate_hz = 0}\n" + EDA, "rate_hz"),
        ("time = {rate_hz = nan}\n" + EDA, "rate_hz"),
        ("time = {rate_hz = 4, unit = 'iso'}\n" + EDA, "unit 'iso' is of a column"),
        ("time = {column = 't', unit = 'h'}\n" + EDA, "unit"),
        ("time = {column = 't', zone = 'Europe/London'}\n" + EDA, "only dates have a zone"),
        ("time = {column = 't', unit = 'iso', zone = 'Mars/Base'}\n" + EDA, "is no zone"),
        ("time = {column = 't', unit = 'iso', zone = '../../etc/passwd'}\n" + EDA, "is no zone"),
        ("time = {rate_hz = 4, start = '2024-01-01 10:00'}\n" + EDA, r"time\.start: .*time zone"),
        ("time = {rate_hz = 4}\n", "channels"),
        ("time = {rate_hz = 4}\n[channels]\n", "name at least one of eda"),
        ("time = {rate_hz = 4}\n[channels.pulse]\ncolumn = 'a'\n", r"channels\.pulse: must be one of"),
        ("time = {rate_hz = 4}\n[channels.motion]\ncolumn = 'a'\n", "say columns"),
        ("time = {rate_hz = 4}\n[channels.eda]\ncolumns = ['a', 'b', 'c']\n", "say column"),
        ("time = {rate_hz = 4}\n[channels.eda]\ncolumn = 'a'\nscale = 0\n", "scale: must not be 0"),
        ("time = {rate_hz = 4}\n[channels.eda]\ncolumn = 'a'\nscael = 1\n", "scael"),
        ("decimal = ','\ntime = {rate_hz = 4}\n" + EDA, "delimiter"),
        ("time = {rate_hz = 4\n", "map.toml"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_by_field(text: str, what: str) -> None:
    with pytest.raises(RecordingError, match=what):
        mapped(text)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80) | st.sampled_from([SECONDS]).flatmap(lambda text: st.permutations(text).map("".join)))
def test_any_mapping_is_taken_or_refused(text: str) -> None:
    with contextlib.suppress(RecordingError):
        mapped(text)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.booleans(), st.sampled_from([SECONDS, SECONDS.replace("[ch", 'unit = "iso"\nzone = "UTC"\n[ch')]))
def test_any_table_is_read_or_refused(tmp_path: Path, data: st.DataObject, packed: bool, mapping: str) -> None:
    text = bytearray(b"t,eda\n" + b"".join(b"%d,%d\n" % (START + i, i) for i in range(20)))
    if packed:
        buffer = io.BytesIO()
        pd.DataFrame({"t": np.arange(9.0), "eda": np.arange(9.0)}).to_parquet(buffer)
        text = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    path = put(tmp_path, bytes(text), "any.csv")
    for each in look(path, formats=(format_of(mapped(mapping)),)):
        assert each.recordings or each.refused or each.passed


def test_a_mapping_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"absent\.toml: cannot be read"):
        read_mapping(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes(b"device = '\xff'")
    with pytest.raises(RecordingError, match=r"latin\.toml: byte 10: not UTF-8"):
        read_mapping(tmp_path / "latin.toml")


def test_the_mappings_that_the_guide_shows_are_taken() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guides" / "importing.md").read_text()
    shown = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    assert [sorted(mapped(text).channels) for text in shown] == [["eda", "motion"], ["eda", "ppg"]]
