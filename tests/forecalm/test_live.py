"""The engine's thread: it watches whom it should, keeps what it learnt, and is never silently gone."""

import logging
import threading
from pathlib import Path

import numpy as np
import pytest

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from alerts.views import Blind
from forecalm.live import Live, load_learnt, save_learnt
from forecalm.pipeline import Pipeline
from forecalm.wearing import Wearing
from ingest.clock import Clocks
from ingest.e4 import packets, read
from ingest.errors import RegistryError
from ingest.received import Received
from ingest.wire import encode

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"


def received(seconds: int) -> list[Received]:
    clocks = Clocks()
    sent = list(packets(read(SAMPLE), band="band-01"))[:seconds]
    return [Received(packet, clocks.map(packet, at_s), at_s, encode(packet)) for at_s, packet in sent]


def pipeline(began_s: float, *wearers: str) -> tuple[Pipeline, Desk]:
    desk = Desk(wearers=wearers, policy=Policy(), journal=Scratch(), started_s=began_s)
    return Pipeline(wearers=wearers, desk=desk), desk


def test_a_worn_band_is_watched_and_a_strange_one_is_not(tmp_path: Path) -> None:
    some = received(30)
    watched, desk = pipeline(some[0].received_s, "w-01", "w-02")
    failed = threading.Event()
    live = Live(
        watched,
        wearer_of=lambda band, _: "w-01" if band == "band-01" else None,
        learnt=tmp_path / "learnt.npz",
        clock=lambda: some[-1].received_s,
        on_failure=failed.set,
    )
    live.start()
    for each in some:
        live.receive(each)
    live.stop()
    seen, strange = desk.views()
    assert seen.sight.reason is Blind.LEARNING
    assert seen.heart_rate_bpm is not None
    assert strange.sight.reason is Blind.NOT_HEARD
    assert not failed.is_set()
    assert (tmp_path / "learnt.npz").exists()


def test_an_engine_that_fails_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def broken(band: str, utc_s: float) -> str:
        raise OSError("the registry is gone")

    some = received(1)
    watched, _ = pipeline(some[0].received_s, "w-01")
    failed = threading.Event()
    live = Live(
        watched,
        wearer_of=broken,
        learnt=tmp_path / "learnt.npz",
        clock=lambda: some[0].received_s,
        on_failure=failed.set,
    )
    live.start()
    live.receive(some[0])
    assert failed.wait(30)
    live.stop()
    assert "the engine has stopped" in caplog.text


def test_a_full_disk_and_a_wearer_who_is_new_end_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    some = received(30)
    watched, desk = pipeline(some[0].received_s, "w-01")
    failed = threading.Event()
    live = Live(
        watched,
        wearer_of=lambda band, utc_s: "w-new" if utc_s < some[5].received_s else "w-01",
        learnt=tmp_path / "no such folder" / "learnt.npz",
        clock=lambda: some[-1].received_s,
        on_failure=failed.set,
    )
    live.start()
    for each in some:
        live.receive(each)
    live.stop()
    assert desk.views()[0].heart_rate_bpm is not None
    assert not failed.is_set()
    assert "w-new has a band" in caplog.text
    assert "cannot be kept" in caplog.text


def test_where_the_registry_does_not_answer_the_last_answer_stands(caplog: pytest.LogCaptureFixture) -> None:
    answers: list[str | RegistryError | None] = ["w-01", RegistryError("locked"), RegistryError("locked"), None]

    def ask(band: str, utc_s: float) -> str | None:
        answer = answers.pop(0)
        if isinstance(answer, RegistryError):
            raise answer
        return answer

    wearing = Wearing(ask)
    assert [wearing.wearer_of("band-01", at_s) for at_s in (0.0, 4.9)] == ["w-01", "w-01"]
    assert [wearing.wearer_of("band-01", at_s) for at_s in (6.0, 12.0)] == ["w-01", "w-01"]
    assert caplog.text.count("does not say") == 1
    assert wearing.wearer_of("band-01", 18.0) is None
    assert not answers


def test_what_was_learnt_goes_with_the_wearer_and_not_with_the_row(tmp_path: Path) -> None:
    some = received(700)
    taught, _ = pipeline(some[0].received_s, "w-01", "w-02")
    taught.study("w-02", some)
    save_learnt(taught, tmp_path / "learnt.npz")
    anew, _ = pipeline(some[-1].received_s, "w-02", "w-03")
    load_learnt(anew, tmp_path / "learnt.npz")
    before, after = taught.learnt(), anew.learnt()
    for name in before.keys() - {"wearers"}:
        np.testing.assert_array_equal(after[name][0], before[name][1])
    fresh, _ = pipeline(some[-1].received_s, "w-02", "w-03")
    np.testing.assert_array_equal(after["usual"][1], fresh.learnt()["usual"][1])


@pytest.mark.parametrize("spoilt", [b"", b"PK\x03\x04 not a zip at all", None])
def test_what_was_learnt_and_cannot_be_read_is_learnt_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoilt: bytes | None
) -> None:
    path = tmp_path / "learnt.npz"
    if spoilt is None:
        np.savez(path, wearers=np.array(["w-01"]), usual=np.zeros((1, 2, 2)))
    else:
        path.write_bytes(spoilt)
    anew, _ = pipeline(0.0, "w-01")
    fresh, _ = pipeline(0.0, "w-01")
    with caplog.at_level(logging.WARNING):
        load_learnt(anew, path)
    assert "learnt anew" in caplog.text
    np.testing.assert_array_equal(anew.learnt()["usual"], fresh.learnt()["usual"])
