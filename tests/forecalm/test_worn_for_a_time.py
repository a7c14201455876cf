"""A band that is worn until a moment which is over watches nobody, however much it goes on sending."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import SILENT_AFTER_S, Policy
from alerts.views import Blind
from console.rows import row_of
from forecalm.pipeline import Pipeline
from ingest.clock.clocks import Clocks
from ingest.received import Received
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with closing(Registry(f"sqlite:///{tmp_path / 'registry.sqlite'}", clock=lambda: 0.0)) as made:
        made.upgrade()
        yield made


def test_a_wearer_whose_time_with_a_band_is_over_is_not_protected_on_the_board(registry: Registry) -> None:
    clocks = Clocks()
    sent = [
        Received(packet, clocks.map(packet, at_s), at_s, b"")
        for at_s, packet in list(packets(read(SAMPLE), band="band-01"))[:120]
    ]
    until_s = sent[60].received_s
    consent = Consent(frozenset({Scope.CARE}), "Ida, mother", 0.0)
    registry.pair(
        band="band-01", wearer="w-1", since_s=0.0, until_s=until_s, name="Bea", carers=[], consent=consent, by="test"
    )
    admit = registry.admissions().admit
    desk = Desk(wearers=["w-1"], policy=Policy(), journal=Scratch(), started_s=sent[0].received_s)
    pipeline = Pipeline(wearers=["w-1"], desk=desk)
    said = []
    for received in sent:
        wearer = admit("band-01", received.utc_s(received.packet.tick_us)).wearer
        if wearer is not None:
            pipeline.receive(wearer, received)
        pipeline.advance(received.received_s)
        (view,) = desk.views()
        said.append((received.received_s - until_s, view.sight.reason))
    assert all(reason is not Blind.SILENT for after_s, reason in said if -50 < after_s < SILENT_AFTER_S - 2)
    assert all(reason is Blind.SILENT for after_s, reason in said if after_s > SILENT_AFTER_S + 2)
    row = row_of(view, name="Bea", zone=ZoneInfo("Europe/London"), now_s=sent[-1].received_s)
    assert row.word.startswith("Not protected since")
