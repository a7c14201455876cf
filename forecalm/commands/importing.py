"""Commands on recordings from elsewhere: import."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from forecalm.cli import BAD_INPUT, FELL_SHORT
from forecalm.commands.terminal import number, operator, progress_bar
from forecalm.config import ConfigError
from forecalm.config import load as load_config

if TYPE_CHECKING:
    from forecalm.commands.importing_wearer import Wearer
    from ingest.labels import Label
    from ingest.recordings.importing import Outcome
    from ingest.recordings.recording import Recording
    from ingest.registry.registry import Registry
    from ingest.store.protocol import Store


def import_(chosen: argparse.Namespace) -> int:
    """Import everything recorded at the paths; 0: all of it is in, 1: some was refused, 2: nothing could be used."""
    from forecalm.commands.importing_study import doubt, left_out, people_of
    from forecalm.commands.importing_wearer import AsIf, Wearer
    from forecalm.installation import Installation
    from ingest.recordings.detect import FORMATS
    from ingest.recordings.importing import Import, import_paths
    from ingest.recordings.mapping import read_mapping
    from ingest.recordings.table import format_of

    formats = FORMATS if chosen.map is None else (format_of(read_mapping(chosen.map)),)
    here, now_s, by = Installation(load_config(chosen.config)), time.time(), operator()
    people, telling = people_of(chosen, formats=formats), _Telling(quiet=chosen.json)
    with closing(here.open_registry()) as registry, closing(here.open_store()) as store:
        wearers = [Wearer(registry, each, now_s=now_s, by=by, dry=chosen.dry_run) for each in people]
        for each in wearers:
            each.require()
        if chosen.wearer is None:
            doubted = doubt(chosen, people)
            if doubted and not chosen.dry_run:
                raise ConfigError(doubted)
            telling.tell_people(wearers, left_out(chosen.paths, people), doubted)
        with progress_bar(quiet=chosen.json) as progress:
            bar = progress.add_task("looking", total=1.0)
            for wearer in wearers:
                for outcome in import_paths(
                    wearer.somebody.paths,
                    Import(wearer=wearer.somebody.wearer, by=by, now_s=now_s, dry=chosen.dry_run),
                    store=store,
                    registry=AsIf(wearer) if chosen.dry_run else registry,
                    formats=formats,
                    before=partial(_before, wearer, telling, registry, store),
                    progress=lambda name, share: progress.update(bar, description=escape(name), completed=share),
                ):
                    telling.tell(outcome, wearer.somebody.wearer)
    return telling.finish(dry=chosen.dry_run)


def _before(
    wearer: "Wearer", telling: "_Telling", registry: "Registry", store: "Store", recording: "Recording"
) -> str | None:
    """Enter what a recording needs, unless its readings are here already, as those of the band that is returned."""
    telling.look(recording, wearer.somebody.wearer)
    there = _there_as(recording, wearer.somebody.wearer, registry, store)
    if there is None:
        wearer.agree(recording)
    return there


def _there_as(recording: "Recording", wearer: str, registry: "Registry", store: "Store") -> str | None:
    """The band whose readings in this very store were exported as this recording: they would count twice; or None.

    Of an imported recording that came back as it was, the content gives it the same name again: it is imported, which
    changes nothing. Raises RecordingError where the readings that are here are somebody else's.
    """
    from ingest.errors import RecordingError
    from ingest.exports.wearings import WRISTBAND
    from ingest.recordings.digest import band_of, digest
    from ingest.registry.sessions import Kind

    name, stem = recording.name, recording.name.rsplit("_", 1)[0]
    if recording.device == WRISTBAND:
        bands = {stem} & set(registry.bands())
    else:
        bands = {name, stem} & {session.band for session in registry.sessions() if session.kind is Kind.IMPORTED}
        bands -= {band_of(digest(recording))} if bands else set()
    for band in bands:
        for channel in recording.channels:
            if next(iter(store.read(band, channel, recording.start_s, recording.end_s)), None) is not None:
                worn_by = registry.wearer_of(band, (recording.start_s + recording.end_s) / 2)
                if worn_by != wearer:
                    raise RecordingError(
                        f"{name}: these readings of {band} are here already, as {worn_by or 'nobody'}'s"
                    )
                return band
    return None


class _Telling:
    """Says what became of each recording as it happens, or all of it at the end as JSON."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._out = Console(highlight=False, soft_wrap=True)
        self._presses = 0
        self._named: set[Label] = set()  # beside recordings, of somebody else than they are imported for
        self._taken: set[Label] = set()
        self._people: list[dict[str, Any]] = []
        self._imported: list[dict[str, Any]] = []
        self._refused: list[dict[str, Any]] = []
        self._passed: list[dict[str, Any]] = []

    def tell_people(self, wearers: "Sequence[Wearer]", left: Sequence[Path], doubted: str) -> None:
        """Say which files are whose, before any of them is imported."""
        for each in wearers:
            who = each.somebody
            files = [path.name for path in who.paths]
            self._people.append({"wearer": who.wearer, "name": who.name, "files": files, "known": each.known})
            if not self._quiet:
                some = ", ".join(files[:5]) + (", ..." if len(files) > 5 else "")
                known = "known" if each.known else f"new, shown as {who.name}"
                self._out.print(escape(f"{who.wearer}  ({known})  {some}"))
        if left:
            self._passed.append({"source": "", "files": [each.name for each in left]})
        if self._quiet:
            return
        if left:
            names = [each.name for each in left]
            self._out.print(
                escape(f"Left  nobody's: {', '.join(names[:5])}{', ...' if names[5:] else ''}"), style="dim"
            )
        if doubted:
            self._out.print(f"[bold]Refused[/bold] without --dry-run: {escape(doubted)}")

    def look(self, recording: "Recording", wearer: str) -> None:
        """Take note of what comes with a recording that is to be imported for ``wearer``."""
        self._presses = int(recording.tags_s.size)
        mine = {label for label in recording.named if label.wearer == wearer}
        self._taken |= mine
        self._named |= set(recording.named) - mine

    def tell(self, outcome: "Outcome", wearer: str) -> None:
        """Take note of one outcome, and print it for a person."""
        from ingest.recordings.importing import Imported, Refused

        if isinstance(outcome, Imported):
            said = asdict(outcome) | {
                "wearer": wearer,
                "hours": (outcome.end_s - outcome.start_s) / 3600,
                "labels": outcome.labels - self._presses,
                "presses": self._presses,
                "already_there": outcome.new == outcome.dropped == 0,
            }
            self._imported.append(said)
            self._print(said)
        elif isinstance(outcome, Refused):
            self._refused.append(asdict(outcome))
            if not self._quiet:
                self._out.print(f"[bold]Refused[/bold]  {escape(outcome.reason)}")
        else:
            self._passed.append(asdict(outcome))
            if not self._quiet:
                some = ", ".join(outcome.files[:5]) + (", ..." if len(outcome.files) > 5 else "")
                self._out.print(escape(f"Left  {outcome.source}: no recording in {some}"), style="dim")

    def _print(self, said: dict[str, Any]) -> None:
        if self._quiet:
            return
        at = datetime.fromtimestamp(said["start_s"], UTC)
        channels = ", ".join(f"{name} {count:,}" for name, count in said["samples"].items())
        presses = f"{said['presses']:,} press{'' if said['presses'] == 1 else 'es'}"
        self._out.print(
            f"[bold]{escape(said['name'])}[/bold]  {said['format']}  {at:%Y-%m-%d %H:%M} UTC  {said['hours']:.2f} h "
            f" {channels}  {number(said['labels'], 'label')}, {presses}  {_became(said)}"
        )
        for note in said["notes"]:
            self._out.print(f"  Note: {escape(note)}", style="dim")

    def finish(self, *, dry: bool) -> int:
        """Say how much there was in all, and return the exit code."""
        samples: dict[str, int] = {}
        for each in self._imported:
            for name, count in each["samples"].items():
                samples[name] = samples.get(name, 0) + count
        totals = {
            "recordings": len(self._imported),
            "already_there": sum(each["already_there"] for each in self._imported) if not dry else 0,
            "hours": sum(each["hours"] for each in self._imported),
            "samples": samples,
            "labels": sum(each["labels"] for each in self._imported),
            "refused": len(self._refused),
        }
        others = self._named - self._taken
        if self._quiet:
            found = {
                "dry_run": dry,
                "people": self._people,
                "imported": self._imported,
                "refused": self._refused,
                "passed": self._passed,
                "labels_of_others": len(others),
            }
            sys.stdout.write(json.dumps(found | {"totals": totals}, allow_nan=False) + "\n")
        else:
            would = "would be imported" if dry else "are in"
            self._out.print(
                f"{number(len(self._imported), 'recording')}, {totals['hours']:.1f} h {would}"
                f" ({totals['already_there']} were there already); {totals['refused']} refused."
            )
            if others:
                whose = sorted({label.wearer for label in others})
                some = ", ".join(whose[:5]) + (", ..." if whose[5:] else "")
                self._out.print(
                    escape(
                        f"{number(len(others), 'label')} in labels.csv beside them"
                        f" {'is' if len(others) == 1 else 'are'} of {some}, and not entered: once"
                        " these are known by just these pseudonyms, forecalm labels import labels.csv"
                    )
                )
        if not self._imported:
            return BAD_INPUT
        return FELL_SHORT if self._refused else 0


def _became(said: dict[str, Any]) -> str:
    if said["already_there"]:
        return "already there"
    kept = f"{said['new']} of {said['packets']} packets are new"
    return kept + (f"; {said['dropped']} not kept: no consent covers them" if said["dropped"] else "")
