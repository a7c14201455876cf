"""Annotated sessions in, the population's coefficients out: printed, to be put into signals/motion/stereotypy.py.

python -m benchmarks.stereotypy_fit [--data FOLDER]

Fitted on both wrists of everybody in the folder (the committed ones: persons 003 and 004 of Study 1, two sessions each,
4.0 wrist-hours of "Good Data", a quarter of it stereotyped), both kinds of seconds weighed the same, with a ridge so
firm that no trait outweighs the rest: with two people that is what carries over. ``benchmarks.accuracy.stereotypy``
does the same with one person left out.
"""

import argparse
from pathlib import Path

from benchmarks.accuracy.stereotypy import good_seconds, population
from benchmarks.figures import ROOT
from benchmarks.movements import SIDES, sessions


def main() -> None:
    """Fit, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    folder = parser.parse_args().data / "autism_smm"
    fitted = population([good_seconds(one, side) for one in sessions(folder) for side in SIDES])
    for name, part in (
        ("BIAS", fitted[:1]),
        ("BY_SECOND", fitted[1:5]),
        ("BY_4_S", fitted[5:11]),
        ("BY_8_S", fitted[11:]),
    ):
        print(f"_{name} = ({', '.join(f'{value:.2f}' for value in part)})")


if __name__ == "__main__":
    main()
