"""Bands and gateways as they were found in; the lines that a person reads of them out."""

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from forecalm.commands.bands_heard import Told, radio_ago_s
from forecalm.commands.pairing_listed import clock
from forecalm.commands.terminal import number
from ingest.admission import Verdict
from ingest.bands import BandReport, Doubt
from ingest.clock.clocks import GatewayState
from ingest.control.picture import BandAt, GatewayAt
from ingest.registry.assignments import LINGER_S


def doubted(doubt: Doubt, zone: tzinfo) -> str:
    """Two bands that look exchanged, and what to type."""
    one, other = doubt.band or "no band", doubt.other_band or "no band"
    named = next(band for band in (doubt.band, doubt.other_band) if band is not None)
    return (
        f"LOOK WHO WEARS {one} AND {other}: since {_at(doubt.since_s, zone)} {one} looks less like {doubt.wearer} than"
        f" like {doubt.other_wearer}, and {other} the other way round\n"
        f"    exchanged: forecalm correct {one} --exchange {other} --since TIME\n"
        f"    as it should be: forecalm right {named}\n"
    )


def band_lines(report: BandReport, told: Told, now_s: float, zone: ZoneInfo) -> list[str]:
    """A band: who wears it, when it was heard, how gateways stand with it, and how its clock goes."""
    worn = {
        Verdict.KEEP: f"worn by {report.wearer}",
        Verdict.WAIT: "NOBODY IS KNOWN TO WEAR IT",
        Verdict.DROP: "somebody who was erased" if report.wearer is None else f"worn by {report.wearer}",
    }[report.verdict]
    if report.given_up_s is not None:
        until = _at(report.given_up_s + LINGER_S, zone)
        worn = f"given up at {_at(report.given_up_s, zone)}; gateways fetch what it still keeps until {until}"
    lines = [f"band {report.band}: {worn}"]
    if report.verdict is Verdict.DROP:
        lines.append("    nothing of it is recorded: no consent to care covers its wearer now")
    lines += _waiting(report, zone)
    heard = "never heard" if report.last_heard_s is None else f"heard {_ago(report.last_heard_s, now_s)}"
    battery = "" if report.sent.battery_pct is None else f", battery {report.sent.battery_pct} %"
    gateway = "" if report.sent.gateway is None else f", by {report.sent.gateway}"
    counted = f"{number(report.packets, 'packet')} and {number(report.samples, 'sample')}"
    stored = f"{counted} of {number(report.boots, 'boot')} stored"
    lines.append(f"    {heard}{gateway}{battery}; {stored}")
    lines += _linked(report.band, told, zone)
    lines += _clock(report)
    return lines


def gateway_lines(name: str, state: GatewayState | None, told: Told, now_s: float) -> list[str]:
    """A gateway: what it says of itself, and how its clock stands to ours; the two are heard at different moments."""
    at = told.gateways.get(name)
    lines = [f"gateway {name}: {_itself(at, told)}"]
    if state is not None:
        offset = "not known yet" if state.offset_s is None else f"{-state.offset_s * 1e3:+,.0f} ms against ours"
        sets = f", set {number(state.sets, 'time')}" if state.sets else ""
        lines.append(f"    its clock was last compared {_ago(state.last_s, now_s)}: {offset}{sets}")
    return lines


def _waiting(report: BandReport, zone: tzinfo) -> list[str]:
    if report.waiting is None:
        return []
    first, last = report.waiting.first_goes_s, report.waiting.last_goes_s
    mend = (
        f"forecalm pair {report.band} WEARER, and correct who wore it until now"
        if report.verdict is Verdict.WAIT
        else f"forecalm correct {report.band} WEARER, if somebody else wore it then"
    )
    return [
        "    readings that are nobody's, or that no consent covers, are erased from"
        f" {_at(first, zone)} on, all by {_at(last, zone)}: {mend}"
    ]


def _clock(report: BandReport) -> list[str]:
    found = report.clock
    if found is None:
        return []
    drift = "drift not known yet" if found.drift_ppm is None else f"drift {found.drift_ppm:+.1f} ppm"
    residual = "" if found.residual_s is None else f", within {found.residual_s * 1e3:.1f} ms"
    sets = f", set {number(found.sets, 'time')}" if found.sets else ""
    proven = "" if found.is_proven else ", not proven yet"
    return [f"    clock: {drift}{residual}{sets}{proven}"]


def _linked(band: str, told: Told, zone: ZoneInfo) -> list[str]:
    """How gateways stand with a band; nothing where there is none that could say so."""
    at = told.bands.get(band)
    if at is None:
        return ["    no gateway has spoken of it"] if told.gateways else []
    said = told.reasons.get(band, {})
    why = "; ".join(f"{gateway} says: {_printable(reason)}" for gateway, reason in said.items())
    backlog = f"; {number(at.status.backlog, 'packet')} still in its memory" if at.status.backlog else ""
    return [f"    {_stands(at, zone)}{f': {why}' if why else ''}{backlog}"]


def _stands(at: BandAt, zone: ZoneInfo) -> str:
    status = at.status
    if at.gateway is not None:
        since = "" if at.since_us is None else f" since {clock(at.since_us * 1e-6, zone)}"
        return f"connected to {at.gateway}{since}"
    if status.state == "connected":
        return f"not connected: {status.gateway}, which had it, is away"
    since = f" since {clock(status.since_us * 1e-6, zone)}"
    words = {
        "connecting": f"{status.gateway} looks for it{since}",
        "lost": f"lost{since}",
        "refused": f"not connected{since}, {status.gateway} cannot use it",
        "released": f"let go by {status.gateway}{since}, as was asked",
    }
    return words[status.state]


def _itself(at: GatewayAt | None, told: Told) -> str:
    if at is None:
        return "not known whether it is online" if told.missing else "says nothing of itself"
    status, now_s = at.status, told.now_s
    said = ["online" if at.online else f"AWAY, last heard {_ago(at.heard_us * 1e-6, now_s)}"]
    if at.online and status.links_max:
        ago_s = radio_ago_s(at, now_s)
        heard = "nothing yet" if ago_s is None else f"something {_ago(now_s - ago_s, now_s)}"
        said.append(f"{'DEAF: ' if at.deaf else ''}its radio heard {heard}")
        said.append(f"{status.links} of at most {number(status.links_max, 'link')}")
    if status.kept_packets:
        said.append(f"{number(status.kept_packets, 'packet waits', 'packets wait')} to be stored")
    else:
        said.append("nothing waits to be stored")
    if status.let_go:
        said.append(f"LET GO of {number(status.let_go, 'packet that was', 'packets that were')} never stored")
    if status.trouble:
        said.append(f"DISK: {_printable(status.trouble)}")
    return "; ".join(said)


def _printable(text: str) -> str:
    """What somebody else's machine says, harmless to a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _at(at_s: float, zone: tzinfo) -> str:
    return datetime.fromtimestamp(at_s, zone).strftime("%d %b %H:%M")


def _ago(at_s: float, now_s: float) -> str:
    """How long ago, as a person says it."""
    passed_s = now_s - at_s
    if passed_s < -1:
        return f"{-passed_s:,.0f} s in the future: has this computer's clock been set back?"
    for size_s, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if passed_s >= 2 * size_s:
            return f"{passed_s / size_s:,.0f} {unit} ago"
    return f"{max(passed_s, 0):.0f} s ago"
