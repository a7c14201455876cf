"""Commands that look and change nothing: doctor, bands."""

import argparse
import sys
import time
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from forecalm.cli import FELL_SHORT
from forecalm.commands.terminal import err, number, print_json
from forecalm.config import load as load_config

if TYPE_CHECKING:
    from ingest.bands import BandReport, Doubt


def doctor(chosen: argparse.Namespace) -> int:
    """Say how this installation is, and the mend of whatever is wrong; 1 where something must be mended."""
    from forecalm.doctor.examine import examine
    from forecalm.doctor.finding import Level

    findings = []
    for finding in examine(chosen.config):
        findings.append(finding)
        if not chosen.json:
            mend = f"\n{'':9}{finding.mend}" if finding.mend else ""
            sys.stdout.write(f"{finding.level.value:8} {finding.subject}: {finding.what}{mend}\n")
            sys.stdout.flush()
    if chosen.json:
        print_json({"findings": findings})
    return FELL_SHORT if any(finding.level is Level.FAILURE for finding in findings) else 0


def bands(chosen: argparse.Namespace) -> int:
    """Show every band, those that nobody is known to wear first, and every gateway."""
    from forecalm.bands import see
    from forecalm.installation import Installation

    config = load_config(chosen.config)
    seen = see(Installation(config, look=True), time.time())
    if chosen.json:
        print_json(seen)
        return 0
    for line in seen.missing:
        err.print(line)
    for doubt in seen.doubts:
        sys.stdout.write(_doubted(doubt, config.zone))
    for report in seen.bands:
        sys.stdout.write("\n".join(_lines(report, seen.now_s, config.zone)) + "\n")
    for gateway in seen.gateways:
        offset = "not known yet" if gateway.offset_s is None else f"{-gateway.offset_s * 1e3:+,.0f} ms against ours"
        sets = f", set {number(gateway.sets, 'time')}" if gateway.sets else ""
        heard = _ago(gateway.last_s, seen.now_s)
        sys.stdout.write(f"gateway {gateway.gateway}: heard {heard}; its clock: {offset}{sets}\n")
    if not seen.bands:
        sys.stdout.write("No bands yet.\n")
    return 0


def _doubted(doubt: "Doubt", zone: tzinfo) -> str:
    one, other = doubt.band or "no band", doubt.other_band or "no band"
    named = next(band for band in (doubt.band, doubt.other_band) if band is not None)
    return (
        f"LOOK WHO WEARS {one} AND {other}: since {_at(doubt.since_s, zone)} {one} looks less like {doubt.wearer} than"
        f" like {doubt.other_wearer}, and {other} the other way round\n"
        f"    exchanged: forecalm correct {one} --exchange {other} --since TIME\n"
        f"    as it should be: forecalm right {named}\n"
    )


def _lines(report: "BandReport", now_s: float, zone: tzinfo) -> list[str]:
    from ingest.admission import Verdict
    from ingest.registry.assignments import LINGER_S

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
    if report.waiting is not None:
        first, last = report.waiting.first_goes_s, report.waiting.last_goes_s
        mend = (
            f"forecalm pair {report.band} WEARER, and correct who wore it until now"
            if report.verdict is Verdict.WAIT
            else f"forecalm correct {report.band} WEARER, if somebody else wore it then"
        )
        lines.append(
            "    readings that are nobody's, or that no consent covers, are erased from"
            f" {_at(first, zone)} on, all by {_at(last, zone)}: {mend}"
        )
    heard = "never heard" if report.last_heard_s is None else f"heard {_ago(report.last_heard_s, now_s)}"
    battery = "" if report.sent.battery_pct is None else f", battery {report.sent.battery_pct} %"
    gateway = "" if report.sent.gateway is None else f", by {report.sent.gateway}"
    counted = f"{number(report.packets, 'packet')} and {number(report.samples, 'sample')}"
    stored = f"{counted} of {number(report.boots, 'boot')} stored"
    lines.append(f"    {heard}{gateway}{battery}; {stored}")
    clock = report.clock
    if clock is not None:
        drift = "drift not known yet" if clock.drift_ppm is None else f"drift {clock.drift_ppm:+.1f} ppm"
        residual = "" if clock.residual_s is None else f", within {clock.residual_s * 1e3:.1f} ms"
        sets = f", set {number(clock.sets, 'time')}" if clock.sets else ""
        proven = "" if clock.is_proven else ", not proven yet"
        lines.append(f"    clock: {drift}{residual}{sets}{proven}")
    return lines


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
