"""A simulated scenario in; when the live pipeline raised an alert for whom, seed by seed, out.

python -m benchmarks.detector [SCENARIO] [--seeds N] [--seconds S] [--json FILE]
"""

import argparse
import json
from pathlib import Path

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from device_sim.band import Band
from device_sim.scenario import Scenario, load
from device_sim.ward import Ward
from forecalm.pipeline import Pipeline
from ingest.clock import Clocks
from ingest.received import Received
from ingest.wire import Packet

BEGAN_S = 1.7e9  # UTC; any moment will do


def measure(scenario: Scenario, *, seed: int, seconds: int) -> list[tuple[str, float]]:
    """Let the past be learnt and ``seconds`` be lived; return who raised an alert, and how long after the past [s]."""
    ward = Ward(scenario, seed=seed)
    wearers = [f"w-{row:02}" for row in range(1, len(ward.bands) + 1)]
    desk = Desk(wearers=wearers, policy=Policy(), journal=Scratch(), started_s=BEGAN_S)
    pipeline, clocks = Pipeline(wearers=wearers, desk=desk), Clocks()

    def received(band: Band, packet: Packet) -> Received:
        at_s = BEGAN_S + band.due_s(packet.seq, since=scenario.past_s)
        return Received(packet, clocks.map(packet, at_s), at_s, b"")

    for wearer, band, packets in zip(wearers, ward.bands, ward.past(), strict=True):
        pipeline.study(wearer, [received(band, packet) for packet in packets])
    learnt, pipeline = pipeline.learnt(), Pipeline(wearers=wearers, desk=desk)
    pipeline.learn(learnt)
    raised = []
    for _ in range(seconds):
        sent = [
            (wearer, received(band, packet))
            for wearer, band, packets in zip(wearers, ward.bands, ward.push(1).packets, strict=True)
            for packet in packets
        ]
        for wearer, each in sorted(sent, key=lambda one: one[1].received_s):
            pipeline.receive(wearer, each)
            pipeline.advance(each.received_s)
        for view in desk.views():
            if view.alert is not None and view.alert.acknowledged_by is None:
                raised.append((view.wearer, view.alert.raised_s - BEGAN_S))
                desk.acknowledge(view.alert.alert_id, by="benchmark", at_s=view.at_s)
    return raised


def main() -> None:
    """Measure seed after seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", nargs="?", default="first_light")
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--seconds", type=int, default=150)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    scenario = load(chosen.scenario)
    found = {}
    for seed in range(chosen.seeds):
        found[seed] = measure(scenario, seed=seed, seconds=chosen.seconds)
        told = ", ".join(f"{wearer} after {after_s:.0f} s" for wearer, after_s in found[seed]) or "no alert"
        print(f"seed {seed:>3}  {told}", flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
