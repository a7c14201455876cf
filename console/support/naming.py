"""Who may wear a band, and what was posted, in; who is to wear it, and what is taken and entered for it, out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from alerts.names import alike
from console.forms import Form
from console.pairing.one import Wish
from console.support.office import Person
from ingest.registry.stretches import Held

NEW: Final = "+"
"""Somebody who is not known yet; no pseudonym has this letter."""

SAME: Final = "Is this the same person?"
"""Asked where somebody new is to bear the name of somebody who is here: a reader would take two of them for one."""

LASTING: Final = (("", "Until changed"), ("12", "12 hours"), ("72", "3 days"))
"""How long a band is somebody's, in hours."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody to choose: ``value`` says who, and which band they wore when it was shown."""

    value: str
    name: str
    gives_up: str
    agreed: bool


@dataclass(frozen=True, slots=True)
class Naming:
    """Whom a band may be given to; ``worn_by`` wears it now, as ``taken_from`` is called ("": nobody does)."""

    choices: tuple[Choice, ...]
    chosen: str
    worn_by: str | None
    taken_from: str
    lasting: tuple[tuple[str, str], ...] = LASTING

    def alike(self, name: str) -> tuple[Choice, ...]:
        """Return whom a name may mean already."""
        near = alike(name, dict.fromkeys(each.name for each in self.choices))
        return tuple(each for it in near for each in self.choices if each.name == it)

    def meant(self, form: Form) -> str:
        """Return who was chosen; of somebody new who turned out to be somebody of that name, that one."""
        who, same = form.one("who"), form.one("same")
        known = who == NEW and any(each.value == same for each in self.alike(form.one("name")))
        return same if known else who

    def read(self, form: Form, *, now_s: float, new: str) -> tuple[tuple[str, Held, Wish] | None, dict[str, str]]:
        """Return who is to wear it, what is taken for it and what is entered besides; None, and what would be right by
        field, where something is missing. ``new`` is the pseudonym of somebody who is new; whose name somebody bears
        already is only new where that is said of this very name."""
        errors: dict[str, str] = {}
        meant = self.meant(form)
        who, _, band = meant.partition("|")
        of = next((each for each in self.choices if each.value == meant), None)
        if not who or (who != NEW and of is None):
            return None, {"who": "Say who wears it: choose somebody, or somebody new."}
        name, agrees = form.one("name"), form.one("consent_by")
        if who == NEW and not name:
            errors["name"] = "Give the name that the house uses: it is what boards show."
        if who == NEW and form.one("same") != NEW + name and (twins := self.alike(name)):
            there = " and ".join(dict.fromkeys(each.name for each in twins))
            errors["same"] = f"{SAME} {there} {'is' if len(twins) == 1 else 'are'} known here already."
        if not agrees and (who == NEW or (of is not None and not of.agreed)):
            errors["consent_by"] = "Say who agrees that they are recorded and watched, with their role."
        if self.worn_by not in (None, who) and form.one("take") != "yes":
            errors["take"] = f"{self.taken_from} wears it. Tick this to take it, or pair another band."
        hours = form.one("hours")
        if hours not in dict(LASTING):
            errors["hours"] = "Choose how long."
        if errors:
            return None, errors
        wish = Wish(
            until_s=now_s + 3600 * float(hours) if hours else None,
            name=name if who == NEW else None,
            consent_by=agrees or None,
            carers=tuple(filter(None, (each.strip() for each in form.one("carers").split(",")))),
        )
        return (new if who == NEW else who, Held(self.worn_by, band or None), wish), {}


def naming_of(people: Sequence[Person], held: Held, *, name: Callable[[str], str], chosen: str = "") -> Naming:
    """Return whom a band that is ``held`` so may be given to: those without one first."""
    choices = tuple(
        Choice(f"{each.wearer}|{each.band or ''}", name(each.wearer), each.band or "", each.agreed)
        for each in sorted(people, key=lambda each: (each.band is not None, name(each.wearer).casefold()))
    )
    value = next((each.value for each in choices if chosen and each.value.partition("|")[0] == chosen), "")
    return Naming(choices, value, held.wearer, "" if held.wearer is None else name(held.wearer))
