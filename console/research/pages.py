"""A researcher's requests in; the pages of recordings, labels, exports, models and alert budgets out."""

from fastapi import FastAPI

from console.research.agreeing import add_agreement
from console.research.budgeting import add_budgets
from console.research.exporting import add_exports
from console.research.labelling import add_labels
from console.research.modelling import add_models
from console.research.office import Research
from console.research.recordings import add_recordings
from console.research.room import Room
from console.sheets import Sheets


def add_research(app: FastAPI, sheets: Sheets, office: Research) -> None:
    """Add the pages of researchers to ``app``."""
    room = Room(sheets, office)
    for add in (add_recordings, add_labels, add_agreement, add_exports, add_models, add_budgets):
        add(app, room)
