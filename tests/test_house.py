"""What holds for the house as a whole: what is installed, and which way imports run."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import uv_build

ROOMS = {"ingest", "signals", "models", "alerts", "device_sim", "console", "forecalm"}
ROOT = Path(__file__).parent.parent


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
