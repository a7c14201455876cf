"""The engine's thread: it watches whom it should, keeps what it learnt, and is never silently gone."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path

import numpy as np
import pytest

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from alerts.views import Blind
from forecalm.exchanged import LIKENESS
from forecalm.live import Live, load_learnt, save_learnt
from forecalm.pipeline import Pipeline, Step
from ingest.clock.clocks import Clocks
from ingest.received import Received
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.wire import encode
from signals.features import NAMES, column
from tests.servers import LONG_S

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("_patient")]

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops the engine waits until it has ended."""
    monkeypatch.setattr("forecalm.live.STOP_S", LONG_S)


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
        learnt=tmp_path / "learnt.npz",
        clock=lambda: some[-1].received_s,
        on_failure=failed.set,
    )
    live.start()
    live.receive([(each, "w-01") for each in some])
    live.receive([(replace(each, received_s=each.received_s + 1), None) for each in some])
    live.stop()
    seen, strange = desk.views()
    assert seen.sight.reason is Blind.LEARNING
    assert seen.heart_rate_bpm is not None
    assert strange.sight.reason is Blind.NOT_HEARD
    assert not failed.is_set()
    assert (tmp_path / "learnt.npz").exists()


def test_the_time_is_told_about_once_a_second_also_after_the_clock_was_set_back(tmp_path: Path) -> None:
    some = received(3)
    began_s = some[0].received_s
    watched, _ = pipeline(began_s, "w-01")
    asked, told, done = count(), list[float](), threading.Event()

    def clock() -> float:
        number = next(asked)
        if number > 200:
            done.set()
        return began_s + 0.1 * number - (60.0 if number > 100 else 0.0)

    live = Live(watched, learnt=tmp_path / "learnt.npz", clock=clock, on_failure=done.set, on_second=told.append)
    live.start()
    while not done.wait(0.001):
        live.receive([(some[0], "w-01")])
    live.stop()
    apart = [round(after_s - before_s, 1) for before_s, after_s in pairwise(told)]
    assert len(told) > 15
    assert sum(each < -58 for each in apart) == 1
    assert all(1.0 <= each <= 1.3 for each in apart if each > 0)


def test_an_engine_that_fails_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def broken(step: Step) -> None:
        raise OSError("the server is gone")

    some = received(3)
    watched, _ = pipeline(some[0].received_s, "w-01")
    failed = threading.Event()
    live = Live(
        watched,
        learnt=tmp_path / "learnt.npz",
        clock=lambda: some[0].received_s,
        on_failure=failed.set,
        on_step=broken,
    )
    live.start()
    live.receive([(each, "w-01") for each in some])
    assert failed.wait(LONG_S)
    live.stop()
    assert "the engine has stopped" in caplog.text


def test_a_full_disk_and_a_wearer_who_is_new_end_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    some = received(30)
    watched, desk = pipeline(some[0].received_s, "w-01")
    failed = threading.Event()
    live = Live(
        watched,
        learnt=tmp_path / "no such folder" / "learnt.npz",
        clock=lambda: some[-1].received_s,
        on_failure=failed.set,
    )
    live.start()
    live.receive([(each, "w-new" if i < 5 else "w-01") for i, each in enumerate(some)])
    live.stop()
    assert desk.views()[0].heart_rate_bpm is not None
    assert not failed.is_set()
    assert [view.wearer for view in desk.views()] == ["w-01", "w-new"]
    assert "cannot be kept" in caplog.text


def test_what_was_learnt_goes_with_the_wearer_and_not_with_the_row(tmp_path: Path) -> None:
    some = received(700)
    taught, _ = pipeline(some[0].received_s, "w-01", "w-02")
    taught.study("w-02", some)
    save_learnt(taught, tmp_path / "learnt.npz")
    anew, _ = pipeline(some[-1].received_s, "w-02", "w-03")
    load_learnt(anew, tmp_path / "learnt.npz")
    fresh, _ = pipeline(some[-1].received_s, "w-02", "w-03")
    before, after, untaught = taught.learnt(), anew.learnt(), fresh.learnt()
    for name in before.keys() - {"wearers"}:
        assert after[name][0].tobytes() == before[name][1].tobytes(), name
        assert after[name][1].tobytes() == untaught[name][1].tobytes(), name


def test_after_a_restart_everything_goes_on_as_after_a_silence_of_that_length(tmp_path: Path) -> None:
    some = received(1080)
    going_on, _ = pipeline(some[0].received_s, "w-01")
    for each in some[:1000]:
        going_on.receive("w-01", each)
        going_on.advance(each.received_s)
    save_learnt(going_on, tmp_path / "learnt.npz")
    started_s = some[1010].received_s
    started_again, _ = pipeline(started_s, "w-01")
    load_learnt(started_again, tmp_path / "learnt.npz")
    untaught, _ = pipeline(started_s, "w-01")
    said = [seconds(each, some[1010:]) for each in (going_on, started_again, untaught)]
    assert said[0].keys() - said[1].keys() == set(range(min(said[0]), min(said[1])))  # the silence, second by second
    for second, features in said[1].items():
        np.testing.assert_array_equal(features, said[0][second])
    deviations = [column(name) for name in NAMES if name.endswith("_deviation")]
    assert np.isfinite([features[deviations] for features in said[1].values()]).any()
    assert np.isnan([features[deviations] for features in said[2].values()]).all()


def seconds(pipeline: Pipeline, some: list[Received]) -> dict[int, np.ndarray]:
    """The features of each second that these packets decide, by its UTC second."""
    found = {}
    for each in some:
        pipeline.receive("w-01", each)
        for step in pipeline.advance(each.received_s):
            found[int(step.signals.start_s[0])] = step.signals.features[0, 0]
    return found


def test_a_clock_set_back_before_a_restart_leaves_nobody_unwatched_and_keeps_their_usual(tmp_path: Path) -> None:
    some = received(1000)
    ahead, _ = pipeline(some[0].received_s, "w-01")
    ahead.study("w-01", some[100:])
    save_learnt(ahead, tmp_path / "learnt.npz")
    set_back, _ = pipeline(some[0].received_s, "w-01")
    load_learnt(set_back, tmp_path / "learnt.npz")
    said = list(seconds(set_back, some[:60]).values())
    assert len(said) == 60
    assert np.isnan(said[0][column("heart_rate_bpm")])  # what was over before is not now
    assert np.isfinite(said[-1][column("heart_rate_bpm")])
    assert np.isfinite(said[-1][column("motion_minute_g_deviation")])  # by what is usual, which was learnt until later


def rewritten(path: Path, **arrays: np.ndarray | None) -> None:
    """Change arrays of a file, or take them out; ``__`` in a name stands for a dot."""
    with np.load(path) as kept:
        found = {name: kept[name] for name in kept.files}
    for name, array in arrays.items():
        found.pop(name.replace("__", "."), None)
        if array is not None:
            found[name.replace("__", ".")] = array
    np.savez(path, **found)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"engine__end_s": None}, "end_s"),
        ({"engine__odd": np.zeros(1)}, "odd"),
        ({"engine__end_s": np.zeros((1, 2), np.int64)}, "end_s"),
        ({"engine__end_s": np.zeros(1)}, "end_s"),
        ({"engine__end_s": np.zeros((), np.int64)}, "end_s"),
    ],
)
def test_what_another_version_of_the_engine_learnt_is_refused_by_name_and_the_models_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, change: dict[str, np.ndarray | None], says: str
) -> None:
    path = taught(tmp_path)
    rewritten(path, **change)
    anew, _ = pipeline(0.0, "w-01")
    fresh, _ = pipeline(0.0, "w-01")
    with caplog.at_level(logging.WARNING):
        load_learnt(anew, path)
    (said,) = caplog.messages
    assert says in said
    assert "learnt anew" in said
    with np.load(path) as kept:
        assert_learnt(anew.learnt(), kept, engine=False)
    assert_learnt(anew.learnt(), fresh.learnt(), engine=True)


def test_what_another_version_of_the_model_learnt_is_refused_by_name_and_the_engines_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = taught(tmp_path)
    rewritten(path, usual=None)
    anew, _ = pipeline(0.0, "w-01")
    fresh, _ = pipeline(0.0, "w-01")
    with caplog.at_level(logging.WARNING):
        load_learnt(anew, path)
    (said,) = caplog.messages
    assert "usual" in said
    with np.load(path) as kept:
        assert_learnt(anew.learnt(), kept, engine=True)
    assert_learnt(anew.learnt(), fresh.learnt(), engine=False)


def taught(folder: Path) -> Path:
    """What was learnt of a wearer in a few minutes."""
    some = received(300)
    knowing, _ = pipeline(some[0].received_s, "w-01")
    knowing.study("w-01", some)
    path = folder / "learnt.npz"
    save_learnt(knowing, path)
    return path


def assert_learnt(found: Mapping[str, np.ndarray], wanted: Mapping[str, np.ndarray], *, engine: bool) -> None:
    """What the engine, or the model, learnt is the same in both."""
    names = {name for name in wanted if name.startswith("engine.") == engine and not name.startswith(LIKENESS)}
    names -= {"wearers"}
    assert names
    for name in names:
        assert found[name].tobytes() == wanted[name].tobytes(), name


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


def test_what_was_learnt_anew_elsewhere_is_taken_over_once_kept_and_then_deleted(tmp_path: Path) -> None:
    some = received(700)
    right, _ = pipeline(some[0].received_s, "w-01")
    right.study("w-01", some)
    mail = tmp_path / "relearnt" / "w-01.npz"
    stranger = mail.with_name("w-99.npz")
    mail.parent.mkdir()
    for path in (mail, stranger):
        save_learnt(right, path)
    watched, _ = pipeline(some[-1].received_s, "w-01", "w-02")
    live = Live(
        watched, learnt=tmp_path / "learnt.npz", clock=lambda: some[-1].received_s, on_failure=threading.Event().set
    )
    live.start()
    live.stop()
    with np.load(tmp_path / "learnt.npz") as kept:
        assert kept["wearers"].tolist() == ["w-01", "w-02"]
        for name, array in right.learnt().items():
            if name != "wearers":
                assert kept[name][0].tobytes() == array[0].tobytes(), name
    assert not mail.exists()
    assert stranger.exists()  # waits until somebody by that name is watched


def test_what_cannot_be_kept_is_not_taken_over_again_and_not_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    some = received(400)
    right, _ = pipeline(some[0].received_s, "w-01")
    right.study("w-01", some)
    mail = tmp_path / "relearnt" / "w-01.npz"
    mail.parent.mkdir()
    save_learnt(right, mail)
    (tmp_path / "learnt.part").mkdir()  # where a new file would be written
    watched, _ = pipeline(some[-1].received_s, "w-01")
    live = Live(
        watched, learnt=tmp_path / "learnt.npz", clock=lambda: some[-1].received_s, on_failure=threading.Event().set
    )
    live.start()
    live.stop()
    assert sum("as it was learnt anew" in message for message in caplog.messages) == 1
    assert "cannot be kept" in caplog.text
    assert mail.exists()


def test_whoever_is_new_is_watched_and_for_everybody_else_not_a_bit_changes(tmp_path: Path) -> None:
    some = received(760)
    grown, desk = pipeline(some[0].received_s, "w-01")
    alone, _ = pipeline(some[0].received_s, "w-01")
    for each in some[:700]:
        for watching in (grown, alone):
            watching.receive("w-01", each)
            watching.advance(each.received_s)
    before = grown.learnt()
    grown.receive("w-01", some[700])  # is half of a second that is not decided yet
    alone.receive("w-01", some[700])
    grown.watch("w-02")
    for name, array in before.items():
        if name != "wearers":
            assert grown.learnt()[name][:1].tobytes() == array.tobytes(), name
    said: list[dict[int, np.ndarray]] = [{}, {}]
    for each in some[701:]:
        grown.receive("w-02", each)
        for found, watching in zip(said, (grown, alone), strict=True):
            watching.receive("w-01", each)
            for step in watching.advance(each.received_s):
                for i in np.flatnonzero(step.rows == 0):
                    decided = [*step.signals.features[i, 0], step.risk.probability[i, 0]]
                    found[int(step.signals.start_s[i])] = np.array(decided)
    assert said[0].keys() == said[1].keys()
    for second, decided in said[0].items():
        np.testing.assert_array_equal(decided, said[1][second])
    assert np.isfinite([decided[-1] for decided in said[0].values()]).any()
    new = desk.views()[1]
    assert new.wearer == "w-02"
    assert new.sight.reason is Blind.LEARNING
    assert new.heart_rate_bpm is not None


def test_somebody_new_is_shown_before_their_band_is_heard(tmp_path: Path) -> None:
    watched, desk = pipeline(0.0, "w-01")
    live = Live(watched, learnt=tmp_path / "learnt.npz", clock=lambda: 10.0, on_failure=threading.Event().set)
    shown: list[str] = []
    desk.subscribe(lambda view: shown.append(view.wearer))
    live.start()
    live.watch("w-02")
    live.watch("w-02")
    live.stop()
    assert [(view.wearer, view.sight.reason) for view in desk.views()] == [
        ("w-01", Blind.NOT_HEARD),
        ("w-02", Blind.NOT_HEARD),
    ]
    assert "w-02" in shown
