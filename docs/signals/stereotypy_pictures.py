"""A session with annotated movements in, the picture of rhythm and stereotypy out."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from benchmarks.movements import Session, session
from signals.motion.repetition import LAG_S, PLAIN, Repetition
from signals.motion.stereotypy import LIKELY, score


def stereotypy(data: Path) -> Figure:
    """Draw four minutes of a left wrist: acceleration, rhythm, and the score against what observers marked."""
    one = session(data / "autism_smm" / "Study1_URI-004-01-17-08.zip")
    start, stop = _liveliest(one, 240)
    x = one.motion["left"]
    strength, frequency_hz, _, traits = (found[0] for found in Repetition(rows=1, rate_hz=32).push(x[None]))
    likely = score(traits)
    seconds = np.arange(start, stop)
    figure, (wrist, rhythm, judged) = plt.subplots(3, 1, figsize=(10, 5.6), sharex=True, layout="constrained")
    for axis, name in enumerate("xyz"):
        wrist.plot(np.arange(32 * start, 32 * stop) / 32 - start, x[axis, 32 * start : 32 * stop], lw=0.6, label=name)
    wrist.set_ylabel("acceleration [g]")
    wrist.legend(loc="upper right", ncols=3, fontsize=8)
    rhythm.plot(seconds - start + 1, strength[seconds], color="tab:blue", lw=1)
    rhythm.axhline(PLAIN, color="grey", lw=0.6, ls=":")
    rhythm.set_ylabel("strength", color="tab:blue")
    rhythm.set_ylim(0, 1)
    beside = rhythm.twinx()
    beside.plot(seconds - start + 1, frequency_hz[seconds], ".", color="tab:orange", ms=4)
    beside.set_ylabel("frequency [Hz]", color="tab:orange")
    beside.set_ylim(0, 4.2)
    judged.fill_between(
        np.arange(stop - start + 1), np.append(one.stereotyped[start:stop], False), step="post", color="lightgrey"
    )
    judged.step(seconds - start, likely[seconds + LAG_S], where="post", color="tab:red", lw=1)
    judged.axhline(LIKELY, color="grey", lw=0.6, ls=":")
    judged.set_ylabel("score")
    judged.set_ylim(0, 1)
    judged.set_xlabel(
        f"seconds; grey: marked by observers. The score is drawn where it belongs, and was told {LAG_S} s later"
    )
    return figure


def _liveliest(one: Session, length: int) -> tuple[int, int]:
    """Return the ``length`` seconds, at most half of them stereotyped, in which movements begin and end most often."""
    turns = np.append(0, np.cumsum(np.abs(np.diff(one.stereotyped.astype(int)))))
    marked = np.append(0, np.cumsum(one.stereotyped))[:-1]
    many = (turns[length:] - turns[:-length]) * (marked[length:] - marked[:-length] <= length // 2)
    return int(many.argmax()), int(many.argmax()) + length


PICTURES = {"stereotypy": stereotypy}
