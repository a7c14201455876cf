"""Commands on summaries for plans: summary."""

import argparse
import os
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from forecalm.commands.moments import told
from forecalm.commands.terminal import err, operator
from forecalm.config import Config, ConfigError
from forecalm.config import load as load_config
from ingest.notice import SENTENCE

if TYPE_CHECKING:
    from console.summary.facts import Facts, Sharing, Wish
    from console.summary.making import Period
    from ingest.registry.registry import Registry

SUFFIXES = {".pdf": "pdf", ".html": "html", ".htm": "html"}


def summary(chosen: argparse.Namespace) -> int:
    """Write a summary to a file; a service may run meanwhile."""
    from console.summary.facts import Audience, Wish
    from console.summary.making import period
    from forecalm.installation import Installation
    from forecalm.offices.summaries import SummaryFacts

    config: Config = load_config(chosen.config)
    as_ = "" if chosen.notes else _kind(chosen.out, force=chosen.force)
    now_s = time.time()
    days = period(chosen.since or "", chosen.until or "", now_s=now_s, zone=config.zone)
    here = Installation(config)
    with closing(here.open_registry()) as registry:
        kept = SummaryFacts(here, registry)
        sharing = _sharing(kept.sharing(chosen.wearer, now_s), chosen.wearer)
        facts = kept.facts(chosen.wearer, *days.span(config.zone, now_s))
        if chosen.notes:
            return _list(facts, config)
        wish = Wish(
            audience=Audience(chosen.audience),
            notes=frozenset(chosen.note or ()),
            own_words=chosen.own_words,
            signed=" ".join(chosen.sign.split()),
        )
        _require_notes(facts, wish)
        body = _drawn(chosen, config, registry, facts, wish, sharing, as_, now_s)
        _write(chosen.out, body)
        _enter(registry, chosen.wearer, days, wish, as_)
    sys.stdout.write(f"{chosen.out}\n{SENTENCE}\n")
    err.print("Read it before you give it to anybody. The file is yours to keep and to destroy; no copy is kept here.")
    return 0


def _kind(out: Path | None, *, force: bool) -> str:
    """The kind of file that is asked for. Raises ConfigError where it cannot be written."""
    if out is None:
        raise ConfigError("--out: name the file to write, ending in .pdf or .html; --notes alone needs none")
    kind = SUFFIXES.get(out.suffix.lower())
    if kind is None:
        raise ConfigError(f"{out}: name a file that ends in .pdf or .html")
    if out.exists() and not force:
        raise ConfigError(f"{out}: is there already; name another one, or say --force")
    return kind


def _sharing(found: "Sharing | None", wearer: str) -> "Sharing":
    """Raises ConfigError, which says who may be asked, where no consent to share holds."""
    if found is None:
        raise ConfigError(f"{wearer!r} is no wearer of this installation")
    if not found.now:
        asked = f" (ask {'; '.join(found.asked)})" if found.asked else ""
        raise ConfigError(
            f"{wearer}: nobody has agreed that a summary is shared{asked}; enter it by"
            f" forecalm consent give {wearer} --scope share --since TIME --by WHO"
        )
    return found


def _list(facts: "Facts", config: Config) -> int:
    from console.summary.spans import common, holds

    covered = common(facts.shared, facts.cared)
    for note in sorted(facts.notes, key=lambda it: it.at_s):
        if holds(covered, note.at_s):
            sys.stdout.write(f"{note.number}  {told(note.at_s, config.zone)}  {' '.join(note.text.split())}\n")
    return 0


def _require_notes(facts: "Facts", wish: "Wish") -> None:
    unknown = sorted(wish.notes - {it.number for it in facts.notes})
    if unknown:
        raise ConfigError(f"--note {unknown[0]}: there is no such note in these days; --notes lists those there are")


def _drawn(
    chosen: argparse.Namespace,
    config: Config,
    registry: "Registry",
    facts: "Facts",
    wish: "Wish",
    sharing: "Sharing",
    as_: str,
    made_s: float,
) -> bytes:
    from console.pages import pages
    from console.summary.making import made, written

    name, place = registry.names().get(chosen.wearer, chosen.wearer), config.site.place
    shown = made(facts, wish, sharing, name=name, place=place, zone=config.zone, made_s=made_s)
    return written(shown, as_, pages(place=place, carers=()), made_s=made_s)


def _write(out: Path, body: bytes) -> None:
    """Write beside, for its owner alone, then put it in place: never half of one."""
    part = out.with_name(f".{out.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(body)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _enter(registry: "Registry", wearer: str, days: "Period", wish: "Wish", as_: str) -> None:
    registry.note(
        "export summary",
        wearer=wearer,
        by=operator(),
        format=as_,
        audience=wish.audience.value,
        since=str(days.since),
        until=str(days.until),
        notes=len(wish.notes),
        own_words=wish.own_words,
        signed=bool(wish.signed),
    )
