"""Real recordings in, the pictures of docs/signals.md out.

python docs/signals/make.py [NAME ...] [--data FOLDER]

Every ``*_pictures.py`` beside this file has ``PICTURES``: by the picture's name a function of the folder of recordings
that returns a Matplotlib figure.
"""

import argparse
import importlib.util
import sys
from pathlib import Path

import matplotlib as mpl

HERE = Path(__file__).parent


def main() -> None:
    """Draw what is asked for, or everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--data", type=Path, default=HERE.parent.parent.parent / "shared" / "data")
    asked = parser.parse_args()
    mpl.use("agg")
    pictures = {}
    for path in sorted(HERE.glob("*_pictures.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        pictures |= module.PICTURES
    unknown = set(asked.names) - set(pictures)
    if unknown:
        sys.exit(f"no picture {sorted(unknown)[0]!r}; there are {', '.join(sorted(pictures))}")
    for name in asked.names or pictures:
        figure = pictures[name](asked.data)
        figure.savefig(HERE / f"{name}.png", dpi=90, bbox_inches="tight", metadata={"Software": None})
        print(HERE / f"{name}.png")


if __name__ == "__main__":
    main()
