"""Run with the code of release 0.1.0 in front of everything else, it writes what that release keeps, and what is in it.

    git archive 93526e2 | tar x -C OLD        # the last commit of 0.1.0
    PYTHONSAFEPATH=1 PYTHONPATH=OLD python tests/forecalm/golden_0_1/make.py tests/forecalm/golden_0_1

``var.zip`` is the folder ``var`` of that release: everybody in it is invented. ``holds.json`` says what was put in.
"""

# mypy: ignore-errors

import base64
import json
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from alerts.desk import Desk
from alerts.journal import Journal
from alerts.policy import Policy
from alerts.situation_events import AlertAcknowledged, AlertRaised, SightLost
from alerts.views import Blind
from forecalm.build import Files, identity, open_registry
from forecalm.live import save_learnt
from forecalm.pipeline import Pipeline
from ingest.received import Received
from ingest.sqlite_store import SqliteStore
from ingest.wire import Packet, Samples, encode, encode_json

UTC_S = 1_790_000_000.0
SECONDS = 12


def packet(band: str, boot: int, seq: int) -> Packet:
    """A second of conductance and pulse, a sine each."""
    channels = {}
    for name, rate_hz in (("eda", 4.0), ("ppg", 64.0)):
        time_s = seq + np.arange(int(rate_hz)) / rate_hz
        numbers = np.round(1000 * np.sin(time_s)).astype("<i2")
        channels[name] = Samples(
            rate_hz=rate_hz, tick_us=seq * 1_000_000, values=numbers.tobytes(), dtype="i2", scale=0.001
        )
    return Packet(v=1, band=band, boot=boot, seq=seq, tick_us=(seq + 1) * 1_000_000, **channels)


def received(band: str, boot: int, offset_s: float, *, as_json: bool = False) -> list[Received]:
    """What a band has sent, but for its packet 5, which never came."""
    sent = [packet(band, boot, seq) for seq in range(SECONDS) if seq != 5]
    return [
        Received(each, offset_s, offset_s + each.tick_us * 1e-6 + 0.25, (encode_json if as_json else encode)(each))
        for each in sent
    ]


def main(target: Path) -> None:
    """Write both files."""
    with tempfile.TemporaryDirectory() as made:
        files = Files(Path(made))
        all_sent = [
            *received("band-01", 7, UTC_S),
            *received("band-01", 8, UTC_S + 100.5),
            *received("band-02", 7, UTC_S, as_json=True),
        ]
        fill_registry(files)
        fill_store(files, all_sent)
        fill_journal(files)
        learn(files, all_sent)
        identity(files.folder)
        with zipfile.ZipFile(target / "var.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
            for path in sorted(files.folder.iterdir()):
                out.write(path, path.name)
    said = [
        [r.packet.band, r.packet.boot, r.packet.seq, r.offset_s, r.received_s, base64.b64encode(r.payload).decode()]
        for r in all_sent
    ]
    (target / "holds.json").write_text(json.dumps(said, indent=0) + "\n")


def fill_registry(files: Files) -> None:
    """Two people; the first took off band-01 for band-02 after a minute."""
    registry = open_registry(files)
    registry.pair(band="band-01", wearer="w-01", since_s=UTC_S - 60, name="Ann Example", carers=["Jo"])
    registry.pair(band="band-02", wearer="w-01", since_s=UTC_S + 60, name=None, carers=[])
    registry.pair(band="band-01", wearer="w-02", since_s=UTC_S + 60, name="Bo Example", carers=["Kim"])
    registry.close()


def fill_store(files: Files, all_sent: list[Received]) -> None:
    """All packets, one that was refused with its name, and one that has none."""
    store = SqliteStore(files.readings)
    store.commit(all_sent)
    topic = "forecalm/v1/home/band/band-01/data"
    store.quarantine(topic, b"odd", "values: infinite", UTC_S + 6, name=("band-01", 7, 5))
    store.quarantine(topic, b"junk", "not a packet", UTC_S + 7)
    store.close()


def fill_journal(files: Files) -> None:
    """An alert that Jo has taken, and sight that was lost."""
    journal = Journal(files.journal)
    raised = AlertRaised(
        wearer="w-01", at_s=UTC_S, alert_id="w-01-1", probability=0.9, reasons=("Sweat rising.",), policy="golden"
    )
    taken = AlertAcknowledged(wearer="w-01", at_s=UTC_S + 20, alert_id="w-01-1", by="Jo")
    lost = SightLost(wearer="w-01", at_s=UTC_S + 99, reason=Blind.SILENT, since_s=UTC_S + 90)
    journal.append([raised, taken, lost])
    journal.close()


def learn(files: Files, all_sent: list[Received]) -> None:
    """What was learnt from so little."""
    journal = Journal(files.folder / "scratch.jsonl")
    desk = Desk(wearers=["w-01", "w-02"], policy=Policy(), journal=journal, started_s=UTC_S)
    pipeline = Pipeline(wearers=["w-01", "w-02"], desk=desk)
    pipeline.study("w-01", [each for each in all_sent if each.packet.boot == 7 and each.packet.band == "band-01"])
    save_learnt(pipeline, files.learnt)
    journal.close()
    (files.folder / "scratch.jsonl").unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
