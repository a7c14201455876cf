"""An installation in, a report on every band and every gateway out; looks only, beside a service that runs or alone."""

import math
from contextlib import ExitStack, closing
from dataclasses import dataclass

from forecalm.exchanged import suspected_in
from forecalm.installation import Installation
from ingest.bands import BandReport, Doubt, Sent, band_reports, doubts_of
from ingest.clock.clocks import Clocks, GatewayState
from ingest.errors import IngestError
from ingest.intake.writer import CLOCKS
from ingest.registry.admissions import Admissions
from ingest.registry.claims import Claims
from ingest.registry.onlooking import look
from ingest.registry.sessions import Kind
from ingest.store.onlooking import Onlooker
from ingest.store.protocol import BandSummary, Store

NEWEST_S = 120.0  # of readings are looked through for what the band last said of itself: a packet is a second


@dataclass(frozen=True, slots=True)
class Seen:
    """What ``forecalm bands`` shows at ``now_s`` [UTC s]; clocks and doubts are as of when they were last kept, within
    a minute for a service that runs. ``missing`` says what could not be looked at."""

    now_s: float
    bands: list[BandReport]
    gateways: list[GatewayState]
    missing: list[str]
    doubts: tuple[Doubt, ...] = ()


def see(here: Installation, now_s: float) -> Seen:
    """Look at every band. What is not there (nothing received yet, nobody entered yet) is said in ``missing``; raises
    StoreError or RegistryError where a registry is there and cannot be read: nobody is to be shown as unassigned then.
    """
    missing: list[str] = []
    with ExitStack() as stack:
        store = None
        if here.readings.exists():
            store = stack.enter_context(closing(Onlooker(here.readings)))
        else:
            missing.append(f"{here.readings}: nothing has been received yet")
        registry = None
        if here.config.registry.url or here.registry.exists():
            registry = stack.enter_context(closing(look(here.registry_url)))
        else:
            missing.append(
                f"{here.registry}: nobody is entered yet: forecalm pair BAND WEARER --name NAME --consent-by WHO"
            )
        summaries = [] if store is None else store.bands()
        clocks = Clocks() if store is None else _clocks(store, missing)
        admit, known = Admissions(0, {}, {}).admit, list[str]()
        imported, claims = set[str](), dict[str, Claims]()
        if registry is not None:
            admit, known, claims = registry.admissions().admit, registry.bands(), registry.claims()
            imported = {session.band for session in registry.sessions() if session.kind is Kind.IMPORTED}
        live = [summary for summary in summaries if summary.band not in imported]
        bands = band_reports(
            known=known,
            summaries=live,
            clocks=[state for state in clocks.states() if state.band not in imported],
            claims=claims,
            admit=admit,
            sent={} if store is None else {one.band: _sent(store, one) for one in live},
            imported=imported,
            now_s=now_s,
            keep_s=here.config.keeping.unassigned_hours * 3600,
        )
    worn = {each.wearer: each.band for each in bands if each.wearer is not None}
    suspected = ((each.wearer, each.other, each.since_s) for each in suspected_in(here.learnt))
    return Seen(now_s, bands, clocks.gateways(), missing, doubts_of(suspected, worn))


def _clocks(store: Store, missing: list[str]) -> Clocks:
    """How the clocks stood when the service last kept them, and the newest mappings since."""
    clocks = Clocks()
    snapshot = store.recall(CLOCKS)
    if snapshot is not None:
        try:
            clocks.resume(snapshot)
        except IngestError as error:
            missing.append(str(error))
    for mapping in store.last_mappings():
        clocks.restore(mapping.band, mapping.boot, mapping.tick_us, mapping.offset_s)
    return clocks


def _sent(store: Store, summary: BandSummary) -> Sent:
    """What the newest packet of a band said."""
    newest = max(
        store.packets(summary.band, summary.last_s - NEWEST_S, math.inf),
        key=lambda received: received.received_s,
        default=None,
    )
    return Sent() if newest is None else Sent(newest.packet.gateway, newest.packet.battery)
