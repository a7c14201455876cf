"""``forecalm budget``: what each alert level would have meant for somebody, and the one for so many alerts a day."""

import argparse
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

from alerts.names import ALL_MOST, same
from forecalm.cli import FELL_SHORT
from forecalm.commands.moments import told
from forecalm.commands.terminal import err, number, print_json
from forecalm.config import Config, ConfigError
from forecalm.config import load as load_config
from forecalm.installation import Installation
from forecalm.nearest import meant
from ingest.notice import SENTENCE

if TYPE_CHECKING:
    from alerts.rehearsal.budget import Budget, Choice
    from ingest.registry.levels import AlertLevel

out = Console(highlight=False, soft_wrap=True)
SHOWN: Final = 7
"""Of how many levels one is shown, beside those that hold and fit, so that one sees what a step costs."""


def budget(chosen: argparse.Namespace) -> int:
    """Show what levels would have meant; with ``--set`` let the one that fits hold, with ``--default`` everybody's."""
    config: Config = load_config(chosen.config)
    here = Installation(config)
    _require(chosen)
    with closing(here.open_registry()) as registry:
        _require_wearer(chosen.wearer, registry.wearers(), registry.names())
        if chosen.history:
            return _history(chosen, config, registry.alert_level_history(chosen.wearer))
        if chosen.default:
            entered = registry.set_alert_level(chosen.wearer, None, by=chosen.by)
            return _say_set(chosen, entered)
    return _budget(chosen, config, here)


def _require_wearer(said: str, known: Sequence[str], names: Mapping[str, str]) -> None:
    """Refuse what is no pseudonym of this house, and name the one that is meant, by its name or nearly."""
    if said in known:
        return
    bear = [wearer for wearer, name in names.items() if same(name, said)]
    if bear:
        raise ConfigError(f"{said!r} is a name, and this takes the pseudonym: {' or '.join(bear)}")
    there = f"; there are: {', '.join(known)}" if 0 < len(known) <= ALL_MOST else ""
    raise ConfigError(f"{said!r} is no wearer of this installation{meant(said, known) or there}")


def _require(chosen: argparse.Namespace) -> None:
    if sum((chosen.set, chosen.default, chosen.history)) > 1:
        raise ConfigError("--set, --default, --history: one of them")
    if (chosen.set or chosen.default) and not any(map(str.isalnum, chosen.by)):
        raise ConfigError("--by: whoever sets a level gives a name")


def _budget(chosen: argparse.Namespace, config: Config, here: Installation) -> int:
    from forecalm.rehearsing.budget import budget as replayed

    if not chosen.json:
        err.print(f"Replaying up to {chosen.days:g} days of {chosen.wearer}: about two minutes a day of wear.")
    found, silent = replayed(
        config,
        chosen.wearer,
        per_day=chosen.per_day,
        days=chosen.days,
        words=chosen.events,
        until_s=time.time(),
    )
    if not chosen.json:
        _tell(chosen, config, found)
        out.print(silent or "", end="\n" if silent else "")
    elif not chosen.set:
        print_json({"wearer": chosen.wearer, "budget": _as_json(found), "note": silent})
    if not chosen.set:
        return FELL_SHORT if found.fits is None else 0
    return _set(chosen, here, found)


def _set(chosen: argparse.Namespace, here: Installation, found: "Budget") -> int:
    from alerts.rehearsal.budget import ALERTS_MIN
    from forecalm.watching.policies import level_of

    if found.fits is None:
        raise ConfigError(
            f"{chosen.wearer}: even the highest level would have alerted more than {chosen.per_day:g} times a day, or"
            " without an end: nothing is set; a larger --per-day, or another model"
        )
    if found.recorded:
        raise ConfigError(
            f"{chosen.wearer}: only imported recordings were replayed: nothing is set; a level that holds is chosen by"
            " what their wristband sent"
        )
    if not found.enough:
        raise ConfigError(
            f"{chosen.wearer}: {found.worn_s / 3600:.1f} h are too little to choose by: {chosen.per_day:g} alerts a day"
            f" are {found.allowed:.1f} in that time, and there must be room for {ALERTS_MIN:g}: nothing is set; wait,"
            " or look further back (--days)"
        )
    if found.lost and not chosen.accept_lost:
        raise ConfigError(
            f"{chosen.wearer}: {number(len(found.lost), 'event')} would have been LOST at {found.fits.enter:.3g}, told"
            " of as it is now or by everybody's level: nothing is set; a larger --per-day, or answer for it by"
            " --accept-lost"
        )
    with closing(here.open_registry()) as registry:
        entered = registry.set_alert_level(
            chosen.wearer,
            level_of(found.fits.policy),
            per_day=chosen.per_day,
            lost=len(found.lost),
            by=chosen.by,
        )
    return _say_set(chosen, entered, found)


def _say_set(chosen: argparse.Namespace, entered: "AlertLevel", found: "Budget | None" = None) -> int:
    if chosen.json:
        said = {"wearer": chosen.wearer, "set": asdict(entered) | {"version": entered.version}}
        print_json(said if found is None else said | {"budget": _as_json(found)})
        return 0
    level = "everybody's level" if entered.level is None else f"{entered.level.enter:.3g} ({entered.version})"
    out.print(
        f"{chosen.wearer} is watched by {level} from now on; a service that runs follows within a few seconds, and an"
        " open alert stays open."
    )
    return 0


def _history(chosen: argparse.Namespace, config: Config, levels: "list[AlertLevel]") -> int:
    if chosen.json:
        print_json({"wearer": chosen.wearer, "history": [asdict(each) | {"version": each.version} for each in levels]})
        return 0
    for each in levels:
        held = each.level
        level = "everybody's level" if held is None else f"{held.enter:.3g}, for {each.per_day or 0:g} a day"
        lost = f", {number(each.lost, 'event')} lost and accepted" if each.lost else ""
        out.print(f"{told(each.entered_at_s, config.zone)}  {each.version}  {level}{lost}, by {each.entered_by}")
    if not levels:
        out.print(f"No level was ever set for {chosen.wearer}: everybody's holds.")
    return 0


def _tell(chosen: argparse.Namespace, config: Config, found: "Budget") -> None:
    how = "recorded: imported, nothing of it late" if found.recorded else "lived"
    out.print(
        f"{chosen.wearer}, {found.worn_s / 3600:.1f} h worn, replayed as they were {how}. {SENTENCE}", style="bold"
    )
    if not found.events:
        out.print("Nobody labelled an event in that time, so only alerts can be shown: what a level misses cannot.")
    table = Table("level", "alerts", "a day", "false", "events told", "median lead", "in alert", "", box=None)
    for level in _shown(found):
        table.add_row(*_row(level, found))
    out.print(table)
    for event in found.lost:
        out.print(
            f"LOST at the level that fits: {event.what} of {told(event.onset_s, config.zone)}, which is told of now or"
            " by everybody's level.",
            style="bold",
        )
    if found.unheard:
        out.print(f"{number(found.unheard, 'event')} without readings before, which no level could tell of.")
    if found.fits is None:
        out.print(f"No level keeps to {chosen.per_day:g} alerts a day.", style="bold")
    else:
        kept = f" {found.fits.told} of {len(found.events)} events told." if found.events else ""
        out.print(f"For {chosen.per_day:g} alerts a day: {found.fits.enter:.3g}.{kept}", style="bold")


def _shown(found: "Budget") -> "list[Choice]":
    some = list(found.levels[::SHOWN])
    some += [level for level in (found.holds, found.fits) if level is not None]
    return sorted({level.enter: level for level in some}.values(), key=lambda level: -level.enter)


def _row(level: "Choice", found: "Budget") -> tuple[str, ...]:
    marks = [
        what
        for what, other in (("holds now", found.holds), ("fits", found.fits))
        if other is not None and other.enter == level.enter
    ]
    return (
        f"{level.enter:.3g}",
        str(len(level.alerts_s)),
        f"{level.a_day:.1f}",
        str(len(level.false_s)),
        f"{level.told} of {len(found.events)}" if found.events else "no labels",
        "" if level.lead_s is None else f"{level.lead_s:.0f} s",
        f"{level.busy:.0%}",
        ", ".join(marks),
    )


def _as_json(found: "Budget") -> dict[str, Any]:
    said: dict[str, Any] = msgspec.to_builtins(found)
    return {"notice": SENTENCE, **said}
