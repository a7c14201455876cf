"""Commands on shifts: begin, offer, take and end ask the running service; show and summary read its journal."""

import argparse
import http.client
import json
import time
import urllib.parse
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from forecalm.commands.moments import moment, told
from forecalm.commands.people import say
from forecalm.commands.terminal import operator
from forecalm.config import Config, ConfigError
from forecalm.config import load as load_config

if TYPE_CHECKING:
    from alerts.duty.duty import Duty

TIMEOUT_S: Final = 10.0
"""A service that is alive answers in milliseconds, one whose disk is slow in seconds."""

SHIFTS: Final = "/api/v1/shifts"


class NotGranted(ConfigError):
    """The service refuses, or none runs."""


def shift(chosen: argparse.Namespace) -> int:
    """Say who is on shift, and hand over."""
    config: Config = load_config(chosen.config)
    return _DO[chosen.action](chosen, config)


def _begin(chosen: argparse.Namespace, config: Config) -> int:
    body = {"carer": chosen.carer, "wearers": chosen.wearers, "until_s": _until_s(chosen, config)}
    return _done(chosen, config, Service(config).post(SHIFTS, {**body, "by": chosen.by or operator()}))


def _offer(chosen: argparse.Namespace, config: Config) -> int:
    service = Service(config)
    path = f"{SHIFTS}/{_quoted(_id(chosen.shift, config))}/offer"
    return _done(chosen, config, service.post(path, {"to": chosen.to, "note": chosen.note}))


def _take(chosen: argparse.Namespace, config: Config) -> int:
    service = Service(config)
    path = f"{SHIFTS}/{_quoted(_id(chosen.shift, config))}/take"
    return _done(chosen, config, service.post(path, {"by": chosen.by, "until_s": _until_s(chosen, config)}))


def _end(chosen: argparse.Namespace, config: Config) -> int:
    service = Service(config)
    path = f"{SHIFTS}/{_quoted(_id(chosen.shift, config))}/end"
    ended = service.post(path, {"by": chosen.by or operator(), "anyway": chosen.anyway})
    say(chosen, ended, f"The shift of {ended['carer']} is over.\n")
    return 0


def _show(chosen: argparse.Namespace, config: Config) -> int:
    duty, names, watched = _read(config)
    now_s = time.time()
    runs = Service(config).runs()
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
        lines.append(f"No service answers at {_address(config)}: nobody is watched now.\n")
    say(chosen, as_json, "".join(lines))
    return 0 if runs and not alone else 1


def _summary(chosen: argparse.Namespace, config: Config) -> int:
    from alerts.duty.words import NOTICE

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
    if chosen.until is not None:
        return moment(chosen.until, config.zone, "--until")
    return time.time() + float(chosen.hours) * 3600


def _done(chosen: argparse.Namespace, config: Config, is_now: Mapping[str, Any]) -> int:
    """Say how a shift is now."""
    offered = f"; offered to {is_now['offered_to']}. Until they take it, {is_now['carer']} has them"
    said = f"{is_now['shift_id']}: {is_now['carer']} until {told(is_now['until_s'], config.zone)}"
    say(chosen, is_now, f"{said}{offered if is_now['offered_to'] else ''}.\n")
    return 0


def _address(config: Config) -> str:
    host = config.console.host
    return f"http://{f'[{host}]' if ':' in host else host}:{config.console.port}"


def _quoted(part: str) -> str:
    return urllib.parse.quote(part, safe="")


class Service:
    """The service that runs here, asked over its HTTP API, as a tablet of its own that never beats."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def runs(self) -> bool:
        """Whether one answers."""
        try:
            self._ask("GET", "/healthz", None, {})
        except NotGranted:
            return False
        return True

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Return what it answers. Raises NotGranted with its own words where it refuses, and where none runs."""
        tablet = self._ask("POST", "/api/v1/tablets", {}, {})
        return self._ask("POST", path, body, {"Authorization": f"Tablet {tablet['tablet']}.{tablet['key']}"})

    def _ask(
        self, method: str, path: str, body: Mapping[str, object] | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        console = self._config.console
        connection = http.client.HTTPConnection(console.host, console.port, timeout=TIMEOUT_S)
        sent = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, sent, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            said = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotGranted(
                f"no service answers at {_address(self._config)} ({error}): start `forecalm serve`, with the same"
                " --config; nothing has changed"
            ) from error
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST or not isinstance(said, dict):
            raise NotGranted(_why(said, answer.status))
        return said


def _why(said: object, status: int) -> str:
    """What a problem says of itself."""
    problem = said if isinstance(said, dict) else {}
    return str(problem.get("detail") or problem.get("title") or f"the service refuses that ({status})")
