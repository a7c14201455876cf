"""What an experiment was in; item by item of TRIPOD+AI, where the report fills it and what is left to the authors, out.

The items are those of Collins 2024, BMJ 385:e078378, doi:10.1136/bmj-2023-078378, table 2 (CC BY 4.0), numbered as
there and shortened here: hold a manuscript to the statement itself. D: for developing a model, E: for evaluating one.
"""

from dataclasses import dataclass
from typing import Final, Literal

from models.experiments.results import Results
from models.experiments.spec import AcrossStudies, Calibrated
from models.reports import words

Status = Literal["filled", "in part", "authors"]
SAID: Final = {"filled": "filled here", "in part": "in part here", "authors": "to be written by the authors"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An item of the statement: its ``number``, the ``topic`` it stands under, for which studies, what it ``asks``."""

    number: str
    topic: str
    of: str
    asks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the report makes of an item: ``status``, the ``sections`` of the report that say it, and what is ``said``
    or missing."""

    item: Item
    status: Status
    sections: tuple[str, ...]
    said: str

    @property
    def told(self) -> str:
        """The status in words."""
        return SAID[self.status]


def _item(number: str, of: str, topic: str, asks: str) -> Item:
    return Item(number=number, topic=topic, of=of, asks=asks)


ITEMS: Final = (
    _item("1", "D;E", "Title", "A study that develops or evaluates a prediction model; target population; outcome"),
    _item("2", "D;E", "Abstract", "As the checklist TRIPOD+AI for Abstracts has it"),
    _item(
        "3a", "D;E", "Background", "Healthcare context (diagnostic or prognostic), rationale, models there are already"
    ),
    _item("3b", "D;E", "Background", "Target population, purpose in the care pathway, intended users"),
    _item("3c", "D;E", "Background", "Known health inequalities between sociodemographic groups"),
    _item("4", "D;E", "Objectives", "Objectives; whether a model is developed, validated, or both"),
    _item("5a", "D;E", "Data", "Sources, for development and evaluation apart; why these data; how representative"),
    _item("5b", "D;E", "Data", "Dates of the data: start and end of accrual; end of follow-up"),
    _item("6a", "D;E", "Participants", "Study setting; number and location of centres"),
    _item("6b", "D;E", "Participants", "Eligibility criteria"),
    _item("6c", "D;E", "Participants", "Treatments received, and how they were handled"),
    _item("7", "D;E", "Data preparation", "Pre-processing and quality checks; whether similar across groups"),
    _item("8a", "D;E", "Outcome", "Outcome and time horizon; how and when assessed; why this one; same across groups"),
    _item("8b", "D;E", "Outcome", "Who assessed it, where assessment is subjective: qualifications, demographics"),
    _item("8c", "D;E", "Outcome", "Blinding of the outcome's assessment"),
    _item("9a", "D", "Predictors", "Choice of initial predictors; any selection before model building"),
    _item("9b", "D;E", "Predictors", "Definition of all predictors; how and when measured; blinding"),
    _item("9c", "D;E", "Predictors", "Who assessed them, where that is subjective"),
    _item(
        "10",
        "D;E",
        "Sample size",
        "How the study size was arrived at, for development and evaluation apart; sufficient?",
    ),
    _item("11", "D;E", "Missing data", "How missing data were handled; reasons for omitting data"),
    _item("12a", "D", "Analytical methods", "How data were used; partitioning, with regard to sample size"),
    _item(
        "12b",
        "D",
        "Analytical methods",
        "How predictors were handled: form, rescaling, transformation, standardisation",
    ),
    _item(
        "12c", "D", "Analytical methods", "Type of model, rationale, all building steps, tuning, internal validation"
    ),
    _item("12d", "D;E", "Analytical methods", "Heterogeneity of parameters and performance across clusters"),
    _item("12e", "D;E", "Analytical methods", "All measures and plots of performance, and why; comparison of models"),
    _item("12f", "E", "Analytical methods", "Model updating (such as recalibration) arising from the evaluation"),
    _item("12g", "E", "Analytical methods", "How predictions were calculated (formula, code, object, interface)"),
    _item("13", "D;E", "Class imbalance", "Methods against class imbalance: why, how, and recalibration afterwards"),
    _item("14", "D;E", "Fairness", "Approaches to model fairness, and their rationale"),
    _item(
        "15", "D", "Model output", "Output of the model; any classification, its rationale, how thresholds were found"
    ),
    _item("16", "D;E", "Training versus evaluation", "Differences of setting, eligibility, outcome and predictors"),
    _item("17", "D;E", "Ethical approval", "Ethics committee; informed consent, or its waiver"),
    _item("18a", "D;E", "Funding", "Source of funding; role of the funders"),
    _item("18b", "D;E", "Conflicts of interest", "Conflicts of interest and financial disclosures of all authors"),
    _item("18c", "D;E", "Protocol", "Where the protocol is, or that there was none"),
    _item("18d", "D;E", "Registration", "Register and number, or that the study was not registered"),
    _item("18e", "D;E", "Data sharing", "Availability of the study data"),
    _item("18f", "D;E", "Code sharing", "Availability of the analytical code"),
    _item(
        "19",
        "D;E",
        "Patient and public involvement",
        "Involvement in design, conduct, reporting; or that there was none",
    ),
    _item("20a", "D;E", "Participants", "Flow of participants; how many with and without the outcome; follow-up time"),
    _item(
        "20b", "D;E", "Participants", "Characteristics by source: dates, demographics, events, follow-up, missing data"
    ),
    _item("20c", "E", "Participants", "Important predictors compared with those of the development data"),
    _item(
        "21", "D;E", "Model development", "Participants and events in each analysis (development, tuning, evaluation)"
    ),
    _item(
        "22", "D", "Model specification", "The full model, so that others can predict with it; restrictions to its use"
    ),
    _item("23a", "D;E", "Model performance", "Performance with confidence intervals, of key subgroups too; plots"),
    _item("23b", "D;E", "Model performance", "Heterogeneity of performance across clusters"),
    _item("24", "E", "Model updating", "Results of updating: the updated model and its performance"),
    _item("25", "D;E", "Interpretation", "Overall interpretation, with fairness, objectives and previous studies"),
    _item("26", "D;E", "Limitations", "Limitations (sample, size, overfitting, missing data) and their effects"),
    _item("27a", "D", "Usability", "How poor or unavailable input data are assessed and handled in use"),
    _item("27b", "D", "Usability", "Whether users interact with data or model, and the expertise they need"),
    _item("27c", "D;E", "Usability", "Next steps of research, with a view to applicability and generalisability"),
)
"""The 52 subitems of the 27 items, in order."""

_FILLED: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "8a": (("asked",), "Outcome, horizon and latency are here. Why this outcome, and how it was assessed, is yours."),
    "11": (
        ("data", "seen"),
        "Moments left out, by reason; where a model abstains, by reason. Missing inputs reach the"
        " models as unknown and are never filled in from later moments.",
    ),
    "12a": (("split",), "Who was held out, the embargo, and the audit's verdict."),
    "12d": (
        ("people", "split"),
        "A person is a cluster: every figure is told by person, spread and confidence are over"
        " people. Where there are several studies, say more of differences between them.",
    ),
    "12e": (
        ("verdict", "figures", "compared"),
        "Every measure with its definition; candidates are compared paired over people.",
    ),
    "12g": (("again",), "By the code and the versions that are named."),
    "15": (
        ("asked", "split"),
        "A probability. Thresholds were chosen inside the training part of each fold; they are in the table of folds.",
    ),
    "20a": (("data",), "From sessions to moments with a target, by study."),
    "21": (("split", "data"), "People, moments and positives of each fold, and what each was judged on."),
    "23a": (
        ("verdict", "people", "figures"),
        "With 95 % confidence over people. Figures of subgroups other than"
        " conditions want demographics, which are not in the results.",
    ),
    "23b": (("people",), "By person, every one of them."),
    "27a": (
        ("seen",),
        "Where the band is off, or its readings are too poor, the models abstain and say why; how often is here.",
    ),
}
_IN_PART: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "4": (
        ("asked",),
        "What was run is here: models are developed, and validated on people, sessions or studies held"
        " out. Say which of it is your objective.",
    ),
    "5a": (("data",), "Studies and how much they hold are here. Why these data, and whom they stand for, is yours."),
    "7": (
        ("data", "again"),
        "The same streaming code as live, of the versions named, for everybody. Whether quality was"
        " alike across groups of people is yours to look at: coverage by person is here.",
    ),
    "9a": (
        ("again",),
        "Every input of the feature set named in the experiment, without selection on these data; of a"
        " candidate of your own, say what it selects. docs/inputs.md has each input and its source.",
    ),
    "9b": (
        ("again",),
        "docs/features.md and docs/inputs.md of the version named define them; none of them looks ahead."
        " Name the bands, and where they were worn.",
    ),
    "12b": (("again",), "docs/estimators.md of the version named says how each candidate treats inputs."),
    "12c": (
        ("verdict", "split", "again"),
        "Candidates, seeds and parameters are here; penalties and calibration were"
        " chosen inside the training parts. Say why these candidates.",
    ),
    "13": (
        ("calibrated",),
        "No moments were drawn twice or thrown away; docs/estimators.md says how moments are"
        " weighed. Calibration is here. Of a candidate of your own, say more.",
    ),
    "16": (("data", "split"), "Studies side by side are here. Setting and eligibility are yours."),
    "18e": (("again",), "The digest of the data set is here. Say who may have the data, and how."),
    "18f": (("again",), "forecalm, the version named, with the experiment file printed here. Say where."),
    "20b": (
        ("data",),
        "Hours, events and missing moments by study are here; demographics and dates are not in the"
        " results, on purpose.",
    ),
    "26": (("worth",), "What a figure of this kind of split is worth is here; your own limitations are yours."),
}
_AUTHORS: Final = {
    "1": "Name development or evaluation, severe autism or whoever was recorded, and the outcome.",
    "2": "Follow TRIPOD+AI for Abstracts.",
    "3a": "Prognostic, minutes ahead. Goodwin 2019, Imbiriba 2023 and Kartha 2026 are what there is.",
    "3b": "Carers who are in the same house; beside and never instead of the care that is there.",
    "3c": "Say who is missing: girls and women, those who do not bear a band, darker skin under optical sensors.",
    "5b": "Dates are left out of this report on purpose, so that it can be shown to others.",
    "6a": "Home, school, ward, laboratory; how many, and where.",
    "6b": "Who could take part, and who could not bear to.",
    "6c": "Medicines that move pulse or sweat: beta blockers, stimulants, anticholinergics, antipsychotics.",
    "8b": "Who labelled, what training they had, and how far two of them agreed.",
    "8c": "Whether whoever labelled could see the band's readings or the alerts.",
    "9c": "Nothing here is read by a person; say so, unless labels of yours are inputs.",
    "10": "Why so many people and events: what half-width of an interval was wanted, and whether it was reached.",
    "12f": "Nothing was updated on tested people. Say so, or name what was.",
    "14": "Say what was looked at by sex, age, skin tone and need of support, or that numbers do not bear it.",
    "17": "Committee, number, consent or consultee; taking the band off is dissent.",
    "18a": "Who paid, and what they had a say in.",
    "18b": "Every author's, shares in makers of bands too.",
    "18c": "The experiment file is a protocol of the analysis if it was fixed beforehand: say when it was.",
    "18d": "Register and number, or that it was not registered.",
    "19": "People with autism, families, carers: what they changed. Or that nobody was asked.",
    "20c": "Edges, shares and unknowns of each input stand in the manifest of a trained model: forecalm card.",
    "22": "forecalm train keeps the model with its manifest; say who may have it, and on what terms.",
    "24": "Nothing was updated. Say so, or report it.",
    "25": "What it means beside the baselines on this page, and for whom.",
    "27b": "Who puts the band on, who answers an alert, and what they have to be taught.",
    "27c": "Another house before another model.",
}


def answers(results: Results) -> tuple[Answer, ...]:
    """Return every item with what the report of ``results`` makes of it."""
    own = _of(results)
    found = []
    for item in ITEMS:
        if item.number in own:
            found.append(Answer(item=item, **own[item.number]))  # type: ignore[arg-type]
        elif item.number in _FILLED:
            sections, said = _FILLED[item.number]
            found.append(Answer(item=item, status="filled", sections=sections, said=said))
        elif item.number in _IN_PART:
            sections, said = _IN_PART[item.number]
            found.append(Answer(item=item, status="in part", sections=sections, said=said))
        else:
            found.append(Answer(item=item, status="authors", sections=(), said=_AUTHORS[item.number]))
    return tuple(found)


def _of(results: Results) -> dict[str, dict[str, object]]:
    """What hangs on how the experiment was made."""
    own: dict[str, dict[str, object]] = {}
    split = results.experiment.split
    if isinstance(split, Calibrated):
        told = "Models with the tested person's own first sessions in training, beside those without."
        own["12f"] = own["24"] = {"status": "filled", "sections": ("personal",), "said": told}
    if isinstance(split, AcrossStudies):
        count = words.counted(len(results.data.studies), "study", "studies")
        told = f"Trained on and tested on different studies: {count}."
        own["16"] = {
            "status": "in part",
            "sections": ("data", "split"),
            "said": f"{told} Settings are yours to describe.",
        }
    if any(study.simulated is not None for study in results.experiment.study):
        told = "The people are simulated (docs/scenarios.md): they stand for nobody, and that has to be said first."
        own["5a"] = {"status": "in part", "sections": ("data",), "said": told}
    return own
