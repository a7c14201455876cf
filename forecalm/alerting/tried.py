"""A site's rules and one receiver in; a message that says that it is a test, really sent, and its outcome, out."""

import secrets
import time
from collections.abc import Callable

from alerts.alarm_words import PRIORITIES
from alerts.channels.by_url import ByUrl
from alerts.channels.channel import Channel, ChannelError, Message
from alerts.channels.saying import say
from alerts.delivery.matter import Kind, Matter
from alerts.delivery.rules import SiteRules
from console.administration.office import Tried


def test_message(to: str, rules: SiteRules, *, house: str, now_s: float) -> Message:
    """Return what a service says of a matter that is a test at ``now_s`` [UTC s], so that an alert looks like it."""
    name = f"test-{secrets.token_hex(8)}"
    matter = Matter(matter_id=name, kind=Kind.TEST, priority=PRIORITIES[Kind.TEST], wearer="", since_s=now_s, words=())
    title, body = say(matter, rules.privacy, house=house)
    return Message(
        message_id=name,
        matter_id=name,
        kind=matter.kind,
        priority=matter.priority,
        wearer="",
        to=to,
        at_s=now_s,
        title=title,
        body=body,
    )


def try_channel(
    rules: SiteRules,
    *,
    to: str,
    channel: str,
    house: str,
    now_s: float,
    push: Channel | None = None,
    steady: Callable[[], float] = time.monotonic,
) -> Tried:
    """Send the test, through ``push`` where there is one given, else by the address that the rules have."""
    way = push or ByUrl(lambda name: rules.address(name, channel))
    began_s = steady()
    try:
        way.send(test_message(to, rules, house=house, now_s=now_s))
    except ChannelError as error:
        return Tried(str(error), steady() - began_s)
    return Tried("", steady() - began_s)
