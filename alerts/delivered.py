"""A journal's history in; the same out, with what the desk could not write of alerts as delivery's lines tell it.

A disk may refuse the desk's line, take delivery's, and then the service is killed: whoever is being told of an alert
must find it on a board, and of what somebody has nobody is to be told again.
"""

import math
from collections.abc import Iterable, Iterator

from alerts.delivery.events import DeliveryBegun, DeliveryEnded
from alerts.delivery.matter import Kind
from alerts.events import Event
from alerts.situation_events import AlertAcknowledged, AlertRaised


def with_delivered(history: Iterable[Event]) -> Iterator[Event]:
    """Yield ``history``, oldest first, and where a line of the desk is missing in it, what stands in for that.

    An alert whose delivery began was raised: its probability is NaN, its rules and model are "", for nobody knows them.
    Whoever ended a delivery has the alert: that stands in no journal unless a person said so.
    """
    events = tuple(history)
    raised = {event.alert_id for event in events if isinstance(event, AlertRaised)}
    taken = {event.alert_id for event in events if isinstance(event, AlertAcknowledged)}
    known: set[str] = set()
    early: dict[str, AlertAcknowledged] = {}  # taken in lines before the one that raised it, which came late
    for event in events:
        yield event
        match event:
            case AlertRaised():
                known.add(event.alert_id)
                if event.alert_id in early:
                    yield early.pop(event.alert_id)
            case DeliveryBegun() if event.kind is Kind.ALERT and event.matter_id not in raised:
                raised.add(event.matter_id)
                known.add(event.matter_id)
                yield _raised(event)
            case DeliveryEnded() if event.by and event.matter_id not in taken:
                taken.add(event.matter_id)
                has = AlertAcknowledged(wearer=event.wearer, at_s=event.at_s, alert_id=event.matter_id, by=event.by)
                if event.matter_id in known:
                    yield has
                elif event.matter_id in raised:
                    early[event.matter_id] = has


def _raised(begun: DeliveryBegun) -> AlertRaised:
    return AlertRaised(
        wearer=begun.wearer,
        at_s=begun.at_s if begun.since_s is None else begun.since_s,
        alert_id=begun.matter_id,
        probability=math.nan,
        reasons=begun.words,
        policy="",
        model="",
    )
