"""Recorded sessions in; how much of their conductance is believed, and what speaks against the rest, out.

The bands of ``stress_predict`` were worn throughout: what is voided there for cold, low or lost electrodes is voided
wrongly. In ``exam_stress`` minutes of cold, dry conductance (below 28 degC and 0.05 uS) are a band off the skin.
"""

from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.figures import Figure, table
from ingest.recordings.e4 import read
from signals.eda import quality
from signals.eda.artefacts import Artefacts
from signals.eda.contact import Contact
from signals.eda.quality import REASONS, Reasons
from signals.types import Array

NEEDS = ("stress_predict", "exam_stress")  # folders of recordings

RATE_HZ: Final = 4
FLOOR_C: Final = 30.0
OFF_C: Final = 28.0
SETS: Final = ("stress_predict", "nurse_stress", "exam_stress")


def measure(data: Path) -> list[Figure]:
    """Return the figure of what is believed of worn skin, with every session below it."""
    lines, believed, voided, off = [], [], [], []
    for folder in SETS:
        for path in sorted((data / folder).glob("*.zip")):
            eda, celsius = channels(path)
            contact = Contact(rows=1, rate_hz=RATE_HZ).push(eda)
            shaken = Artefacts(rows=1, rate_hz=RATE_HZ).push(eda)
            codes = Reasons(rows=1, rate_hz=RATE_HZ).push(eda, celsius, shaken, contact)[0]
            fixed = Reasons(rows=1, rate_hz=RATE_HZ, coldest_c=FLOOR_C).push(eda, celsius)[0]
            cold = float((fixed == quality.TOO_COLD).mean())
            if folder == "stress_predict":
                believed.append(float(np.isin(codes, (quality.BELIEVED, quality.ARTEFACT)).mean()))
                voided.append(cold)
            away = (eda[0] < quality.LOW_US) & (celsius[0] < OFF_C)
            if folder == "exam_stress":
                off.append(float(np.nanmean(contact[0][away] == 0)))
            shares = [float((codes == code).mean()) for code in range(len(REASONS))]
            lines.append([f"`{folder}` {path.stem}", *(f"{100 * x:.1f}" for x in shares), f"{100 * cold:.0f}"])
    worst, missed = min(believed), 1 - min(off)
    head = ["% of samples", *REASONS, "too cold by a floor of 30 degC"]
    numbers = {"believed_worst": worst, "fixed_floor_voids": float(np.mean(voided)), "cold_dry_off_worst": min(off)}
    found = f"at least {worst:.1%} of every session believed or shaken (a floor of 30 degC alone voids"
    found += f" {np.mean(voided):.0%}); contact lost in {min(off):.1%} or more of what is cold and dry"
    reach = "98 % of each worn session not voided for want of skin; 95 % of cold dry samples without contact"
    met = worst >= 0.98 and missed <= 0.05
    return [
        Figure(
            "Conductance believed",
            "bands worn throughout, and cold dry ones",
            reach,
            found,
            met,
            numbers,
            table(head, lines),
        )
    ]


def channels(path: Path) -> tuple[Array, Array]:
    """Return the conductance and the temperature of an E4 session, (1, n) each, of the same samples."""
    blocks = {name: pieces[0] for name, pieces in read(path).channels.items()}
    n = min(blocks["eda"].values.size, blocks["temperature"].values.size)
    eda, celsius = (
        np.asarray(blocks[name].values, np.float64).reshape(1, -1)[:, :n] for name in ("eda", "temperature")
    )
    return eda, celsius
