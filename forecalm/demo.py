"""Nothing in, the whole system running on simulated bands out: broker, six invented wearers, pipeline and board."""

import json
import logging
import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Self
from zoneinfo import available_timezones

import numpy as np
from msgspec.structs import replace

from alerts.desk import Desk
from alerts.duty.duty import SHIFT_S
from alerts.journal import Scratch
from alerts.policy import Policy
from console.access import passwords
from console.access.command_line import shown
from device_sim.past import past_packets
from device_sim.scenario import Scenario
from device_sim.scenario import load as load_scenario
from forecalm.build import Service
from forecalm.client import BoardClient
from forecalm.config import Config, ConsoleSection, MqttSection, SiteSection
from forecalm.installation import Installation
from forecalm.live import save_learnt
from forecalm.peers import Peer, PeerError, free_port
from forecalm.pipeline import Pipeline, warm
from ingest.clock.clocks import Clocks
from ingest.received import Received
from ingest.registry.accounts import EVERYWHERE, ROLES, Granted
from ingest.registry.accounts_links import Purpose
from ingest.registry.consents import Consent, Scope
from ingest.wire import Packet, encode

log = logging.getLogger(__name__)

SEED: Final = 11
NAMES: Final = ("Aidan", "Bea", "Callum", "Esme", "Femi", "Noor")  # invented
CARERS: Final = ("Jo", "Maryam", "Sam")  # invented
SOMEBODY: Final = "Robin"  # invented: is everything in this house
KNOWN_S: Final = 30 * 86_400  # since when they wear their bands: far longer than any past that is simulated
SETTLE_S: Final = 30.0  # after the last message, for the last commit; a bound, never waited out where things work
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a demo came to; ``lost`` counts samples that were sent and are not in the store."""

    wearers: int
    messages: int
    samples: int
    lost: int
    alerts: int
    acknowledged: int
    latency_ms: dict[str, float | None]

    @property
    def good(self) -> bool:
        """Nothing lost, and at least one alert raised and taken."""
        return self.lost == 0 and self.messages > 0 and self.alerts > 0 and self.acknowledged > 0


class Demo:
    """The running demo. Use as a context manager; leaving it stops everything in order."""

    def __init__(self, *, scenario: str, port: int | None, say: Say) -> None:
        self._scenario = load_scenario(scenario)
        self._scenario_name = scenario
        self._port = port
        self._say = say

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        config = Config(
            data=stack.enter_context(tempfile.TemporaryDirectory(prefix="forecalm-demo-")),
            site=SiteSection(name="demo", place="Alder House (demo)", time_zone=_local_zone()),
            mqtt=MqttSection(port=free_port()),
        )
        port, user = str(config.mqtt.port), f"{config.mqtt.username}:{config.mqtt.password}"
        self._broker = stack.enter_context(Peer("broker", "broker", "--port", port, "--user", user))
        wearers = people(Installation(config), self._scenario.wearers)
        self._say("Getting ready: at the first start on a machine, about half a minute of compiling")
        warm()
        self._say(
            f"Learning what is usual for each wearer from {self._scenario.past_s // 60} minutes of simulated past"
        )
        learn_past(Installation(config), wearers, self._scenario)
        self._broker.wait_for_port(config.mqtt.port)
        board = self._port or free_port(ConsoleSection().port)  # only now: compiling and learning take a minute
        config = replace(config, console=ConsoleSection(port=board))
        self.service = stack.enter_context(Service(config))
        self.service.wait_until_subscribed()
        self.way_in, self.password = let_in(Installation(config), self.service)
        self.shown = partial(sealed, Installation(config))
        begin_shift(self.service)
        what = ("--scenario", self._scenario_name, "--seed", str(SEED))
        where = ("--site", config.site.name, "--port", port, "--user", user)
        self._bands = stack.enter_context(Peer("simulated bands", "simulate", *what, *where, "--json"))

    def works(self) -> bool:
        """Whether everything that was started still runs."""
        return self._broker.running() and self._bands.running() and self.service.works()

    def finish(self, client: BoardClient) -> Outcome:
        """Stop the bands, wait for the last commit, and compare what they sent with what is stored."""
        sent = json.loads(self._bands.stop(within_s=30.0) or "{}")
        if not sent:
            raise PeerError("the simulated bands did not say what they sent")
        deadline = time.monotonic() + SETTLE_S
        while (lost := self._lost(sent)) and time.monotonic() < deadline:
            time.sleep(0.1)
        client.stop()
        late = np.array(client.latency_ms)
        return Outcome(
            wearers=len(sent["bands"]),
            messages=sum(band["packets"] for band in sent["bands"]),
            samples=sum(sum(band["samples"].values()) for band in sent["bands"]),
            lost=lost,
            alerts=len(client.alerts),
            acknowledged=len(client.acknowledged),
            latency_ms={
                "p50": round(float(np.quantile(late, 0.5)), 1) if late.size else None,
                "p99": round(float(np.quantile(late, 0.99)), 1) if late.size else None,
            },
        )

    def _lost(self, sent: dict[str, Any]) -> int:
        """How many samples are not in the store exactly once, compared band by band and channel by channel."""
        lost = 0
        for band in sent["bands"]:
            stored: Counter[str] = Counter()
            for received in self.service.store.packets(band["band"]):
                if received.packet.boot == band["boot"]:
                    stored.update({block.channel: block.values.shape[-1] for block in received.blocks()})
            lost += sum(abs(count - stored[channel]) for channel, count in band["samples"].items())
        return lost


def _local_zone() -> str:
    """The zone of this machine, for the board's clock; UTC where it does not say."""
    link = Path("/etc/localtime")
    name = str(link.resolve()).partition("zoneinfo/")[2] if link.is_symlink() else ""
    return name if name in available_timezones() else "UTC"


def begin_shift(service: Service) -> None:
    """Let somebody have everybody for the day."""
    now_s = time.time()
    service.alerting.duty.begin(CARERS[0], (), until_s=now_s + SHIFT_S, by="demo", at_s=now_s)


def let_in(here: Installation, service: Service) -> tuple[str, str]:
    """Enter somebody who is everything; return a link that signs them in once, and their password for later."""
    password = " ".join(secrets.token_hex(2) for _ in range(4))
    with closing(here.open_registry()) as registry:
        account = registry.add_account(SOMEBODY, [Granted(role, EVERYWHERE) for role in ROLES], by="demo")
        registry.set_password(account.id, passwords.encoded(password), by="demo")
        token, _ = registry.make_link(Purpose.SIGN_IN, account.id, by="demo")
    return f"{service.address}welcome/{token}", password


def sealed(here: Installation) -> str:
    """Return the header by which the scripted carer is let in."""
    return shown(here.secret(), time.time())


def people(here: Installation, wearers: int) -> list[str]:
    """Enter invented wearers, who agreed and wear their bands since a month ago, and their carers; return the wearers'
    pseudonyms."""
    since_s = float(round(time.time()) - KNOWN_S)
    pseudonyms = [f"w-{number:02}" for number in range(1, wearers + 1)]
    with closing(here.open_registry()) as registry:
        for number, wearer in enumerate(pseudonyms, 1):
            band = f"band-{number:02}"
            registry.pair(
                band=band,
                wearer=wearer,
                since_s=since_s,
                name=NAMES[number - 1] if number <= len(NAMES) else wearer,
                carers=CARERS,
                consent=Consent(frozenset({Scope.CARE}), "simulated", since_s),
                by="demo",
            )
    return pseudonyms


def learn_past(here: Installation, wearers: Sequence[str], scenario: Scenario) -> None:
    """Push the scenario's past through the pipeline, so that everybody's usual is known when the demo begins."""
    desk = Desk(wearers=wearers, policy=Policy(), journal=Scratch(), started_s=time.time())
    pipeline = Pipeline(wearers=wearers, desk=desk)
    past = past_packets(scenario, wearers=len(wearers), seed=SEED, ends_us=round(time.time() * 1e6))
    for wearer, packets in zip(wearers, past, strict=True):
        clocks = Clocks()
        pipeline.study(wearer, [_received(clocks, packet) for packet in packets])
    save_learnt(pipeline, here.learnt)


def _received(clocks: Clocks, packet: Packet) -> Received:
    """The packet as if it had arrived when it was sent."""
    arrived_s = (packet.sent_us or 0) * 1e-6
    return Received(packet, clocks.map(packet, arrived_s), arrived_s, encode(packet))
