"""The registry and the readings in, who can be rehearsed and a digest of what is known of them at a moment out."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Final

from alerts.policy import Policy
from ingest.readings import Readings
from ingest.registry.consents import Scope
from ingest.registry.registry import Registry
from ingest.registry.sessions import Kind

EVER: Final = math.inf


def everybody(readings: Readings, registry: Registry) -> tuple[str, ...]:
    """Return who has something stored that may be replayed: wristbands by consent to care, recordings to research."""
    return tuple(
        wearer
        for wearer in registry.wearers()
        if any(
            worn.covered and worn.source.imported is (scope is Scope.RESEARCH)
            for scope in (Scope.CARE, Scope.RESEARCH)
            for worn in readings.worn(wearer, -EVER, EVER, scope=scope)
        )
    )


def digest_of(
    readings: Readings, registry: Registry, wearers: Sequence[str], policies: Mapping[str, Policy], until_s: float
) -> str:
    """Return the SHA-256 of everything before ``until_s`` [UTC s] that a rehearsal of ``wearers`` hangs on but the
    samples themselves, which never change: who wore what and consented to it, which recordings were imported, what was
    labelled, by which rules they are watched."""
    said = []
    imported = {s.band: (s.digest or "", s.start_s, s.end_s) for s in registry.sessions() if s.kind is Kind.IMPORTED}
    for wearer in sorted(wearers):
        worn = [
            (each.source.band, each.since_s, each.until_s, each.covered, imported.get(each.source.band))
            for scope in (Scope.CARE, Scope.RESEARCH)
            for each in readings.worn(wearer, -EVER, until_s, scope=scope)
            if each.source.imported is (scope is Scope.RESEARCH)
        ]
        labels = sorted(
            (
                label.start_s,
                label.end_s,
                label.what,
                label.onset_uncertainty_s,
                label.level is not None,
                label.level or 0,
            )
            for label in registry.labels(wearer).values()
            if label.start_s < until_s
        )
        said.append((wearer, worn, labels, repr(policies.get(wearer))))
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
