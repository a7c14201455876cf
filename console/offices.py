"""What stands behind the pages of carers' days, support staff, researchers and administrators in; one value of it out."""

from dataclasses import dataclass

from console.administration.office import Administration
from console.day.office import Days
from console.research.office import Research
from console.summary.office import Summaries
from console.support.office import Support


@dataclass(frozen=True, slots=True, kw_only=True)
class Offices:
    """Each None where a house has none: then its pages are not there."""

    days: Days | None = None
    support: Support | None = None
    research: Research | None = None
    administration: Administration | None = None
    summaries: Summaries | None = None
