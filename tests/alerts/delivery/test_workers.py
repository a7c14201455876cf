"""Messages are handed on by threads of each channel's own, alerts before all else."""

import threading
from dataclasses import replace

from alerts.channels.channel import Message
from alerts.delivery.matter import Kind, Priority
from alerts.delivery.workers import Workers
from tests.servers import LONG_S

NOTICE = Message(
    message_id="n",
    matter_id="n",
    kind=Kind.PROTECTION,
    priority=Priority.MEDIUM,
    wearer="w1",
    to="Sam",
    at_s=0.0,
    title="",
    body="",
)
ALERT = replace(NOTICE, message_id="a", matter_id="a", kind=Kind.ALERT, priority=Priority.HIGH)


class Hangs:
    """A service that answers to notices only when it is told to."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def send(self, message: Message) -> None:
        if message.priority is not Priority.HIGH:
            self.go.wait()


def test_an_alert_waits_behind_no_notice_of_its_channel_however_many_and_though_all_of_them_hang() -> None:
    workers, hangs, went = Workers(), Hangs(), threading.Event()
    for number in range(1_000):
        workers.hand(number, "phone", hangs, NOTICE, lambda _: None)
    workers.hand("alert", "phone", hangs, ALERT, lambda _: went.set())
    assert went.wait(LONG_S)
    hangs.go.set()
