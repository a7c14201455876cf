"""An app, the pages of staff and what stands behind administrators in; their pages, added, out."""

from fastapi import FastAPI

from console.administration.accounts import add_accounts
from console.administration.chains import add_chains
from console.administration.channels import add_channels
from console.administration.erasing import add_erasing
from console.administration.gateways import add_gateways
from console.administration.ground import Ground
from console.administration.office import Administration
from console.administration.overview import add_overview
from console.administration.people import add_people
from console.administration.places import add_places
from console.administration.tablets import add_tablets
from console.administration.tokens import add_tokens
from console.administration.trail import add_trail
from console.sheets import Sheets


def add_administration(app: FastAPI, sheets: Sheets, office: Administration) -> None:
    """Add the pages of administrators."""
    ground = Ground(app=app, sheets=sheets, office=office)
    add_overview(ground)
    add_erasing(ground)  # before people, whose path would take its own
    add_people(ground)
    add_accounts(ground)
    add_tablets(ground)
    add_tokens(ground)
    add_gateways(ground)
    add_places(ground)
    add_chains(ground)
    add_channels(ground)
    add_trail(ground)
