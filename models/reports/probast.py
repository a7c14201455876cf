"""What an experiment was in; what a reviewer with PROBAST+AI will ask, what the report shows and what it cannot, out.

The four domains are those of Moons 2025, BMJ 388:e082505, doi:10.1136/bmj-2024-082505; the questions are hints in our
words, not its signalling questions: judge a study by the tool itself.
"""

from dataclasses import dataclass

from models.experiments.results import Results
from models.reports import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Of a ``domain``: what will be ``asked``, what is ``shown`` and where, and what is ``left`` to the authors."""

    domain: str
    asked: str
    shown: str
    section: str
    left: str


def questions(results: Results) -> tuple[Question, ...]:
    """Return the hints, with the numbers that bear on them."""
    studies = results.data.studies
    people, events = sum(each.people for each in studies), sum(each.events for each in studies)
    positives = sum(each.positives for each in studies)
    inputs = results.data.inputs
    folds = sum(bool(fold.refused) for arm in results.arms for fold in arm.folds)
    return (
        Question(
            domain="Participants and data sources",
            asked="Are these the people, bands and settings it is meant for? Who was left out?",
            shown=f"{words.counted(people, 'person', 'people')}; what was left out, moment by moment, by reason.",
            section="data",
            left="Who could not or would not wear a band: they are the ones it is meant for.",
        ),
        Question(
            domain="Predictors",
            asked="Could every predictor be known at the moment of prediction, in the same way for everybody?",
            shown="Estimates were compared with those made after the later part of a session had been cut away.",
            section="split",
            left="Whether bands and places of wear differed between people or sites.",
        ),
        Question(
            domain="Outcome",
            asked="Was the outcome told without knowledge of the predictors, alike for everybody?",
            shown="The words of the labels, and how much each covers.",
            section="data",
            left="Who labelled, blind to what, and how well two of them agreed.",
        ),
        Question(
            domain="Analysis",
            asked="Were there enough people with the outcome for so many predictors?",
            shown=f"{positives:,} positive moments of {words.counted(events, 'event')} against {inputs} inputs; moments"
            " overlap, so people and events are what counts.",
            section="data",
            left="A reason for the size of the study.",
        ),
        Question(
            domain="Analysis",
            asked="Is performance optimistic: leakage, tuning on test data, the best of many?",
            shown="The leakage audit; thresholds chosen in training; the number of candidates and comparisons.",
            section="split",
            left="What had been seen of these people before this experiment was fixed.",
        ),
        Question(
            domain="Analysis",
            asked="Were discrimination and calibration both judged, with uncertainty over people?",
            shown="Both, by person, with confidence by drawing people.",
            section="calibrated",
            left="What a change of the threshold would mean for carers.",
        ),
        Question(
            domain="Analysis",
            asked="How was missing information handled? Is silence taken for calm?",
            shown="Abstention by reason, and coverage; abstained hours stay in the denominator of false alarms.",
            section="seen",
            left=f"{words.counted(folds, 'fold')} could not be trained or judged." if folds else "",
        ),
    )
