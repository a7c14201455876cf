"""What Prometheus is told: how often, how soon, and never of whom."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from alerts.channels.channel import Because
from alerts.channels.counts import Counts, Standing
from alerts.delivery.events import DeliveryBegun, DeliveryEnded, DeliveryEvent, Escalated, Reached, Station, Step
from alerts.delivery.matter import Kind, Priority
from alerts.delivery.proof import after, begin
from alerts.protection.cover import Level

MATTER = "bea-100-1"
STANDING = Standing(
    levels={Level.PROTECTED: 3, Level.NOT: 1},
    tablets=4,
    tablets_that_sound=3,
    open_matters={"alert": 2},
    journal_fault=True,
    pings=7,
    pings_failed=2,
)


def begun(matter_id: str = MATTER, at_s: float = 100.0) -> DeliveryBegun:
    return DeliveryBegun(
        at_s=at_s,
        wearer="bea",
        matter_id=matter_id,
        kind=Kind.ALERT,
        priority=Priority.HIGH,
        words=("Pulse 96.",),
        version="rules-1",
        steps=(Step(after_s=0.0, who="on shift", channel="board"), Step(after_s=0.0, who="Sam", channel="phone")),
        again_s=120.0,
    )


def reached(station: Station, at_s: float, *, to: str = "hall", channel: str = "board", **more: Any) -> Reached:  # noqa: ANN401 - its fields
    return Reached(at_s=at_s, wearer="bea", matter_id=MATTER, step=0, to=to, channel=channel, station=station, **more)


STORY: tuple[DeliveryEvent, ...] = (
    Escalated(at_s=100.0, wearer="bea", matter_id=MATTER, step=0, because="its time"),
    reached(Station.ON_TABLET, 100.2),
    reached(Station.SOUNDED, 100.4),
    reached(Station.ON_TABLET, 103.0, to="kitchen"),
    Escalated(at_s=130.0, wearer="bea", matter_id=MATTER, step=1, because="its time"),
    reached(Station.UNCERTAIN, 131.0, to="Sam", channel="phone", detail=str(Because.SILENT)),
    reached(Station.FAILED, 132.0, to="Jo", channel="phone", detail="anything with Bea in it"),
    reached(Station.SENT, 133.0, to="Sam", channel="phone", attempt=2),
    DeliveryEnded(at_s=140.0, wearer="bea", matter_id=MATTER, by="Jo", because="somebody has it"),
)


def told(counts: Counts) -> dict[str, float]:
    """Every sample by its name and labels."""
    text, content_type = counts.render()
    assert content_type.startswith("text/plain")
    return {
        sample.name + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def hear_all(counts: Counts) -> None:
    proof = begin(begun())
    counts.hear(proof)
    for event in STORY:
        proof = after(proof, event)
        counts.hear(proof)
        counts.hear(proof)


@pytest.fixture
def counts() -> Counts:
    return Counts(lambda: STANDING, since_s=0.0)


def test_everything_counts_once_however_often_a_proof_is_heard(counts: Counts) -> None:
    hear_all(counts)
    said = told(counts)
    assert said["forecalm_matters_total kind=alert"] == 1
    assert said["forecalm_steps_total kind=alert step=1"] == 1
    assert said["forecalm_steps_total kind=alert step=2"] == 1
    assert said["forecalm_matters_ended_total kind=alert steps=2 taken=yes"] == 1
    assert said["forecalm_messages_total because=no answer in time channel=phone result=uncertain"] == 1
    assert said["forecalm_messages_total because= channel=phone result=failed"] == 1
    assert said["forecalm_messages_total because= channel=phone result=sent"] == 1


def test_seconds_count_from_the_beginning_to_the_first_who_got_so_far(counts: Counts) -> None:
    hear_all(counts)
    said = told(counts)
    assert said["forecalm_station_seconds_sum kind=alert station=on the tablet"] == pytest.approx(0.2)
    assert said["forecalm_station_seconds_count kind=alert station=on the tablet"] == 1
    assert said["forecalm_station_seconds_sum kind=alert station=taken"] == pytest.approx(40.0)


def test_what_was_counted_by_the_process_before_is_not_counted_again() -> None:
    counts = Counts(lambda: STANDING, since_s=132.5)
    hear_all(counts)
    said = told(counts)
    assert said.get("forecalm_matters_total kind=alert", 0) == 0
    assert said["forecalm_matters_ended_total kind=alert steps=2 taken=yes"] == 1


def test_how_the_house_stands_is_asked_for_when_somebody_looks(counts: Counts) -> None:
    said = told(counts)
    assert said["forecalm_people protection=protected"] == 3
    assert said["forecalm_people protection=partly protected"] == 0
    assert said["forecalm_people protection=not protected"] == 1
    assert (said["forecalm_tablets can_sound=yes"], said["forecalm_tablets can_sound=no"]) == (3, 1)
    assert said["forecalm_matters_open kind=alert"] == 2
    assert said["forecalm_journal_fault"] == 1
    assert said["forecalm_dead_man_pings_total taken=no"] == 2
    assert said["forecalm_standing_known"] == 1


def test_a_standing_that_is_not_known_shows_no_old_figures(caplog: pytest.LogCaptureFixture) -> None:
    def now() -> Standing:
        raise RuntimeError("Bea")

    counts = Counts(now, since_s=0.0)
    assert told(counts) == told(counts)
    assert told(counts)["forecalm_standing_known"] == 0
    assert "forecalm_journal_fault" not in told(counts)
    assert caplog.text.count("RuntimeError") == 1
    assert "Bea" not in caplog.text


def test_nobody_is_named(counts: Counts) -> None:
    hear_all(counts)
    text = counts.render()[0].decode().casefold()
    for word in ("bea", "sam", 'jo"', "hall", "kitchen", "pulse", MATTER):
        assert word not in text


def test_threads_lose_no_count(counts: Counts) -> None:
    def hear(first: int) -> Callable[[], None]:
        return lambda: [counts.hear(begin(begun(f"m-{number}"))) for number in range(first, first + 200)] and None

    threads = [threading.Thread(target=hear(200 * number)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told(counts)["forecalm_matters_total kind=alert"] == 800
