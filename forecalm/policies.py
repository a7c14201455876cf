"""The registry in, by which rules each person with a level of their own is watched out."""

from dataclasses import replace
from typing import Protocol

from alerts.policy import Policy
from ingest.registry.levels import AlertLevel


class Levels(Protocol):
    """As much of the registry as is asked here."""

    def alert_levels(self) -> dict[str, AlertLevel]:
        """The level that holds now, of each wearer who has one."""
        ...


def policies_of(registry: Levels, policy: Policy) -> dict[str, Policy]:
    """Return ``policy`` with the levels of each wearer who has some of their own; everybody else goes by it."""
    return {wearer: by_level(policy, level) for wearer, level in registry.alert_levels().items()}


def by_level(policy: Policy, level: AlertLevel) -> Policy:
    """Return ``policy`` with a level in it; its version names both."""
    if level.enter is None or level.leave is None:
        return policy
    return replace(policy, enter=level.enter, leave=level.leave, version=f"{policy.version} {level.version}")
