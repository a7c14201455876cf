"""A registry, the journal, minutes and corrections in; what summaries for plans are folded from out."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from console.summary.facts import Facts, Minute, Sharing, SupportPlan, Written
from console.summary.spans import Spans, joined
from forecalm.installation import Installation
from forecalm.offices.day import lines_about
from forecalm.rescoring.rescoring import rescored_in
from forecalm.watching.foretold import FOLDER, kept_from, minutes_in
from ingest.registry.consents import Given, Scope
from ingest.registry.registry import Registry
from ingest.registry.stretches import end_of

log = logging.getLogger(__name__)

ASKED: Final = (Scope.SHARE, Scope.CARE, Scope.RESEARCH)
"""In whose consents it says who speaks for a person: those to share first."""

_T = TypeVar("_T")


class SummaryFacts:
    """See ``console.summary.office.Summaries``. Nothing is held in memory: a consent that was withdrawn covers nothing
    from the next look on."""

    def __init__(self, here: Installation, registry: Registry) -> None:
        self._here = here
        self._registry = registry

    def sharing(self, wearer: str, at_s: float) -> Sharing | None:
        """See ``Summaries.sharing``."""
        if wearer not in self._registry.wearers():
            return None
        given = self._registry.consents(wearer)
        holding = [it for it in given if it.scope is Scope.SHARE and it.covers(at_s) and not it.to_confirm]
        ends = [it.until_s for it in holding]
        return Sharing(
            now=bool(holding),
            until_s=None if not ends or None in ends else max(end for end in ends if end is not None),
            asked=tuple(dict.fromkeys(it.given_by for scope in ASKED for it in given if it.scope is scope)),
        )

    def facts(self, wearer: str, since_s: float, until_s: float) -> Facts:
        """See ``Summaries.facts``."""
        given = self._registry.consents(wearer)
        plan = self._registry.plan(wearer)
        folder = self._here.folder / FOLDER
        missing: list[str] = []
        return Facts(
            since_s=since_s,
            until_s=until_s,
            shared=_covered(given, Scope.SHARE),
            cared=_covered(given, Scope.CARE),
            minutes=tuple(
                Minute(
                    at_s=float(it.at_s),
                    known_s=float(it.told.known),
                    sweat_us=it.readings.sweat_us if it.readings else None,
                    pulse_bpm=it.readings.pulse_bpm if it.readings else None,
                    skin_c=it.readings.skin_c if it.readings else None,
                    movement_g=it.readings.movement_g if it.readings else None,
                )
                for it in minutes_in(folder, wearer, since_s, until_s)
            ),
            kept_s=kept_from(folder),
            events=_read(lambda: tuple(lines_about(self._here.journal, wearer)), "What happened", missing),
            notes=self._notes(wearer, since_s, until_s),
            plan=SupportPlan(helps=plan.helps, avoid=plan.avoid, by=plan.by, at_s=plan.at_s) if plan else None,
            not_theirs=frozenset(
                _read(lambda: tuple(_not_theirs(self._here.rescored, wearer)), "Who wore which band", missing)
            ),
            names=self._others(wearer),
            missing=tuple(missing),
        )

    def _notes(self, wearer: str, since_s: float, until_s: float) -> tuple[Written, ...]:
        noted = self._registry.day_notes(wearer, since_s, until_s)
        return tuple(Written(number=number, at_s=it.start_s, text=it.note) for number, it in noted.items())

    def _others(self, wearer: str) -> tuple[str, ...]:
        """Return everybody else's names and pseudonyms, as far as the house knows them."""
        registry = self._registry
        names = {who: name for who, name in registry.names().items() if who != wearer}
        accounts = [account.name for account in registry.accounts()]
        return tuple(dict.fromkeys([*names.values(), *names, *registry.carers(), *accounts]))


def _covered(given: list[Given], scope: Scope) -> Spans:
    """Return what consents that hold cover; one that nobody gave, which an earlier version carried over, allows care
    as before, and nothing to leave the house."""
    return joined(
        (it.from_s, end_of(it.until_s))
        for it in given
        if it.scope is scope and it.withdrawn_s is None and not (it.to_confirm and scope is Scope.SHARE)
    )


def _not_theirs(folder: Path, wearer: str) -> list[str]:
    return [alert.alert_id for it in rescored_in(folder, wearer) for alert in it.not_theirs if alert.alert_id]


def _read(look: Callable[[], tuple[_T, ...]], what: str, missing: list[str]) -> tuple[_T, ...]:
    try:
        return look()
    except (OSError, msgspec.MsgspecError) as error:
        log.error("a summary is made without a part of it: %s", type(error).__name__)
        missing.append(f"{what} cannot be looked up now: this summary is not whole.")
        return ()
