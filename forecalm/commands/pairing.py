"""Commands on bands and wrists in, what was entered and told, and an exit code, out: nearby, pair, swap, unpair, label.

``pair`` and ``swap`` differ in what is asked for alone: both read it off the command line into an ``Asked``, and both
are carried out by ``pairing_entering.enter``.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from forecalm.cli import FELL_SHORT
from forecalm.commands.moments import moment
from forecalm.commands.people import kept_in, say
from forecalm.commands.terminal import operator
from forecalm.config import Config, ConfigError
from forecalm.config import load as load_config

if TYPE_CHECKING:
    from forecalm.commands.pairing_entering import Place


def pair(chosen: argparse.Namespace) -> int:
    """Say who wears a band from now on, once it is confirmed at the band; or directly, where there is no gateway."""
    from forecalm.commands.pairing_entering import band_said, enter
    from forecalm.commands.pairing_talk import Asked

    with _place(chosen) as place:
        asked = Asked(
            wearer=chosen.wearer,
            taken_from=chosen.from_wearer,
            instead_of=chosen.instead_of,
            until_s=_until_s(chosen, place.config),
            as_it_sits=chosen.as_it_sits,
            name=chosen.name,
            consent_by=chosen.consent_by,
            carers=tuple(chosen.carer),
        )
        outcome = enter(place, band_said(chosen.band, place), asked)
    say(chosen, outcome.as_json, outcome.text)
    return outcome.code


def swap(chosen: argparse.Namespace) -> int:
    """Give the wearer of one band another; the old one is given up in the same moment in which the new one counts."""
    from console.pairing.label import band_named
    from forecalm.commands.pairing_entering import band_said, enter
    from forecalm.commands.pairing_talk import Asked
    from ingest.errors import RegistryError

    with _place(chosen) as place:
        old = band_named(chosen.old)
        wearer = place.registry.wearer_of(old, time.time())
        if wearer is None:
            raise RegistryError(f"band: nobody wears {old!r}, so there is nobody to give another one to: forecalm pair")
        asked = Asked(
            wearer=wearer,
            taken_from=chosen.from_wearer,
            instead_of=old,
            until_s=_until_s(chosen, place.config),
            as_it_sits=chosen.as_it_sits,
        )
        band = band_said(chosen.new, place)
        if band == old:
            raise ConfigError(f"{old} is the band that is worn: name the other one second")
        outcome = enter(place, band, asked)
    say(chosen, outcome.as_json, outcome.text)
    return outcome.code


def unpair(chosen: argparse.Namespace) -> int:
    """Say that nobody wears a band any more."""
    from console.pairing.label import band_named
    from forecalm.installation import Installation

    config: Config = load_config(chosen.config)
    here = Installation(config)
    band = band_named(chosen.band)
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
    from forecalm.commands.pairing_ear import ear_at, look_around
    from forecalm.commands.pairing_listed import as_json, listed
    from forecalm.installation import Installation

    config = load_config(chosen.config)
    here = Installation(config)
    with closing(here.open_registry()) as registry, ExitStack() as stack:
        ear = ear_at(config, registry, stack)
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
    bare = out.suffix.lower() == ".png"
    out.write_bytes(sticker_png(chosen.band) if bare else sticker_svg(chosen.band).encode())
    say(
        chosen,
        {"band": chosen.band, "code": code_of(chosen.band), "out": str(out)},
        f"{out}: print it 2 cm wide, and stick it on {chosen.band}. It reads {code_of(chosen.band)}\n"
        + ("It holds the code alone: write the id beside it, for people to read.\n" if bare else ""),
    )
    return 0


@contextmanager
def _place(chosen: argparse.Namespace) -> Iterator["Place"]:
    """This installation, and its gateways; where nothing is to be confirmed, it goes without."""
    from console.errors import PairingError
    from forecalm.commands.pairing_ear import ear_at
    from forecalm.commands.pairing_entering import Place
    from forecalm.installation import Installation

    config = load_config(chosen.config)
    here = Installation(config)
    with closing(here.open_registry()) as registry, ExitStack() as stack:
        try:
            ear = ear_at(config, registry, stack)
        except PairingError:
            if not chosen.no_confirm:
                raise
            ear = None
        yield Place(config, here, registry, ear, confirm=not chosen.no_confirm)


def _until_s(chosen: argparse.Namespace, config: Config) -> float | None:
    if chosen.until is None:
        return None
    until_s = moment(chosen.until, config.zone, "--until")
    if until_s <= time.time():  # said now, not after somebody was made to wear it
        raise ConfigError(f"--until {chosen.until}: is past: name a time that is still to come, or leave it out")
    return until_s
