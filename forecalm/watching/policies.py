"""The registry in, by which rules each person with a level of their own is watched out."""

from dataclasses import asdict, replace
from typing import Protocol

from alerts.policy import Policy
from ingest.registry.levels import AlertLevel, Level


class Levels(Protocol):
    """As much of the registry as is asked here."""

    def alert_levels(self) -> dict[str, AlertLevel]:
        """The level that holds now, of each wearer who has one."""
        ...


def policies_of(registry: Levels, policy: Policy) -> dict[str, Policy]:
    """Return ``policy`` with the level of each wearer who has one of their own; everybody else goes by it as it is."""
    return {wearer: by_level(policy, held) for wearer, held in registry.alert_levels().items()}


def by_level(policy: Policy, held: AlertLevel) -> Policy:
    """Return ``policy`` with a level in it: it stands in for the rules that the level was chosen for, and its version
    names both."""
    if held.level is None:
        return policy
    return replace(policy, **asdict(held.level), version=f"{held.level.of} {held.version}")


def level_of(policy: Policy) -> Level:
    """Return what of ``policy`` a level of somebody's own holds; it stands in for the rules that ``policy`` does, or
    for ``policy`` itself."""
    return Level(
        of=policy.of or policy.version,
        enter=policy.enter,
        leave=policy.leave,
        hold_s=policy.hold_s,
        settle_s=policy.settle_s,
        refractory_s=policy.refractory_s,
        fade_s=policy.fade_s,
    )
