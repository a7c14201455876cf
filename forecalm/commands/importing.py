"""Commands on recordings from elsewhere: import."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from forecalm.cli import BAD_INPUT, FELL_SHORT
from forecalm.commands.terminal import number, operator, progress_bar
from forecalm.config import ConfigError
from forecalm.config import load as load_config

if TYPE_CHECKING:
    from ingest.labels import Label
    from ingest.recordings.importing import Outcome
    from ingest.recordings.recording import Recording
    from ingest.registry.admissions import Admissions
    from ingest.registry.registry import Registry
    from ingest.registry.sessions import Session
    from ingest.store.protocol import Store


def import_(chosen: argparse.Namespace) -> int:
    """Import everything recorded at the paths; 0: all of it is in, 1: some was refused, 2: nothing could be used."""
    from forecalm.installation import Installation
    from ingest.recordings.detect import FORMATS
    from ingest.recordings.importing import Import, import_paths
    from ingest.recordings.mapping import read_mapping
    from ingest.recordings.table import format_of

    formats = FORMATS if chosen.map is None else (format_of(read_mapping(chosen.map)),)
    here, now_s, by = Installation(load_config(chosen.config)), time.time(), operator()
    telling = _Telling(quiet=chosen.json)
    with closing(here.open_registry()) as registry, closing(here.open_store()) as store:
        wearer = _Wearer(registry, chosen, now_s, by)
        wearer.require()
        with progress_bar(quiet=chosen.json) as progress:
            bar = progress.add_task("looking", total=1.0)

            def before(recording: "Recording") -> str | None:
                telling.presses = int(recording.tags_s.size)
                there = _there_as(recording, chosen.wearer, registry, store)
                if there is None:
                    wearer.agree(recording)
                return there

            for outcome in import_paths(
                chosen.paths,
                Import(wearer=chosen.wearer, by=by, now_s=now_s, dry=chosen.dry_run),
                store=store,
                registry=_AsIf(registry, wearer) if chosen.dry_run else registry,
                formats=formats,
                before=before,
                progress=lambda name, share: progress.update(bar, description=escape(name), completed=share),
            ):
                telling.tell(outcome)
    return telling.finish(dry=chosen.dry_run)


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


class _Wearer:
    """Whom recordings are imported for: entered, with the consent that the command line states, once it is needed."""

    def __init__(self, registry: "Registry", chosen: argparse.Namespace, now_s: float, by: str) -> None:
        self._registry, self._chosen, self._now_s, self._by = registry, chosen, now_s, by
        self._known = chosen.wearer in registry.wearers()
        self._since_s = 0.0  # [UTC s] from when on the stated consent counts

    def require(self) -> None:
        """Raise ConfigError where nothing could be imported for that wearer, whatever it is."""
        chosen = self._chosen
        if not self._known and (chosen.name is None or chosen.consent_by is None):
            raise ConfigError(
                f"--wearer {chosen.wearer}: nobody is known by that pseudonym; nothing of a person is kept without a"
                " consent: add --name NAME --consent-by WHO (who agrees, with their role)"
            )
        if chosen.consent_by is not None and "care" not in chosen.scope:
            raise ConfigError("--scope: without care nothing is kept: name care, or care,research")

    def agree(self, recording: "Recording") -> None:
        """Enter the wearer if they are new, and whatever of the stated consent does not stand yet for a recording: for
        all times up to now, for what is recorded later must be agreed to by ``forecalm pair``."""
        from ingest.registry.consents import Consent, Scope

        chosen, registry = self._chosen, self._registry
        self._since_s = min(0.0, recording.start_s)  # where no time of day was known, shifted dates lie before 1970
        if chosen.dry_run:
            return
        if not self._known:
            registry.add_wearer(chosen.wearer, chosen.name, by=self._by)
            self._known = True
        elif chosen.name is not None and registry.names().get(chosen.wearer) != chosen.name:
            registry.rename(chosen.wearer, chosen.name, by=self._by)
        if chosen.consent_by is None:
            return
        ends = (recording.start_s, min(recording.end_s, self._now_s))
        scopes = [Scope(name) for name in chosen.scope]
        missing = [each for each in scopes if not all(registry.has_consent(chosen.wearer, each, at) for at in ends)]
        if missing and recording.start_s < self._now_s:
            consent = Consent(frozenset(missing), chosen.consent_by, self._since_s, self._now_s)
            registry.give_consent(chosen.wearer, consent, by=self._by)

    def spans(self) -> list[tuple[float, float]]:
        """When a consent to care would stand, with the stated one."""
        from ingest.registry.consents import Scope
        from ingest.registry.stretches import end_of

        known = self._registry.consents(self._chosen.wearer) if self._known else []
        standing = [(g.from_s, end_of(g.until_s)) for g in known if g.scope is Scope.CARE and g.withdrawn_s is None]
        return standing if self._chosen.consent_by is None else [*standing, (self._since_s, self._now_s)]


class _AsIf:
    """The registry as it would be, for a dry run: nothing is written."""

    def __init__(self, registry: "Registry", wearer: _Wearer) -> None:
        self._registry, self._wearer = registry, wearer

    def add_session(self, session: "Session", *, by: str) -> bool:
        raise AssertionError("a dry run enters nothing")

    def add_labels(self, given: "Sequence[Label]", *, by: str) -> list[int]:
        raise AssertionError("a dry run enters nothing")

    def admissions(self) -> "Admissions":
        from ingest.registry.admissions import Admissions

        return Admissions(0, {}, {self._wearer._chosen.wearer: self._wearer.spans()})


class _Telling:
    """Says what became of each recording as it happens, or all of it at the end as JSON."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._out = Console(highlight=False, soft_wrap=True)
        self.presses = 0
        self._imported: list[dict[str, Any]] = []
        self._refused: list[dict[str, Any]] = []
        self._passed: list[dict[str, Any]] = []

    def tell(self, outcome: "Outcome") -> None:
        """Take note of one outcome, and print it for a person."""
        from ingest.recordings.importing import Imported, Refused

        if isinstance(outcome, Imported):
            said = asdict(outcome) | {
                "hours": (outcome.end_s - outcome.start_s) / 3600,
                "labels": outcome.labels - self.presses,
                "presses": self.presses,
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
        self._out.print(
            f"[bold]{escape(said['name'])}[/bold]  {said['format']}  {at:%Y-%m-%d %H:%M} UTC  {said['hours']:.2f} h "
            f" {channels}  {said['labels']} labels, {said['presses']} presses  {_became(said)}"
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
        if self._quiet:
            found = {"dry_run": dry, "imported": self._imported, "refused": self._refused, "passed": self._passed}
            sys.stdout.write(json.dumps(found | {"totals": totals}, allow_nan=False) + "\n")
        else:
            would = "would be imported" if dry else "are in"
            self._out.print(
                f"{number(len(self._imported), 'recording')}, {totals['hours']:.1f} h {would}"
                f" ({totals['already_there']} were there already); {totals['refused']} refused."
            )
        if not self._imported:
            return BAD_INPUT
        return FELL_SHORT if self._refused else 0


def _became(said: dict[str, Any]) -> str:
    if said["already_there"]:
        return "already there"
    kept = f"{said['new']} of {said['packets']} packets are new"
    return kept + (f"; {said['dropped']} not kept: no consent covers them" if said["dropped"] else "")
