"""Commands on what helps a person and what to avoid: plan show, set."""

import argparse
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

from forecalm.commands.moments import told
from forecalm.commands.people import say
from forecalm.commands.terminal import operator
from forecalm.config import Config, ConfigError
from forecalm.config import load as load_config

if TYPE_CHECKING:
    from ingest.registry.plans import Plan
    from ingest.registry.registry import Registry


def plan(chosen: argparse.Namespace) -> int:
    """Show or write a support plan; a service may run meanwhile."""
    from forecalm.installation import Installation

    config: Config = load_config(chosen.config)
    with closing(Installation(config).open_registry()) as registry:
        return _DO[chosen.action](chosen, config, registry)


def _show(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    if chosen.wearer not in registry.wearers():
        raise ConfigError(f"{chosen.wearer!r} is no wearer of this installation")
    held = registry.plan(chosen.wearer)
    plans = registry.plan_history(chosen.wearer) if chosen.history else [held] if held else []
    lines = [_told(each, config) for each in plans]
    as_json = [asdict(each) for each in plans] if chosen.history else asdict(held) if held else {}
    say(chosen, as_json, "\n".join(lines) or f"There is no plan for {chosen.wearer}.\n")
    return 0


def _set(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    if not (chosen.helps or chosen.avoid or chosen.none):
        raise ConfigError("say what helps by --helps LINE, what to avoid by --avoid LINE, or --none: no plan any more")
    if chosen.none and (chosen.helps or chosen.avoid):
        raise ConfigError("--none is no plan any more, and --helps and --avoid are one: leave out one or the other")
    helps, avoid = ([], []) if chosen.none else (chosen.helps or [], chosen.avoid or [])
    written = registry.set_plan(chosen.wearer, helps=helps, avoid=avoid, by=chosen.by or operator())
    say(chosen, asdict(written), _told(written, config))
    return 0


_DO = {"show": _show, "set": _set}


def _told(plan: "Plan", config: Config) -> str:
    sides = [("helps", plan.helps), ("avoid", plan.avoid)]
    lines = [f"  {side}: {line}\n" for side, lines in sides for line in lines] or ["  nothing\n"]
    return f"{plan.wearer}, plan {plan.number}, by {plan.by}, {told(plan.at_s, config.zone)}\n{''.join(lines)}"
