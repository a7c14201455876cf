"""A folder in; a packet a second of each of many bands, by a real gateway's sender, out.

python -m benchmarks.console.bands FOLDER SECONDS. A few bodies live once (``Lives``); many bands send what theirs did,
each from a start of its own, so that many cost the machine little, and not all need somebody at once.
"""

import sys
import time
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from device_sim.scenario import load as load_scenario
from device_sim.ward import Ward, band_name, wearer_name
from forecalm.config import Config, load
from forecalm.demo import SEED, learn_past
from forecalm.installation import Installation
from ingest.sending.broker import Broker
from ingest.sending.sender import Sender
from ingest.sending.spool import Spool
from ingest.wire import Packet

PAST_S: Final = 960  # what is usual is known after ten minutes
FIRST_S: Final = 5  # of build-ups after the start
RISE_S: Final = 60
HOLD_S: Final = 90
STATUS_S: Final = 10
SPOOL_MAX: Final = 256 << 20
LIVES: Final = "lives.json"
SCENARIO: Final = "lived.toml"


class Lives(msgspec.Struct, frozen=True, kw_only=True):
    """``bodies`` live, ``anxious`` of them through one build-up each; each has as many of ``wearers``' bands as the
    others, and the latest band begins ``span_s`` later in its body's life than the first."""

    wearers: int
    bodies: int
    anxious: int
    span_s: int

    def body_of(self, number: int) -> int:
        """Return the body (0 for the first) of the ``number``-th wearer (1 for the first)."""
        return (number - 1) % self.bodies

    @property
    def apart_s(self) -> float:
        """How much later each band of a body begins than the one before."""
        return self.span_s / -(-self.wearers // self.bodies)

    def start_of(self, number: int) -> int:
        """Return in which second of its body's life the ``number``-th band begins."""
        return int((number - 1) // self.bodies * self.apart_s)

    def scenario(self) -> str:
        """Return what the bodies live through: build-ups of all bands come evenly, one after the other."""
        lines = ['title = "A large house"', f"past_s = {PAST_S}", f"wearers = {self.bodies}", 'activity = "still"']
        for number in range(self.bodies):
            lines += ["[[wearer]]", 'responds = "both"']
            if number < self.anxious:
                start_s = self.span_s + FIRST_S + number * self.apart_s / self.anxious
                times = f"start_s = {start_s:.1f}, rise_s = {RISE_S}, hold_s = {HOLD_S}, fall_s = 60"
                lines.append(f'episode = [{{ kind = "anxiety", {times} }}]')
        return "\n".join(lines)

    def know(self, config: Config, folder: Path) -> None:
        """Let the service of ``config`` know what is usual for everybody: of each body it is learnt once, and holds
        for all its bands. Leaves in ``folder`` what ``send`` needs."""
        (folder / LIVES).write_bytes(msgspec.json.encode(self))
        (folder / SCENARIO).write_text(self.scenario())
        here = Installation(config)
        learn_past(
            here, [wearer_name(number + 1) for number in range(self.bodies)], load_scenario(str(folder / SCENARIO))
        )
        bodies = [self.body_of(number) for number in range(1, self.wearers + 1)]
        with np.load(here.learnt, allow_pickle=False) as arrays:
            learnt = {name: arrays[name][bodies] for name in arrays.files if name != "wearers"}
        learnt["wearers"] = np.array([wearer_name(number) for number in range(1, self.wearers + 1)])
        with here.learnt.open("wb") as file:
            np.savez(file, allow_pickle=False, **learnt)


def send(folder: Path, seconds: int) -> None:
    """Send for so long."""
    lives = msgspec.json.decode((folder / LIVES).read_bytes(), type=Lives)
    ward = Ward(load_scenario(str(folder / SCENARIO)), seed=SEED)
    ward.skip(PAST_S)
    packets, wearers = ward.push(lives.span_s + seconds).packets, lives.wearers
    config = load(folder / "forecalm.toml")
    mqtt = config.mqtt
    broker = Broker(mqtt.host, mqtt.port, mqtt.username, mqtt.password)
    spool = Spool.in_memory(limit=SPOOL_MAX)
    with Sender(broker, site=config.site.name, gateway="gw-0", spool=spool) as sender:
        sender.wait_online(30.0)
        begun_s = time.time()
        (folder / "sending").touch()
        for second in range(seconds):
            if second % STATUS_S == 0:
                sender.status(radio_us=None, links=wearers, links_max=wearers)
            for number in range(1, wearers + 1):
                wait_s = begun_s + second + 1 + (number - 1) / wearers - time.time()
                if wait_s > 0:
                    time.sleep(wait_s)
                sender.send(_as(packets[lives.body_of(number)][lives.start_of(number) + second], band_name(number)))


def _as(packet: Packet, band: str) -> Packet:
    return msgspec.structs.replace(packet, band=band, heard_us=round(time.time() * 1e6))


if __name__ == "__main__":
    send(Path(sys.argv[1]), int(sys.argv[2]))
