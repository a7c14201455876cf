"""Who is warm in; a packet a second of each of their bands, by a real gateway's sender and spool, out.

python -m benchmarks.alerts.bands FOLDER WEARERS [full]. With "full" bands send every channel, else the temperature
alone, by which this house judges. ``warm`` in the folder names who is warm, one a line; ``off`` whose
band is switched off; ``unworn`` whose lies on a table.
"""

import sys
import time
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

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
BEAT_HZ: Final = 1.2
NOISE: Final = np.random.default_rng(5)


def send(folder: Path, wearers: int, *, full: bool) -> None:
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
                    sender.send(_packet(f"band-{number:02}", boot, second, warmth, worn=worn, full=full))


def _packet(band: str, boot: int, second: int, warmth_c: float, *, worn: bool, full: bool) -> Packet:
    start_us = (second - 1) * 1_000_000
    values = np.full(round(RATE_HZ), warmth_c) + NOISE.normal(0.0, 0.02, round(RATE_HZ))
    packet = Packet(
        v=1,
        band=band,
        boot=boot,
        seq=second,
        tick_us=second * 1_000_000,
        heard_us=round(time.time() * 1e6),
        contact=worn,
        battery=80,
        temperature=_samples(values, RATE_HZ, start_us),
    )
    return msgspec.structs.replace(packet, **_others(second, worn=worn)) if full else packet


def _others(second: int, *, worn: bool) -> dict[str, Samples]:
    """Sweat, pulse and movement of somebody who sits; of a band on a table, next to nothing."""
    start_us, rates = (second - 1) * 1_000_000, {"eda": 4.0, "ppg": 64.0, "motion": 32.0}
    at = {name: second - 1 + np.arange(round(rate_hz)) / rate_hz for name, rate_hz in rates.items()}
    beat = 2 * np.pi * BEAT_HZ * at["ppg"]
    ppg = 100 * (np.sin(beat) + 0.4 * np.sin(2 * beat + 0.8)) * worn
    eda = (5 + 0.4 * np.sin(2 * np.pi * at["eda"] / 23) + 0.2 * np.sin(2 * np.pi * at["eda"] / 7)) * worn
    sway = 0.1 * worn * np.array([0.2 * np.sin(at["motion"]), np.cos(at["motion"] / 9), 0.0 * at["motion"]])
    motion = sway + np.array([[0.0], [0.0], [1.0]])
    return {
        "eda": _samples(eda + NOISE.normal(0.0, 0.01, len(eda)), 4.0, start_us),
        "ppg": _samples(ppg + NOISE.normal(0.0, 2.0, len(ppg)), 64.0, start_us),
        "motion": _samples((motion + NOISE.normal(0.0, 0.005, motion.shape)).T.ravel(), 32.0, start_us),
    }


def _samples(values: NDArray[np.float64], rate_hz: float, tick_us: int) -> Samples:
    return Samples(rate_hz=rate_hz, tick_us=tick_us, values=values.astype("<f4").tobytes())


def _names(path: Path) -> frozenset[str]:
    try:
        return frozenset(path.read_text().split())
    except FileNotFoundError:
        return frozenset()


if __name__ == "__main__":
    send(Path(sys.argv[1]), int(sys.argv[2]), full="full" in sys.argv[3:])
