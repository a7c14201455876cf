"""Commands on bands and wrists: nearby, pair, swap, unpair, label."""

import argparse
import random
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from forecalm.cli import FELL_SHORT
from forecalm.commands.moments import moment, told
from forecalm.commands.people import kept_in, say
from forecalm.commands.terminal import err, operator
from forecalm.config import Config, ConfigError
from forecalm.config import load as load_config

if TYPE_CHECKING:
    from console.pairing.flow import Pairing
    from forecalm.commands.pairing_talk import Ear
    from forecalm.installation import Installation
    from ingest.registry.consents import Consent
    from ingest.registry.registry import Registry
    from ingest.registry.stretches import Held

SCAN: Final = "-"  # in the place of a band: pick it from what is nearby, or scan its code


def pair(chosen: argparse.Namespace) -> int:
    """Say who wears a band from now on, once it is confirmed at the band; or directly, where there is no gateway."""
    from forecalm.installation import Installation

    config = load_config(chosen.config)
    here = Installation(config)
    with closing(here.open_registry()) as registry, ExitStack() as stack:
        ear = None if chosen.no_confirm else _ear(config, registry, stack)
        if chosen.band == SCAN:
            if ear is None:
                raise ConfigError("no gateway is known here, so nothing is nearby: name the band")
            band = _pick(ear, config, registry)
        else:
            band = _band(chosen.band)
        wearer = chosen.wearer
        held = _held(registry, band, wearer)
        _require_as_said(chosen, held, wearer)
        if ear is None:
            _take(chosen, config, registry, held, band=band, wearer=wearer)
            return _enter(chosen, config, here, registry, held, band=band, wearer=wearer, pairing=None)
        _require_enterable(chosen, registry, wearer)
        pairing = _attend(ear, config, registry, held, chosen, band=band, wearer=wearer)
        if pairing.reason:
            return _not_paired(chosen, pairing)
        return _enter(chosen, config, here, registry, held, band=band, wearer=wearer, pairing=pairing)


def swap(chosen: argparse.Namespace) -> int:
    """Give the wearer of one band another; the old one is given up in the same moment in which the new one counts."""
    from forecalm.installation import Installation
    from ingest.errors import RegistryError

    config = load_config(chosen.config)
    here = Installation(config)
    with closing(here.open_registry()) as registry, ExitStack() as stack:
        old = _band(chosen.old)
        wearer = registry.wearer_of(old, time.time())
        if wearer is None:
            raise RegistryError(f"band: nobody wears {old!r}, so there is nobody to give another one to: forecalm pair")
        ear = None if chosen.no_confirm else _ear(config, registry, stack)
        chosen.wearer, chosen.instead_of = wearer, old
        chosen.name, chosen.consent_by, chosen.carer = None, None, []
        if chosen.new == SCAN and ear is None:
            raise ConfigError("no gateway is known here, so nothing is nearby: name the new band")
        band = _pick(ear, config, registry) if chosen.new == SCAN and ear else _band(chosen.new)
        if band == old:
            raise ConfigError(f"{old} is the band that is worn: name the other one second")
        held = _held(registry, band, wearer)
        _require_as_said(chosen, held, wearer)
        if ear is None:
            _take(chosen, config, registry, held, band=band, wearer=wearer)
            return _enter(chosen, config, here, registry, held, band=band, wearer=wearer, pairing=None)
        pairing = _attend(ear, config, registry, held, chosen, band=band, wearer=wearer)
        if pairing.reason:
            return _not_paired(chosen, pairing)
        return _enter(chosen, config, here, registry, held, band=band, wearer=wearer, pairing=pairing)


def unpair(chosen: argparse.Namespace) -> int:
    """Say that nobody wears a band any more."""
    from forecalm.installation import Installation

    config: Config = load_config(chosen.config)
    here = Installation(config)
    band = _band(chosen.band)
    with closing(here.open_registry()) as registry:
        at_s = time.time()
        wearer = registry.unassign(band, at_s, by=operator())
    say(
        chosen,
        {"band": band, "wearer": wearer, "until_s": at_s},
        f"{wearer} no longer wears {band}, and is not watched.\nKept in {kept_in(here)}\n",
    )
    return 0


def nearby(chosen: argparse.Namespace) -> int:
    """Say which bands are on the radio of the site's gateways, and who wears them."""
    from forecalm.commands.pairing_talk import as_json, listed, look_around
    from forecalm.installation import Installation

    config = load_config(chosen.config)
    here = Installation(config)
    with closing(here.open_registry()) as registry, ExitStack() as stack:
        ear = _ear(config, registry, stack)
        if ear is None:
            raise ConfigError(f"no gateway is known at {config.site.name}: start one with forecalm gateway")
        found = look_around(ear, registry, seconds=chosen.seconds)
        names = registry.names()
    say(chosen, [as_json(each) for each in found], listed(found, names, config.zone))
    return 0 if found else FELL_SHORT


def label(chosen: argparse.Namespace) -> int:
    """Write the sticker with a band's code."""
    from console.pairing.label import code_of, sticker_png, sticker_svg
    from forecalm.commands.terminal import require_file

    out: Path = chosen.out or Path(f"{chosen.band}.svg")
    require_file(out, "--out", suffixes=(".svg", ".png"))
    made = sticker_svg(chosen.band).encode() if out.suffix.lower() == ".svg" else sticker_png(chosen.band)
    out.write_bytes(made)
    say(
        chosen,
        {"band": chosen.band, "code": code_of(chosen.band), "out": str(out)},
        f"{out}: print it 2 cm wide, and stick it on {chosen.band}. It reads {code_of(chosen.band)}\n",
    )
    return 0


def _ear(config: Config, registry: "Registry", stack: ExitStack) -> "Ear | None":
    """A connection to the gateways of this site; None where none was ever heard of: then nothing can be confirmed."""
    from console.errors import PairingError
    from console.pairing.line import Line
    from forecalm.commands.pairing_talk import Ear, gateways_online
    from ingest.sending.broker import Broker

    said = config.mqtt
    broker = Broker(host=said.host, port=said.port, username=said.username, password=said.password)
    line = Line(broker, site=config.site.name)
    try:
        stack.enter_context(line)
    except PairingError:
        if registry.gateways():
            raise
        return None
    ear = Ear(line)
    known, online = gateways_online(ear)
    if known and not online:
        raise PairingError(f"no gateway is online ({', '.join(known)}): see to it, or pair with --no-confirm")
    return ear if known else None


def _pick(ear: "Ear", config: Config, registry: "Registry") -> str:
    from forecalm.commands.pairing_talk import pick

    return pick(ear, registry, config)


def _band(said: str) -> str:
    """A band by its id, or by its scanned code."""
    from console.pairing.label import PREFIX, band_in

    return band_in(said) if said.startswith(f"{PREFIX}.") or "." in said else said


def _held(registry: "Registry", band: str, wearer: str) -> "Held":
    from ingest.registry.stretches import Held

    now_s = time.time()
    wears = registry.band_of(wearer, now_s)
    return Held(registry.wearer_of(band, now_s), None if wears is None else wears[0])


def _require_as_said(chosen: argparse.Namespace, held: "Held", wearer: str) -> None:
    """Refuse where the options say that something else is taken than would be."""
    said = getattr(chosen, "from_wearer", None)
    if said is not None and held.wearer != said:
        raise ConfigError(f"--from {said}: {held.wearer or 'nobody'} wears it")
    if chosen.instead_of is not None and held.band != chosen.instead_of:
        raise ConfigError(f"--instead-of {chosen.instead_of}: {wearer} wears {held.band or 'none'}")


def _require_enterable(chosen: argparse.Namespace, registry: "Registry", wearer: str) -> None:
    """Refuse at once what the registry would refuse after somebody was made to wear it."""
    from ingest.registry.consents import Scope

    if wearer not in registry.names() and chosen.name is None:
        raise ConfigError(f"{wearer} is not known: give the name to show with --name, and who consents by --consent-by")
    if chosen.consent_by is None and (
        wearer not in registry.names() or not registry.has_consent(wearer, Scope.CARE, time.time())
    ):
        raise ConfigError(f"nobody has agreed that {wearer} is recorded and watched: say who does by --consent-by")


def _take(
    chosen: argparse.Namespace, config: Config, registry: "Registry", held: "Held", *, band: str, wearer: str
) -> None:
    """Where it is not confirmed at the band: let somebody agree to take it from whoever wears it."""
    from forecalm.commands.pairing_talk import Words, ask_to_take

    if held.wearer not in (None, wearer) and chosen.from_wearer != held.wearer:
        ask_to_take(Words(), registry, config, held, band=band, wearer=wearer, bands=False)


def _attend(
    ear: "Ear",
    config: Config,
    registry: "Registry",
    held: "Held",
    chosen: argparse.Namespace,
    *,
    band: str,
    wearer: str,
) -> "Pairing":
    from forecalm.commands.pairing_talk import Talk, Words

    talk = Talk(
        ear,
        registry,
        config,
        words=Words(),
        chance=random.SystemRandom(),
        agreed=(chosen.from_wearer, chosen.instead_of),
        as_it_sits=chosen.as_it_sits,
        name=chosen.name,
    )
    return talk.attend(held, band=band, wearer=wearer)


def _enter(
    chosen: argparse.Namespace,
    config: Config,
    here: "Installation",
    registry: "Registry",
    held: "Held",
    *,
    band: str,
    wearer: str,
    pairing: "Pairing | None",
) -> int:
    """Enter a pairing, and tell it."""
    now_s, names = time.time(), registry.names()
    until_s = None if chosen.until is None else moment(chosen.until, config.zone, "--until")
    registry.pair(
        band=band,
        wearer=wearer,
        since_s=now_s,
        until_s=until_s,
        name=chosen.name,
        carers=chosen.carer,
        consent=_consent(chosen.consent_by, now_s),
        site=config.site.name,
        held=held,
        by=operator(),
    )
    fit = None if pairing is None or pairing.fit is None else pairing.fit
    until = "from now on" if until_s is None else f"until {told(until_s, config.zone)}"
    said = [f"{wearer} wears {band} {until}."]
    if held.band not in (None, band):
        said.append(f"{held.band} is free: nobody wears it.")
    if held.wearer not in (None, wearer):
        said.append(f"{held.wearer} ({names[held.wearer or '']}) no longer has a band.")
    if wearer not in names:
        said.append("A service that runs watches them too within a few seconds.")
    if pairing is None:
        said.append("NOT CONFIRMED at the band: look at its label once more.")
    elif fit is not None and fit.mend.value != "fine":
        said.append(f"Taken as it sits: {fit.words}")
    as_json: Mapping[str, Any] = {
        "paired": True,
        "band": band,
        "wearer": wearer,
        "site": config.site.name,
        "since_s": now_s,
        "until_s": until_s,
        "before": held.wearer,
        "gave_up": held.band if held.band != band else None,
        "confirmed": pairing is not None and pairing.confirmed,
        "fit": None if fit is None else fit.mend.value,
    }
    say(chosen, as_json, " ".join(said) + f"\nKept in {kept_in(here)}\n")
    return 0


def _not_paired(chosen: argparse.Namespace, pairing: "Pairing") -> int:
    err.print(f"[bold]NOT PAIRED[/bold]: {pairing.reason}.")
    if chosen.json:
        say(chosen, {"paired": False, "band": pairing.band, "wearer": pairing.wearer, "reason": pairing.reason}, "")
    return FELL_SHORT


def _consent(given_by: str | None, from_s: float) -> "Consent | None":
    """To care, and to nothing else: no other use of readings is ever assumed."""
    from ingest.registry.consents import Consent, Scope

    return None if given_by is None else Consent(frozenset({Scope.CARE}), given_by, from_s)
