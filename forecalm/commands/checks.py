"""Commands that look and change nothing: doctor, bands."""

import argparse
import sys
import time
from dataclasses import fields

from forecalm.cli import FELL_SHORT
from forecalm.commands.terminal import err, print_json
from forecalm.config import load as load_config


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
    from forecalm.commands.bands_heard import as_json, told_at
    from forecalm.commands.bands_told import band_lines, doubted, gateway_lines
    from forecalm.installation import Installation

    config = load_config(chosen.config)
    told = told_at(config)
    seen = see(Installation(config, look=True), time.time())
    if chosen.json:
        print_json({**{each.name: getattr(seen, each.name) for each in fields(seen)}, "standing": as_json(told)})
        return 0
    for line in (*seen.missing, *([told.missing] if told.missing else ())):
        err.print(line)
    for doubt in seen.doubts:
        sys.stdout.write(doubted(doubt, config.zone))
    for report in seen.bands:
        sys.stdout.write("\n".join(band_lines(report, told, seen.now_s, config.zone)) + "\n")
    clocks = {state.gateway: state for state in seen.gateways}
    for name in sorted(clocks.keys() | told.gateways.keys()):
        sys.stdout.write("\n".join(gateway_lines(name, clocks.get(name), told, seen.now_s)) + "\n")
    if not seen.bands:
        sys.stdout.write("No bands yet.\n")
    return 0
