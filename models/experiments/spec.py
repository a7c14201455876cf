"""The text of an experiment file in, a frozen checked specification out; what is wrong is named by its key.

docs/experiments.md says what each key means.
"""

import math
import re
from typing import Annotated, Any, Final, Literal

import msgspec

from models.datasets.dataset import STEP_S, WINDOW_S
from models.datasets.target import ForecastTarget, Target, Words
from models.errors import ExperimentError, ModelError
from models.evaluation.alarm_rule import AlarmRule
from models.evaluation.choosing import WARNING_MAX, Shapes
from models.experiments.keys import refuse_unknown
from models.splits.folds import PARTS

RESAMPLES: Final = 1000  # of people: a 95 % interval's ends are then known to about a percent of rank
SURROGATES: Final = 200  # the smallest p is 1/201, below the .01 that is asked for
MOST: Final = 100_000  # of either: more changes no figure that is told, and memory is finite
COHORT_SEED: Final = 101  # 1, 2, 3, 11, 12 and 13 are the cohorts that figures are reported of: not to be learnt from
FALSE_PER_HOUR: Final = 0.25  # one in four hours, the most that carers were found to bear: docs/evaluation.md

Group = Literal["combined", "physiology", "motion"]
GROUPS: Final[tuple[Group, ...]] = ("combined", "physiology", "motion")
Positive = Annotated[float, msgspec.Meta(gt=0, le=604_800)]  # seconds, or a rate: beyond a week it is a slip
FromZero = Annotated[float, msgspec.Meta(ge=0)]
Some = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
FromNone = Annotated[int, msgspec.Meta(ge=0)]
Parts = Annotated[int, msgspec.Meta(ge=2)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class SimulatedCohort(_Section, frozen=True, kw_only=True):
    """``wearers`` people of a packaged ``scenario`` (or a file), ``days`` days of ``hours`` hours each."""

    scenario: str = "cohort"
    wearers: Some | None = None  # as many as the scenario has
    seed: FromNone = COHORT_SEED
    days: Some = 5
    hours: Annotated[float, msgspec.Meta(gt=0, le=24)] = 6.0


class Study(_Section, frozen=True, kw_only=True):
    """Where recordings come from: one of ``people`` (pseudonyms in the installation, ``*`` and ``?`` as in file names),
    ``recordings`` (paths, beside the experiment file) and ``simulated``. None: everybody in the installation.

    ``devices``: recordings of these kinds alone (``cogwear-e4``; ``*`` and ``?`` as in file names; our own are
    ``wristband``). Of recordings: ``person`` finds a pseudonym in a name (a regular expression), ``named`` says it for
    single names, ``labels`` is a file of labels, ``map`` the columns of tables: as ``forecalm.studies.files.recorded``
    has them.
    """

    name: Name
    people: tuple[str, ...] = ()
    recordings: tuple[str, ...] = ()
    person: str = ""
    named: dict[str, str] = {}
    labels: str = ""
    map: str = ""
    devices: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("*",)
    simulated: SimulatedCohort | None = None

    def __post_init__(self) -> None:
        if bool(self.people) + bool(self.recordings) + (self.simulated is not None) > 1:
            raise ValueError("name one of people, recordings and simulated: a study has one source")
        if not self.recordings and (self.person or self.named or self.labels or self.map):
            raise ValueError("person, named, labels and map are for recordings: name these, or leave them out")
        if self.simulated is not None and self.devices != ("*",):
            raise ValueError("devices: simulated people all wear the same wristband: leave it out")


class Rows(_Section, frozen=True, kw_only=True):
    """What rows are made of: ``features`` of one set over ``window_s``, one every ``step_s``; each of ``groups`` is
    trained and judged by itself."""

    features: Literal["live", "imbiriba", "flirt", "wesad"] = "live"
    window_s: Positive = WINDOW_S  # what a target's moment looks back on; imbiriba's features always take 180
    step_s: Positive = STEP_S
    groups: Annotated[tuple[Group, ...], msgspec.Meta(min_length=1)] = GROUPS


class LeaveOnePersonOut(_Section, frozen=True, kw_only=True, tag_field="kind", tag="leave_one_person_out"):
    """A fold a person."""


class Grouped(_Section, frozen=True, kw_only=True, tag_field="kind", tag="grouped"):
    """``parts`` folds of whole people."""

    parts: Parts = PARTS


class Chronological(_Section, frozen=True, kw_only=True, tag_field="kind", tag="chronological"):
    """Each person's sessions in order of time, in up to ``parts`` blocks; what came before trains. ``others``: and
    everybody else's."""

    parts: Parts = PARTS
    others: bool = False
    embargo_s: Positive | None = None  # ``models.splits.fold.embargo_s``, the shortest that is allowed


class Calibrated(_Section, frozen=True, kw_only=True, tag_field="kind", tag="calibrated"):
    """Leave one person out, with the first ``k`` sessions of theirs in training; a result each k."""

    k: Annotated[tuple[FromNone, ...], msgspec.Meta(min_length=1)] = (0, 1, 2)
    embargo_s: Positive | None = None


class AcrossStudies(_Section, frozen=True, kw_only=True, tag_field="kind", tag="across_studies"):
    """Trained on studies, tested on others. Neither named: each tested by all others."""

    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()


SplitSpec = LeaveOnePersonOut | Grouped | Chronological | Calibrated | AcrossStudies


class CandidateSpec(_Section, frozen=True, kw_only=True):
    """Something to train and judge: a ``kind`` of ``models.experiments.candidates``, and its ``parameters``.

    ``normalise``: what its inputs are set against before it sees them. "person": the mean and spread of the person's
    own, over all of that person's recordings, without labels: it looks ahead, is told so, and can be judged only.
    """

    kind: str
    name: Name | None = None  # the kind
    normalise: Literal["none", "person"] = "none"
    parameters: dict[str, Any] = {}

    @property
    def title(self) -> str:
        """As it stands in every table."""
        return self.name or self.kind


class Alarms(_Section, frozen=True, kw_only=True):
    """When estimates become alarms. Without ``enter`` the rule of a forecast is chosen inside the training part: of
    those that keep to ``false_per_hour`` and ``time_in_warning`` there the one that gains most over chance. ``leave``
    (as far below ``enter``, in log-odds, as is said here), ``hold_s`` and ``settle_s`` are chosen with it where they
    are not said. The other numbers are those of ``AlarmRule``."""

    enter: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    false_per_hour: Positive | None = None  # FALSE_PER_HOUR
    time_in_warning: Annotated[float, msgspec.Meta(gt=0, le=1)] = WARNING_MAX
    leave: float | None = None
    hold_s: FromZero | None = None
    settle_s: FromZero | None = None
    refractory_s: float = AlarmRule().refractory_s
    fade_s: float = AlarmRule().fade_s

    def __post_init__(self) -> None:
        if self.enter is not None and self.false_per_hour is not None:
            raise ValueError("name enter or false_per_hour: with a threshold said there is none to choose")
        try:
            _ = self.rule
        except ModelError as error:
            raise ValueError(str(error).replace("rule.", "")) from None

    @property
    def rule(self) -> AlarmRule:
        """As far as it is said: with ``enter``, and ``leave`` at its usual distance below where that is not said."""
        names = ("hold_s", "settle_s", "refractory_s", "fade_s")
        numbers = {name: value for name in names if (value := getattr(self, name)) is not None}
        rule = AlarmRule(**numbers) if self.enter is None else AlarmRule(**numbers).at(self.enter)
        return rule if self.leave is None else msgspec.structs.replace(rule, leave=self.leave)

    @property
    def shapes(self) -> Shapes:
        """What is tried of that which is not said."""
        usual, rule = Shapes(), self.rule
        odds = rule.enter / (1 - rule.enter) * (1 - rule.leave) / rule.leave if rule.leave else math.inf
        return Shapes(
            closeness=usual.closeness if self.leave is None else (odds,),
            hold_s=usual.hold_s if self.hold_s is None else (self.hold_s,),
            settle_s=usual.settle_s if self.settle_s is None else (self.settle_s,),
        )

    @property
    def budget_per_hour(self) -> float:
        """False alarms an hour of wear that the threshold is chosen for."""
        return FALSE_PER_HOUR if self.false_per_hour is None else self.false_per_hour


class Evaluation(_Section, frozen=True, kw_only=True):
    """How sure the figures are: ``bootstrap`` resamples of people, ``surrogates`` of shifted alarms."""

    bootstrap: Annotated[int, msgspec.Meta(ge=100, le=MOST)] = RESAMPLES
    surrogates: Annotated[int, msgspec.Meta(ge=0, le=MOST)] = SURROGATES


class Experiment(_Section, frozen=True, kw_only=True):
    """Everything that an experiment is made of: one file."""

    name: Name
    study: Annotated[tuple[Study, ...], msgspec.Meta(min_length=1)]
    target: Target
    candidate: Annotated[tuple[CandidateSpec, ...], msgspec.Meta(min_length=1)]
    seed: FromNone = 1
    rows: Rows = Rows()
    split: SplitSpec = LeaveOnePersonOut()
    alarms: Alarms = Alarms()
    evaluation: Evaluation = Evaluation()
    controls: dict[str, Words] = {}

    def __post_init__(self) -> None:
        for what, names in (
            ("candidate", [each.title for each in self.candidate]),
            ("study", [each.name for each in self.study]),
        ):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"{what}: two are called {twice[0]!r}: give each a name of its own")
        if isinstance(self.target, ForecastTarget) and not self.target.events:
            raise ValueError("target.events: name at least one label word that is to be foretold")

    @property
    def is_forecast(self) -> bool:
        """Whether events are foretold, so that alarms mean something."""
        return isinstance(self.target, ForecastTarget)


def read(text: bytes, *, origin: str) -> Experiment:
    """Return what an experiment file says. Raises ExperimentError: ``origin``, the key, what would be right."""
    try:
        found = msgspec.toml.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ExperimentError(f"{origin}: not TOML: {error}") from None
    if not isinstance(found, dict):
        raise ExperimentError(f"{origin}: an experiment is a table of keys")
    refuse_unknown(found, Experiment, origin=origin)
    _refuse_nobody(found.get("study"), origin)
    try:
        return msgspec.convert(found, Experiment)
    except msgspec.ValidationError as error:
        raise ExperimentError(f"{origin}: {_plain(str(error))}") from None


def _refuse_nobody(studies: Any, origin: str) -> None:  # noqa: ANN401 - not known yet to be what it should be
    """An empty list reads as nobody, and a study that names no source is of everybody in the installation."""
    for number, study in enumerate(studies if isinstance(studies, list) else ()):
        for key in ("people", "recordings"):
            if isinstance(study, dict) and study.get(key) == []:
                raise ExperimentError(
                    f"{origin}: study[{number}].{key}: is empty: leave it out for everybody in the installation, or"
                    f" name {key}"
                )


def _plain(said: str) -> str:
    """msgspec's ``Expected `int`, got `str` - at `$.split.parts``` as ``split.parts: Expected `int`, got `str```."""
    found = re.fullmatch(r"(.*) - at `\$\.?(.*)`", said, re.DOTALL)
    if found is None:
        return said
    what, where = found.groups()
    return f"{where}: {what}" if where else what
