"""Simulated truth, stretches marked by hand and worn recordings in; how often and how soon wear is told right out.

Time right counts seconds; "cannot tell" counts as wrong. A latency runs from the second in which a band comes off or
is put on to the end of the second that says so. The simulated bands sense what an E4 can resolve; their own contact
bits are left out except where a line says otherwise. ``wear_marks.csv`` holds the stretches of ``exam_stress``: read
off plots of the raw channels before any detector was run; minutes in which a band was handled in an unclear way are in
no stretch. The first detector that was run on them had 0.9973 of their time right; rules for fingers on electrodes, for
poor contact and for slow cooling came after it was seen where it failed. Nobody marked the sessions of the other sets:
their bands are taken to be worn from beginning to end, which is not so at the ends that the table names.

What users get is what the engine says, which gives ``Wear`` a pulse besides, from beats or the band's own intervals;
that is judged, and ``Wear`` by itself, without a pulse, stands beside it.
"""

import csv
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.heart_rate import assembled, lived
from benchmarks.figures import Figure, table
from device_sim.band import STEPS, quantise
from device_sim.scenario import Episode, Scenario, Wearer
from device_sim.ward import Ward
from ingest.recordings.e4 import read
from ingest.types import CHANNELS, Array
from signals.heart.beating import Beating
from signals.motion.movement import Movement
from signals.skin.wear import PULSE, QUIET_G, Wear
from signals.windows import second_means

NEEDS = ("exam_stress", "stress_predict")  # folders of recordings

MARKS: Final = Path(__file__).parent / "wear_marks.csv"
WORN_SETS: Final = ("stress_predict", "nurse_stress", "e4_msr2023")
SIMULATED: Final = 60
SECONDS: Final = 7200
OFF_S: Final = 10
ON_S: Final = 30
COOL_C: Final = 30.0
DRY_US: Final = 0.045
LACKING: Final[dict[str, tuple[str, ...]]] = {
    "all three": (),
    "no motion": ("motion",),
    "no conductance": ("eda",),
    "no temperature": ("temperature",),
}
Seconds = dict[str, Array]


def measure(data: Path) -> list[Figure]:
    """Return the figures of the simulation, of the marked stretches and of the sessions taken to be worn."""
    return [_simulated(), _marked(data), _worn(data), _dry(data)]


def told(
    heard: Seconds, *, without: tuple[str, ...] = (), contact: Array | None = None, pulse: Array | None = None
) -> Array:
    """Return what ``Wear`` says of seconds (k, n) of temperature, eda and motion."""
    lacking = {name: np.full_like(x, np.nan) if name in without else x for name, x in heard.items()}
    return Wear(rows=len(heard["eda"]), rate_hz=1).push(
        lacking["temperature"], lacking["eda"], lacking["motion"], contact, pulse
    )


def session(path: Path) -> tuple[int, Seconds]:
    """Return when a recorded session's first whole second began [UTC s], and its second means, one row."""
    recording = read(path)
    start_s = int(np.ceil(recording.start_s))
    count = int(recording.end_s) - start_s
    heard = {}
    for name in ("temperature", "eda", "motion"):
        rate, axes = CHANNELS[name].grid_hz, CHANNELS[name].axes
        x = np.full((1, axes, rate * count), np.nan)
        if name in recording.channels:
            block = recording.whole(name)
            values = np.atleast_2d(block.values)
            at = round((block.start_s - start_s) * rate)
            part = values[:, max(-at, 0) :][:, : rate * count - max(at, 0)]
            x[0, :, max(at, 0) : max(at, 0) + part.shape[1]] = part
        heard[name] = stirring(x) if name == "motion" else second_means(x[:, 0], rate_hz=rate)
    return start_s, heard


def stirring(motion: Array) -> Array:
    """Return the root mean square of dynamic acceleration a second, as the engine has it."""
    moved = Movement(rows=len(motion), rate_hz=CHANNELS["motion"].grid_hz).push(motion)
    return np.sqrt(second_means(moved * moved, rate_hz=CHANNELS["motion"].grid_hz))


def _simulated() -> Figure:
    heard, truth = _simulation()
    lines, numbers, met = [], {}, True
    for what, without in [*LACKING.items(), ("all three and a contact bit", ())]:
        said = told(heard, without=without, contact=truth if what.endswith("bit") else None)
        right = float((said == truth).mean())
        off_s, on_s = _latencies(said, truth, 0.0), _latencies(said, truth, 1.0)
        lines.append(
            [what, f"{right:.4f}", f"{np.isnan(said).mean():.3f}", *[_spread(latency) for latency in (off_s, on_s)]]
        )
        if not without and "contact" not in what:
            numbers = {"right": right, "off_max_s": float(off_s.max()), "on_max_s": float(on_s.max())}
            numbers |= {"off_median_s": float(np.median(off_s)), "on_median_s": float(np.median(on_s))}
            met = right >= 0.99 and off_s.max() <= OFF_S and on_s.max() <= ON_S
            changes = f"{off_s.size} times off, {on_s.size} times on"
    return Figure(
        "wear, simulated",
        "simulator's truth",
        f"off <= {OFF_S} s, on <= {ON_S} s, >= 0.99 of the time right",
        f"off {numbers['off_max_s']:.0f} s, on {numbers['on_max_s']:.0f} s at worst, {numbers['right']:.4f} right",
        met,
        numbers,
        f"{SIMULATED} people, {SECONDS // 3600} h each, {changes}. Latency: median / 95 % / worst [s].\n\n"
        + table(["sensors", "time right", "cannot tell", "off after", "on after"], lines),
    )


def _simulation() -> tuple[Seconds, Array]:
    """Return second means of simulated people who take their bands off and on, and the truth, (k, n) each."""
    rng = np.random.default_rng(5)
    people = []
    for person in range(SIMULATED):
        episodes, at = [], float(rng.integers(300, 900))
        while at < SECONDS - 300:
            length = float(rng.integers(60, 1200))
            episodes.append(_episode("off_wrist", at, length))
            at += length + float(rng.integers(180, 1500))
        exercise = [_episode("exercise", float(rng.integers(SECONDS - 600)), 300.0)] if person % 3 == 0 else []
        anxious = [_episode("anxiety", float(rng.integers(SECONDS - 600)), 300.0)] if person % 3 == 1 else []
        people.append(Wearer(episodes=(*episodes, *exercise, *anxious), activity=("ordinary", "still")[person % 2]))
    scenario = Scenario(name="wear", title="wear", past_s=300, wearers=SIMULATED, parts=tuple(people))
    samples = Ward(scenario, seed=5).skip(300 + SECONDS)
    eda, temperature, motion = (_sensed(name, getattr(samples, name)) for name in ("eda", "temperature", "motion"))
    heard = {
        "temperature": second_means(temperature, rate_hz=CHANNELS["temperature"].grid_hz),
        "eda": second_means(eda, rate_hz=CHANNELS["eda"].grid_hz),
        "motion": stirring(motion),
    }
    return heard, samples.drive.worn.astype(np.float64)


def _sensed(channel: str, values: Array) -> Array:
    """Return ``values`` as a simulated band's sensor resolves them."""
    return np.asarray(quantise(channel, values) * STEPS[channel], np.float64)


def _episode(kind: str, start_s: float, hold_s: float) -> Episode:
    return Episode(kind=kind, start_s=start_s, rise_s=0.0, hold_s=hold_s, fall_s=0.0, strength=1.0)


def _latencies(said: Array, truth: Array, state: float) -> Array:
    """Return how long after each change of the truth to ``state`` it is said [s]; infinite where it changes before."""
    found = []
    for row in range(len(truth)):
        begins = np.flatnonzero((truth[row, 1:] == state) & (truth[row, :-1] != state)) + 1
        ends = np.append(np.flatnonzero((truth[row, 1:] != state) & (truth[row, :-1] == state)) + 1, truth.shape[1])
        for begin in begins:
            end = ends[ends > begin][0]
            right = np.flatnonzero(said[row, begin:end] == state)
            if right.size or end - begin > ON_S:
                found.append(right[0] + 1.0 if right.size else np.inf)
    return np.array(found)


def _spread(latency_s: Array) -> str:
    worst = latency_s.max()
    if not np.isfinite(worst):
        return f"{np.median(latency_s):.0f} / never in {np.isinf(latency_s).sum()} of {latency_s.size}"
    return f"{np.median(latency_s):.0f} / {np.percentile(latency_s, 95):.0f} / {worst:.0f}"


def _marked(data: Path) -> Figure:
    with MARKS.open(newline="") as file:
        marks = list(csv.DictReader(file))
    right, length, per_lack = np.zeros(2), np.zeros(2), dict.fromkeys(LACKING, 0)
    lines = []
    for name in sorted({mark["file"] for mark in marks}):
        path = data / "exam_stress" / f"{name}.zip"
        own = [mark for mark in marks if mark["file"] == name]
        start_s, features = lived(path)
        one, each = _right(features["worn"], start_s, own), _length(own)
        right, length = right + one, length + each
        lines.append(
            [name, *[f"{n / 60:.0f} min, {good / n:.4f}" for n, good in zip(each[::-1], one[::-1], strict=True)]]
        )
        start_s, heard = session(path)
        for what, without in LACKING.items():
            per_lack[what] += _right(told(heard, without=without)[0], start_s, own).sum()
    share, alone = right.sum() / length.sum(), {what: good / length.sum() for what, good in per_lack.items()}
    lacking = ", ".join(f"{what} {good:.3f}" for what, good in alone.items())
    return Figure(
        "wear, marked by hand",
        "stretches of exam_stress",
        ">= 0.98 of the time right",
        f"{share:.4f} of {length.sum() / 3600:.1f} h",
        bool(share >= 0.98),
        {"right": share, "right_off": right[0] / length[0], "right_worn": right[1] / length[1]}
        | {"right_without_pulse": alone["all three"], "hours": length.sum() / 3600},
        table(["session", "worn, of it right", "off, of it right"], lines)
        + f"\n\n`Wear` by itself, without a pulse (what cannot be told counts as wrong): {lacking}.",
    )


def _right(said: Array, start_s: int, marks: list[dict[str, str]]) -> Array:
    """Return how many seconds marked as off, and as worn, are said to be so, (2,)."""
    right = np.zeros(2)
    for mark in marks:
        part = said[int(mark["start_unix"]) - start_s : int(mark["end_unix"]) - start_s]
        right[int(mark["worn"])] += (part == float(mark["worn"])).sum()
    return right


def _length(marks: list[dict[str, str]]) -> Array:
    """Return how many seconds are marked as off, and as worn, (2,)."""
    length = np.zeros(2)
    for mark in marks:
        length[int(mark["worn"])] += int(mark["end_unix"]) - int(mark["start_unix"])
    return length


def _worn(data: Path) -> Figure:
    lines, flagged, length = [], np.zeros(2), 0
    for folder in WORN_SETS:
        for path in sorted((data / folder).glob("*.zip")):
            counts = [_flags(said) for said in (lived(path)[1]["worn"], told(session(path)[1])[0])]
            flagged += [off for off, _, _ in counts]
            length += counts[0][2]
            if any(off or end for off, end, _ in counts):
                numbers = [str(n) for off, end, _ in counts for n in (off, end)]
                lines.append([f"{folder} {path.stem}", f"{counts[0][2] / 60:.0f}", *numbers])
    share, alone = (float(one) for one in flagged / length)
    return Figure(
        "wear, false flags",
        "sessions taken to be worn",
        "<= 0.002 of the time said to be off",
        f"{share:.5f} of {length / 3600:.1f} h",
        share <= 0.002,
        {"off": share, "off_without_pulse": alone, "hours": length / 3600},
        "Sessions with any second said to be off. Those at the end are bands being taken off before the recording is"
        " stopped (conductance to 0 and temperature down by degrees within seconds) and do not count.\n\n"
        + table(
            ["session", "minutes", "seconds off", "at the end", "`Wear` without a pulse: seconds off", "at the end"],
            lines,
        ),
    )


def _flags(said: Array) -> tuple[int, int, int]:
    """Return how many seconds are said to be off, how many more of these until the end, and the seconds before those;
    the last second of all may be cut short and say nothing."""
    known = said[: np.flatnonzero(np.isfinite(said))[-1] + 1]
    at_end = int(np.argmax(np.append(known[::-1] != 0, True)))
    return int((known == 0).sum()) - at_end, at_end, known.size - at_end


def _dry(data: Path) -> Figure:
    lines, off = [], {"without": [0.0], "with": [0.0]}
    for path in sorted((data / "stress_predict").glob("*.zip")):
        heard, pulse = _heard(path)
        if np.nanmedian(heard["temperature"]) >= COOL_C:
            continue
        dry = heard | {"eda": heard["eda"] * (DRY_US / np.nanmax(heard["eda"]))}
        shares = [float((told(dry, pulse=seen)[0] == 0).mean()) for seen in (None, pulse)]
        off["without"].append(shares[0])
        off["with"].append(shares[1])
        lines.append([path.stem, f"{np.nanmedian(heard['temperature']):.1f}", *[f"{share:.3f}" for share in shares]])
    light, sent = _while_off(data, by_light=True), _while_off(data, by_light=False)
    worst = max(off["with"])
    return Figure(
        "wear, cool skin that never conducts",
        "Stress-Predict, conductance cut to dry",
        "<= 0.10 of the time said to be off, with a pulse to go by",
        f"{worst:.3f} at worst ({max(off['without']):.2f} without)",
        worst <= 0.10,
        {
            "off_with_pulse": worst,
            "off_without_pulse": max(off["without"]),
            "pulse_while_off": float(light.mean()),
            "pulse_while_off_sent": float(sent.mean()),
        },
        f"People whose skin is below {COOL_C:g} degC, conductance scaled to at most {DRY_US} uS from the first second"
        " on (bound: ours): share of the time said to be off. A pulse at rest was seen in"
        f" the PPG of {light.mean():.4f} of the {light.size / 3600:.1f} quiet hours that bands of exam_stress were off,"
        f" and in {sent.mean():.4f} of {sent.size / 3600:.1f} h by those that keep only their own intervals: which they"
        " say in a bag, too, and each such time costs a minute or more of being called worn.\n\n"
        + table(["session", "median degC", "without a pulse", "with"], lines),
    )


def _while_off(data: Path, *, by_light: bool) -> NDArray[np.bool_]:
    """Return, of each quiet second that a band was marked as off, whether there seemed to be a pulse, in its PPG or in
    the intervals that it says itself where it has no PPG."""
    with MARKS.open(newline="") as file:
        marks = [mark for mark in csv.DictReader(file) if mark["worn"] == "0"]
    apart = []
    for name in sorted({mark["file"] for mark in marks}):
        path = data / "exam_stress" / f"{name}.zip"
        if ("ppg" in read(path).channels) != by_light:
            continue
        heard, pulse = _heard(path)
        start_s, quiet = lived(path)[0], ~(heard["motion"][0] > QUIET_G)
        for mark in marks:
            if mark["file"] == name:
                part = slice(int(mark["start_unix"]) - start_s, int(mark["end_unix"]) - start_s)
                apart.append(pulse[0, part][quiet[part]] >= PULSE)
    return np.concatenate(apart)


def _heard(path: Path) -> tuple[Seconds, Array]:
    """Return second means of a session as the engine gets them, and how much of the last 10 s beats in rhythm fill, as
    the engine tells ``Wear``, one row each."""
    tick = assembled(path)
    heard = {
        "temperature": second_means(tick.temperature, rate_hz=CHANNELS["temperature"].grid_hz),
        "eda": second_means(tick.eda, rate_hz=CHANNELS["eda"].grid_hz),
        "motion": stirring(tick.motion),
    }
    return heard, Beating(rows=1).hear(tick.ppg, tick.motion, tick.ibi, {}, rows=np.arange(1)).pulse
