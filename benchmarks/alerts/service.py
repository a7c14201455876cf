"""A configuration in; ``forecalm serve`` out that judges by skin temperature alone and notes when it is up.

python -m benchmarks.alerts.service FOLDER, which holds ``forecalm.toml``. Everything else is the product's own: only
the estimate, the times of its policy and the addresses of push services are another's, so that an alert comes on
demand. A file ``hang`` in the folder lets the engine's thread stand still while it is there.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import forecalm.build
import forecalm.watching.watchers
from alerts.channels.push import Device, Push, Subscriptions
from alerts.channels.vapid import Vapid
from alerts.policy import Policy
from benchmarks.alerts.notes import Notes
from forecalm.alerting import ways
from forecalm.alerting.alerting import Alerting
from forecalm.cli import main
from forecalm.pipeline import Pipeline
from models.arousal import Arousal
from models.risk import Abstention, Array, Risk, Rows
from signals.features import column

POLICY: Final = Policy(
    version="benchmark-1", enter=0.7, leave=0.4, hold_s=2, settle_s=2, refractory_s=1, fade_s=60, silent_after_s=10
)
HIGH_C: Final = 36.0
PUSH_HOST: Final = "https://push.example.org"  # what the registry holds; it leads to this machine
LOOK_S: Final = 0.1


class Thermometer(Arousal):
    """Who is warm needs somebody. Whether a band is worn is the detector's own word, where bands send what tells."""

    believes_off = False

    def push(self, start_s: NDArray[np.int64], features: Array, *, rows: Rows | None = None) -> Risk:
        """See ``Arousal``."""
        said = super().push(start_s, features, rows=rows)
        warmth = features[..., column("temperature_C")]
        off = (said.abstention == Abstention.NOT_WORN) & self.believes_off
        known = np.isfinite(warmth) & ~off
        probability = np.where(known, np.where(warmth > HIGH_C, 0.95, 0.05), np.nan)
        why = np.where(known, Abstention.NONE, np.where(off, Abstention.NOT_WORN, Abstention.NO_SIGNAL)).astype(np.int8)
        nothing = np.full(probability.shape, np.nan)
        return Risk(said.start_s, probability, why, np.zeros_like(said.drivers), said.learnt, nothing, nothing.copy())


@dataclass(frozen=True, slots=True)
class Near:
    """A device whose push service is on this machine."""

    endpoint: str
    p256dh: str
    auth: str


class Nearby:
    """Subscriptions, with push services on this machine at ``port``."""

    def __init__(self, given: Subscriptions, port: str) -> None:
        self._given, self._to = given, f"http://127.0.0.1:{port}"

    def of(self, carer: str) -> Sequence[Device]:
        """See ``Subscriptions``."""
        return [Near(it.endpoint.replace(PUSH_HOST, self._to), it.p256dh, it.auth) for it in self._given.of(carer)]

    def remove(self, device: Device) -> None:
        """See ``Subscriptions``."""
        self._given.remove(Near(device.endpoint.replace(self._to, PUSH_HOST), device.p256dh, device.auth))


def serve(folder: Path) -> int:
    """Run it."""
    port = (folder / "push.port").read_text()
    up = Notes(folder / "service.up")

    def push(subscriptions: Subscriptions, vapid: Vapid) -> Push:
        return Push(Nearby(subscriptions, port), vapid, loopback=True)

    Thermometer.believes_off = (folder / "full").exists()
    entered, advance = Alerting.__enter__, Pipeline.advance

    def enter(self: Alerting) -> Alerting:
        here = entered(self)
        up.write(what="up")
        return here

    def advance_or_hang(self: Pipeline, now_s: float) -> Any:  # noqa: ANN401 - as it is
        while (folder / "hang").exists():
            time.sleep(LOOK_S)
        return advance(self, now_s)

    changed: list[tuple[object, str, object]] = [
        (forecalm.build, "POLICY", POLICY),
        (forecalm.watching.watchers, "Arousal", Thermometer),
        (ways, "Push", push),
        (Alerting, "__enter__", enter),
        (Pipeline, "advance", advance_or_hang),
    ]
    for where, name, what in changed:
        getattr(where, name)  # it is still called so
        setattr(where, name, what)
    return main(["serve", "--config", str(folder / "forecalm.toml")])


if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1])))
