"""A staff that sees what it is told to: what the tests put on the page of bands."""

from dataclasses import replace

from ingest.admission import Verdict
from ingest.bands import BandReport, Overview, Sent
from ingest.clock.clocks import ClockState
from ingest.intake.counts import Counters, HeldBack
from tests.console.house import NAMES, NOW_S


def clock(band: str, **changes: object) -> ClockState:
    state = ClockState(band, 1, 0.0, 12.34, 0.0041, NOW_S - 9000, NOW_S - 1, 0, is_proven=True)
    return replace(state, **changes)  # type: ignore[arg-type]


def band(name: str = "band-01", wearer: str | None = "w1", **changes: object) -> BandReport:
    report = BandReport(
        band=name,
        wearer=wearer,
        verdict=Verdict.KEEP if wearer else Verdict.WAIT,
        last_heard_s=NOW_S - 1,
        boots=1,
        packets=12_345,
        samples=1_000_000,
        sent=Sent("hall", 64),
        clock=clock(name),
        waiting=None,
    )
    return replace(report, **changes)  # type: ignore[arg-type]


class Office:
    """Staff of a house with one band that nothing ails, until it is told otherwise."""

    def __init__(self, **changes: object) -> None:
        self.overview = Overview(
            at_s=NOW_S,
            names=NAMES,
            bands=(band(),),
            gateways=(),
            counters=Counters(),
            held_back=None,
            refusals=(),
            consents=(),
        )
        self.change(**changes)

    def change(self, **changes: object) -> None:
        self.overview = replace(self.overview, **changes)  # type: ignore[arg-type]

    @property
    def held_back(self) -> HeldBack | None:
        return self.overview.held_back

    def take(self) -> Overview:
        return self.overview
