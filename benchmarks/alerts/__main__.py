"""Alerts through a house whose every process is killed and whose channels fail, hang and lie; what became of them out.

python -m benchmarks.alerts [--alerts 1000] [--wearers 60] [--minutes 30] [--seed N] [--kills N] [--keep] [--json]

Exits with 1 where one property is broken, and says the seed. Writes benchmarks/alerts.json where all is well. Needs
Mosquitto.
"""

import os
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.alerts.compare import compare, table
from benchmarks.alerts.house import AlertHouse, dumped
from benchmarks.alerts.storm import KILL_S, Storm
from benchmarks.command import broker, options

OUT: Final = Path(__file__).parents[1] / "alerts.json"


def run(
    folder: Path,
    *,
    mosquitto: str | None,
    alerts: int,
    wearers: int,
    tablets: int,
    minutes: float,
    seed: int,
    kills: int,
    soon_s: float,
    kills_least: int = 0,
    victims: Sequence[str] = (),
    every_s: tuple[float, float] = KILL_S,
    hanging: float = 1.0,
    slack_s: float = 0.0,
) -> dict[str, Any]:
    """Return what was found: see ``compare``. ``victims`` are killed ((): everybody), ``every_s`` apart,
    ``kills_least`` to ``kills`` times. Without ``mosquitto`` the broker is the one that is built in. ``slack_s``: see
    ``compare``."""
    begun_s = time.monotonic()
    house = AlertHouse(
        folder, mosquitto=mosquitto, wearers=wearers, tablets=tablets, seed=seed, soon_s=soon_s, hanging=hanging
    )
    with house:
        house.start_all()
        storm = Storm(
            house,
            alerts=alerts,
            minutes=minutes,
            seed=seed,
            soon_s=soon_s,
            kills=kills,
            kills_least=kills_least,
            victims=victims or house.names,
            every_s=every_s,
        )
        driving = storm.run()
        journal = house.journal
    found = compare(folder, journal, episodes=driving.episodes, slack_s=slack_s)
    return {
        "seed": seed,
        "wearers": wearers,
        "tablets": tablets,
        "minutes": round((time.monotonic() - begun_s) / 60, 1),
        "load": round(os.getloadavg()[0], 1),
        **found,
    }


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--alerts", type=int, default=1000)
    parser.add_argument("--wearers", type=int, default=60)
    parser.add_argument("--tablets", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--kills", type=int, default=10_000, help="at most so many")
    parser.add_argument("--soon", type=float, default=12.0, help="carers take within so many seconds")
    parser.add_argument("--keep", type=Path, default=None, help="a folder that is to be kept")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    mosquitto = broker()
    seed = secrets.randbelow(1 << 31) if chosen.seed is None else chosen.seed
    print(f"seed {seed}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="forecalm-alerts-") as temporary:
        folder = chosen.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = run(
            folder,
            mosquitto=mosquitto,
            alerts=chosen.alerts,
            wearers=chosen.wearers,
            tablets=chosen.tablets,
            minutes=chosen.minutes,
            seed=seed,
            kills=chosen.kills,
            soon_s=chosen.soon,
        )
    print(dumped(found) if chosen.json else table(found))
    if found["broken"]:
        sys.exit(1)
    if chosen.alerts >= 1000:
        OUT.write_text(dumped(found) + "\n")


if __name__ == "__main__":
    main()
