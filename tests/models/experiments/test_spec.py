"""An experiment file is read whole, or refused with the key and what would be right."""

from pathlib import Path

import pytest

from models.errors import ExperimentError
from models.experiments import spec
from models.experiments.candidates import KINDS, make, require
from models.experiments.spec import CandidateSpec, read

EXAMPLES = Path(spec.__file__).parent / "examples"
MINIMAL = """
name = "mine"
[[study]]
name = "ward"
[target]
kind = "state"
positive = ["stress"]
negative = ["rest"]
[[candidate]]
kind = "logistic"
"""


def told(text: str) -> spec.Experiment:
    return read(text.encode(), origin="mine.toml")


def test_a_minimal_file_runs_on_the_defaults() -> None:
    found = told(MINIMAL)
    assert isinstance(found.split, spec.LeaveOnePersonOut)
    assert found.rows.groups == ("combined", "physiology", "motion")
    assert found.study[0].people == ()
    assert not found.is_forecast


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_packaged_example_is_sound(path: Path) -> None:
    found = read(path.read_bytes(), origin=path.name)
    assert found.name == path.stem
    assert "not a medical device" in path.read_text()
    require(found.candidate, forecast=found.is_forecast)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[splt]", "mine.toml: splt: there is no such key; did you mean 'split'?"),
        ('[split]\nkind = "grouped"\npart = 3', "split.part: there is no such key; did you mean 'parts'?"),
        ('[split]\nkind = "leave_one_person_out"\nparts = 3', "split.parts: there is no such key"),
        ('[split]\nkind = "groupd"', "split.kind: 'groupd' is unknown; did you mean 'grouped'?"),
        ("[split]\nparts = 3", "split.kind is missing: one of leave_one_person_out, grouped"),
        ('[split]\nkind = "grouped"\nparts = "3"', "split.parts: Expected `int`, got `str`"),
        ('[split]\nkind = "grouped"\nparts = 1', "split.parts: Expected `int` >= 2"),
        ("[rows]\nstep_s = 0", "rows.step_s: Expected"),
        ("[rows]\nstep_s = 1e308", "rows.step_s: Expected `float` <= 604800"),
        ("[evaluation]\nbootstrap = 1_000_000_000", "evaluation.bootstrap: Expected `int` <= 100000"),
        ("[evaluation]\nsurrogates = 1_000_000_000", "evaluation.surrogates: Expected `int` <= 100000"),
        ("[alarms]\nfalse_per_hour = inf", "alarms.false_per_hour: Expected `float` <= 604800"),
        ('[[study]]\nname = "b"\nsimulated = {hours = inf}', "study[1].simulated.hours: Expected `float` <= 24"),
        ('[rows]\ngroups = ["pulse"]', "rows.groups[0]: Invalid enum value 'pulse'"),
        ("paramters = {}", "candidate.paramters: there is no such key; did you mean 'parameters'?"),
        ('[[candidate]]\nkind = "logistic"', "two are called 'logistic'"),
        ('[[candidate]]\nkind = "clock"\nnme = "x"', "candidate[2].nme: there is no such key"),
        ("[alarms]\nenter = 0.3\nfalse_per_hour = 1.0", "alarms: name enter or false_per_hour"),
        ("[alarms]\nenter = 0.3\nleave = 0.6", "alarms: leave is a probability below enter (0.3), not 0.6"),
        ("[alarms]\nenter = 1.5", "alarms.enter: Expected `float` <= 1"),
        ('[[study]]\nname = "b"\npeople = ["x"]\nrecordings = ["y"]', "name one of people, recordings and simulated"),
        ('[[study]]\nname = "b"\nlabels = "l.csv"', "are for recordings"),
        ('[[study]]\nname = "b"\npeople = []', "study[1].people: is empty: leave it out for everybody in the inst"),
        ('[[study]]\nname = "b"\nrecordings = []', "or name recordings"),
        ("name =", "not TOML"),
        ("[evaluation]\nbootstrap = 1", "evaluation.bootstrap: Expected `int` >= 100"),
    ],
)
def test_what_is_wrong_is_named_with_what_would_be_right(more: str, said: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        told(MINIMAL + more)
    assert str(caught.value).startswith("mine.toml: ")
    assert said in str(caught.value)


def test_what_is_missing_is_named() -> None:
    for text, said in (("", "missing required field `name`"), (MINIMAL.replace("[[candidate]]", "[[study]]"), "kind")):
        with pytest.raises(ExperimentError, match=said):
            told(text)
    with pytest.raises(ExperimentError, match=r"not TOML"):
        read(b"\xff\xfe", origin="mine.toml")


def test_a_threshold_below_the_usual_one_keeps_its_distance_from_leave() -> None:
    rule = told(MINIMAL + "[alarms]\nenter = 0.1\nhold_s = 30").alarms.rule
    assert 0 < rule.leave < rule.enter == 0.1
    assert rule.hold_s == 30


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_makes_a_fresh_candidate(kind: str) -> None:
    spec_of = CandidateSpec(kind=kind)
    assert make(spec_of) is not make(spec_of)
    assert callable(make(spec_of).fit)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (CandidateSpec(kind="logstic"), "kind 'logstic' is unknown; did you mean 'logistic'?"),
        (
            CandidateSpec(kind="logistic", parameters={"penaltie": 1}),
            "no parameter 'penaltie'; did you mean 'penalty'?",
        ),
        (CandidateSpec(kind="logistic", parameters={"penalty": "much"}), "parameters: Expected"),
        (CandidateSpec(kind="arousal", parameters={"score": "x"}), "no parameter 'score'"),
        (CandidateSpec(kind="clock", parameters={"name": "x"}), "no parameter 'name'"),
        (CandidateSpec(kind="nowhere.at.all:Mine"), "cannot be imported"),
    ],
)
def test_a_candidate_that_cannot_be_is_refused(given: CandidateSpec, said: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        make(given)
    assert said in str(caught.value)


def test_what_foretells_events_is_refused_for_a_state() -> None:
    with pytest.raises(ExperimentError, match="foretells events"):
        require([CandidateSpec(kind="hawkes")], forecast=False)


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e308", "-1"])
def test_a_horizon_without_end_is_refused(seconds: str) -> None:
    state = 'kind = "state"\npositive = ["stress"]\nnegative = ["rest"]'
    text = MINIMAL.replace(state, f'kind = "forecast"\nevents = ["i"]\nhorizon_s = {seconds}')
    with pytest.raises(ExperimentError, match=r"target\.horizon_s: Expected `float`"):
        told(text)


@pytest.mark.parametrize("kind", ["os:sep", "os:getcwd", ":", ".here:Mine", "nowhere:Mine"])
def test_what_is_no_candidate_is_refused_before_anything_is_read(kind: str) -> None:
    with pytest.raises(ExperimentError, match=r"candidate 'mine': .* (cannot be imported|is no class with fit)"):
        require((CandidateSpec(kind=kind, name="mine"),), forecast=False)


@pytest.mark.parametrize("penalty", [1e308, float("inf"), float("nan")])
def test_a_penalty_that_no_number_can_hold_is_refused(penalty: float) -> None:
    with pytest.raises(ExperimentError, match="penalty"):
        make(CandidateSpec(kind="logistic", parameters={"penalty": penalty}))
