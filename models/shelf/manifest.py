"""What is known of a trained model in; the text that stands beside it on disk, and back, out."""

from typing import Final, Literal

import msgspec

from models.datasets.target import Target
from models.drift.summary import TrainingSummary
from models.errors import ShelfError
from models.evaluation.alarm_rule import AlarmRule

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
POINTERS: Final = "pointers.jsonl"  # beside the models: which of them is to watch


class Code(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The version of forecalm that trained, and the commit of its checkout, "" where it was installed without one."""

    version: str
    commit: str = ""


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it was trained on: the digest of the data set, how much there was of it, and what made its rows."""

    digest: str
    moments: int
    positives: int
    negatives: int
    sessions: int
    window_s: float
    step_s: float
    made_by: dict[str, str] = {}


class Evaluated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The results of an experiment on the same data: the SHA-256 of ``results.json``, the ``arm`` in it, and its
    figures: mean over people who were held out."""

    digest: str
    arm: str
    figures: dict[str, float | None]


class About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What whoever trained it says of a model: see ``models.shelf.about.about``, which gathers it.

    ``candidate`` is its name in the experiment, whose file's text is ``experiment``. ``features`` are the engine's
    columns, ``inputs`` those that it reads, of ``inputs_version``. ``trained_on`` are pseudonyms. ``metrics`` are
    figures by name, None where one could not be told. ``rule`` says when its estimates become alarms: their scale is
    its own; None: nobody chose one. ``evaluated`` is the evaluation that it comes from, if any was given.
    """

    candidate: str
    made_at: str
    code: Code
    features: tuple[str, ...]
    inputs: tuple[str, ...]
    inputs_version: int
    target: Target
    experiment: str
    data: Data
    trained_on: tuple[str, ...]
    studies: tuple[str, ...]
    metrics: dict[str, float | None]
    rule: AlarmRule | None = None
    evaluated: Evaluated | None = None
    seed: int
    intended_use: str
    limits: str
    training: TrainingSummary


class Manifest(About, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it: with the model's ``name``, the ``libraries`` that wrote it, and the SHA-256 of each file."""

    forecalm: Literal["model"] = "model"
    format: int = FORMAT
    name: str
    libraries: dict[str, str]
    files: dict[str, str]


class _Heading(msgspec.Struct, frozen=True):
    """As much as every format has."""

    forecalm: str
    format: int


def encode(manifest: Manifest) -> bytes:
    """Return the text of a manifest, as it stands on disk."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def decode(said: bytes, where: str) -> Manifest:
    """Return a manifest from its text; raises ShelfError, naming ``where`` it stands."""
    try:
        heading = msgspec.json.decode(said, type=_Heading)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ShelfError(f"{where} is not the manifest of a model ({error}): train it again, or restore it") from error
    if heading.forecalm != "model":
        raise ShelfError(f"{where} is the manifest of a {heading.forecalm!r}, not of a model: look what lies there")
    if heading.format > FORMAT:
        raise ShelfError(
            f"{where} was written by a newer forecalm (format {heading.format}, known is {FORMAT}): update forecalm, or"
            " train the model again with this one"
        )
    try:
        return msgspec.json.decode(said, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ShelfError(f"{where} is not a manifest of format {FORMAT} ({error}): train the model again") from error
