"""What stands in a path's places in; whom it is about, and at which sites that is, out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from console.access.access import Whereabouts
from console.board import DeskLike
from console.care import Care

PEOPLE: Final = ("wearer",)
BANDS: Final = ("band",)
GATEWAYS: Final = ("gateway",)
SITES: Final = ("site",)
ALERTS: Final = ("alert_id",)
MATTERS: Final = ("matter_id",)
SHIFTS: Final = ("shift_id",)
OUTCOMES: Final = ("outcome_id",)
"""What places are called in paths, by what stands in them."""


@dataclass(frozen=True, slots=True)
class About:
    """Whom a request is about ("": nobody, or more than one), and at which sites: it takes the right at each of them.
    None: at whichever site the asker has it, for it is the whole house's."""

    wearer: str = ""
    sites: frozenset[str] | None = None


OF_THE_HOUSE: Final = About()


class Places:
    """Finds out where things belong. May block on what delivery, shifts and outcomes keep in memory, on no database."""

    def __init__(self, whereabouts: Whereabouts, desk: DeskLike, care: Care | None) -> None:
        self.whereabouts = whereabouts
        self._desk = desk
        self._care = care
        self._finders: tuple[tuple[tuple[str, ...], Callable[[str], About]], ...] = (
            (PEOPLE, self._person),
            (BANDS, lambda band: About("", frozenset({whereabouts.of_band(band)}))),
            (GATEWAYS, lambda gateway: About("", frozenset({whereabouts.of_gateway(gateway)}))),
            (SITES, lambda site: About("", frozenset({site}))),
            (ALERTS, self._matter),
            (MATTERS, self._matter),
            (SHIFTS, self._shift),
            (OUTCOMES, self._outcome),
        )

    def about(self, places: Mapping[str, str]) -> About | None:
        """Return whom and where the first of ``places`` that says so is about; None where none does."""
        for names, find in self._finders:
            for name in names:
                if name in places:
                    return find(places[name])
        return None

    def _person(self, wearer: str) -> About:
        return About(wearer, frozenset({self.whereabouts.of_wearer(wearer)}))

    def _matter(self, matter_id: str) -> About:
        """A matter of nobody is the house's: the answer says which. One that nobody knows is this site's, so that
        nothing is told of it elsewhere; an alert is known to outcomes for as long as one may be told of it."""
        for view in self._desk.views():
            if view.alert is not None and view.alert.alert_id == matter_id:
                return self._person(view.wearer)
        if self._care is None:
            return self._unknown
        proof = self._care.delivery.proof(matter_id)
        wearer = proof.matter.wearer if proof is not None else self._care.outcomes.whose(matter_id)
        if wearer:
            return self._person(wearer)
        return OF_THE_HOUSE if proof is not None else self._unknown

    def _shift(self, shift_id: str) -> About:
        """A shift for everybody is at every site at which there is somebody."""
        for shift in self._care.duty.shifts() if self._care is not None else ():
            if shift.shift_id == shift_id:
                wearers = shift.wearers or [view.wearer for view in self._desk.views()]
                return About("", frozenset(map(self.whereabouts.of_wearer, wearers)))
        return OF_THE_HOUSE

    def _outcome(self, outcome_id: str) -> About:
        wearer = self._care.outcomes.whose(outcome_id) if self._care is not None else ""
        return self._person(wearer) if wearer else self._unknown

    @property
    def _unknown(self) -> About:
        return About("", frozenset({self.whereabouts.here}))
