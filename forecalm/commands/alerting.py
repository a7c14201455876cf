"""Commands on by which rules a site's alerts are told: alerting example, show, check, set, history, default, test.

Addresses hold keys and telephone numbers: they are shown only where somebody asks for secrets.
"""

import argparse
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import alerts.delivery
from forecalm.commands.moments import told
from forecalm.commands.people import say
from forecalm.config import Config, ConfigError
from forecalm.config import load as load_config

if TYPE_CHECKING:
    from alerts.delivery.rules import SiteRules
    from ingest.registry.alerting import AlertingRules
    from ingest.registry.registry import Registry

EXAMPLE: Final = Path(alerts.delivery.__file__).parent / "example.toml"
SHOWN_DIGEST: Final = 12


def alerting(chosen: argparse.Namespace) -> int:
    """Print, show, check or set a site's alerting rules, or try one of its channels."""
    from forecalm.installation import Installation

    if chosen.action == "example":
        sys.stdout.write(EXAMPLE.read_text())
        return 0
    config: Config = load_config(chosen.config)
    if chosen.action == "check":
        return _check(chosen)
    with closing(Installation(config).open_registry()) as registry:
        return _DO[chosen.action](chosen, config, registry)


def _check(chosen: argparse.Namespace) -> int:
    rules = _offered(_text_of(chosen.path), chosen.path)
    doubts = list(rules.doubts())
    text = "".join(f"Is that meant? {doubt}\n" for doubt in doubts)
    say(chosen, {"version": rules.version, "doubts": doubts}, f"{text}{chosen.path} can be used ({rules.version}).\n")
    return 0


def _set(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    text = _text_of(chosen.path)
    rules = _offered(text, chosen.path)
    doubts = list(rules.doubts())
    kept = registry.set_alerting_rules(config.site.name, text, because=chosen.because, by=chosen.by)
    said = "".join(f"Is that meant? {doubt}\n" for doubt in doubts)
    said += f"Rules {kept.number} ({rules.version}) hold from now on; what is under way goes on by those before.\n"
    say(chosen, _as_json(kept, rules) | {"doubts": doubts}, said)
    return 0


def _default(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    kept = registry.set_alerting_rules(config.site.name, None, because=chosen.because, by=chosen.by)
    say(chosen, _as_json(kept, None), "The usual rules hold from now on; those before are kept in the history.\n")
    return 0


def _show(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    kept = registry.alerting_rules(config.site.name)
    if kept is None or kept.text is None:
        say(chosen, {}, "No rules were set: tablets, and phones of whoever is on shift, are told at once.\n")
        return 0
    from alerts.delivery.written import without_secrets

    text = kept.text if chosen.secrets else without_secrets(_parsed(kept.text, f"rules {kept.number}"))
    head = f"# rules {kept.number} of {kept.site}, by {kept.by}, {told(kept.at_s, config.zone)}\n"
    say(chosen, _as_json(kept, None) | {"text": text}, f"{head}{text.rstrip()}\n")
    return 0


def _history(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    found = registry.alerting_rules_history(config.site.name)
    lines = [
        f"{each.number:6}  {told(each.at_s, config.zone)}  {each.digest[:SHOWN_DIGEST] or 'the usual rules':15}"
        f"  by {each.by}{f'  {each.because}' if each.because else ''}\n"
        for each in found
    ]
    say(chosen, [_as_json(each, None) for each in found], "".join(lines) or "No rules were ever set.\n")
    return 0


def _test(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    """Send one message that says that it is a test; the audit knows of it, not to whom."""
    from forecalm.alerting.tried import try_channel

    kept = registry.alerting_rules(config.site.name)
    rules = _parsed("" if kept is None or kept.text is None else kept.text, "the rules that hold")
    if rules.address(chosen.contact, chosen.channel) is None:
        ways = [f"{each.name} by {channel}" for each in rules.contact for channel in each.reach]
        raise ConfigError(
            f"the rules that hold reach nobody called {chosen.contact!r} by {chosen.channel!r}; they reach"
            f" {', '.join(ways) or 'no contact'}. Tablets and push messages are tried at the tablet itself"
        )
    why = try_channel(rules, to=chosen.contact, channel=chosen.channel, house=config.site.place, now_s=time.time()).why
    registry.note("test of a channel", by=chosen.by, channel=chosen.channel, went=not why)
    text = (
        f"Not told: {why}.\n" if why else f"{chosen.channel} has taken it on: ask {chosen.contact} whether it came.\n"
    )
    say(chosen, {"contact": chosen.contact, "channel": chosen.channel, "went": not why, "because": why}, text)
    return 1 if why else 0


_DO = {"set": _set, "default": _default, "show": _show, "history": _history, "test": _test}


def _as_json(kept: "AlertingRules", rules: "SiteRules | None") -> dict[str, Any]:
    said = {
        "number": kept.number,
        "site": kept.site,
        "sha256": kept.digest,
        "because": kept.because,
        "by": kept.by,
        "at_s": kept.at_s,
    }
    return said | ({} if rules is None else {"version": rules.version})


def _offered(text: str, path: Path) -> "SiteRules":
    """Rules that are not in force."""
    try:
        return _parsed(text, path)
    except ConfigError as error:
        raise ConfigError(f"{error}. Nothing was changed: what is in force stays") from None


def _parsed(text: str, path: object) -> "SiteRules":
    from alerts.delivery.rules import RulesError, parse

    try:
        return parse(text)
    except RulesError as error:
        raise ConfigError(f"{path}: {error}") from None


def _text_of(path: Path) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start}: not UTF-8; save it as UTF-8") from error
