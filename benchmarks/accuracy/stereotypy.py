"""Annotated rocking and flapping in, how well one wrist tells it out: on people never seen, and on people known for
ten minutes.

Left out, one person at a time: everything fitted comes from the other people. A second counts if it lies wholly within
the observers' "Good Data"; it is stereotyped if they marked at least half of it. What is told with second t is held
against the label of second t - 3. A second of which nothing can be said (a gap in the radio) counts as said not to be.
Each wrist is judged alone; figures of a person are over both sessions, and means are over people and wrists.

The peer is a random forest on band powers (each axis, and summed over axes; 2 s and 4 s around the second), fitted and
asked in the same run, with classes weighed the same; the best of its four forms is what is to be beaten.

The ten minutes of a person come from the other session of that person, and what they teach is tested on the whole of
this one, then the other way round: the ten consecutive minutes in which the observers marked the most stereotyped
seconds, more than half of them counting for no more than half, so that both kinds are in them. Only the labels of the
session that teaches choose them. The threshold is fixed (``LIKELY_OWN``). Other ways to spend ten minutes are in the
detail: ten single minutes (the five fullest, and five evenly spread among the rest) and the first ten minutes of
the first session, tested on all that follows; and the first way again with labels that somebody tapped on a phone as it
happened, for which the video is the truth too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve

from benchmarks.figures import Figure, table
from benchmarks.movements import GRID_HZ, SIDES, Array, Flags, Session, sessions
from device_sim.physiology.drive import Drive
from device_sim.physiology.motion import Motion
from device_sim.physiology.person import people
from ingest.recordings import e4
from signals.motion.repetition import LAG_S, PLAIN, Repetition
from signals.motion.stereotypy import LIKELY, LIKELY_OWN, POPULATION, Stereotypy, calibrate, score

NEEDS = ("autism_smm",)  # folders of recordings

FIRM: Final = (
    1000.0  # the ridge of the population's coefficients: few people, so that each trait has its say and no more
)
TEN_MIN_S: Final = 600
BANDS_HZ: Final = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 10.0)
FORESTS: Final = tuple((seconds, by_axis) for seconds in (2, 4) for by_axis in (True, False))
Choose = Callable[[Flags], NDArray[np.intp]]


@dataclass(frozen=True, slots=True, eq=False)
class Seconds:
    """The good seconds of one wrist in one session: what was ``seen`` on video and ``tapped`` live, its ``traits`` and
    its band ``powers``."""

    person: str
    session: str
    side: str
    seen: Flags
    tapped: Flags
    traits: Array
    powers: dict[tuple[int, bool], Array]


@dataclass(frozen=True, slots=True)
class Judged:
    """Average precision, F1 at the stated threshold, and the F1 that the best threshold would have had."""

    precision: float
    f1: float
    best_f1: float


def population(known: list[Seconds]) -> Array:
    """Return the coefficients (17,) fitted on ``known``: a firm ridge towards nothing, both kinds weighed the same."""
    traits = np.concatenate([one.traits for one in known])
    seen = np.concatenate([one.seen for one in known])
    return calibrate(traits, seen, prior=np.zeros(len(POPULATION)), pull=FIRM, balanced=True)


def good_seconds(session: Session, side: str) -> Seconds:
    """Return the good seconds of a wrist, traits moved back to the seconds that they describe."""
    motion = session.motion[side]
    traits = Repetition(rows=1, rate_hz=GRID_HZ).push(motion[None])[3][0]
    traits = np.concatenate([traits[LAG_S:], np.full((LAG_S, traits.shape[1]), np.nan)])
    powers = {form: band_powers(motion, seconds=form[0], by_axis=form[1])[session.good] for form in FORESTS}
    return Seconds(
        person=session.person,
        session=session.name,
        side=side,
        seen=session.stereotyped[session.good],
        tapped=session.tapped[session.good],
        traits=traits[session.good],
        powers=powers,
    )


def band_powers(motion: Array, *, seconds: int, by_axis: bool) -> Array:
    """Return the logarithms of the powers in ``BANDS_HZ`` around each second of ``motion`` (3, 32 n), Hann-windowed,
    (n, bands) or (n, 3 bands); NaN where more than half of the window is unknown."""
    half, width = seconds // 2 - 1, seconds * GRID_HZ
    padded = np.pad(motion, ((0, 0), (half * GRID_HZ, width)), constant_values=np.nan)
    frames = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)[:, ::GRID_HZ][
        :, : motion.shape[1] // GRID_HZ
    ]
    known = np.isfinite(frames)
    filled = np.where(known, frames, 0.0)
    mean = filled.sum(axis=-1, keepdims=True) / np.maximum(known.sum(axis=-1, keepdims=True), 1)
    spectrum = np.abs(np.fft.rfft(np.where(known, frames - mean, 0.0) * np.hanning(width), axis=-1)) ** 2
    hz = np.fft.rfftfreq(width, 1 / GRID_HZ)
    bands = [(hz >= low) & (hz < high) for low, high in pairwise(BANDS_HZ)]
    power = np.stack([spectrum[..., band].sum(axis=-1) for band in bands], axis=-1)  # (3, n, bands)
    power = power.transpose(1, 0, 2).reshape(power.shape[1], -1) if by_axis else power.sum(axis=0)
    return np.where(2 * known[0].sum(axis=-1)[:, None] >= width, np.log(power + 1e-4), np.nan)


def judged(seen: Flags, likely: Array, *, least: float) -> Judged:
    """Return how ``likely`` (NaN: nothing said) agrees with what was ``seen``."""
    said = np.nan_to_num(likely, nan=0.0)
    precision, recall, _ = precision_recall_curve(seen, said)
    best = float((2 * precision * recall / np.maximum(precision + recall, 1e-9)).max())
    return Judged(float(average_precision_score(seen, said)), float(f1_score(seen, said >= least)), best)


def unseen_people(every: list[Seconds]) -> dict[str, dict[tuple[str, str], Judged]]:
    """Return by method, person and side what is reached on a person by what the others taught."""
    found: dict[str, dict[tuple[str, str], Judged]] = {"ours": {}} | {_forest_name(form): {} for form in FORESTS}
    for person in sorted({one.person for one in every}):
        others = [one for one in every if one.person != person]
        coefficients = population(others)
        forests = {form: _forest(others, form) for form in FORESTS}
        for side in SIDES:
            own = [one for one in every if one.person == person and one.side == side]
            seen = np.concatenate([one.seen for one in own])
            ours = np.concatenate([score(one.traits, coefficients=coefficients) for one in own])
            found["ours"][person, side] = judged(seen, ours, least=LIKELY)
            for form, forest in forests.items():
                said = np.concatenate([_ask(forest, one.powers[form]) for one in own])
                found[_forest_name(form)][person, side] = judged(seen, said, least=0.5)
    return found


def after_ten_minutes(every: list[Seconds], choose: Choose, *, tapped: bool = False) -> dict[tuple[str, str], Judged]:
    """Return by person and side what is reached on each session with ten minutes that ``choose`` found in the one
    before it, for the first in the second; nothing of people with one session."""
    found = {}
    for person in sorted({one.person for one in every}):
        prior = population([one for one in every if one.person != person])
        for side in SIDES:
            own = [one for one in every if one.person == person and one.side == side]
            said, seen = [], []
            for i, tested in enumerate(own if len(own) > 1 else []):
                teaches = own[i - 1] if i else own[1]
                marks = teaches.tapped if tapped else teaches.seen
                ten = choose(marks)
                coefficients = _taught(teaches.traits[ten], marks[ten], prior)
                said.append(score(tested.traits, coefficients=coefficients))
                seen.append(tested.seen)
            if seen:
                found[person, side] = judged(np.concatenate(seen), np.concatenate(said), least=LIKELY_OWN)
    return found


def after_the_first_ten_minutes(every: list[Seconds]) -> dict[tuple[str, str], Judged]:
    """Return by person and side what the first ten good minutes teach for all that follows."""
    found = {}
    for person in sorted({one.person for one in every}):
        prior = population([one for one in every if one.person != person])
        for side in SIDES:
            own = [one for one in every if one.person == person and one.side == side]
            seen, traits = np.concatenate([one.seen for one in own]), np.concatenate([one.traits for one in own])
            taught, rest = seen[:TEN_MIN_S], seen[TEN_MIN_S:]
            coefficients = _taught(traits[:TEN_MIN_S], taught, prior)
            found[person, side] = judged(rest, score(traits[TEN_MIN_S:], coefficients=coefficients), least=LIKELY_OWN)
    return found


def _taught(traits: Array, seen: Flags, prior: Array) -> Array:
    """Return what ten minutes teach; the prior where they hold only one kind of seconds."""
    return calibrate(traits, seen, prior=prior) if seen.any() and not seen.all() else prior


def fullest_ten_minutes(marks: Flags) -> NDArray[np.intp]:
    """Return the ten consecutive minutes with the most stereotyped seconds, up to half of them."""
    length = min(TEN_MIN_S, len(marks))
    count = np.cumsum(np.append(0, marks))
    most = np.minimum(count[length:] - count[:-length], length // 2)
    return int(most.argmax()) + np.arange(length)


def ten_single_minutes(marks: Flags) -> NDArray[np.intp]:
    """Return the five single minutes with the most stereotyped seconds, and five evenly spread among the others."""
    minutes = np.arange(len(marks) // 60 * 60).reshape(-1, 60)
    order = np.argsort(-marks[minutes].sum(axis=1), kind="stable")
    rest = np.sort(order[5:])
    return minutes[np.sort(np.append(order[:5], rest[np.linspace(0, len(rest) - 1, 5).round().astype(int)]))].reshape(
        -1
    )


def elsewhere(data: Path) -> tuple[dict[str, float], str]:
    """Return which share of worn E4 recordings, where nobody is known to rock or flap, the population's score flags."""
    numbers, lines = {}, []
    for folder in ("stress_predict", "nurse_stress"):
        flags = []
        for path in sorted((data / folder).glob("*.zip")):
            motion = e4.read(path).whole("motion")
            seconds = motion.values.shape[1] // GRID_HZ
            g = np.ascontiguousarray(motion.values[None, :, : GRID_HZ * seconds], np.float64)
            strength, _, _, traits = Repetition(rows=1, rate_hz=GRID_HZ).push(g)
            likely = score(traits[0])
            known = np.isfinite(likely)
            flags.append(np.stack([likely[known] >= LIKELY, likely[known] >= 0.8, strength[0, known] >= PLAIN], axis=1))
        shares = np.concatenate(flags).mean(axis=0)
        numbers |= {f"{folder}_flagged": float(shares[0]), f"{folder}_rhythmic": float(shares[2])}
        hours = sum(map(len, flags)) / 3600
        lines.append([folder, f"{hours:.1f}", *(f"{share:.3f}" for share in shares)])
    head = ["recordings", "hours", f"score ≥ {LIKELY:g}", "score ≥ 0.8", f"strength ≥ {PLAIN:g}"]
    return numbers, "Share of seconds flagged where nobody is known to rock or flap:\n\n" + table(head, lines)


def simulated() -> tuple[dict[str, float], str]:
    """Return what is said of twenty simulated people who do one thing for ten minutes, and how fast they flap."""
    cast = people(20, seed=1)
    numbers, lines = {}, []
    for act, doing in (
        ("sitting", {}),
        ("fidgeting", {"fidget": 1.0}),
        ("walking", {"walk": 1.0}),
        ("flapping", {"flap": 0.8}),
    ):
        shape = (len(cast), 600)
        fields = ("arousal", "effort", "walk", "run", "fidget", "flap", "rock", "heat", "meal", "asleep")
        still = dict.fromkeys(fields, 0.0) | {"fit": 1.0} | doing
        drive = Drive(
            start_s=0,
            **{name: np.full(shape, value) for name, value in still.items()},
            worn=np.ones(shape, bool),
            posture=np.ones(shape, np.int64),
            kind=np.full(shape, -1, np.int64),
        )
        g, _ = Motion(cast, seed=1).push(drive, first=0)
        likely, strength, frequency_hz, _ = Stereotypy(rows=len(cast), rate_hz=GRID_HZ).push(g)
        flagged, rhythmic = np.nanmean(likely[:, 10:] >= LIKELY), np.nanmean(strength[:, 10:] >= PLAIN)
        numbers[f"simulated_{act}_flagged"] = float(flagged)
        lines.append([act, f"{flagged:.3f}", f"{rhythmic:.3f}"])
    wanted = np.array([person.flap_hz for person in cast])[:, None]
    off = np.abs(frequency_hz[:, 10:] - wanted)
    numbers["simulated_flap_frequency_error_hz"] = float(np.nanmedian(off))
    head = ["act", f"score ≥ {LIKELY:g}", f"strength ≥ {PLAIN:g}"]
    after = "The frequency of flapping, which wanders by a tenth from second to second, is told with a median error of"
    return numbers, f"Simulated people:\n\n{table(head, lines)}\n\n{after} {np.nanmedian(off):.2f} Hz."


def measure(data: Path) -> list[Figure]:
    """Return the figures for people never seen, and for people known for ten minutes."""
    every = [good_seconds(one, side) for one in sessions(data / "autism_smm") for side in SIDES]
    unseen = unseen_people(every)
    ours = _mean(unseen["ours"])
    forests = {name: _mean(found) for name, found in unseen.items() if name != "ours"}
    precision, f1 = max(one.precision for one in forests.values()), max(one.f1 for one in forests.values())
    numbers, where = elsewhere(data)
    more, of_simulated = simulated()
    known = after_ten_minutes(every, fullest_ten_minutes)
    ten = {
        "ten fullest minutes of the other session": known,
        "ten single minutes of the other session": after_ten_minutes(every, ten_single_minutes),
        "ten fullest minutes, as tapped on a phone": after_ten_minutes(every, fullest_ten_minutes, tapped=True),
        "the first ten minutes, tested on the rest": after_the_first_ten_minutes(every),
    }
    own = _mean(known)
    return [
        Figure(
            what="stereotyped movement, one wrist, a person never seen",
            against="video annotations (`autism_smm`), leaving one person out",
            reach=f"average precision and F1 above the best random forest on band powers ({precision:.3f}, {f1:.3f})",
            found=f"average precision {ours.precision:.3f}, F1 {ours.f1:.3f}",
            met=ours.precision > precision and ours.f1 > f1,
            numbers=numbers
            | more
            | {
                "average_precision": ours.precision,
                "f1": ours.f1,
                "forest_average_precision": precision,
                "forest_f1": f1,
            },
            detail="\n\n".join((_lines(unseen), where, of_simulated)),
        ),
        Figure(
            what="stereotyped movement, one wrist, ten minutes of the person",
            against="video annotations (`autism_smm`), the other session",
            reach="F1 ≥ 0.80",
            found=f"F1 {own.f1:.3f}, average precision {own.precision:.3f}",
            met=own.f1 >= 0.80,
            numbers={"f1": own.f1, "average_precision": own.precision}
            | {f"f1_{person}_{side}": one.f1 for (person, side), one in known.items()},
            detail=_lines(ten),
        ),
    ]


def _forest(taught: list[Seconds], form: tuple[int, bool]) -> RandomForestClassifier:
    powers = np.concatenate([one.powers[form] for one in taught])
    seen = np.concatenate([one.seen for one in taught])
    known = np.isfinite(powers).all(axis=1)
    forest = RandomForestClassifier(200, min_samples_leaf=5, class_weight="balanced", random_state=0, n_jobs=2)
    return forest.fit(powers[known], seen[known])


def _ask(forest: RandomForestClassifier, powers: Array) -> Array:
    known = np.isfinite(powers).all(axis=1)
    said = np.full(len(powers), np.nan)
    said[known] = forest.predict_proba(powers[known])[:, 1]
    return said


def _forest_name(form: tuple[int, bool]) -> str:
    return f"random forest, {'axes' if form[1] else 'summed over axes'}, {form[0]} s"


def _mean(found: dict[tuple[str, str], Judged]) -> Judged:
    several = list(found.values())
    return Judged(*(float(np.mean([getattr(one, name) for one in several])) for name in ("precision", "f1", "best_f1")))


def _lines(found: dict[str, dict[tuple[str, str], Judged]]) -> str:
    """Return a table: by method and wrist average precision, F1, and in brackets the F1 of the best threshold."""
    wrists = sorted({wrist for each in found.values() for wrist in each})
    head = ["", *(f"{person}, {side}" for person, side in wrists), "mean"]
    rows = [[name, *(_said(each[wrist]) for wrist in wrists), _said(_mean(each))] for name, each in found.items()]
    return "Average precision / F1 (F1 of the best threshold, known only afterwards):\n\n" + table(head, rows)


def _said(one: Judged) -> str:
    return f"{one.precision:.2f} / {one.f1:.2f} ({one.best_f1:.2f})"
