"""Nothing in, the sample session of ``data/sample`` out: a simulated E4 recording, its truth and a README."""

from pathlib import Path
from typing import Final

from device_sim.e4_files import session, write, writing
from device_sim.scenario import load

SAMPLE_SEED: Final = 16  # one in which the detector tells of the anxiety: of the first 24 it does in 16
SAMPLE_START_S: Final = 1_767_607_200  # 2026-01-05 10:00 UTC, for ever: the same bytes each time
SAMPLE_S: Final = 1080
_README: Final = """# A sample session

`simulated_e4.zip` is a simulated wristband session of {minutes} minutes in the layout of an Empatica E4 export.
Nobody wore a band. It holds ordinary life, a bout of exercise from {exercise} s on and a build-up of anxiety from
{anxiety} s on, with a button press (`tags.csv`) at the beginning of each. The zip is not compressed, so that its bytes
do not depend on a compressor. The person is one of those in whom our detector tells of the anxiety; it does not in
everybody's.

`truth.csv` has a line for each second: `second` since the beginning, `utc_s`, `state` (the episode that is on, or
`calm`), `arousal` and `effort` (0 to 1), `worn` (0 or 1), `heart_rate_bpm` (of the simulated heart, from the beats
around), and how many skin-conductance responses began (`responses`) with the sum of their amplitudes (`response_us`).

`forecalm simulate --scenario sample --seed {seed} --seconds {seconds} --transport e4 --out FOLDER --truth FILE.parquet`
makes the same session, with every beat and response in its truth (docs/simulator.md). Make all of it anew with
`make sample-data`; the same seed gives the same bytes on one machine. Research use only.
"""


def write_sample(folder: Path) -> None:
    """Write ``simulated_e4.zip``, ``truth.csv`` and ``README.md`` into ``folder``; the same bytes each time.

    Raises SimulationError, naming the folder, where it cannot be written.
    """
    scenario = load("sample")
    recorded = session(scenario, seed=SAMPLE_SEED, start_s=SAMPLE_START_S, seconds=SAMPLE_S)
    begins = {episode.kind: f"{episode.start_s:g}" for episode in scenario.parts[0].episodes}
    readme = _README.format(minutes=SAMPLE_S // 60, seed=SAMPLE_SEED, seconds=SAMPLE_S, **begins)
    with writing(folder):
        write(folder / "simulated_e4.zip", recorded)
        (folder / "truth.csv").write_bytes(recorded.truth.encode())
        (folder / "README.md").write_bytes(readme.encode())
