"""What the desk wrote or shows of an alert in; the matter that is told of it, and which alerts are open, out."""

from collections.abc import Iterable

from alerts.alarm_words import PRIORITIES
from alerts.delivery.matter import Kind, Matter
from alerts.situation_events import AlertAcknowledged, AlertRaised, AlertResolved
from alerts.views import AlertView


def of_alert(alert: AlertRaised | AlertView) -> Matter:
    """Return the matter that an alert is."""
    return Matter(
        matter_id=alert.alert_id,
        kind=Kind.ALERT,
        priority=PRIORITIES[Kind.ALERT],
        wearer=alert.wearer,
        since_s=alert.at_s if isinstance(alert, AlertRaised) else alert.raised_s,
        words=alert.reasons,
    )


def of_desk(events: Iterable[object]) -> tuple[tuple[AlertRaised, ...], dict[str, str]]:
    """Return the alerts that nobody has taken or ended, and by id who has each of the others ("": over by itself)."""
    open_: dict[str, AlertRaised] = {}
    closed: dict[str, str] = {}
    for event in events:
        if isinstance(event, AlertRaised):
            open_[event.alert_id] = event
        elif isinstance(event, AlertAcknowledged | AlertResolved):
            open_.pop(event.alert_id, None)
            closed.setdefault(event.alert_id, event.by)
    return tuple(open_.values()), closed
