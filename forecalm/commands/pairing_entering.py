"""A pairing as it was asked for in, confirmed at the band where there are gateways, entered and told out."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rich.markup import escape

from console.errors import PairingError
from console.pairing.alone import Alone
from console.pairing.attending import said_of
from console.pairing.flow import Pairing
from console.pairing.label import band_named
from forecalm.cli import FELL_SHORT
from forecalm.commands.moments import told
from forecalm.commands.pairing_ear import Ear
from forecalm.commands.pairing_offer import arrives
from forecalm.commands.pairing_talk import Asked, Talk, Words, ask_what_is_taken, pick
from forecalm.commands.people import kept_in
from forecalm.commands.terminal import err, operator
from forecalm.config import Config, ConfigError
from forecalm.doctor.data import service
from forecalm.doctor.finding import Level
from forecalm.installation import Installation
from ingest.errors import RegistryError
from ingest.registry.checks import require_id
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from ingest.registry.stretches import Held

SCAN: Final = "-"  # in the place of a band: pick it from what is nearby, or scan its code
OPTIONS: Final = {"name": "--name", "given_by": "--consent-by", "carer": "--carer"}
"""What the registry calls it, and how it was said here."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pairing happens; without an ``ear``, or where it is not to be confirmed, the band is asked nothing."""

    config: Config
    here: Installation
    registry: Registry
    ear: Ear | None
    confirm: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the command's exit code, for scripts, and in words."""

    code: int
    as_json: Mapping[str, Any]
    text: str


def band_said(said: str, place: Place) -> str:
    """The band that was named by its id or its scanned code, or is picked now."""
    if said != SCAN:
        return band_named(said)
    if place.ear is None:
        raise ConfigError("no gateway is known here, so nothing is nearby: name the band")
    return pick(place.ear, place.registry, place.config.zone)


def enter(place: Place, band: str, asked: Asked) -> Outcome:
    """Let a band be confirmed at itself, where there is an ear, and enter who wears it.

    Raises ConfigError, PairingError or RegistryError, and enters nothing, where it is not as it was asked for.
    """
    held = _held(place.registry, band, asked.wearer)
    _require_as_said(asked, held)
    _require_enterable(place, band, asked)
    if place.ear is None or not place.confirm:
        alone, by = Alone(place.here.folder), operator()
        alone.require_free(band, by)
        ask_what_is_taken(Words(), place.registry, place.config, held, asked, band)
        with alone.held(band, by):
            entered = _entered(place, band, asked, held, None)
            return entered if place.ear is None else _followed(place, place.ear, band, asked.wearer, entered)
    talk = Talk(place.ear, place.registry, place.config, asked=asked, words=Words(), chance=random.SystemRandom())
    pairing = talk.attend(held, band)
    return _not_entered(pairing) if pairing.reason else _entered(place, band, asked, held, pairing)


def _held(registry: Registry, band: str, wearer: str) -> Held:
    now_s = time.time()
    wears = registry.band_of(wearer, now_s)
    return Held(registry.wearer_of(band, now_s), None if wears is None else wears[0])


def _require_as_said(asked: Asked, held: Held) -> None:
    """Refuse where the options say that something else is taken than would be."""
    if asked.taken_from is not None and held.wearer != asked.taken_from:
        raise ConfigError(f"--from {asked.taken_from}: {held.wearer or 'nobody'} wears it")
    if asked.instead_of is not None and held.band != asked.instead_of:
        raise ConfigError(f"--instead-of {asked.instead_of}: {asked.wearer} wears {held.band or 'none'}")


def _require_enterable(place: Place, band: str, asked: Asked) -> None:
    """Refuse at once what the registry would refuse after somebody was made to wear it; the registry itself says so."""
    registry, wearer = place.registry, asked.wearer
    require_id("pseudonym", wearer)
    known = wearer in registry.names()
    if not known and asked.name is None:
        raise ConfigError(f"{wearer} is not known: give the name to show with --name, and who consents by --consent-by")
    now_s = time.time()
    if asked.consent_by is None and not (known and registry.has_consent(wearer, Scope.CARE, now_s)):
        raise ConfigError(
            f"nobody has agreed that {wearer} is recorded and watched: say who does, with their role:"
            ' --consent-by "Ida Example, mother"'
        )
    try:
        _pair(place, band, asked, now_s, only_try=True)
    except RegistryError as error:
        field, _, why = str(error).partition(": ")
        if field not in OPTIONS:
            raise
        raise ConfigError(f"{OPTIONS[field]}: {why}") from None


def _pair(
    place: Place, band: str, asked: Asked, now_s: float, *, held: Held | None = None, only_try: bool = False
) -> None:
    place.registry.pair(
        band=band,
        wearer=asked.wearer,
        since_s=now_s,
        until_s=asked.until_s,
        name=asked.name,
        carers=asked.carers,
        consent=_consent(asked.consent_by, now_s),
        site=place.config.site.name,
        held=held,
        only_try=only_try,
        by=operator(),
    )


def _entered(place: Place, band: str, asked: Asked, held: Held, pairing: Pairing | None) -> Outcome:
    now_s, site, names = time.time(), place.config.site.name, place.registry.names()
    _pair(place, band, asked, now_s, held=held)
    fit = None if pairing is None else pairing.fit
    as_json = {
        "paired": True,
        "band": band,
        "wearer": asked.wearer,
        "site": site,
        "since_s": now_s,
        "until_s": asked.until_s,
        "before": held.wearer,
        "gave_up": held.band if held.band != band else None,
        "confirmed": pairing is not None and pairing.confirmed,
        "fit": None if fit is None else fit.mend.value,
    }
    words = _words(place, band, asked, held, pairing, names)
    return Outcome(0, as_json, f"{words}\nKept in {kept_in(place.here)}\n")


def _words(place: Place, band: str, asked: Asked, held: Held, pairing: Pairing | None, names: Mapping[str, str]) -> str:
    """What a person reads of what was entered; ``names`` of wearers as they were before."""
    until = "from now on" if asked.until_s is None else f"until {told(asked.until_s, place.config.zone)}"
    said = [f"{asked.wearer} wears {band} {until}."]
    if held.band not in (None, band):
        said.append(f"{held.band} is free: nobody wears it.")
    if held.wearer is not None and held.wearer != asked.wearer:
        said.append(f"{held.wearer} ({names[held.wearer]}) no longer has a band.")
    if any(found.level is Level.WARNING for found in service(place.here)) or not place.here.journal.exists():
        said.append("NO SERVICE RUNS HERE: nobody is watched until forecalm serve does.")
    elif asked.wearer not in names:
        said.append("A service that runs watches them too within a few seconds.")
    if pairing is None:
        said.append("NOT CONFIRMED at the band: look at its label once more.")
    elif pairing.fit is not None and pairing.fit.mend.value != "fine":
        said.append(f"Taken as it sits: {pairing.fit.words}")
    return " ".join(said)


def _followed(place: Place, ear: Ear, band: str, wearer: str, entered: Outcome) -> Outcome:
    """What was entered, once readings of the band arrive: a gateway that does not know it yet is let bond with it."""
    err.print(f"[bold]{band}[/bold]: waiting for its readings, for a minute at most. Keep it near.")
    why, came = "", False
    try:
        came = arrives(ear, place.registry, place.config, band)
    except PairingError as error:  # it is on record all the same
        why = str(error)
    as_json = {**entered.as_json, "arrives": came}
    if came:
        return Outcome(entered.code, as_json, entered.text)
    why = why or said_of(ear.hearing, band, time.time()) or "no gateway says why: is it charged, and near one?"
    err.print(f"[bold red]NOTHING OF IT ARRIVES[/bold red]: {wearer} is not watched yet. {escape(why)}.")
    return Outcome(FELL_SHORT, as_json, entered.text)


def _not_entered(pairing: Pairing) -> Outcome:
    err.print(f"[bold]NOT PAIRED[/bold]: {pairing.reason}.")
    as_json = {"paired": False, "band": pairing.band, "wearer": pairing.wearer, "reason": pairing.reason}
    return Outcome(FELL_SHORT, as_json, "")


def _consent(given_by: str | None, from_s: float) -> Consent | None:
    """To care, and to nothing else: no other use of readings is ever assumed."""
    return None if given_by is None else Consent(frozenset({Scope.CARE}), given_by, from_s)
