"""What gateways say of themselves and their bands, which bands look exchanged and which model watches, in; what of it
needs somebody, and the rest, in words, out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from console.amounts import counted, lasting, times
from ingest.bands import Doubt
from ingest.clock.clocks import GatewayState
from ingest.control.picture import BandAt, Fight, GatewayAt, Standing
from models.risk import TRAINING_FREE

OFF_S: Final = 1.0
"""A gateway's clock that far off is worth a word; what a band sent is placed by our own clock all the same."""

QUIET_S: Final = 10.0
"""Whoever was not heard for longer has stopped sending: the desk calls a band silent then."""

RETIRED_S: Final = 7 * 86_400.0
"""A gateway that has been silent for a week is no longer in use; bands it should carry are said to be silent anyway."""

FULL_SHARE: Final = 0.8
"""A spool that full is worth a word before it lets go of anything."""

UNKNOWN: Final = "unknown"
"""Stands for the chosen model where the shelf cannot say which it is."""

ROLL_BACK: Final = "forecalm models roll-back --by WHO --because WHY"

DRIFTED_MAX: Final = 5
"""Inputs that are named on a card: the command names all."""

Clock = Callable[[float], str]
"""A moment [UTC s] in, the house's wall clock out."""


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody must look at this: what it is about, what is so, what to do, and what to type (may be none)."""

    about: str
    what: str
    do: str
    commands: tuple[tuple[str, str], ...]
    glyph: str


@dataclass(frozen=True, slots=True)
class ModelsAt:
    """Which model ``watches``, which was ``chosen`` ("unknown" where the shelf does not say), which is in ``shadow``
    ("": none); ``faults`` say why one that ought to run does not, ``shifted`` are inputs that have drifted, and of whom
    in ``disputed`` (pseudonym, and for how long [s]) it says *low* where the training-free detector says *high*."""

    watches: str = TRAINING_FREE
    chosen: str = TRAINING_FREE
    shadow: str = ""
    faults: tuple[str, ...] = ()
    shifted: tuple[str, ...] = ()
    disputed: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """One gateway in words; ``doubt`` frames it as in ``console.bands.BandRow``."""

    gateway: str
    what: str
    doubt: str
    heard: str
    holds: str
    waits: str
    version: str
    clock: str


@dataclass(frozen=True, slots=True)
class Link:
    """How a band's gateways stand with it: in ``words``, and what is wrong (``fault``, mostly empty)."""

    words: str = ""
    fault: str = ""


def standby(models: ModelsAt) -> str:
    """Return why not the model watches that was chosen, for carers; "" where it does."""
    if models.watches == models.chosen:
        return ""
    which = "The chosen model" if models.chosen == UNKNOWN else f"Model {models.chosen}"
    return f"{which} cannot be used: tell support."


def watching(models: ModelsAt) -> str:
    """Return which models run, for staff."""
    who = "The training-free detector watches" if models.watches == TRAINING_FREE else f"Model {models.watches} watches"
    instead = f" in place of model {models.chosen}" if models.watches != models.chosen != UNKNOWN else ""
    return f"{who}{instead}." + (f" Model {models.shadow} is in shadow: it alerts nobody." if models.shadow else "")


def models_to_see_to(models: ModelsAt, *, name: Callable[[str], str]) -> tuple[Look, ...]:
    """Return a card for every model that ought to run and does not, one for inputs that have drifted, and one for each
    person of whom model and detector say opposite things; ``name`` gives what the house calls them."""
    goes_on = "Everybody is watched meanwhile. Tell whoever keeps the models."
    commands = (("What is wrong:", "forecalm models"), ("Back to what watched before:", ROLL_BACK))
    found = [Look("A model cannot be used", fault, goes_on, commands, "cannot") for fault in models.faults]
    if models.shifted:
        some = ", ".join(models.shifted[:DRIFTED_MAX]) + (" and more" if len(models.shifted) > DRIFTED_MAX else "")
        what = f"What it reads no longer lies as it did where it was trained: {some}."
        do = "Alerts go on, and may be wrong more often. Tell whoever trained it."
        found.append(Look(models.watches, what, do, (("How far:", "forecalm models drift"),), "cannot"))
    for wearer, for_s in models.disputed:
        what = f"Model {models.watches} says low, the training-free detector high, for {lasting(for_s)}."
        found.append(Look(name(wearer), what, "Look in. No alert comes of it: the model decides.", (), "person"))
    return tuple(found)


def exchanges(doubts: tuple[Doubt, ...], *, name: Callable[[str], str], clock: Clock) -> tuple[Look, ...]:
    """Return a card for each pair of bands that look exchanged; one on no wrist now is not named."""
    return tuple(_exchange(each, name=name, clock=clock) for each in doubts)


def _exchange(doubt: Doubt, *, name: Callable[[str], str], clock: Clock) -> Look:
    pairs = [
        (band, name(mine), name(theirs))
        for band, mine, theirs in (
            (doubt.band, doubt.wearer, doubt.other_wearer),
            (doubt.other_band, doubt.other_wearer, doubt.wearer),
        )
        if band is not None
    ]
    (first, mine, theirs), since = pairs[0], clock(doubt.since_s)
    what = f"{first} has not looked like {mine} since {since}; it looks more like {theirs}."
    commands = [("If it is right:", f"forecalm right {first}")]
    if len(pairs) > 1:
        second = pairs[1][0]
        what += f" And {second} looks more like {mine}."
        commands.insert(0, ("If they are exchanged:", f"forecalm correct {first} --exchange {second} --since TIME"))
    do = "Look whose band it is. Alerts go on meanwhile, under these names."
    return Look(" and ".join(pair[0] for pair in pairs), what, do, tuple(commands), "person")


def gateways_to_see_to(standing: Standing, *, now_s: float) -> tuple[Look, ...]:
    """Return a card for everything that is wrong with a gateway, or between two."""
    found = [_fight(each) for each in standing.fights]
    for each in standing.gateways:
        found += _ails(each, now_s=now_s)
    return tuple(found)


def _fight(fight: Fight) -> Look:
    between = " and ".join(fight.gateways)
    what = f"{between} take it from each other: {fight.changes} times in two minutes. Its readings may come late."
    return Look(fight.band, what, "Move it, or one of them: each should be nearest to its own bands.", (), "cannot")


def _ails(each: GatewayAt, *, now_s: float) -> list[Look]:
    said, name = each.status, each.gateway
    if not each.online:
        if now_s - each.heard_us * 1e-6 > RETIRED_S:
            return []
        what = "Away: it holds no band, and passes nothing on."
        return [Look(name, what, "Is it switched on, and on the network?", (), "unprotected")]
    found = []
    if each.deaf:
        what = "Deaf: it is there, but its radio hears nothing at all. Whoever is near it is not watched by it."
        found.append(Look(name, what, "Plug its Bluetooth adapter out and in, or start it again.", (), "cannot"))
    if said.trouble:
        what = f"What is new is in its memory alone, and lost with its power: {said.trouble}"
        found.append(Look(name, what, "Mend its disk, or make room there.", (), "cannot"))
    if said.let_go:
        were = "was" if said.let_go == 1 else "were"
        what = f"It had no room and let go of {counted(said.let_go, 'packet')} that {were} never stored: lost."
        found.append(Look(name, what, "See that it reaches the server, and give it more room (spool_mb).", (), "clock"))
    elif said.kept_max_bytes and said.kept_bytes >= FULL_SHARE * said.kept_max_bytes:
        wait = "waits" if said.kept_packets == 1 else "wait"
        what = (
            f"Its disk is nearly full: {counted(said.kept_packets, 'packet')} {wait} to be stored. The oldest go first."
        )
        found.append(Look(name, what, "See that it reaches the server, and that the server stores.", (), "clock"))
    return found


def gateway_rows(
    standing: Standing, clocks: tuple[GatewayState, ...], *, now_s: float, heard: Callable[[float | None], str]
) -> tuple[GatewayRow, ...]:
    """Return every gateway, by what it says of itself and by its clock: first those that something ails."""
    said = {each.gateway: each for each in standing.gateways}
    state = {each.gateway: each for each in clocks}
    rows = [_gateway(name, said.get(name), state.get(name), now_s=now_s, heard=heard) for name in sorted(said | state)]
    return tuple(sorted(rows, key=lambda row: not row.doubt))


def _gateway(
    name: str,
    at: GatewayAt | None,
    state: GatewayState | None,
    *,
    now_s: float,
    heard: Callable[[float | None], str],
) -> GatewayRow:
    clock, wrong = _clock(state)
    last_s = state.last_s if state is not None else None if at is None else at.heard_us * 1e-6
    doubt, what = "some" if wrong else "", ""
    if at is None:
        if last_s is not None and QUIET_S < now_s - last_s <= RETIRED_S:
            doubt, what = "some", "Not sending"
        return GatewayRow(name, what, doubt, heard(last_s), "", "", "", clock)
    status = at.status
    if not at.online:
        gone = now_s - at.heard_us * 1e-6 > RETIRED_S
        doubt, what = ("", "No longer used") if gone else ("none", "Away")
    elif at.deaf:
        doubt, what = "none", "Deaf"
    elif status.trouble or status.let_go:
        doubt, what = "some", "Disk trouble" if status.trouble else "Let go of readings"
    return GatewayRow(
        gateway=name,
        what=what,
        doubt=doubt,
        heard="now" if at.online else heard(last_s),
        holds=f"{status.links} of at most {status.links_max}" if at.online else "",
        waits=counted(status.kept_packets, "packet") if status.kept_packets else "nothing",
        version=status.version,
        clock=clock,
    )


def _clock(state: GatewayState | None) -> tuple[str, bool]:
    if state is None or state.offset_s is None:
        return "not known yet", False
    off = abs(state.offset_s) >= OFF_S
    clock = f"{lasting(abs(state.offset_s))} {'slow' if state.offset_s > 0 else 'fast'}" if off else "right"
    return clock + (f", set {times(state.sets)}" if state.sets else ""), off


def links(standing: Standing, *, clock: Clock) -> Mapping[str, Link]:
    """Return how each band that a gateway has spoken of stands with it."""
    return {each.band: _link(each, clock=clock) for each in standing.bands}


def _link(at: BandAt, *, clock: Clock) -> Link:
    status, seen = at.status, at.status.seen
    said = []
    if at.gateway is not None and at.since_us is not None:
        said.append(f"connected since {clock(at.since_us * 1e-6)}")
    elif status.state == "released":
        said.append(f"let go by {status.gateway}, as was asked")
    elif status.state == "refused":
        said.append(f"not connected: {status.gateway} cannot use it")
    elif status.state != "connected":
        said.append(f"{status.gateway} looks for it")
    if seen is not None and seen.rssi is not None:
        said.append(f"signal {_signal(seen.rssi)}")
    if seen is not None and seen.firmware:
        said.append(f"firmware {seen.firmware}")
    if status.backlog:
        said.append(f"{counted(status.backlog, 'packet')} still in its memory")
    fault = ""
    if at.gateway is None and status.state == "refused":
        fault = f"{status.gateway} cannot use it: {status.reason or 'it does not say why'}"
    elif at.gateway is None and status.state == "connected":
        fault = f"{status.gateway}, which had it, is away"
    return Link(", ".join(said), fault)


def _signal(rssi: int) -> str:
    word = "strong" if rssi >= -60 else "fair" if rssi >= -80 else "weak"
    return f"{word} (\N{MINUS SIGN}{-rssi} dBm)"
