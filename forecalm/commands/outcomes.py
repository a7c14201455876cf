"""Commands on what carers say it was: outcome list, add, correct, helped.

The journal belongs to a service that runs: then it is asked. Where none runs, the journal is opened here.
"""

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from forecalm.commands.carers import known_as
from forecalm.commands.moments import moment, told
from forecalm.commands.people import say
from forecalm.commands.terminal import number
from forecalm.config import Config, ConfigError
from forecalm.config import load as load_config

if TYPE_CHECKING:
    from alerts.outcomes.events import OutcomeTold
    from alerts.outcomes.outcomes import Outcomes
    from forecalm.installation import Installation

MINUTE_S: Final = 60.0

Said = Mapping[str, Any]
"""An outcome as the service says it: the fields of ``OutcomeTold``."""


def outcome(chosen: argparse.Namespace) -> int:
    """List, enter or correct outcomes; count what helped."""
    from forecalm.installation import Installation

    config: Config = load_config(chosen.config)
    return _DO[chosen.action](chosen, config, Installation(config))


def _list(chosen: argparse.Namespace, config: Config, here: "Installation") -> int:
    with _books(here) as books:
        found = _of(books, here, chosen.wearer)
    lines = [_told(each, config, found) for each in found]
    say(chosen, list(found), "".join(lines) or f"Nobody has told of {chosen.wearer} yet.\n")
    return 0


def _helped(chosen: argparse.Namespace, _: Config, here: "Installation") -> int:
    import msgspec

    from alerts.outcomes.events import OutcomeTold
    from alerts.outcomes.helped import what_helped

    with _books(here) as books:
        found = _of(books, here, chosen.wearer)
    corrected = {each["corrects"] for each in found}
    holding = [msgspec.convert(each, OutcomeTold) for each in found if each["outcome_id"] not in corrected]
    counts = what_helped(holding)
    lines = [
        f"{each.what}: {each.times} of {number(each.of, 'time')}, calm after {each.calm_after_s / MINUTE_S:.0f} min"
        " (the middle one)\n"
        for each in counts
    ]
    say(chosen, [asdict(each) for each in counts], "".join(lines) or "Nobody has said what helped yet.\n")
    return 0


def _add(chosen: argparse.Namespace, config: Config, here: "Installation") -> int:
    if chosen.began is None and chosen.alert is None:
        raise ConfigError("--began: say when it began, for no alert says so")
    said = _given(chosen, config)
    with _books(here) as books:
        if books is None:
            path = f"/alerts/{chosen.alert}/outcome" if chosen.alert else f"/wearers/{chosen.wearer}/outcomes"
            kept = _ask(here, "POST", path, said)
        else:
            _require_wearer(here, chosen.wearer)
            kept = _as_said(books.tell(chosen.wearer, alert_id=chosen.alert or "", at_s=time.time(), **said))
            _enter(books)
    say(chosen, kept, _told(kept, config, [kept]))
    return 0


def _correct(chosen: argparse.Namespace, config: Config, here: "Installation") -> int:
    said = _given(chosen, config)
    with _books(here) as books:
        if books is None:
            kept = _ask(here, "POST", f"/outcomes/{chosen.outcome_id}/correct", said)
        else:
            kept = _as_said(books.correct(chosen.outcome_id, at_s=time.time(), **said))
            _enter(books)
    say(chosen, kept, _told(kept, config, [kept]))
    return 0


_DO = {"list": _list, "helped": _helped, "add": _add, "correct": _correct}


@contextmanager
def _books(here: "Installation") -> "Iterator[Outcomes | None]":
    """The outcomes of an installation whose service does not run; None where it does, and must be asked."""
    from alerts.errors import JournalError
    from alerts.journal import Journal
    from alerts.outcomes.outcomes import Outcomes

    try:
        journal = Journal(here.journal)
    except JournalError as error:
        if "another process" not in str(error):
            raise
        yield None
        return
    with closing(journal), closing(here.open_registry()) as registry:
        yield Outcomes(journal, registry)


def _enter(books: "Outcomes") -> None:
    if books.enter():
        raise ConfigError("it is in the journal; the registry is away, and the next start makes a label of it")


def _of(books: "Outcomes | None", here: "Installation", wearer: str) -> list[Said]:
    if books is None:
        found: list[Said] = _ask(here, "GET", f"/wearers/{wearer}/outcomes", None)
        return found
    _require_wearer(here, wearer)
    return [_as_said(each) for each in books.of(wearer)]


def _require_wearer(here: "Installation", wearer: str) -> None:
    with closing(here.open_registry()) as registry:
        if wearer not in registry.wearers():
            raise ConfigError(f"{wearer!r} is no wearer of this installation")


def _ask(here: "Installation", method: str, path: str, body: Said | None) -> Any:  # noqa: ANN401 - as JSON has it
    from forecalm.asking import Asking

    return Asking(here.config).ask(method, path, body)


def _given(chosen: argparse.Namespace, config: Config) -> dict[str, Any]:
    began, ended = (
        None if text is None else moment(text, config.zone, option)
        for text, option in ((chosen.began, "--began"), (chosen.ended, "--ended"))
    )
    return {
        "by": known_as(chosen.by, config),
        "what": chosen.what,
        "helped": chosen.helped or [],
        "began_s": began,
        "uncertainty_s": chosen.uncertainty,
        "ended_s": ended,
    }


def _as_said(told: "OutcomeTold") -> Said:
    import msgspec

    said: dict[str, Any] = msgspec.to_builtins(told)
    said.pop("event", None)
    return said


def _told(said: Said, config: Config, among: Sequence[Said]) -> str:
    corrected = any(each["corrects"] == said["outcome_id"] for each in among)
    parts = (
        said["outcome_id"],
        said["what"],
        f"{told(said['began_s'], config.zone)} to {told(said['ended_s'], config.zone)}",
        f"give or take {said['uncertainty_s']:g} s",
        f"by {said['by']}",
        "of an alert" if said["alert_id"] else "no alert",
        f"helped: {', '.join(said['helped'])}" if said["helped"] else "",
        "corrected since" if corrected else "",
    )
    return "  ".join(part for part in parts if part) + "\n"
