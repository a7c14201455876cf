"""The whole path over one recording: what runs live says the same as what runs offline, to the last bit."""

from pathlib import Path

import numpy as np
import pytest

from forecalm.replay import Replayed, replay
from ingest.assemble import whole
from ingest.clock.clocks import Clocks
from ingest.received import Received
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.wire import encode
from models.arousal import Arousal
from signals.engine import Engine

pytestmark = pytest.mark.long

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"


@pytest.fixture(scope="module")
def live() -> Replayed:
    return replay(SAMPLE, pace=lambda _: None, progress=lambda *_: None)


def offline(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    clocks = Clocks()
    received = [
        Received(packet, clocks.map(packet, arrived_s), arrived_s, encode(packet))
        for arrived_s, packet in packets(read(path), band="recording")
    ]
    signals = Engine(rows=1).push(whole(received))
    risk = Arousal(rows=1).push(signals.start_s, signals.features)
    return signals.features[0], risk.probability[0], signals.beats[0]


def test_live_and_offline_are_equal_to_the_last_bit(live: Replayed) -> None:
    features, probability, beats = offline(SAMPLE)
    n = len(live.second_s)
    assert n == len(features) == 1080
    np.testing.assert_array_equal(live.features, features[:n])
    np.testing.assert_array_equal(live.probability, probability[:n])
    assert live.beats.shape[1] == (beats[: n * 64] > 0).sum()


def test_live_and_offline_are_equal_on_a_real_recording(shared_data: Path) -> None:
    path = shared_data / "stress_predict" / "S08.zip"
    seen = replay(path, pace=lambda _: None, progress=lambda *_: None)
    features, probability, _ = offline(path)
    np.testing.assert_array_equal(seen.features, features[: len(seen.second_s)])
    np.testing.assert_array_equal(seen.probability, probability[: len(seen.second_s)])
