"""Commands on what people said about stretches of time: labels add, list, import, export."""

import argparse
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from forecalm.commands.moments import moment, told
from forecalm.commands.people import say
from forecalm.commands.terminal import number, operator, require_file
from forecalm.config import Config, ConfigError
from forecalm.config import load as load_config

if TYPE_CHECKING:
    from ingest.labels import Label
    from ingest.registry.registry import Registry


def labels(chosen: argparse.Namespace) -> int:
    """Enter, list, read or write labels."""
    from forecalm.installation import Installation

    config: Config = load_config(chosen.config)
    if chosen.action == "export" and chosen.out is not None:
        require_file(chosen.out, "--out", suffixes=(".csv",))
    with closing(Installation(config).open_registry()) as registry:
        return _DO[chosen.action](chosen, config, registry)


def _add(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    from ingest.labels import Label

    start_s = moment(chosen.start, config.zone, "--start")
    label = Label(
        wearer=chosen.wearer,
        what=chosen.what,
        start_s=start_s,
        end_s=start_s if chosen.end is None else moment(chosen.end, config.zone, "--end"),
        rater=chosen.rater,
        onset_uncertainty_s=chosen.uncertainty,
        level=chosen.level,
        note=chosen.note,
    )
    (number,) = registry.add_labels([label], by=operator())
    say(chosen, {"label": number}, f"Label {number}: {_told(label, config)}\n")
    return 0


def _list(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    found = _found(chosen, config, registry)
    as_json = [{"label": number, **asdict(label)} for number, label in found.items()]
    lines = [f"{number:6}  {_told(label, config)}\n" for number, label in found.items()]
    say(chosen, as_json, "".join(lines) or "There is none.\n")
    return 0


def _import(chosen: argparse.Namespace, _: Config, registry: "Registry") -> int:
    from ingest.labels import read_labels

    found = read_labels(chosen.path)
    if chosen.wearer is not None:
        found = [replace(label, wearer=label.wearer or chosen.wearer) for label in found]
    nameless = sum(not label.wearer for label in found)
    if nameless:
        raise ConfigError(
            f"{chosen.path}: {number(nameless, 'label')} without a wearer; say whose they are by --wearer"
        )
    _require_known(found, chosen.path, registry)
    before = len(registry.labels())
    numbers = registry.add_labels(found, by=operator())
    new = len(registry.labels()) - before
    said = f"{number(len(numbers), 'label')} read, {new} of them new.\n"
    say(chosen, {"read": len(numbers), "new": new}, said)
    return 0


def _require_known(found: "list[Label]", path: Path, registry: "Registry") -> None:
    """Raise ConfigError where labels name somebody who is not entered: labels that were left out are soon forgotten."""
    unknown = {label.wearer for label in found} - set(registry.wearers())
    if unknown:
        count = sum(label.wearer in unknown for label in found)
        raise ConfigError(
            f"{path}: {count} of {len(found)} labels name people who are not known: {', '.join(sorted(unknown))}; none"
            " was entered. Enter them first: forecalm import PATH --wearer WEARER --name NAME --consent-by WHO, or with"
            " a wristband: forecalm pair BAND WEARER --name NAME --consent-by WHO; or take their rows out of the file"
        )


def _export(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    from ingest.labels import write_labels

    found = _found(chosen, config, registry)
    text = write_labels(found.values())
    if chosen.out is None:
        sys.stdout.write(text)
        return 0
    part = chosen.out.with_name(f"{chosen.out.name}.part")
    part.write_text(text, encoding="utf-8", newline="")
    part.replace(chosen.out)
    sys.stderr.write(f"{number(len(found), 'label')} in {chosen.out}\n")
    return 0


_DO = {"add": _add, "list": _list, "import": _import, "export": _export}


def _found(chosen: argparse.Namespace, config: Config, registry: "Registry") -> "dict[int, Label]":
    since_s, until_s = (
        None if text is None else moment(text, config.zone, option)
        for text, option in ((chosen.since, "--since"), (chosen.until, "--until"))
    )
    if len({chosen.wearer, chosen.named} - {None}) > 1:
        raise ConfigError(f"{chosen.wearer!r} and --wearer {chosen.named!r}: name one wearer")
    wearer = chosen.named if chosen.wearer is None else chosen.wearer
    if wearer is not None and wearer not in registry.wearers():
        raise ConfigError(f"{wearer!r} is no wearer of this installation")
    return registry.labels(wearer, since_s, until_s)


def _told(label: "Label", config: Config) -> str:
    parts: Iterable[str] = (
        label.wearer,
        label.what,
        told(label.start_s, config.zone),
        "" if label.end_s == label.start_s else f"to {told(label.end_s, config.zone)}",
        f"give or take {label.onset_uncertainty_s:g} s" if label.onset_uncertainty_s else "",
        "" if label.level is None else f"level {label.level:g}",
        f"by {label.rater}",
        label.note,
    )
    return "  ".join(part for part in parts if part)
