"""Commands that write pages on results and models: report, card."""

import argparse
import hashlib
import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ingest.notice import SENTENCE
from models.errors import ExperimentError, ShelfError

if TYPE_CHECKING:
    from forecalm.installation import Installation
    from models.reports.card import Known
    from models.reports.evidence import Evidence
    from models.shelf.pointers import Rehearsal

TOKENS: Final = "tokens.css"  # the console's colours and sizes: reports wear the same
HEAD: Final = 8192  # bytes in which a page says that it is ours


def report(chosen: argparse.Namespace) -> int:
    """Write one page of what experiments found."""
    from models.reports.report import report as page

    out = chosen.out if chosen.out is not None else _beside(chosen.results[0])
    if out.suffix.lower() not in (".html", ".htm"):
        raise ExperimentError(f"{out}: a report is a page: name a file that ends in .html")
    _require_ours(out, force=chosen.force)
    _write(out, page([_evidence(folder) for folder in chosen.results], tokens=tokens()))
    sys.stdout.write(f"{out}\n{SENTENCE}\n")
    return 0


def tokens() -> str:
    """The console's style sheet of colours and sizes."""
    return (files("console") / "static" / TOKENS).read_text(encoding="utf-8")


def _evidence(folder: Path) -> "Evidence":
    """What a folder of results says, proved. Raises ExperimentError where it does not hold together."""
    from models.experiments.results import EXPERIMENT, PREDICTIONS, RESULTS
    from models.reports.evidence import read

    there = {name: folder / name for name in (RESULTS, EXPERIMENT, PREDICTIONS)}
    return read({name: path.read_bytes() for name, path in there.items() if path.is_file()}, origin=str(folder))


def _beside(results: Path) -> Path:
    """``mine.results`` as ``mine.html``, here."""
    return Path(f"{results.resolve().name.removesuffix('.results')}.html")


def _require_ours(out: Path, *, force: bool) -> None:
    """Raise ExperimentError where something else would be written over, before anything long is done."""
    from models.reports.card import TEXT_MARK
    from models.reports.page import MARK

    if not out.absolute().parent.is_dir():
        raise ExperimentError(f"{out}: there is no folder {out.absolute().parent}")
    if out.is_dir():
        raise ExperimentError(f"{out}: is a folder: name a file")
    if not out.exists() or force:
        return
    with out.open("rb") as file:
        head = file.read(HEAD)
        if MARK.encode() not in head and not head.startswith(TEXT_MARK.encode()):
            raise ExperimentError(f"{out}: is there already and is no page of ours: name another, or say --force")


def _write(out: Path, page: bytes) -> None:
    """Write beside, then take its place: whole or not at all. It names people by pseudonym: its owner hands it on."""
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("wb") as file:
            part.chmod(0o600)
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def card(chosen: argparse.Namespace) -> int:
    """Write what is known of a model, or print it."""
    from models.reports import card as cards

    out: Path | None = chosen.out
    if out is not None and out.suffix.lower() not in (".html", ".htm", ".md"):
        raise ShelfError(f"{out}: a card is a page or Markdown: name a file that ends in .html or .md")
    if out is not None:
        _require_ours(out, force=chosen.force)
    known = _known(chosen)
    if out is None:
        sys.stdout.write(cards.text(known))
        return 0
    as_text = out.suffix.lower() == ".md"
    _write(out, cards.text(known).encode() if as_text else cards.page(known, tokens=tokens()))
    sys.stdout.write(f"{out}\n{SENTENCE}\n")
    return 0


def _known(chosen: argparse.Namespace) -> "Known":
    """Everything there is to say of the model."""
    from msgspec.structs import replace

    from forecalm.config import load
    from forecalm.installation import Installation
    from forecalm.shipped import limits_of, readable
    from models.reports.card import Known
    from models.shelf.pointers import Pointers, Promoted
    from models.shelf.shelf import Shelf

    here = None if chosen.shelf is not None else Installation(load(chosen.config))
    shelf = Shelf(chosen.shelf if here is None else here.models)
    manifest, digest = (shelf if here is None else readable(shelf, chosen.name)).look(chosen.name)
    manifest = replace(manifest, limits=limits_of(manifest))
    standing = Pointers(shelf).standing()
    told = [line.evidence for line in standing.history if isinstance(line, Promoted) and line.model == chosen.name]
    path = chosen.rehearsal if here is None or chosen.rehearsal is not None else _last_rehearsal(here, chosen.name)
    if path is not None:
        told.append(_rehearsal(path))
    pointed = (("champion", standing.champion), ("shadow", standing.shadow))
    role = next((what for what, each in pointed if each is not None and each.name == chosen.name), "")
    results = None if chosen.results is None else _evidence(chosen.results).results
    return Known(manifest=manifest, digest=digest, results=results, evidence=tuple(dict.fromkeys(told)), role=role)


def _last_rehearsal(here: "Installation", name: str) -> Path | None:
    from forecalm.rehearsing.proof import path_of

    path = path_of(here, name)
    return path if path.is_file() else None


def _rehearsal(path: Path) -> "Rehearsal":
    """What a rehearsal found, as a promotion would note it. Raises AlertError where the file holds none."""
    from alerts.rehearsal.evidence import decode
    from alerts.rehearsal.gate import grounds, passed
    from models.shelf.pointers import Rehearsal

    said = path.read_bytes()
    found = decode(said, str(path))
    return Rehearsal(
        model_digest=found.model_digest,
        champion=found.champion,
        passed=passed(found),
        worse_for=len(grounds(found)),
        report=str(path),
        report_digest=hashlib.sha256(said).hexdigest(),
    )
