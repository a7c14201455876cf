"""A corrected assignment scores those whom it touches anew: the right readings, the right usual, nothing forgotten."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from alerts.desk import Desk
from alerts.errors import JournalError
from alerts.journal import Journal, Scratch
from alerts.policy import Policy
from alerts.situation_events import AlertAcknowledged, AlertRaised
from forecalm.pipeline import Pipeline
from forecalm.rescoring.lived import as_they_came
from forecalm.rescoring.rescoring import LEARN_S, Rescored, Rescoring, alerts_of, not_theirs, rescored_in, touched
from ingest.clock.clocks import Clocks
from ingest.readings import Readings
from ingest.received import Received
from ingest.recordings.e4 import read
from ingest.recordings.packets import packets
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from ingest.registry.stretches import Change, Correction
from ingest.store.sqlite import SqliteStore
from ingest.wire import encode

pytestmark = pytest.mark.long

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"
BAND = "band-01"


@pytest.fixture(scope="module")
def session() -> list[Received]:
    clocks = Clocks()
    sent = packets(read(SAMPLE), band=BAND)
    return [Received(packet, clocks.map(packet, at_s), at_s, encode(packet)) for at_s, packet in sent]


class House:
    """The sample session was received of a band that w-1 was said to wear."""

    def __init__(self, folder: Path, session: list[Received]) -> None:
        self.folder = folder
        self.start_s, self.end_s = session[0].received_s, session[-1].received_s
        self.store = SqliteStore(folder / "readings.sqlite")
        self.store.commit(session)
        self.registry = Registry(f"sqlite:///{folder / 'registry.sqlite'}", clock=lambda: self.end_s)
        self.registry.upgrade()
        for wearer in ("w-1", "w-2"):
            self.registry.add_wearer(wearer, "Name", by="test")
            agreed = Consent(frozenset({Scope.CARE}), "Ida, mother", self.start_s - 1e6)
            self.registry.give_consent(wearer, agreed, by="test")
        self.registry.add_band(BAND, by="test")
        self.registry.assign(BAND, "w-1", self.start_s - 1000, by="test")

    def rescored(
        self, wearer: str | None, since_s: float, until_s: float | None, raised: tuple[AlertRaised, ...] = ()
    ) -> dict[str, Rescored]:
        changes = self.registry.correct_assignments([Correction(BAND, wearer, since_s, until_s)], by="test")
        rescoring = Rescoring(
            Readings(self.store, self.registry),
            self.registry,
            rescored=self.folder / "rescored",
            relearnt=self.folder / "relearnt",
            now_s=self.end_s + 1,
            by="test",
        )
        return {each.wearer: each for each in rescoring.rescore(rescoring.ask(changes), raised)}


@pytest.fixture
def house(tmp_path: Path, session: list[Received]) -> Iterator[House]:
    house = House(tmp_path, session)
    yield house
    house.store.close()
    house.registry.close()


def live(session: list[Received]) -> tuple[Pipeline, list[float]]:
    """What was raised when this session was watched live, by one who takes every alert at once."""
    desk = Desk(wearers=["w"], policy=Policy(), journal=Scratch(), started_s=session[0].received_s)
    pipeline, raised = Pipeline(wearers=["w"], desk=desk), []
    for received in session:
        pipeline.receive("w", received)
        pipeline.advance(received.received_s)
        (view,) = desk.views()
        if view.alert is not None and view.alert.acknowledged_by is None:
            raised.append(view.alert.raised_s)
            desk.acknowledge(view.alert.alert_id, by="test", at_s=view.at_s)
    return pipeline, raised


def raised_at(at_s: float, wearer: str = "w-1") -> AlertRaised:
    return AlertRaised(
        wearer=wearer, at_s=at_s, alert_id=f"{wearer}-{at_s:.0f}-1", probability=0.8, reasons=("Why.",), policy="p"
    )


def test_the_right_person_would_have_been_alerted_when_the_pipeline_says_so(
    house: House, session: list[Received]
) -> None:
    _, live_alerts = live(session)
    assert live_alerts, "the sample session raises an alert"
    found = house.rescored("w-2", house.start_s - 10, None)
    assert [each.at_s for each in found["w-2"].would_have_alerted] == live_alerts
    assert found["w-2"].would_have_alerted[0].reasons
    assert found["w-2"].said.known_seconds > 300
    assert found["w-2"].said.highest == max(found["w-2"].said.minutes.values())
    assert found["w-1"].would_have_alerted == ()
    assert found["w-1"].said.known_seconds == 0


def test_alerts_raised_on_somebody_elses_readings_are_named(house: House) -> None:
    wrong, before, others = (
        raised_at(house.start_s + 700),
        raised_at(house.start_s + 100),
        raised_at(house.start_s + 700, "w-2"),
    )
    found = house.rescored("w-2", house.start_s + 500, house.end_s, (wrong, before, others))
    assert [each.alert_id for each in found["w-1"].not_theirs] == [wrong.alert_id]
    assert found["w-2"].not_theirs == ()


def test_what_is_usual_is_learnt_from_the_right_readings_alone(house: House, session: list[Received]) -> None:
    middle_s = session[600].received_s
    house.rescored("w-2", middle_s, None)
    wanted = {"w-1": session[:600], "w-2": session[600:]}
    for wearer, theirs in wanted.items():
        with np.load(house.folder / "relearnt" / f"{wearer}.npz") as learnt:
            assert learnt["wearers"].tolist() == [wearer]
            seconds = learnt["usual"][0, :, 2]
        desk = Desk(wearers=[wearer], policy=Policy(), journal=Scratch(), started_s=0.0)
        pipeline = Pipeline(wearers=[wearer], desk=desk)
        pipeline.study(wearer, theirs)
        np.testing.assert_allclose(seconds, pipeline.learnt()["usual"][0, :, 2], rtol=0.02, atol=3)


def test_what_came_of_it_is_kept_for_later_screens_and_the_audit_tells_of_it(house: House) -> None:
    found = house.rescored("w-2", house.start_s + 100, house.end_s)
    kept = rescored_in(house.folder / "rescored")
    assert sorted(kept, key=lambda each: each.wearer) == [found["w-1"], found["w-2"]]
    assert rescored_in(house.folder / "rescored", "w-2") == [found["w-2"]]
    for path in (house.folder / "rescored").iterdir():
        other = "w-2" if path.stem.endswith("w-1") else "w-1"
        assert other not in path.read_text()  # one file a person: erasing them is deleting it
        assert path.stat().st_mode & 0o077 == 0
    for wearer in ("w-1", "w-2"):
        entry = [each for each in house.registry.audit_entries(wearer) if each.action == "score anew"]
        assert json.loads(entry[0].detail)["would_have_alerted"] == len(found[wearer].would_have_alerted)
    assert house.registry.verify_audit() == []


def test_what_was_broken_off_is_left_and_done_later(house: House) -> None:
    changes = house.registry.correct_assignments([Correction(BAND, "w-2", house.end_s - 200, house.end_s)], by="test")

    def break_off(*_: object) -> None:
        raise KeyboardInterrupt

    def rescoring(progress: Callable[[str, float], None]) -> Rescoring:
        return Rescoring(
            Readings(house.store, house.registry),
            house.registry,
            rescored=house.folder / "rescored",
            relearnt=house.folder / "relearnt",
            now_s=house.end_s + 1,
            by="test",
            progress=progress,
        )

    first = rescoring(break_off)
    asked = first.ask(changes)
    with pytest.raises(KeyboardInterrupt):
        list(first.rescore(asked, []))
    second = rescoring(lambda *_: None)
    left = {each.wearer for each in second.left()}
    assert "w-2" in left
    done = list(second.rescore(second.left(), []))
    assert {each.wearer for each in done} == left
    assert second.left() == []
    assert {each.wearer for each in rescored_in(house.folder / "rescored")} == {"w-1", "w-2"}


def test_a_change_to_nobody_scores_whoever_wore_it_and_nobody_else(house: House) -> None:
    found = house.rescored(None, house.start_s, house.end_s)
    assert list(found) == ["w-1"]
    assert found["w-1"].said.known_seconds == 0


def test_a_long_change_is_scored_at_its_end_and_says_so(house: House) -> None:
    found = house.rescored("w-2", house.end_s - 10 * LEARN_S, house.end_s - 60)
    assert found["w-2"].cut_short
    assert found["w-2"].since_s == house.end_s - 60 - 86_400
    assert not house.rescored("w-1", house.end_s - 300, house.end_s)["w-1"].cut_short


def test_an_imported_recording_was_never_watched_and_scores_nobody(house: House) -> None:
    change = Change("e4-import", house.start_s, house.end_s, "w-1", "w-2")
    rescoring = Rescoring(
        Readings(house.store, house.registry),
        house.registry,
        rescored=house.folder / "rescored",
        relearnt=house.folder / "relearnt",
        now_s=house.end_s,
        by="test",
    )
    assert rescoring.ask([change]) == []
    assert not (house.folder / "relearnt").exists()


def test_packets_go_in_the_order_in_which_they_came_and_late_ones_not_at_all(session: list[Received]) -> None:
    overtaken = [
        Received(each.packet, each.offset_s, each.received_s + late, b"")
        for each, late in zip(session[:6], (0.0, 2.5, 0.0, 900.0, 0.0, 0.0), strict=True)
    ]
    assert [each.packet.seq - session[0].packet.seq for each in as_they_came(overtaken)] == [0, 2, 1, 4, 5]


def test_every_alert_of_a_journal_is_found_while_another_process_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    assert alerts_of(path) == []
    journal = Journal(path)
    first, taken = raised_at(10.0), AlertAcknowledged(wearer="w-1", at_s=11.0, alert_id="w-1-10-1", by="Jo")
    journal.append([first, taken])
    with path.open("ab") as file:
        file.write(b'{"event": "alert rai')
    assert alerts_of(path) == [first]
    journal.close()
    path.write_bytes(b"nonsense\n" + path.read_bytes())
    with pytest.raises(JournalError, match="line 1"):
        alerts_of(path)


def test_an_exchange_touches_both_with_what_each_wore_and_did_not() -> None:
    changes = [Change("a", 0.0, 10.0, "w-1", "w-2"), Change("b", 0.0, 10.0, "w-2", "w-1")]
    parts = touched(changes)
    assert {wearer: {(part.band, part.worn) for part in some} for wearer, some in parts.items()} == {
        "w-1": {("a", False), ("b", True)},
        "w-2": {("a", True), ("b", False)},
    }
    assert [each.alert_id for each in not_theirs("w-2", parts["w-2"], [raised_at(5.0, "w-2"), raised_at(10.0, "w-2")])]
