"""A message in; the topic and the CloudEvent (1.0, structured JSON) that tells the house's broker of it out. Pure."""

import json
from datetime import UTC, datetime
from typing import Final

from alerts.channels.channel import Message
from alerts.channels.saying import titled
from alerts.channels.shade import shade
from ingest.ids import is_id

CONTENT_TYPE: Final = "application/json"


def level(pseudonym: str) -> str:
    """``pseudonym`` as one level of a topic; what cannot stand in one is replaced by what stands for it."""
    return pseudonym if is_id(pseudonym) else shade(pseudonym)


def topic(site: str, wearer: str) -> str:
    """Where alerts of ``wearer`` are told; "" is the house, one level above."""
    base = f"forecalm/v1/{site}/alert"
    return f"{base}/{level(wearer)}" if wearer else base


def event(site: str, message: Message) -> bytes:
    """``message`` as a CloudEvent.

    ``id`` stays the same for a repeat, so that whoever listens can tell one. ``type`` is
    ``forecalm.{kind}.begun``, or ``….over`` once somebody has it or it is over. ``subject`` is the pseudonym, absent
    for the house. No link is told: whoever hears the broker could take the matter by it.
    """
    kind = message.kind.replace(" ", "_")
    told = {
        "specversion": "1.0",
        "id": shade(message.message_id),
        "source": f"/forecalm/{site}",
        "type": f"forecalm.{kind}.{'over' if message.over else 'begun'}",
        "time": datetime.fromtimestamp(message.at_s, UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": CONTENT_TYPE,
        "data": {
            "matter_id": message.matter_id,
            "priority": message.priority,
            "title": titled(message),
            "body": message.body,
            "repeat": message.repeat,
        },
    }
    if message.wearer:
        told["subject"] = message.wearer
    return json.dumps(told, ensure_ascii=False).encode()
