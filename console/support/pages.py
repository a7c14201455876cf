"""What stands behind the pages of support staff in; all of these pages out."""

from fastapi import FastAPI

from console.support.band_pages import add_band
from console.support.counter import Counter
from console.support.list_pages import add_today
from console.support.pair_pages import add_pairing
from console.support.swap_pages import add_swapping
from console.support.under_way_pages import add_under_way


def add_support(app: FastAPI, counter: Counter) -> None:
    """Serve what needs doing today, every band on a page of its own, and the pages that pair and swap."""
    counter.sheets.templates.globals["has_support"] = True
    add_today(app, counter)
    add_pairing(app, counter)
    add_under_way(app, counter)
    add_swapping(app, counter)
    add_band(app, counter)
