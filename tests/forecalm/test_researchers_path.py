"""The researchers' guide from recordings to a promoted model: every file and command as they stand on the page."""

import json
import re
import shlex
from pathlib import Path

import pytest

from forecalm.cli import main

pytestmark = pytest.mark.long

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "researchers.md"
LOOP = re.compile(r"for (\w+) in ([^;]+); do (.+); done")


def commands(block: str) -> list[list[str]]:
    """A block's commands, loops written out."""
    found = []
    for line in block.splitlines():
        loop = LOOP.fullmatch(line)
        lines = [loop[3].replace(f"${loop[1]}", each) for each in loop[2].split()] if loop else [line]
        found += [shlex.split(each)[1:] for each in lines]
    return found


def test_the_guides_path_from_recordings_to_a_model_that_watches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORECALM_DATA_FOLDER", str(tmp_path / "var"))
    (section,) = re.findall(r"## From recordings to a judged model\n(.*?)\n## ", GUIDE.read_text(), re.DOTALL)
    for name, text in re.findall(r"```toml\n# (\S+)\n(.*?)```", section, re.DOTALL):
        (tmp_path / name).write_text(text)
    *steps, promotion = [
        each for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) for each in commands(block)
    ]
    assert {each[0] for each in steps} >= {"simulate", "import", "labels", "evaluate", "compare", "report", "train"}
    for each in steps:
        capsys.readouterr()
        ended = main(each)
        said = capsys.readouterr()
        assert ended == 0, (each, said.err)
    assert (tmp_path / "mine.html").stat().st_size > 10_000
    verdict = json.loads((tmp_path / "var" / "rehearsals" / "mine-logistic.json").read_text())
    assert {person["wearer"] for person in verdict["people"]} == {"w-01", "w-02", "w-03", "w-04"}
    if main(promotion) != 0:
        told = capsys.readouterr().err
        assert "sign for each: --sign WEARER" in told
        worse = re.findall(r"is worse for ([^(]+)", told)[0]
        signed = [word for wearer in re.findall(r"w-\d+", worse) for word in ("--sign", wearer)]
        assert main([*promotion, *signed, "--because", "nobody is watched here"]) == 0
    capsys.readouterr()
    assert main(["models"]) == 0
    assert "champion" in capsys.readouterr().out
