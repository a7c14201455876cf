"""Commands that write pages on results and models: report, card."""

import argparse
import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import Final

from forecalm.arguments_said import NOTICE
from models.errors import ExperimentError

TOKENS: Final = "tokens.css"  # the console's colours and sizes: reports wear the same
HEAD: Final = 8192  # bytes in which a page says that it is ours


def report(chosen: argparse.Namespace) -> int:
    """Write one page of what experiments found."""
    from models.experiments.results import EXPERIMENT, PREDICTIONS, RESULTS
    from models.reports.evidence import read
    from models.reports.report import report as page

    out = chosen.out if chosen.out is not None else _beside(chosen.results[0])
    if out.suffix.lower() not in (".html", ".htm"):
        raise ExperimentError(f"{out}: a report is a page: name a file that ends in .html")
    _require_ours(out, force=chosen.force)
    evidences = []
    for folder in chosen.results:
        there = {name: folder / name for name in (RESULTS, EXPERIMENT, PREDICTIONS)}
        evidences.append(
            read({name: path.read_bytes() for name, path in there.items() if path.is_file()}, origin=str(folder))
        )
    _write(out, page(evidences, tokens=tokens()))
    sys.stdout.write(f"{out}\n{NOTICE}\n")
    return 0


def tokens() -> str:
    """The console's style sheet of colours and sizes."""
    return (files("console") / "static" / TOKENS).read_text(encoding="utf-8")


def _beside(results: Path) -> Path:
    """``mine.results`` as ``mine.html``, here."""
    return Path(f"{results.resolve().name.removesuffix('.results')}.html")


def _require_ours(out: Path, *, force: bool) -> None:
    """Raise ExperimentError where something else would be written over, before anything long is done."""
    from models.reports.page import MARK

    if not out.absolute().parent.is_dir():
        raise ExperimentError(f"{out}: there is no folder {out.absolute().parent}")
    if out.is_dir():
        raise ExperimentError(f"{out}: is a folder: name a file")
    if not out.exists() or force:
        return
    with out.open("rb") as file:
        if MARK.encode() not in file.read(HEAD):
            raise ExperimentError(f"{out}: is there already and is no page of ours: name another, or say --force")


def _write(out: Path, page: bytes) -> None:
    """Write beside, then take its place: whole or not at all."""
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("wb") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
