"""Commands on shifts: begin, offer, take and end ask the running service; show and summary read its journal."""

import argparse
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from forecalm.asking import Asking
from forecalm.commands.carers import enter, known_as
from forecalm.commands.moments import moment, told
from forecalm.commands.people import say
from forecalm.commands.terminal import operator
from forecalm.config import Config, ConfigError
from forecalm.config import load as load_config

if TYPE_CHECKING:
    from alerts.duty.duty import Duty

SHIFTS: Final = "/shifts"


def shift(chosen: argparse.Namespace) -> int:
    """Say who is on shift, and hand over."""
    config: Config = load_config(chosen.config)
    return _DO[chosen.action](chosen, config)


def _begin(chosen: argparse.Namespace, config: Config) -> int:
    (carer,) = _meant([chosen.carer], config, new=chosen.new)
    asked = {"carer": carer, "wearers": chosen.wearers, "until_s": _until_s(chosen, config)}
    asked |= {"by": chosen.by or operator(), "new": True}  # a service hears of carers a second after the registry
    is_now = _service(config).ask("POST", SHIFTS, asked)
    if chosen.new:
        enter(carer, config)
    return _done(chosen, config, is_now)


def _offer(chosen: argparse.Namespace, config: Config) -> int:
    to = ", ".join(_meant(chosen.to.split(","), config, new=chosen.new))
    path = f"{SHIFTS}/{_quoted(_id(chosen.shift, config))}/offer"
    return _done(chosen, config, _service(config).ask("POST", path, {"to": to, "note": chosen.note}))


def _take(chosen: argparse.Namespace, config: Config) -> int:
    path = f"{SHIFTS}/{_quoted(_id(chosen.shift, config))}/take"
    return _done(
        chosen, config, _service(config).ask("POST", path, {"by": chosen.by, "until_s": _until_s(chosen, config)})
    )


def _end(chosen: argparse.Namespace, config: Config) -> int:
    path = f"{SHIFTS}/{_quoted(_id(chosen.shift, config))}/end"
    ended = _service(config).ask("POST", path, {"by": chosen.by or operator(), "anyway": chosen.anyway})
    say(chosen, ended, f"The shift of {ended['carer']} is over.\n")
    return 0


def _show(chosen: argparse.Namespace, config: Config) -> int:
    duty, names, watched = _read(config)
    now_s = time.time()
    service = _service(config)
    runs = service.runs()
    on, alone = duty.shifts(), duty.uncovered(watched, now_s)
    as_json = {
        "service": runs,
        "shifts": [{**asdict(each), "overdue": each.is_overdue(now_s)} for each in on],
        "uncovered": [{"wearer": each.wearer, "since_s": each.since_s if each.before else None} for each in alone],
    }
    lines = [
        f"{each.shift_id}  {each.carer}, until {told(each.until_s, config.zone)}"
        f"{' (OVERDUE)' if each.is_overdue(now_s) else ''}: "
        f"{', '.join(names.get(wearer, wearer) for wearer in each.wearers) or 'everybody'}"
        f"{f'; offered to {each.offered_to}' if each.offered_to else ''}\n"
        for each in on
    ]
    for each in alone:
        since = f"since {told(each.since_s, config.zone)}" if each.before else "and nobody ever had"
        lines.append(f"NOBODY HAS {names.get(each.wearer, each.wearer)}, {since}\n")
    if not runs:
        lines.append(f"No service answers at {service.address}: nobody is watched now.\n")
    say(chosen, as_json, "".join(lines))
    return 0 if runs and not alone else 1


def _summary(chosen: argparse.Namespace, config: Config) -> int:
    from ingest.notice import NOTICE

    duty, _, _ = _read(config)
    shift_id = _id(chosen.shift, config)
    lines = duty.summary(shift_id)
    say(chosen, {"notice": NOTICE, **asdict(duty.account(shift_id)), "lines": lines}, "\n".join(lines) + "\n")
    return 0


_DO: Final = {"begin": _begin, "offer": _offer, "take": _take, "end": _end, "show": _show, "summary": _summary}


def _read(config: Config) -> "tuple[Duty, Mapping[str, str], tuple[str, ...]]":
    """Who has whom as the journal says, names, and who is watched; a service may run meanwhile."""
    from alerts.duty.duty import Duty
    from alerts.journal import Scratch, read
    from forecalm.installation import Installation
    from ingest.registry.registry import Registry

    here = Installation(config, look=True)
    names: dict[str, str] = {}
    watched: tuple[str, ...] = ()
    if config.registry.url or here.registry.exists():
        with closing(Registry(here.registry_url)) as registry:
            names, watched = dict(registry.names()), tuple(registry.watched())
    log = Scratch(read(here.journal))
    return Duty(log, watched=lambda: watched, names=lambda: names, zone=config.zone), names, watched


def _id(said: str, config: Config) -> str:
    """The id of a shift, or of whose name was said instead. Raises ConfigError where they are on several."""
    from alerts.names import same

    theirs = [each.shift_id for each in _read(config)[0].shifts() if same(each.carer, said)]
    if len(theirs) > 1:
        raise ConfigError(f"{said} is on {len(theirs)} shifts: say which, {' or '.join(theirs)}")
    return theirs[0] if theirs else said


def _until_s(chosen: argparse.Namespace, config: Config) -> float:
    """When a shift ends [UTC s]; what the service would refuse is refused in the words of the command line."""
    from alerts.duty.duty import SHIFT_MAX_S

    now_s, longest = time.time(), f"{SHIFT_MAX_S / 3600:.0f} hours"
    if chosen.until is None:
        if chosen.hours * 3600 > SHIFT_MAX_S:
            raise ConfigError(f"--hours {chosen.hours:g}: a shift lasts {longest} at most")
        return now_s + float(chosen.hours) * 3600
    until_s = moment(chosen.until, config.zone, "--until")
    if not now_s < until_s <= now_s + SHIFT_MAX_S:
        raise ConfigError(
            f"--until {chosen.until}: is {'past' if until_s <= now_s else 'too far off'}: name a time within {longest}"
            f" of now, {told(now_s, config.zone)}"
        )
    return until_s


def _done(chosen: argparse.Namespace, config: Config, is_now: Mapping[str, Any]) -> int:
    """Say how a shift is now."""
    offered = f"; offered to {is_now['offered_to']}. Until they take it, {is_now['carer']} has them"
    said = f"{is_now['shift_id']}: {is_now['carer']} until {told(is_now['until_s'], config.zone)}"
    say(chosen, is_now, f"{said}{offered if is_now['offered_to'] else ''}.\n")
    return 0


def _meant(names: Sequence[str], config: Config, *, new: bool) -> list[str]:
    """Return whom the house knows by those names, or, where they are said to be ``new``, the names."""
    return [known_as(each, config, "say --new", new=new) for each in names]


def _service(config: Config) -> Asking:
    return Asking(config)


def _quoted(part: str) -> str:
    return urllib.parse.quote(part, safe="")
