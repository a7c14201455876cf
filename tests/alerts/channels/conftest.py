"""What the tests of channels share: one message."""

from collections.abc import Callable
from typing import Any

import pytest

from alerts.channels.channel import Message
from alerts.delivery.matter import Kind, Priority

MakeMessage = Callable[..., Message]


@pytest.fixture
def a_message() -> MakeMessage:
    """Makes an alert to Sam; what it is given replaces what it says."""

    def make(**given: Any) -> Message:  # noqa: ANN401 - its fields
        said = {
            "message_id": "bea-1700000000-1/2/sam",
            "matter_id": "bea-1700000000-1",
            "kind": Kind.ALERT,
            "priority": Priority.HIGH,
            "wearer": "bea",
            "to": "sam",
            "at_s": 1_700_000_000.25,
            "title": "Forecalm",
            "body": "Somebody at Alder House may need you now.",
            "link": "https://board.example.org/take/t0ken",
        }
        return Message(**{**said, **given})

    return make
