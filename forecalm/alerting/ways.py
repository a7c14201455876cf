"""A site's rules, a registry and a broker in; the channels by which delivery reaches people outside, by name, out."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from alerts.channels.by_url import ByUrl
from alerts.channels.channel import Channel
from alerts.channels.mqtt import Mqtt
from alerts.channels.push import Device, Push
from alerts.channels.vapid import KeyFault, Vapid
from alerts.delivery.proof import MQTT, PUSH
from alerts.delivery.rules import SiteRules
from ingest.errors import IngestError
from ingest.registry.push import Subscription

log = logging.getLogger(__name__)

BY = "delivery"  # whom the audit names where a push service says that a browser has ended its subscription


class Browsers(Protocol):
    """The registry, as far as it is asked here."""

    def push_subscriptions(self, carer: str | None = None) -> list[Subscription]:
        """Every browser that is told, or those of one carer."""

    def remove_push(self, endpoint: str, *, because: str, by: str) -> bool:
        """Tell a browser no more."""


class Devices:
    """Whose devices allow messages, as the registry has it; while that is away, as it was last known."""

    def __init__(self, registry: Browsers) -> None:
        self._registry = registry
        self._known: tuple[Subscription, ...] = ()

    def refresh(self) -> None:
        """Look them up anew; raises IngestError."""
        self._known = tuple(self._registry.push_subscriptions())

    def carers(self) -> tuple[str, ...]:
        """Whoever has at least one."""
        return tuple(dict.fromkeys(each.carer for each in self._known))

    def of(self, carer: str) -> Sequence[Device]:
        """See ``alerts.channels.push.Subscriptions``."""
        return [each for each in self._known if each.carer == carer]

    def remove(self, device: Device) -> None:
        """See ``alerts.channels.push.Subscriptions``. Where the registry is away it is tried again with the next."""
        self._known = tuple(each for each in self._known if each.endpoint != device.endpoint)
        try:
            self._registry.remove_push(device.endpoint, because="ended", by=BY)
        except IngestError as error:
            log.warning("a browser that has ended its subscription stays in the registry for now: %s", error)


def contact_of(url: str) -> str:
    """Return whom push services may write to: the host of the house's page, by https; "" where it has none. Without
    port or path, which what signs for us does not take."""
    said = urlsplit(url)
    return f"https://{said.hostname}" if said.scheme == "https" and said.hostname else ""


def pushing(key: Path, devices: Devices, *, contact: str) -> tuple[Push | None, str]:
    """Return the channel of Web Push and the key that browsers subscribe with; None and "" where there is no
    ``contact``, whom push services may write to, or no key."""
    if not contact:
        return None, ""
    try:
        vapid = Vapid(key, contact=contact)
    except KeyFault as error:
        log.error("nobody is told by Web Push: %s", error)
        return None, ""
    return Push(devices, vapid), vapid.public_key


class Ways(dict[str, Channel]):
    """Every channel by its name. ``use`` makes those that rules name; none is ever taken away, so that what is under
    way ends with a reason of its own. ``rules()`` are the newest, for the address at the moment of sending."""

    def __init__(self, rules: Callable[[], SiteRules], *, push: Push | None, mqtt: Mqtt) -> None:
        super().__init__()
        self._rules = rules
        if push is not None:
            self[PUSH] = push
        self[MQTT] = mqtt

    def use(self, rules: SiteRules) -> None:
        """Have a channel for each name by which somebody can be reached."""
        for name in dict.fromkeys(name for contact in rules.contact for name in contact.reach):
            self.setdefault(name, ByUrl(lambda to, name=name: self._rules().address(to, name)))  # type: ignore[misc]
