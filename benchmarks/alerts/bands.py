"""Who is warm in; a packet a second of each of their bands, by a real gateway's sender and spool, out.

python -m benchmarks.alerts.bands FOLDER WEARERS. ``warm`` in the folder names who is warm, one a line; ``off`` whose
band is switched off; ``unworn`` whose lies on a table.
"""

import sys
import time
from pathlib import Path
from typing import Final

import numpy as np

from forecalm.config import load
from ingest.sending.broker import Broker
from ingest.sending.sender import Sender
from ingest.sending.spool import Spool
from ingest.wire import Packet, Samples

WARM_C: Final = 37.5
CALM_C: Final = 33.0
TABLE_C: Final = 21.0
RATE_HZ: Final = 4.0
GATEWAY: Final = "gw-0"
STATUS_S: Final = 10


def send(folder: Path, wearers: int) -> None:
    """Send until killed."""
    config = load(folder / "forecalm.toml")
    mqtt = config.mqtt
    broker = Broker(mqtt.host, mqtt.port, mqtt.username, mqtt.password)
    boot, begun_s = time.time_ns() // 1000, time.time()
    with Sender(broker, site=config.site.name, gateway=GATEWAY, spool=Spool.on_disk(folder / "spool")) as sender:
        second = 0
        while True:
            second += 1
            if second % STATUS_S == 1:
                sender.status(radio_us=None, links=wearers, links_max=wearers)
            said = {name: _names(folder / name) for name in ("warm", "off", "unworn")}
            for number in range(1, wearers + 1):
                wait_s = begun_s + second + (number - 1) / wearers - time.time()
                if wait_s > 0:
                    time.sleep(wait_s)
                wearer = f"w-{number:02}"
                if wearer not in said["off"]:
                    worn = wearer not in said["unworn"]
                    warmth = TABLE_C if not worn else WARM_C if wearer in said["warm"] else CALM_C
                    sender.send(_packet(f"band-{number:02}", boot, second, warmth, worn=worn))


def _packet(band: str, boot: int, second: int, warmth_c: float, *, worn: bool) -> Packet:
    values = np.full(round(RATE_HZ), warmth_c, "<f4").tobytes()
    return Packet(
        v=1,
        band=band,
        boot=boot,
        seq=second,
        tick_us=second * 1_000_000,
        heard_us=round(time.time() * 1e6),
        contact=worn,
        battery=80,
        temperature=Samples(rate_hz=RATE_HZ, tick_us=(second - 1) * 1_000_000, values=values),
    )


def _names(path: Path) -> frozenset[str]:
    try:
        return frozenset(path.read_text().split())
    except FileNotFoundError:
        return frozenset()


if __name__ == "__main__":
    send(Path(sys.argv[1]), int(sys.argv[2]))
