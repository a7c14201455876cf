"""How people are cared for in: levels, support plans, alerting rules, phones; what holds and held out."""

import time
from collections.abc import Callable, Sequence

from ingest.registry import alerting, audit, levels, plans, push
from ingest.registry.alerting import AlertingRules
from ingest.registry.checks import is_there
from ingest.registry.face import Face
from ingest.registry.levels import AlertLevel, Level
from ingest.registry.plans import Plan
from ingest.registry.push import Owner, Subscription
from ingest.registry.refusals import Refusals
from ingest.registry.tables import WEARER


class Caring(Face):
    """What alerts go by, what helps, whom a phone tells, and what was refused."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(url, clock=clock)
        self._refusals = Refusals()

    # Alert levels

    def set_alert_level(
        self, wearer: str, level: Level | None, *, per_day: float | None = None, lost: int = 0, by: str
    ) -> AlertLevel:
        """Say when signs of ``wearer`` count as high, from now on; None: as for everybody again. ``per_day`` and
        ``lost`` say how it was chosen: see ``AlertLevel``."""
        with self._writing(by) as writing:
            return levels.enter(writing, wearer, level, per_day=per_day, lost=lost)

    def alert_levels(self) -> dict[str, AlertLevel]:
        """The level that holds now, of each wearer who has one of their own."""
        with self._reading() as connection:
            return levels.in_force(connection)

    def alert_level_history(self, wearer: str) -> list[AlertLevel]:
        """Every level that was entered for a wearer, the oldest first."""
        with self._reading() as connection:
            return levels.history(connection, wearer)

    # Support plans

    def set_plan(self, wearer: str, *, helps: Sequence[str], avoid: Sequence[str], by: str) -> Plan:
        """Write what helps a wearer and what to avoid, a line each, in any language; both empty: there is no plan any
        more. The plan before is kept. Saying again what is so changes nothing."""
        with self._writing(by) as writing:
            return plans.write(writing, wearer, helps=helps, avoid=avoid)

    def plan(self, wearer: str) -> Plan | None:
        """The plan that holds for a wearer; None: there is none."""
        return self.plans().get(wearer)

    def plans(self) -> dict[str, Plan]:
        """The plan that holds, of each wearer who has one."""
        with self._reading() as connection:
            return plans.in_force(connection)

    def plan_history(self, wearer: str) -> list[Plan]:
        """Every plan that was written for a wearer, the oldest first."""
        with self._reading() as connection:
            return plans.history(connection, wearer)

    # Alerting rules

    def set_alerting_rules(self, site: str, text: str | None, *, because: str = "", by: str) -> AlertingRules:
        """Say by which rules a site's alerts are told from now on, as ``because`` says; None: by those of a house that
        never said any. Whoever sets them has read them before: what does not parse must not come here."""
        with self._writing(by) as writing:
            return alerting.enter(writing, site, text, because=because)

    def alerting_rules(self, site: str) -> AlertingRules | None:
        """The rules that hold for a site; None: none were ever set, or the last is that none hold."""
        with self._reading() as connection:
            found = alerting.in_force(connection, site)
        return None if found is None or found.text is None else found

    def alerting_rules_history(self, site: str) -> list[AlertingRules]:
        """Every version that was set for a site, the oldest first."""
        with self._reading() as connection:
            return alerting.history(connection, site)

    # Web Push

    def add_push(self, *, endpoint: str, p256dh: str, auth: str, carer: str, tablet: str, by: str) -> Subscription:
        """Let a carer be told in one more browser. It takes the place of what the same carer had on the same tablet,
        of whoever had this endpoint, and of the oldest where a tablet has too many. Raises RegistryError, naming the
        field, for what no browser sends, and where a carer is told in too many already."""
        with self._writing(by) as writing:
            return push.add(writing, endpoint=endpoint, p256dh=p256dh, auth=auth, carer=carer, tablet=tablet)

    def remove_push(self, endpoint: str, *, because: str, by: str, owner: Owner | None = None) -> bool:
        """Tell a browser no more; False: nobody was told there, or it is not ``owner``'s, where one is given.
        ``because`` names no person and holds no secret."""
        with self._writing(by) as writing:
            return push.remove(writing, endpoint, because=because, owner=owner)

    def push_subscriptions(self, carer: str | None = None) -> list[Subscription]:
        """Every browser that is told, or those of one carer, the oldest first."""
        with self._reading() as connection:
            return push.subscriptions(connection, carer)

    # What was refused

    def note_refusal(self, action: str, *, wearer: str | None = None, by: str, **detail: audit.Json) -> bool:
        """Enter in the audit that an act was refused (a forged or expired acknowledgement); False: so many of this kind
        were in the last hour that this one is only counted, and the next that is entered says how many were. ``wearer``
        may be nobody: then it is entered without one. ``by`` and ``detail`` name nobody and hold no secret."""
        left_out = self._refusals.admit(action, self._clock(), by=by)
        if left_out is None:
            return False
        with self._writing(by) as writing:
            known = wearer is not None and is_there(writing.connection, WEARER.c.pseudonym, wearer)
            more = {"left_out": left_out} if left_out else {}
            writing.record(action, wearer=wearer if known else None, **detail, **more)
        return True
