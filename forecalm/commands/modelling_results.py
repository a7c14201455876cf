"""What an experiment found in, a folder of results out, whole or not at all; and back."""

import os
import platform
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Final

from models.errors import ExperimentError
from models.experiments.results import EXPERIMENT, PREDICTIONS, RESULTS, Ran, Results, decode, encode, predictions

LIBRARIES: Final = ("forecalm", "numpy", "scipy", "scikit-learn", "numba", "joblib", "pandas")


def libraries() -> dict[str, str]:
    """Return the versions that a figure may hang on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def require_new(folder: Path) -> None:
    """Raise ExperimentError where results could not be written to ``folder``, before anything long is done."""
    if folder.exists():
        raise ExperimentError(f"{folder}: is there already, and results are never overwritten: name another with --out")
    parent = folder.absolute().parent
    if not parent.is_dir():
        raise ExperimentError(f"{folder}: there is no folder {parent}")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise ExperimentError(f"{folder}: nothing may be written in {parent}: name another folder with --out")


def write(folder: Path, ran: Ran, text: bytes) -> None:
    """Write results beside, then give them their name; ``text`` is the experiment file as it was run."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
    part.mkdir(mode=0o700)
    try:
        for name, data in ((EXPERIMENT, text), (RESULTS, encode(ran.results)), (PREDICTIONS, predictions(ran))):
            (part / name).write_bytes(data)
        require_new(folder)
        part.rename(folder)
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)
        if (
            isinstance(error, OSError) and error.errno is not None and error.filename is None
        ):  # a full disk does not say where
            raise OSError(error.errno, error.strerror, str(folder)) from error
        raise


def read(folder: Path) -> Results:
    """Return the results in ``folder``. Raises ExperimentError where there are none that can be read."""
    path = folder / RESULTS
    if not path.is_file():
        raise ExperimentError(f"{folder}: holds no {RESULTS}: name a folder that forecalm evaluate has written")
    return decode(path.read_bytes(), origin=str(path))
