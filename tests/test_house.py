"""What holds for the house as a whole: what is installed, and which way imports run."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import uv_build

ROOMS = {"ingest", "signals", "models", "alerts", "device_sim", "console", "forecalm"}
ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_wheel_holds_the_rooms_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    monkeypatch.chdir(ROOT)
    name = uv_build.build_wheel(str(tmp_path))
    with zipfile.ZipFile(tmp_path / name) as wheel:
        names = wheel.namelist()
    tops = {entry.split("/")[0] for entry in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == ROOMS
    for needed in (
        "console/static/",
        "console/templates/",
        "device_sim/scenarios/",
        "ingest/registry/",
        "models/experiments/examples/",
        "models/shelf/shipped/shipped-sensed/model.skops",
    ):
        assert any(entry.startswith(needed) for entry in names), needed


def test_imports_run_one_way() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_help_does_not_wait_for_what_it_does_not_need() -> None:
    code = "import sys; from forecalm.arguments import make_parser; make_parser().format_help(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "scipy", "pandas", "sklearn", "numba", "fastapi", "sqlalchemy", "plotly", "amqtt", "bleak"}
    assert heavy.isdisjoint(done.stdout.split())


def test_every_link_of_a_page_leads_somewhere() -> None:
    broken = [f"{page.relative_to(ROOT)}: {link}" for page in PAGES for link in _links(page) if not _leads(page, link)]
    assert not broken, "\n".join(broken)


def _links(page: Path) -> list[str]:
    """Links of a page that stay in the house, as they are written there."""
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", prose) if not re.match(r"[a-z]+:", link)]


def _leads(page: Path, link: str) -> bool:
    path, _, heading = link.partition("#")
    target = page.parent / path if path else page
    if not target.exists():
        return False
    headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), flags=re.MULTILINE) if heading else []
    anchors = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
    return not heading or heading in anchors


def test_each_decision_has_a_number_of_its_own_and_says_it() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    numbers = [page.name[:3] for page in pages]
    said = [re.match(r"# (\d{3}) (.+)\n", page.read_text(encoding="utf-8")) for page in pages]
    assert len(set(numbers)) == len(numbers) > 40
    assert [found and found[1] for found in said] == numbers
    rows = [f"- [{page.name[:3]}]({page.name}) {found[2]}" for page, found in zip(pages, said, strict=True) if found]
    assert (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8").splitlines()[3:] == rows
