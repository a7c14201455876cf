"""``forecalm replay`` as a researcher runs it: the summary, the page, and what it says of files that cannot be read."""

import json
import zipfile
from pathlib import Path

import pytest

from forecalm.cli import main

pytestmark = pytest.mark.long

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    code = main(["replay", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def unpacked(folder: Path) -> Path:
    session = folder / "session"
    with zipfile.ZipFile(SAMPLE) as archive:
        archive.extractall(session)
    return session


def test_the_summary_is_one_object_and_the_same_file_gives_the_same_bytes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, first, _ = run(capsys, SAMPLE, "--json")
    _, again, _ = run(capsys, unpacked(tmp_path), "--json")
    assert (code, first) == (0, again)
    found = json.loads(first)
    assert list(found) == [
        *("duration_s", "channels", "worn_s", "coverage", "heart_rate_bpm", "scr_per_min", "risk", "alerts")
    ]
    assert found["channels"]["ppg"] == {"rate_hz": 64.0, "samples": 69120, "gap_s": 0.0}
    assert found["heart_rate_bpm"]["recorded"]["median_error"] < 1.5
    assert len(found["alerts"]) == 1
    assert found["alerts"][0]["reason"]


def test_the_summary_reads_well(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, SAMPLE)
    assert code == 0
    for said in ("Research use only", "worn", "pulse", "skin responses", "alerts"):
        assert said in out


def test_the_page_stands_alone_and_is_the_same_twice(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pages = [tmp_path / "one.html", tmp_path / "two.html"]
    for page in pages:
        run(capsys, SAMPLE, "--plot", page, "--json")
    text = pages[0].read_text()
    assert text == pages[1].read_text()
    assert "Research use only" in text
    assert 'src="http' not in text


@pytest.mark.parametrize("page", ["session.zip", "no/such/folder/page.html", "folder.html"])
def test_a_page_that_cannot_or_must_not_be_written_is_refused_before_anything_is_done(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, page: str
) -> None:
    session = tmp_path / "session.zip"
    session.write_bytes(SAMPLE.read_bytes())
    (tmp_path / "folder.html").mkdir()
    code, out, err = run(capsys, session, "--plot", tmp_path / page)
    assert (code, out) == (2, "")
    assert page in err
    assert session.read_bytes() == SAMPLE.read_bytes()


def test_a_session_that_sends_intervals_only_has_a_heart_rate(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    session = unpacked(tmp_path)
    next(session.rglob("BVP.csv")).unlink()
    found = json.loads(run(capsys, session, "--json")[1])
    assert found["heart_rate_bpm"]["median"] is not None
    assert found["heart_rate_bpm"]["recorded"] is None


def test_a_truncated_zip_is_refused_by_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(SAMPLE.read_bytes()[:5000])
    code, out, err = run(capsys, broken, "--json")
    assert (code, out) == (2, "")
    assert "broken.zip" in err


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (("TEMP.csv", b"1600000000.0\n0.0\n33.1\n"), "TEMP.csv"),
        (("BVP.csv", b"1600000000.0\n64.0\n1\ninf\n"), "BVP.csv"),
        (("ACC.csv", b"1600000000.0, 1600000000.0, 1600000000.0\n32.0, 32.0, 32.0\n1,2\n"), "ACC.csv"),
        (("EDA.csv", b"hello\n"), "EDA.csv"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, spoil: tuple[str, bytes], told: str
) -> None:
    session = unpacked(tmp_path)
    next(session.rglob(spoil[0])).write_bytes(spoil[1])
    code, out, err = run(capsys, session, "--json")
    assert (code, out) == (2, "")
    assert told in err
    assert "Traceback" not in err


def test_an_empty_file_is_a_note_and_the_rest_goes_on(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    session = unpacked(tmp_path)
    next(session.rglob("TEMP.csv")).write_bytes(b"")
    code, out, _ = run(capsys, session)
    assert code == 0
    assert "TEMP.csv" in out


@pytest.mark.parametrize("nothing", ["nowhere.zip", ""])
def test_what_is_no_session_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, nothing: str) -> None:
    code, _, err = run(capsys, tmp_path / nothing, "--json")
    assert code == 2
    assert (nothing or tmp_path.name) in err
