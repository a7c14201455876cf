"""A folder in; a packet a second of each of many bands, by a real gateway's sender, out.

python -m benchmarks.console.bands FOLDER WEARERS SECONDS. A few bodies live once (``lived``); many bands send what
theirs did, each from a start of its own, so that a thousand cost the machine little, and not all need somebody at once.
"""

import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from device_sim.scenario import load as load_scenario
from device_sim.ward import Ward, band_name
from forecalm.config import load
from ingest.sending.broker import Broker
from ingest.sending.sender import Sender
from ingest.sending.spool import Spool
from ingest.wire import Packet

BODIES: Final = 50
ANXIOUS: Final = 2  # of these, each once
SPAN_S: Final = 180  # the latest band starts so much later in its body's life than the first
PAST_S: Final = 960  # what is usual is known after ten minutes
FIRST_S: Final = 10  # of build-ups after the start
RISE_S: Final = 60
HOLD_S: Final = 90
SEED: Final = 11
STATUS_S: Final = 10
SPOOL_MAX: Final = 256 << 20


def body_of(number: int) -> int:
    """Return the body (0 for the first) of the ``number``-th wearer (1 for the first)."""
    return (number - 1) % BODIES


def start_of(number: int, wearers: int) -> int:
    """Return in which second of its body's life the ``number``-th band begins."""
    copies = -(-wearers // BODIES)
    return (number - 1) // BODIES * SPAN_S // copies


def lived() -> str:
    """Return the scenario of the bodies: some have a build-up, so that their bands' follow one after the other."""
    lines = ['title = "A large house"', f"past_s = {PAST_S}", f"wearers = {BODIES}", 'activity = "still"']
    for number in range(BODIES):
        lines += ["[[wearer]]", 'responds = "both"']
        if number < ANXIOUS:
            start_s = SPAN_S + FIRST_S + 4 * number
            episode = f'kind = "anxiety", start_s = {start_s}, rise_s = {RISE_S}, hold_s = {HOLD_S}, fall_s = 60'
            lines.append(f"episode = [{{ {episode} }}]")
    return "\n".join(lines)


def send(folder: Path, wearers: int, seconds: int) -> None:
    """Send for so long."""
    ward = Ward(load_scenario(str(folder / "lived.toml")), seed=SEED)
    ward.skip(PAST_S)
    lives = ward.push(SPAN_S + seconds).packets
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
                sender.send(_as(lives[body_of(number)][start_of(number, wearers) + second], band_name(number)))


def _as(packet: Packet, band: str) -> Packet:
    return msgspec.structs.replace(packet, band=band, heard_us=round(time.time() * 1e6))


if __name__ == "__main__":
    send(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
