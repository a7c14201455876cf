"""Notebooks run from top to bottom, as a newcomer would run them."""

import tempfile
from pathlib import Path
from typing import Final

import nbclient
import nbformat
import pytest
from traitlets.config import Config

pytestmark = pytest.mark.long

PATIENT_S: Final = 600  # for a cell, and for a kernel to begin; a bound, never waited out where things work
NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path: Path) -> None:
    """The kernel is spoken with by files: of ports that are found free somebody else may have one before it does."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        said = {"transport": "ipc", "connection_file": str(Path(folder, "kernel.json"))}
        nbclient.NotebookClient(
            notebook,
            timeout=PATIENT_S,
            startup_timeout=PATIENT_S,
            config=Config(KernelManager=said),
            resources={"metadata": {"path": str(path.parent)}},
        ).execute()
    errors = [output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "error"]
    assert not errors


def test_every_notebook_was_executed_before_it_was_kept() -> None:
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        assert all(cell.execution_count for cell in cells), path
