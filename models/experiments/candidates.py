"""The kind and parameters that an experiment file names in, a fresh candidate that can be trained and judged out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from importlib import import_module
from typing import Any, Final, cast

import msgspec

from models.errors import ExperimentError
from models.estimates import Candidate
from models.experiments.keys import nearest
from models.experiments.spec import CandidateSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Where a candidate's class is (``module:class``; its fields are the parameters), and what stands for it already.

    ``reads_inputs``: whether physiology, motion and both make a difference. ``score``: the detector that has to run
    over the stream when rows are made (``module:class``), under the name in ``fixed``. ``of``: which target it is for.
    """

    path: str
    says: str
    reads_inputs: bool = False
    score: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    of: str = ""

    @property
    def runs_live(self) -> bool:
        """Whether it goes by what a wristband sends, so that a trained one can run live; the others are baselines."""
        return self.reads_inputs or bool(self.score)


KINDS: Final[Mapping[str, Kind]] = {
    "clock": Kind(
        path="models.detectors.clock:Clock", says="seconds since the recording began: what a fixed protocol gives away"
    ),
    "since_event": Kind(
        path="models.detectors.since_event:SinceEvent", says="the time since the person's last event", of="forecast"
    ),
    "rate_matched": Kind(
        path="models.detectors.rate_matched:RateMatched", says="how often the person's events came", of="forecast"
    ),
    "hawkes": Kind(path="models.detectors.hawkes:Hawkes", says="events that set off others", of="forecast"),
    "arousal": Kind(
        path="models.detectors.streamed:Streamed",
        says="the training-free detector, calibrated in training",
        score="models.arousal:Arousal",
        fixed={"score": "arousal"},
    ),
    "state_space": Kind(
        path="models.detectors.streamed:Streamed",
        says="pulse and sweat that no state of motion predicts (after Puli & Kushki), calibrated in training",
        score="models.detectors.state_space:StateSpace",
        fixed={"score": "state_space"},
    ),
    "logistic": Kind(
        path="models.estimators.candidates:Logistic",
        says="ridge logistic regression, the published reference",
        reads_inputs=True,
    ),
    "boosting": Kind(
        path="models.estimators.candidates:Boosting", says="gradient boosting of shallow trees", reads_inputs=True
    ),
    "additive": Kind(
        path="models.estimators.candidates:Additive", says="boosting one input at a time", reads_inputs=True
    ),
    "blend": Kind(
        path="models.estimators.candidates:Blended", says="the mean of logistic and boosting", reads_inputs=True
    ),
    "signed": Kind(
        path="models.estimators.signed:Signed",
        says="logistic regression of a few inputs that may only say what physiology has them say",
        reads_inputs=True,
    ),
    "sensed": Kind(
        path="models.estimators.sensed:Sensed",
        says="boosting taught by who saw the truth: for simulated people to train on",
        reads_inputs=True,
    ),
    "personal": Kind(
        path="models.estimators.candidates:Personal",
        says="what holds for everybody, moved by what is known of the person",
        reads_inputs=True,
    ),
}
"""What forecalm brings. A researcher's own is named ``package.module:Class``: docs/experiments.md."""
LIVE: Final = tuple(name for name, kind in KINDS.items() if kind.runs_live)


def kind_of(spec: CandidateSpec) -> Kind:
    """Raises ExperimentError where there is no such kind."""
    if ":" in spec.kind:
        return Kind(path=spec.kind, says="a candidate of your own", reads_inputs=True)
    if spec.kind not in KINDS:
        raise ExperimentError(f"candidate {spec.title!r}: kind {spec.kind!r} is unknown; {nearest(spec.kind, KINDS)}")
    return KINDS[spec.kind]


def make(spec: CandidateSpec) -> Candidate:
    """Return a candidate that nobody else holds. Raises ExperimentError where kind or parameters are not right."""
    kind = kind_of(spec)
    of = _loaded(kind.path, spec.title)
    if not callable(getattr(of, "fit", None)):
        raise ExperimentError(f"candidate {spec.title!r}: {kind.path} is no class with fit(training, *, seed)")
    known = _parameters(of)
    for key in spec.parameters:
        if key in kind.fixed or key == "name" or key not in known:
            free = [name for name in known if name not in kind.fixed and name != "name"]
            raise ExperimentError(f"candidate {spec.title!r}: no parameter {key!r}; {nearest(key, free)}")
    given = {**spec.parameters, **kind.fixed}
    if "name" in known:
        given["name"] = spec.title
    try:
        return _made(of, given)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise ExperimentError(f"candidate {spec.title!r}: parameters: {error}") from None


def require(specs: Iterable[CandidateSpec], *, forecast: bool) -> None:
    """Raise ExperimentError where one of them cannot be made, or is for another kind of target."""
    for spec in specs:
        make(spec)
        of = kind_of(spec).of
        if spec.normalise != "none" and not kind_of(spec).reads_inputs:
            raise ExperimentError(
                f"candidate {spec.title!r}: reads no inputs, so that there is nothing to normalise: take that out"
            )
        if of and (of == "forecast") != forecast:
            raise ExperimentError(
                f'candidate {spec.title!r}: foretells events, and target.kind is "state": take it out, or name a clock'
            )


def detectors(specs: Iterable[CandidateSpec]) -> dict[str, Callable[..., Any]]:
    """Return what has to run over the stream when rows are made, by name."""
    kinds = {kind.fixed["score"]: kind for kind in map(kind_of, specs) if kind.score}
    return {name: _loaded(kind.score, name) for name, kind in sorted(kinds.items())}


def _loaded(path: str, title: str) -> Any:  # noqa: ANN401 - a class of any kind
    module, _, name = path.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ExperimentError(f"candidate {title!r}: {path} cannot be imported: {error}") from None


def _parameters(of: Any) -> tuple[str, ...]:  # noqa: ANN401
    """The fields of a struct or dataclass, or the arguments of any other class."""
    if isinstance(of, type) and issubclass(of, msgspec.Struct):
        return tuple(of.__struct_fields__)
    if is_dataclass(of):
        return tuple(each.name for each in fields(of) if each.init)
    from inspect import signature

    return tuple(signature(of).parameters)


def _made(of: Any, given: dict[str, Any]) -> Candidate:  # noqa: ANN401
    if isinstance(of, type) and (issubclass(of, msgspec.Struct) or is_dataclass(of)):
        config = getattr(of, "__struct_config__", None)
        tagged = {config.tag_field: config.tag} if config is not None and config.tag_field is not None else {}
        return cast(Candidate, msgspec.convert({**tagged, **given}, of))
    own: Candidate = of(**given)
    return own
