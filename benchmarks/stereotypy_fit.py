"""Annotated sessions in, the population's coefficients of signals/motion/stereotypy.py out: print, to be pasted there.

python -m benchmarks.stereotypy_fit [--data FOLDER]

Fitted on both wrists of everybody in the folder, both kinds of seconds weighed the same, as
``benchmarks.accuracy.stereotypy`` does with one person left out.
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
    print(f"POPULATION: Final = ({', '.join(f'{value:.3f}' for value in fitted)})")


if __name__ == "__main__":
    main()
