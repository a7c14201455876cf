"""``forecalm import`` of a whole study: who is who is said first, and nobody becomes somebody else."""

import json
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from forecalm.cli import main
from forecalm.config import Config
from forecalm.installation import Installation
from ingest.labels import Label, write_labels

pytestmark = pytest.mark.long

START = 1_700_000_000
AGREED = ("--consent-by", "Ethics board, 12/2026", "--scope", "care,research")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path / "house"))
    return Installation(Config(data=str(tmp_path / "house")))


@pytest.fixture
def run(here: Installation, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = main([str(each) for each in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def e4(at: Path, *, level: float, began_s: int = START) -> Path:
    """A zip of two minutes of skin conductance: of another ``level``, another recording."""
    at.parent.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(f"{level + 0.001 * (i % 7):.4f}" for i in range(480))
    with zipfile.ZipFile(at, "w") as file:
        file.writestr("EDA.csv", f"{began_s}.000000\n4.000000\n{lines}\n")
    return at


@pytest.fixture
def study(tmp_path: Path) -> Path:
    for number in (1, 2, 3):
        e4(tmp_path / "study" / f"S{number:02d}.zip", level=number)
    return tmp_path / "study"


def wearers(here: Installation) -> dict[str, int]:
    """How many recordings there are of each wearer."""
    with closing(here.open_registry()) as registry:
        return {each: len(registry.sessions(each)) for each in registry.wearers()}


def test_a_study_comes_in_at_once_a_zip_a_person(here: Installation, run: Run, study: Path) -> None:
    code, said, _ = run("import", str(study), "--wearer-from", "name", "--prefix", "lab-", *AGREED)
    assert code == 0, said
    assert wearers(here) == {"lab-S01": 1, "lab-S02": 1, "lab-S03": 1}
    assert run("import", str(study), "--wearer-from", "name", "--prefix", "lab-", *AGREED)[0] == 0
    assert wearers(here) == {"lab-S01": 1, "lab-S02": 1, "lab-S03": 1}


def test_a_dry_run_says_who_would_be_whom_and_enters_nobody(here: Installation, run: Run, study: Path) -> None:
    code, said, _ = run("import", str(study), "--wearer-from", "name", *AGREED, "--dry-run")
    assert code == 0
    assert "S02  (new, shown as S02)  S02.zip" in said
    assert wearers(here) == {}
    code, said, _ = run("import", str(study), "--wearer-from", "name", *AGREED, "--dry-run", "--json")
    assert [each["wearer"] for each in json.loads(said)["people"]] == ["S01", "S02", "S03"]


def test_one_that_cannot_be_read_costs_no_other_its_place(here: Installation, run: Run, study: Path) -> None:
    (study / "S02.zip").write_bytes(b"PK no zip")
    (study / "notes.txt").write_text("a fine day")
    code, said, _ = run("import", str(study), "--wearer-from", "name", *AGREED)
    assert code == 1
    assert wearers(here) == {"S01": 1, "S03": 1}
    assert "Refused" in said
    assert "nobody's: notes.txt" in said


def test_folders_are_people_with_all_that_is_in_them(here: Installation, run: Run, tmp_path: Path) -> None:
    for day in (1, 2):
        e4(tmp_path / "study" / "ann" / f"{day}.zip", level=day, began_s=START + 86_400 * day)
    e4(tmp_path / "study" / "ben" / "1.zip", level=3)
    assert run("import", str(tmp_path / "study"), "--wearer-from", "name", *AGREED)[0] == 0
    assert wearers(here) == {"ann": 2, "ben": 1}


def test_two_that_would_be_called_alike_are_refused(here: Installation, run: Run, study: Path) -> None:
    e4(study / "s01.zip", level=9)
    code, _, err = run("import", str(study), "--wearer-from", "name", *AGREED)
    assert code == 2
    assert "S01.zip and s01.zip would both be" in err
    (study / "s01.zip").unlink()
    e4(study / "S 01.zip", level=9)
    e4(study / "S+01.zip", level=8)
    assert "would both be S-01" in run("import", str(study), "--wearer-from", "name", *AGREED)[2]
    assert wearers(here) == {}


def test_sessions_of_one_person_are_one_by_a_pattern_and_refused_without(
    here: Installation, run: Run, tmp_path: Path
) -> None:
    for day in (1, 2):
        e4(tmp_path / "study" / f"S01_{day}.zip", level=day, began_s=START + 86_400 * day)
    _, said, _ = run("import", str(tmp_path / "study"), "--wearer-from", "name", *AGREED, "--dry-run")
    assert "S01_1 and S01_2 would be two people" in said
    code, _, err = run("import", str(tmp_path / "study"), "--wearer-from", "name", *AGREED)
    assert code == 2
    assert "S01_1 and S01_2 would be two people" in " ".join(err.split())
    assert wearers(here) == {}
    assert run("import", str(tmp_path / "study"), "--wearer-from", ".+", *AGREED, "--dry-run")[0] == 0
    assert run("import", str(tmp_path / "study"), "--wearer-from", "^[^_]+", *AGREED)[0] == 0
    assert wearers(here) == {"S01": 2}


def test_two_studies_with_an_s01_each_do_not_become_one_person(
    here: Installation, run: Run, study: Path, tmp_path: Path
) -> None:
    run("import", str(study), "--wearer-from", "name", *AGREED)
    e4(tmp_path / "other" / "S01.zip", level=7)
    code, said, _ = run("import", str(tmp_path / "other"), "--wearer-from", "name", *AGREED)
    assert code == 2
    assert "S01 is known already, and this is none of their recordings" in said
    assert wearers(here)["S01"] == 1
    assert run("import", str(tmp_path / "other"), "--wearer-from", "name", "--prefix", "o-", *AGREED)[0] == 0
    assert wearers(here)["o-S01"] == 1


def test_nobody_is_entered_without_a_consent(here: Installation, run: Run, study: Path) -> None:
    code, _, err = run("import", str(study), "--wearer-from", "name")
    assert code == 2
    assert "S01.zip: nobody is known by that pseudonym" in err
    assert "--consent-by WHO" in err
    assert wearers(here) == {}


def test_a_file_of_people_says_who_each_is_and_who_agreed(
    here: Installation, run: Run, study: Path, tmp_path: Path
) -> None:
    people = tmp_path / "people.csv"
    people.write_text("file,wearer,name,consent_by,scope\nS01.zip,p1,Ann,her mother,care\nS0[23],p2,,,\n")
    assert run("import", str(study), "--people", str(people), *AGREED)[0] == 0
    assert wearers(here) == {"p1": 1, "p2": 2}
    with closing(here.open_registry()) as registry:
        assert registry.names() == {"p1": "Ann", "p2": "p2"}
        assert {(each.scope.value, each.given_by) for each in registry.consents("p1")} == {("care", "her mother")}
        assert {each.scope.value for each in registry.consents("p2")} == {"care", "research"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("file,who\nS01,a\n", "must name file and wearer"),
        ("file,wearer\n", "names nobody"),
        ("file,wearer\nS09.zip,a\n", "line 2: file: there is no 'S09.zip' among S01.zip, S02.zip, S03.zip"),
        ("file,wearer\nS01,a\nS0*,b\n", "line 3: file: S01.zip is a's already"),
        ("file,wearer\nS01,a b\n", "line 2: wearer: 'a b': a pseudonym is"),
        ("file,wearer,scope\nS01,a,all\n", "line 2: scope: 'all' is none of"),
        ("file,wearer,name\nS01,a,Ann\nS02,a,Eve\n", "line 3: a has another name"),
        ("file,wearer\nS01,a,b\n", "line 2: has more cells"),
    ],
)
def test_a_file_of_people_that_cannot_be_meant_is_refused(
    here: Installation, run: Run, study: Path, tmp_path: Path, text: str, why: str
) -> None:
    (tmp_path / "people.csv").write_text(text)
    code, _, err = run("import", str(study), "--people", str(tmp_path / "people.csv"), *AGREED)
    assert code == 2
    assert why in " ".join(err.split())
    assert wearers(here) == {}


def said_of(wearer: str, at_s: float) -> Label:
    return Label(wearer=wearer, what="incident", start_s=at_s, end_s=at_s + 5, rater="Jo")


def test_labels_beside_recordings_go_to_whom_they_name_and_the_rest_is_told_once(
    here: Installation, run: Run, study: Path
) -> None:
    labels = [said_of("S01", START + 10), said_of("S02", START + 20), said_of("w-9", START + 30)]
    (study / "labels.csv").write_text(write_labels(labels))
    code, said, _ = run("import", str(study), "--wearer-from", "name", *AGREED)
    assert code == 0
    with closing(here.open_registry()) as registry:
        assert list(registry.labels().values()) == labels[:2]
    assert said.count("in labels.csv beside") == 1
    assert "1 label in labels.csv beside them is of w-9" in said
    assert "forecalm labels import" in said
    code, _, err = run("labels", "import", str(study / "labels.csv"))
    assert code == 2
    assert "1 of 3 labels name people who are not known: w-9; none was entered" in " ".join(err.split())
    assert "forecalm import PATH --wearer" in " ".join(err.split())
