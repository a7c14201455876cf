"""What stands behind the way in and behind the pages of carers and of staff in; one value of it out."""

from collections.abc import Callable
from dataclasses import dataclass

from console.administration.office import Administration
from console.day.office import Days
from console.door.office import Door
from console.research.office import Research
from console.summary.office import Summaries
from console.support.office import Support


@dataclass(frozen=True, slots=True, kw_only=True)
class Offices:
    """Each None where a house has none: then its pages are not there."""

    door: Door | None = None
    days: Days | None = None
    support: Support | None = None
    research: Research | None = None
    administration: Administration | None = None
    summaries: Summaries | None = None
    reached: Callable[[], str] = str
    """Returns the address under which tablets find this house, ending in a slash; "" where only this machine does. May
    block."""
