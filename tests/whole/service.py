"""A folder in; ``forecalm serve`` of what is configured there out, with push services and alerts within reach of tests.

python -m tests.whole.service FOLDER, which holds ``forecalm.toml`` and ``push.port``. Everything else is the product's
own: only are push services looked for on this machine, fewer signs have to hold for two seconds rather than for twenty,
and that somebody is protected again is believed after two rather than fifteen.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import forecalm.build
from alerts.channels.push import Push, Subscriptions
from alerts.channels.vapid import Vapid
from alerts.policy import Policy
from alerts.protection import damping
from benchmarks.alerts.service import Nearby
from forecalm.alerting import ways
from forecalm.cli import main

SOON: Final = replace(Policy(), version="tests-1", enter=0.4, leave=0.2, hold_s=2)


def serve(folder: Path) -> int:
    """Run it."""
    port = (folder / "push.port").read_text()

    def push(subscriptions: Subscriptions, vapid: Vapid) -> Push:
        return Push(Nearby(subscriptions, port), vapid, loopback=True)

    changed: list[tuple[object, str, object]] = [
        (forecalm.build, "POLICY", SOON),
        (damping, "HOLD_S", SOON.hold_s),
        (ways, "Push", push),
    ]
    for where, name, what in changed:
        getattr(where, name)  # it is still called so
        setattr(where, name, what)
    return main(["serve", "--config", str(folder / "forecalm.toml")])


if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1])))
