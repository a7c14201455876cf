"""A registry in; the alerting rules of a site, everybody's support plan, and who is no carer any more, as they were
last known out."""

import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from alerts.delivery.rules import DEFAULT, RulesError, parse
from alerts.names import called
from ingest.registry.accounts import CARER, Account
from ingest.registry.alerting import AlertingRules
from ingest.registry.plans import Plan

log = logging.getLogger(__name__)


class Source(Protocol):
    """The registry, as far as it is asked here."""

    def alerting_rules(self, site: str) -> AlertingRules | None:
        """The rules that hold for a site."""

    def alerting_rules_history(self, site: str) -> list[AlertingRules]:
        """Every version that was set for it, the oldest first."""

    def plans(self) -> dict[str, Plan]:
        """The plan of each wearer who has one."""

    def accounts(self) -> list[Account]:
        """Every account, those that were ended too."""

    def carers(self) -> list[str]:
        """The name of everybody who is a carer."""

    def set_plan(self, wearer: str, *, helps: Sequence[str], avoid: Sequence[str], by: str) -> Plan:
        """Write one."""


class Said:
    """What people have said for the alerts of ``site``, at hand though the registry is away; and since when each has
    ``left`` whose account was ended, or found to be a carer's no more [UTC s]. ``refresh`` after each of its changes.
    Rules that cannot be read change nothing: those that held go on, or at a start the newest that can be read, and the
    log says so once; it names nobody."""

    def __init__(self, registry: Source, site: str, *, clock: Callable[[], float] = time.time) -> None:
        self._registry = registry
        self._site = site
        self._clock = clock
        self._read: str | None = None
        self._plans: dict[str, Plan] = {}
        self.rules = DEFAULT
        self.left: Mapping[str, float] = {}
        self._served: set[str] = set()  # whose accounts were carers' when it was last looked

    def refresh(self) -> bool:
        """Look again, and return whether other rules hold now; raises IngestError where the registry does not
        answer."""
        self._plans = self._registry.plans()
        self.left = self._who_left()
        held = self._registry.alerting_rules(self._site)
        text = "" if held is None or held.text is None else held.text
        before, self._read = self._read, text
        if text == before:
            return False
        try:
            self.rules = parse(text)
        except RulesError as error:
            field = str(error).partition(":")[0]
            log.critical("the alerting rules cannot be used, and those before go on (%s): alerting show", field)
            return before is None and self._go_back()
        if text and (doubts := self.rules.doubts()):
            log.warning("the alerting rules hold, and %d things in them may not be meant: doctor", len(doubts))
        return True

    def _who_left(self) -> dict[str, float]:
        accounts, carers = self._registry.accounts(), self._registry.carers()  # in this order: a name comes back last
        left = {each.name: each.ended_s for each in accounts if each.ended_s is not None}
        serve = {each.name for each in accounts if any(grant.role == CARER for grant in each.grants)}
        for name in (self._served | self.left.keys()) - serve - left.keys():
            left[name] = self.left.get(name, self._clock())
        self._served = serve
        return {name: left_s for name, left_s in left.items() if called(name, carers) is None}

    def _go_back(self) -> bool:
        """Go by the newest rules that can be read; False: there are none."""
        for held in reversed(self._registry.alerting_rules_history(self._site)):
            if held.text is not None:
                with contextlib.suppress(RulesError):
                    self.rules = parse(held.text)
                    return True
        return False

    def plan(self, wearer: str) -> Plan | None:
        """What helps somebody, and what to avoid; None: nobody has said."""
        return self._plans.get(wearer)

    def plans(self) -> Mapping[str, Plan]:
        """The plan of everybody who has one."""
        return self._plans

    def set_plan(self, wearer: str, *, helps: Sequence[str], avoid: Sequence[str], by: str) -> Plan:
        """Write one; raises RegistryError."""
        plan = self._registry.set_plan(wearer, helps=helps, avoid=avoid, by=by)
        self._plans = self._registry.plans()
        return plan
