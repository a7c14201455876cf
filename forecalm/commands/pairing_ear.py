"""A site's broker in, what its gateways say and which bands are near them out."""

import time
from contextlib import ExitStack
from typing import Final

from console.errors import PairingError
from console.pairing.hearing import Hearing
from console.pairing.line import Line
from console.pairing.nearby import Found, found
from forecalm.config import Config
from ingest.registry.registry import Registry
from ingest.sending.broker import Broker

NOBODY_S: Final = 2.0  # where none was heard for so long, and none is registered, there is no gateway
SPEAK_S: Final = 11.0  # a gateway says every 10 s that it is there
LOOK_S: Final = 4.0  # bands say that they are there every second or two
BEAT_S: Final = 0.1  # how often it is looked up who is near


class Ear:
    """A site's line, and what was heard over it so far: what a broker keeps comes only once."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.hearing = Hearing()

    def listen(self) -> Hearing:
        """Take in what has arrived."""
        for heard in self.line.heard():
            self.hearing.hear(heard.topic, heard.payload, heard.at_s, retained=heard.retained)
        return self.hearing


def broker_of(config: Config) -> Broker:
    """The broker of this site, and as whom it is spoken to."""
    said = config.mqtt
    return Broker(said.host, said.port, said.username, said.password, tls=said.tls, ca=said.ca)


def ear_at(config: Config, registry: Registry, stack: ExitStack) -> Ear | None:
    """An ear for the gateways of this site until ``stack`` closes; None where none is registered or was ever heard of:
    then nothing can be confirmed. Raises PairingError where there are gateways, and the broker or all of them are
    away."""
    registered = [each.name for each in registry.gateways() if each.site == config.site.name]
    try:
        ear = Ear(stack.enter_context(Line(broker_of(config), site=config.site.name)))
    except PairingError:
        if registered:
            raise
        return None
    known, online = _gateways(ear, expected=bool(registered))
    if not online and (known or registered):
        named = ", ".join(known or registered)
        raise PairingError(f"no gateway is online ({named}): see to it, or pair with --no-confirm")
    return ear if known else None


def look_around(ear: Ear, registry: Registry, *, seconds: float) -> list[Found]:
    """Ask the gateways for so long what is nearby, and say who wears it, the best heard first."""
    end_s, asked = time.time() + seconds, set[str]()
    while time.time() < end_s:
        for each in ear.listen().gateways(time.time()):
            if each.gateway not in asked:
                asked.add(each.gateway)
                ear.line.look_at(each.gateway, seconds)
        time.sleep(BEAT_S)
    return found(ear.listen().nearby(time.time()), registry.worn(time.time()))


def _gateways(ear: Ear, *, expected: bool) -> tuple[list[str], list[str]]:
    """Which gateways the broker knows of, and which of them are there. Where some are ``expected``, or said once that
    they are there, it is awaited that one speaks."""
    began_s = time.time()
    while True:
        passed_s, heard = time.time() - began_s, ear.listen().gateways(time.time())
        perhaps = any(each.status.online for each in heard)  # it said so once; it may be gone, or its clock wrong
        if any(each.online for each in heard) or passed_s > (SPEAK_S if perhaps or expected else NOBODY_S):
            break
        time.sleep(BEAT_S / 10)
    known = ear.hearing.gateways(time.time())
    return [each.gateway for each in known], [each.gateway for each in known if each.online]
