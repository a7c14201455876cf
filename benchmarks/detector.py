"""A simulated scenario in; when an alert was raised for whom, seed by seed, out.

python -m benchmarks.detector [SCENARIO] [--seeds N] [--seconds S] [--json FILE]
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from device_sim.band import Band
from device_sim.scenario import Scenario, load
from device_sim.ward import PAST_CHUNK_S, Ward
from ingest.assemble import whole
from ingest.clock.clocks import Clocks
from ingest.received import Received
from ingest.wire import Packet
from models.arousal import Arousal
from models.risk import Abstention, Risk
from signals.engine import Engine

BEGAN_S = 1.7e9  # UTC; any moment will do


def measure(scenario: Scenario, *, seed: int, seconds: int) -> list[tuple[str, float]]:
    """Let the past be learnt and ``seconds`` be lived; return who raised an alert, and how long after the past [s].

    Each wearer's past and life are pushed in one go, which changes nothing and takes a fifth of the time.
    """
    ward, clocks = Ward(scenario, seed=seed), Clocks()

    def received(band: Band, packets: Sequence[Packet]) -> list[Received]:
        at_s = [BEGAN_S + band.due_s(packet.seq, since=scenario.past_s) for packet in packets]
        return [Received(packet, clocks.map(packet, at), at, b"") for packet, at in zip(packets, at_s, strict=True)]

    past = [received(band, packets) for band, packets in zip(ward.bands, ward.past(), strict=True)]
    lived: list[list[Received]] = [[] for _ in ward.bands]
    while ward.now_s < seconds:
        stretch = ward.push(min(PAST_CHUNK_S, seconds - ward.now_s))
        for each, band, packets in zip(lived, ward.bands, stretch.packets, strict=True):
            each += received(band, packets)
    return alerts([risk(*parts) for parts in zip(past, lived, strict=True)])


def risk(past: Sequence[Received], lived: Sequence[Received]) -> Risk:
    """Return the risk of every second that was lived, when the past is known."""
    engine, model = Engine(rows=1), Arousal(rows=1)
    for part in (past, lived):
        signals = engine.push(whole(part))
        said = model.push(signals.start_s, signals.features)
    return said


def alerts(risks: Sequence[Risk]) -> list[tuple[str, float]]:
    """Return who raised an alert, and when [s]; each is taken at once, so that there can be another."""
    wearers = [f"w-{row:02}" for row in range(1, len(risks) + 1)]
    desk = Desk(wearers=wearers, policy=Policy(), journal=Scratch(), started_s=BEGAN_S)
    first_s = min(int(risk.start_s[0]) for risk in risks)
    last_s = max(int(risk.start_s[0]) + risk.probability.shape[1] for risk in risks)
    raised = []
    for second in range(first_s, last_s):
        at_s = float(second + 1)
        desk.tick(at_s)
        for wearer, risk in zip(wearers, risks, strict=True):
            i = second - int(risk.start_s[0])
            if not 0 <= i < risk.probability.shape[1]:
                continue
            abstention = Abstention(int(risk.abstention[0, i]))
            view = desk.observe(
                wearer,
                at_s,
                probability=float(risk.probability[0, i]),
                abstention=abstention,
                reasons=(),
                learnt=float(risk.learnt[0, i]),
                heart_rate_bpm=float("nan"),
                battery_pct=None,
                stamp=None,
            )
            if view.alert is not None and view.alert.acknowledged_by is None:
                raised.append((wearer, view.alert.raised_s - BEGAN_S))
                desk.acknowledge(view.alert.alert_id, by="benchmark", at_s=at_s)
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
