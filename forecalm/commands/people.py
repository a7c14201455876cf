"""Commands on people and what was said of them: correct, rescore, consent."""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import msgspec

from forecalm.commands.moments import moment, told
from forecalm.commands.terminal import err, number, operator, progress_bar
from forecalm.config import Config, ConfigError
from forecalm.config import load as load_config

if TYPE_CHECKING:
    from forecalm.installation import Installation
    from forecalm.rescoring.rescoring import Rescored
    from ingest.registry.consents import Given, Scope
    from ingest.registry.registry import Registry
    from ingest.registry.stretches import Change, Correction


def correct(chosen: argparse.Namespace) -> int:
    """Say afterwards who wore a band; whoever is touched is scored anew."""
    from forecalm.installation import Installation

    config: Config = load_config(chosen.config)
    here = Installation(config)
    since_s = moment(chosen.since, config.zone, "--since")
    until_s = None if chosen.until is None else moment(chosen.until, config.zone, "--until")
    if sum((chosen.wearer is not None, chosen.nobody, chosen.exchange is not None)) != 1:
        raise ConfigError("say who wore it: a WEARER, --nobody, or --exchange BAND")
    with closing(here.open_registry()) as registry:
        if chosen.exchange is None:
            changes = registry.correct_assignment(
                chosen.band, chosen.wearer, since_s=since_s, until_s=until_s, by=operator()
            )
        else:
            changes = registry.correct_assignments(
                exchanged(registry, chosen.band, chosen.exchange, since_s, until_s), by=operator()
            )
        if not chosen.json:
            for change in changes:
                err.print(_change_told(change, config))
        rescored = _rescore(here, registry, changes, quiet=chosen.json)
    lines = rescored_told(rescored, config)
    if not changes:
        lines.insert(0, "That is what was said already: nothing changes.")
    elif not rescored:
        lines = ["Nobody was watched by that: nothing is scored anew."]
    as_json = {"changes": [asdict(each) for each in changes], "rescored": msgspec.to_builtins(rescored, str_keys=True)}
    say(chosen, as_json, "\n".join(lines) + "\n")
    return 0


def right(chosen: argparse.Namespace) -> int:
    """Say that a band that was suspected to be on another wrist is where it should be: for a day nothing is asked."""
    from forecalm.exchanged import RIGHT
    from forecalm.installation import Installation

    config: Config = load_config(chosen.config)
    with closing(Installation(config).open_registry()) as registry:
        now_s = time.time()
        wearer = registry.wearer_of(chosen.band, now_s)
        if wearer is None:
            raise ConfigError(f"{chosen.band}: nobody is known to wear it: forecalm pair {chosen.band} WEARER")
        registry.note(RIGHT, wearer=wearer, by=operator(), band=chosen.band)
    say(
        chosen,
        {"band": chosen.band, "wearer": wearer},
        f"{chosen.band} is worn by {wearer}, as you say. For a day nobody is asked again; alerts were never held up.\n",
    )
    return 0


def rescore(chosen: argparse.Namespace) -> int:
    """Score anew what a correction left undone, because it was broken off or something was away; or list what was."""
    from forecalm.installation import Installation
    from forecalm.rescoring.rescoring import rescored_in

    config: Config = load_config(chosen.config)
    here = Installation(config)
    if chosen.list:
        rescored, nothing = rescored_in(here.rescored), "Nothing was ever scored anew."
    else:
        with closing(here.open_registry()) as registry:
            rescored, nothing = _rescore(here, registry, [], quiet=chosen.json), "Nothing was left undone."
    lines = rescored_told(rescored, config) or [nothing]
    say(chosen, {"rescored": msgspec.to_builtins(rescored, str_keys=True)}, "\n".join(lines) + "\n")
    return 0


def exchanged(registry: "Registry", one: str, other: str, since_s: float, until_s: float | None) -> "list[Correction]":
    """What is said of two bands in ``[since_s, until_s)`` [UTC s], each told of the other one."""
    from ingest.registry.stretches import Correction, end_of

    end_s = end_of(until_s)
    found = [Correction(one, None, since_s, until_s), Correction(other, None, since_s, until_s)]
    for band, of in ((one, other), (other, one)):
        for stretch in registry.band_history(of):
            low, high = max(stretch.since_s, since_s), min(stretch.until_s, end_s)
            if low < high and stretch.wearer is not None:
                found.append(Correction(band, stretch.wearer, low, None if high == float("inf") else high))
    return found


def _rescore(
    here: "Installation", registry: "Registry", changes: "Sequence[Change]", *, quiet: bool
) -> "list[Rescored]":
    """Score everybody anew whom the changes touch, or who was left undone before."""
    from forecalm.rescoring.derived import rewriting
    from forecalm.rescoring.rescoring import Rescoring, alerts_of
    from forecalm.watching.champion import choose
    from ingest.readings import Readings

    with ExitStack() as stack:
        store = stack.enter_context(closing(here.open_store()))
        influx = here.open_influx()
        derived = {} if influx is None else {"derived": rewriting(stack.enter_context(closing(influx)))}
        progress = stack.enter_context(progress_bar(quiet=quiet))
        bars = {}

        def show(wearer: str, share: float) -> None:
            if wearer not in bars:
                bars[wearer] = progress.add_task(f"scoring {wearer} anew", total=1.0)
            progress.update(bars[wearer], completed=share)

        rescoring = Rescoring(
            Readings(store, registry),
            registry,
            rescored=here.rescored,
            relearnt=here.relearnt,
            now_s=time.time(),
            by=operator(),
            choice=choose(here.models),
            progress=show,
            **derived,
        )
        rescoring.ask(changes)
        try:
            return list(rescoring.rescore(rescoring.left(), alerts_of(here.journal)))
        except BaseException:
            err.print("Who wore what is kept. Not everybody is scored anew yet: forecalm rescore goes on.")
            raise


def _change_told(change: "Change", config: Config) -> str:
    until = "on" if change.until_s is None else f"to {told(change.until_s, config.zone)}"
    return (
        f"{change.band} was worn by {change.after or 'nobody'}, not by {change.before or 'nobody'},"
        f" from {told(change.since_s, config.zone)} {until}."
    )


def rescored_told(rescored: "Sequence[Rescored]", config: Config) -> list[str]:
    """What a person reads of what was scored anew."""
    zone, lines = config.zone, []
    for each in rescored:
        highest = "" if each.said.highest is None else f", at most {each.said.highest:.2f}"
        lines.append(
            f"{each.wearer}, scored anew from {told(each.since_s, zone)} to {told(each.until_s, zone)}:"
            f" a risk could be said of {each.said.known_seconds / 60:.0f} min{highest}."
        )
        if each.cut_short:
            lines.append("  The change began earlier; only its last day was scored.")
        for alert in each.would_have_alerted:
            lines.append(f"  would have alerted {told(alert.at_s, zone)}: {' '.join(alert.reasons)}")
        for alert in each.not_theirs:
            lines.append(f"  not theirs: the alert of {told(alert.at_s, zone)} ({alert.alert_id})")
        lines.append(f"  What is usual was learnt anew from {told(each.learnt_since_s, zone)} on.")
        lines += [f"  {each.note}"] if each.note else []
    return lines


def consent(chosen: argparse.Namespace) -> int:
    """Enter, withdraw or list consents."""
    from forecalm.installation import Installation

    config: Config = load_config(chosen.config)
    here = Installation(config)
    with closing(here.open_registry()) as registry:
        return _CONSENT[chosen.action](chosen, config, registry)


def _give(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    from ingest.registry.consents import Consent

    from_s = time.time() if chosen.since is None else moment(chosen.since, config.zone, "--since")
    until_s = None if chosen.until is None else moment(chosen.until, config.zone, "--until")
    scopes = _scopes(chosen.scope)
    registry.give_consent(chosen.wearer, Consent(frozenset(scopes), chosen.by, from_s, until_s), by=operator())
    until = "" if until_s is None else f" to {told(until_s, config.zone)}"
    say(
        chosen,
        {"wearer": chosen.wearer, "scopes": [each.value for each in scopes], "from_s": from_s, "until_s": until_s},
        f"{chosen.wearer}: {', '.join(each.value for each in scopes)} from {told(from_s, config.zone)}{until}.\n",
    )
    return 0


def _withdraw(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    scopes = _scopes(chosen.scope)
    ended = registry.withdraw_consent(chosen.wearer, scopes=scopes, at_s=time.time(), by=operator())
    said = [f"{chosen.wearer}: {number(ended, 'consent')} {'is' if ended == 1 else 'are'} withdrawn."]
    if ended and "care" in [each.value for each in scopes]:
        said.append("Nothing more is recorded or watched; what is kept stays until it is erased.")
    say(chosen, {"wearer": chosen.wearer, "withdrawn": ended}, " ".join(said) + "\n")
    return 0


def _list(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    found = registry.consents(chosen.wearer)
    as_json = [
        {
            "wearer": each.wearer,
            "scope": each.scope.value,
            "given_by": each.given_by,
            "from_s": each.from_s,
            "until_s": each.until_s,
            "withdrawn_s": each.withdrawn_s,
            "to_confirm": each.to_confirm,
        }
        for each in found
    ]
    say(chosen, as_json, "".join(_given_told(each, config) + "\n" for each in found) or "There is none.\n")
    return 0


_CONSENT = {"give": _give, "withdraw": _withdraw, "list": _list}


def _given_told(given: "Given", config: Config) -> str:
    until = "" if given.until_s is None else f" to {told(given.until_s, config.zone)}"
    end = "" if given.withdrawn_s is None else f", withdrawn {told(given.withdrawn_s, config.zone)}"
    confirm = ", to be confirmed: nobody gave it" if given.to_confirm else ""
    return (
        f"{given.wearer}  {given.scope.value:8}  from {told(given.from_s, config.zone)}{until}{end},"
        f" by {given.given_by}{confirm}"
    )


def _scopes(names: Sequence[str] | None) -> "list[Scope]":
    from ingest.registry.consents import Scope

    return list(Scope) if names is None else [Scope(name) for name in dict.fromkeys(names)]


def say(chosen: argparse.Namespace, as_json: Mapping[str, Any] | Sequence[Any], text: str) -> None:
    """Print one JSON value, or what a person reads."""
    sys.stdout.write(json.dumps(as_json, allow_nan=False) + "\n" if chosen.json else text)


def kept_in(here: "Installation") -> str:
    """Where the registry is, without a password."""
    url = here.config.registry.url
    if not url:
        return str(here.registry)
    import sqlalchemy as sa

    return sa.make_url(url).render_as_string(hide_password=True)
