"""Commands that hand recordings to researchers: export."""

import argparse
import json
import math
import sys
import time
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from forecalm.commands.moments import moment
from forecalm.commands.terminal import number, operator, progress_bar
from forecalm.config import ConfigError
from forecalm.config import load as load_config
from ingest.notice import SENTENCE

if TYPE_CHECKING:
    from ingest.exports.export import Exported


def export(chosen: argparse.Namespace) -> int:
    """Write what was recorded of wearers, as far as a consent to research covers it, into an empty folder."""
    from forecalm.installation import Installation
    from ingest.exports.export import Asked
    from ingest.exports.export import export as write
    from ingest.exports.wearings import Choice

    if chosen.stable and not chosen.deidentify:
        raise ConfigError("--stable: says how to --deidentify; name both, or neither")
    config = load_config(chosen.config)
    here, zone = Installation(config), config.zone
    choice = Choice(
        since_s=-math.inf if chosen.since is None else moment(chosen.since, zone, "--since"),
        until_s=math.inf if chosen.until is None else moment(chosen.until, zone, "--until"),
        channels=chosen.channels,
        labels=chosen.labels,
    )
    asked = Asked(
        wearers=chosen.wearer,
        layout=chosen.format,
        out=chosen.out,
        keeping=here.folder,
        now_s=time.time(),
        by=operator(),
        zone=zone.key,
        choice=choice,
        deidentify=chosen.deidentify,
        stable=chosen.stable,
    )
    with (
        closing(here.open_registry()) as registry,
        closing(here.open_store()) as store,
        progress_bar(quiet=chosen.json) as progress,
    ):
        bar = progress.add_task("exporting", total=1.0)
        done = write(
            asked,
            store=store,
            registry=registry,
            progress=lambda name, share: progress.update(bar, description=escape(name), completed=share),
        )
    if chosen.json:
        said = asdict(done) | {"path": str(done.path), "format": chosen.format, "deidentified": chosen.deidentify}
        sys.stdout.write(json.dumps(said, allow_nan=False) + "\n")
        return 0
    _tell(done, deidentified=chosen.deidentify)
    return 0


def _tell(done: "Exported", *, deidentified: bool) -> None:
    out = Console(highlight=False, soft_wrap=True)
    for each in done.wearers:
        samples = ", ".join(f"{name} {count:,}" for name, count in each.samples.items()) or "nothing"
        known_as = "" if each.written_as == each.wearer else f" as {each.written_as}"
        out.print(
            f"[bold]{each.wearer}[/bold]{known_as}  {number(each.recordings, 'recording')},"
            f" {each.seconds / 3600:.2f} h  {samples}  {number(each.labels, 'label')}"
        )
        if each.left_out:
            out.print(f"  Left out: {each.left_out:,} samples that no consent to research covers", style="dim")
        if each.beats_alone:
            out.print(f"  Left out: {each.beats_alone:,} beats with nothing sampled beside them", style="dim")
    out.print(f"Written to {escape(str(done.path))}\nManifest SHA-256 {done.digest}\n{SENTENCE}")
    if deidentified:
        out.print("Names and dates are hidden; physiology itself may still identify somebody: see docs/exports.md")
