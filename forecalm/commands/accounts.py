"""Commands on who is let in: account, tablet, token. A service that runs takes changes up within seconds."""

import argparse
import shlex
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from forecalm.commands.moments import told
from forecalm.commands.people import say
from forecalm.commands.terminal import number, operator
from forecalm.config import Config, ConfigError
from forecalm.config import load as load_config

if TYPE_CHECKING:
    from ingest.registry.accounts import Account, Granted
    from ingest.registry.registry import Registry

Does = Callable[[argparse.Namespace, Config, "Registry"], int]
DAY_S: Final = 86_400.0
YEAR_DAYS: Final = 366  # the most that the registry takes
EVERYWHERE: Final = "everywhere"


def account(chosen: argparse.Namespace) -> int:
    """Say who signs in."""
    return _with_registry(chosen, _ACCOUNT)


def tablet(chosen: argparse.Namespace) -> int:
    """Enrol, list or revoke tablets."""
    return _with_registry(chosen, _TABLET)


def token(chosen: argparse.Namespace) -> int:
    """Make, list or revoke tokens of programs."""
    return _with_registry(chosen, _TOKEN)


def _with_registry(chosen: argparse.Namespace, do: Mapping[str, Does]) -> int:
    from forecalm.installation import Installation

    config: Config = load_config(chosen.config)
    with closing(Installation(config).open_registry()) as registry:
        return do[chosen.action](chosen, config, registry)


def _add(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    there = registry.account_named(chosen.name)
    if there is not None:
        roles = " ".join(f"--role {each}" for each in chosen.role)
        named = f"{shlex.quote(there.name)} {roles}"
        if there.ended_s is not None:
            raise ConfigError(f"{there.name} signed in here, and was ended: forecalm account reopen {named}")
        raise ConfigError(
            f"somebody signs in as {there.name} already: forecalm account roles {named} says what they are from now on,"
            f" forecalm account reset {shlex.quote(there.name)} prints another link; for somebody else choose another"
            " name"
        )
    made = registry.add_account(chosen.name, _grants(chosen.role, config), by=operator())
    return _invited(chosen, config, registry, made)


def _reopen(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    there = _named(registry, chosen.name)
    made = registry.reopen_account(there.id, _grants(chosen.role, config), by=operator())
    return _invited(chosen, config, registry, made)


def _invited(chosen: argparse.Namespace, config: Config, registry: "Registry", made: "Account") -> int:
    key, link = registry.invite(made.id, by=operator())
    way, until = _way(config, "welcome", key), told(link.until_s, config.zone)
    said = f"{made.name} chooses a password there, once, until {until}:\n{way}\n"
    say(chosen, {**_facts(made), "link": way, "until_s": link.until_s}, said)
    return 0


def _roles(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    there = _named(registry, chosen.name)
    now = registry.set_grants(there.id, _grants(chosen.role, config), by=operator())
    say(chosen, _facts(now), f"{_line(now)}\n")
    return 0


def _reset(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    there = _named(registry, chosen.name)
    if chosen.factor:
        registry.set_factor(there.id, None, by=operator())
    if chosen.now:
        registry.end_sign_ins(there.id, by=operator())
    key, link = registry.reset(there.id, by=operator())
    way, until = _way(config, "welcome", key), told(link.until_s, config.zone)
    say(chosen, {**_facts(there), "link": way, "until_s": link.until_s}, f"It works once, until {until}:\n{way}\n")
    return 0


def _end(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    there = _named(registry, chosen.name)
    registry.end_account(there.id, by=operator())
    say(chosen, _facts(registry.account(there.id)), f"{there.name} is let in no more.\n")
    return 0


def _list(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    known, sessions = registry.accounts(), registry.sign_ins()
    facts = [{**_facts(each), "signed_in": sum(one.account == each.id for one in sessions)} for each in known]
    lines = [f"{_line(each)}{_on(fact['signed_in'])}\n" for each, fact in zip(known, facts, strict=True)]
    say(chosen, facts, "".join(lines) or "Nobody signs in yet: forecalm serve prints a link for the first.\n")
    return 0


def _enrol(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    site = chosen.site or config.site.name
    key, link = registry.invite_tablet(site, name=chosen.name, shows_names=chosen.names, by=operator())
    way, until = _way(config, "tablet", key), told(link.until_s, config.zone)
    say(
        chosen,
        {"site": site, "link": way, "until_s": link.until_s},
        f"Open it on the tablet, once, until {until}:\n{way}\n",
    )
    return 0


def _tablets(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    facts, lines = [], []
    for each in registry.enrolled_tablets():
        named = {"id": each.id, "name": each.name, "site": each.site, "shows_names": each.shows_names}
        facts.append({**named, "since_s": each.since_s, "seen_s": each.seen_s, "revoked_s": each.revoked_s})
        ended = ", revoked" if each.revoked_s is not None else ""
        lines.append(f"{each.id}  {each.name} at {each.site}, seen {told(each.seen_s, config.zone)}{ended}\n")
    say(chosen, facts, "".join(lines) or "No tablet is enrolled yet.\n")
    return 0


def _revoke_tablet(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    if not registry.revoke_tablet(chosen.tablet, by=operator()):
        raise ConfigError(f"{chosen.tablet!r} is no tablet that is enrolled: forecalm tablet list")
    say(chosen, {"revoked": chosen.tablet}, f"{chosen.tablet} is let in no more.\n")
    return 0


def _add_token(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    if chosen.days is None:
        raise ConfigError("--days: a token always ends: say a number of days")
    (grant,) = _grants([chosen.role], config)
    if grant.role == "administrator":
        raise ConfigError("--role: a token lies in a file, so none is an administrator's; a person signs in for that")
    if not 0 < chosen.days <= YEAR_DAYS:
        raise ConfigError(f"--days: a token holds for a year from now at most, not {chosen.days:g} days")
    until_s = time.time() + chosen.days * DAY_S
    key, made = registry.add_token(chosen.name, role=grant.role, site=grant.site, until_s=until_s, by=operator())
    said = f"It is not shown again, and holds until {told(until_s, config.zone)}:\n{key}\n"
    say(chosen, {"id": made.id, "token": key, "role": made.role, "site": made.site, "until_s": until_s}, said)
    return 0


def _tokens(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    facts, lines = [], []
    for each in registry.machine_tokens():
        named = {"id": each.id, "name": each.name, "role": each.role, "site": each.site}
        facts.append({**named, "until_s": each.until_s, "used_s": each.used_s, "revoked_s": each.revoked_s})
        used = f"used {told(each.used_s, config.zone)}" if each.used_s is not None else "never used"
        ended = ", revoked" if each.revoked_s is not None else f", until {told(each.until_s, config.zone)}"
        lines.append(f"{each.id}  {each.name}: {each.role} at {each.site}, {used}{ended}\n")
    say(chosen, facts, "".join(lines) or "No program has a token yet.\n")
    return 0


def _revoke_token(chosen: argparse.Namespace, config: Config, registry: "Registry") -> int:
    if not registry.revoke_token(chosen.token, by=operator()):
        raise ConfigError(f"{chosen.token!r} is no token that holds: forecalm token list")
    say(chosen, {"revoked": chosen.token}, f"{chosen.token} lets nobody in any more.\n")
    return 0


def _named(registry: "Registry", name: str) -> "Account":
    there = registry.account_named(name)
    if there is None:
        raise ConfigError(f"nobody signs in as {name!r}: forecalm account list")
    return there


def _grants(said: list[str], config: Config) -> "list[Granted]":
    """Roles as they are written: ROLE, ROLE@SITE, ROLE@everywhere."""
    from ingest.registry import accounts

    split = [each.partition("@") for each in said]
    sites = [site or config.site.name for _, _, site in split]
    places = [accounts.EVERYWHERE if site == EVERYWHERE else site for site in sites]
    return [accounts.Granted(role, place) for (role, _, _), place in zip(split, places, strict=True)]


def _way(config: Config, page: str, key: str) -> str:
    from forecalm.certificates.secured import facts_of

    return f"{facts_of(config, now_s=time.time()).boards[0]}{page}/{key}"


def _facts(of: "Account") -> dict[str, Any]:
    return {
        "id": of.id,
        "name": of.name,
        "roles": [{"role": each.role, "site": each.site} for each in of.grants],
        "has_password": of.password is not None,
        "has_factor": of.factor is not None,
        "ended_s": of.ended_s,
    }


def _on(devices: int) -> str:
    return f"; signed in on {number(devices, 'device')}" if devices else ""


def _line(of: "Account") -> str:
    roles = ", ".join(f"{each.role} {'everywhere' if each.site == '*' else f'at {each.site}'}" for each in of.grants)
    how = "ended" if of.ended_s is not None else "no password yet" if of.password is None else "signs in"
    return f"{of.name}: {roles or 'nothing'}; {how}{', with a second factor' if of.factor is not None else ''}"


_ACCOUNT: Final[Mapping[str, Does]] = {
    "add": _add,
    "list": _list,
    "roles": _roles,
    "reset": _reset,
    "end": _end,
    "reopen": _reopen,
}
_TABLET: Final[Mapping[str, Does]] = {"enrol": _enrol, "list": _tablets, "revoke": _revoke_tablet}
_TOKEN: Final[Mapping[str, Does]] = {"add": _add_token, "list": _tokens, "revoke": _revoke_token}
