"""The stream of a real server, read as a client without eyes reads it (docs/board-events.md)."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Iterator
from itertools import islice
from typing import Any

import httpx
import pytest

from alerts.views import RiskState, Stamp
from console.losses import STALE_S
from console.standing import ModelsAt
from console.stream import Listeners
from tests.console.house import House, Serve
from tests.servers import LONG_S

Event = tuple[str, dict[str, Any]]
Stream = Iterator[Event]


def events(answer: httpx.Response) -> Iterator[Event]:
    name = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def first(stream: Stream, kind: str, /, **facts: object) -> dict[str, Any]:
    """Return the first event of that name whose data or row holds ``facts``; give up after ``LONG_S``."""
    deadline = time.monotonic() + LONG_S  # beats go on meanwhile
    for event, data in stream:
        if event == kind and facts.items() <= (data | data.get("row", {})).items():
            return data
        assert time.monotonic() < deadline, f"no {kind} with {facts}"
    raise AssertionError(f"the stream ended before a {kind} with {facts}")


@pytest.fixture
def stream(house: House, serve: Serve) -> Iterator[Iterator[Event]]:
    with httpx.stream("GET", f"{serve(house)}events", timeout=LONG_S) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer)


def test_a_stream_begins_with_everybody_and_then_beats(house: House, stream: Stream) -> None:
    begun = [next(stream) for _ in range(4)]
    assert [name for name, _ in begun] == ["row", "row", "row", "beat"]
    assert {data["row"]["name"] for _, data in begun[:3]} == {"Aidan", "Bea", "Callum"}
    beat = begun[3][1]
    assert (beat["clock"], beat["now_s"], beat["wearers"]) == ("14:32:08", house.now_s, ["w1", "w2", "w3"])
    assert beat["tally"] == {"protected": "All 3 protected", "rest": "nobody rising"}


def test_a_row_carries_the_facts_that_a_script_needs(house: House, stream: Stream) -> None:
    first(stream, "beat")
    house.show("w1", stamp=Stamp(band="b7", boot=2**63, seq=41, sent_us=1_763_562_727_500_000), probability=0.25)
    row = first(stream, "row", probability=0.25)
    assert row["stamp"] == {"band": "b7", "boot": 2**63, "seq": 41, "sent_us": 1_763_562_727_500_000}
    assert (row["at_s"], row["risk_state"], row["blind"], row["alert_id"]) == (house.now_s, "watching", None, None)


def test_an_alert_and_whoever_takes_it_are_told_to_every_tablet(house: House, serve: Serve, stream: Stream) -> None:
    first(stream, "beat")
    alert_id = house.alert("w2")
    raised = first(stream, "row", alert_id=alert_id)
    assert (raised["risk_state"], raised["row"]["lead"]) == ("alerting", "may need you now")
    house.acknowledge(alert_id, by="Jo", at_s=house.now_s)
    taken = first(stream, "row", acknowledged_by="Jo")
    assert (taken["row"]["risk"], taken["row"]["hands"]) == ("held", "Jo has it")


def test_words_age_while_nothing_is_published(house: House, stream: Stream) -> None:
    house.alert("w2", "Sweat rising.")
    first(stream, "row", why="Alert 14:32, just now.")
    house.now_s += STALE_S - 1
    first(stream, "beat", now_s=house.now_s)
    house.show("w1", risk=RiskState.RISING, risk_since_s=house.now_s - 55)
    first(stream, "row", word="Rising just now")
    house.now_s += 10
    first(stream, "row", word="Rising for 1 min")


def test_an_engine_that_stopped_leaves_nobody_shown_as_protected(house: House, stream: Stream) -> None:
    first(stream, "beat")
    house.now_s += STALE_S + 2
    first(stream, "row", name="Aidan", word="Not protected since 14:32", watch="none")
    assert first(stream, "beat", now_s=house.now_s)["tally"]["protected"] == "0 of 3 protected"


def test_a_stop_ends_open_streams_and_waits_for_nobody(
    house: House, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.serve.GRACE_S", 2 * LONG_S)  # so that none ends because it is cut
    address = serve(house)
    with (
        httpx.stream("GET", f"{address}events", timeout=LONG_S) as one,
        httpx.stream("GET", f"{address}events", timeout=LONG_S) as two,
    ):
        streams = events(one), events(two)
        for stream in streams:
            first(stream, "beat")
        house.stop.set()
        asked = time.monotonic()
        for stream in streams:
            list(stream)
        assert time.monotonic() - asked < LONG_S


def test_a_tablet_that_comes_back_is_told_everything_again(house: House, serve: Serve) -> None:
    house.alert("w2")
    address = serve(house)
    for _ in range(2):
        with httpx.stream("GET", f"{address}events", timeout=LONG_S) as answer:
            told = [data["alert_id"] for _, data in islice(events(answer), 3)]
        assert sorted(filter(None, told)) == ["w2-1"]


def test_a_beat_says_when_another_model_watches_than_was_chosen_and_a_row_which_one_alerts(
    house: House, stream: Stream
) -> None:
    assert first(stream, "beat")["standby"] == ""
    house.models = ModelsAt(chosen="calm-2", faults=("gone",))
    house.alert("w2")
    assert first(stream, "row", wearer="w2", risk="alert")["alert_model"] == "arousal"
    assert first(stream, "beat", standby="Model calm-2 cannot be used: tell support.")


def test_whoever_opens_stream_after_stream_ends_their_own_oldest_and_nobody_elses(
    house: House, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.stream.STREAMS_MOST", 2)
    address = serve(house)
    with contextlib.ExitStack() as stack:
        answers = [stack.enter_context(httpx.stream("GET", f"{address}events", timeout=LONG_S)) for _ in range(3)]
        streams = [events(answer) for answer in answers]
        for _ in streams[0]:
            continue  # until it ends
        alert = house.alert("w2")
        for stream in streams[1:]:
            assert first(stream, "row", alert_id=alert)


def test_streams_are_counted_by_who_listens_and_forgotten_when_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.stream.STREAMS_MOST", 1)

    async def told() -> AsyncGenerator[bytes, None]:
        while True:
            yield b"beat"

    async def listen() -> None:
        listeners = Listeners()
        hers, his = listeners.few("Jo", told()), listeners.few("Kim", told())
        assert await anext(hers) == await anext(his) == b"beat"
        newer = listeners.few("Jo", told())
        assert await anext(newer) == b"beat"
        assert await anext(his) == b"beat"
        assert await anext(hers, b"ended") == b"ended"
        for each in (newer, his):
            await each.aclose()
        assert listeners._of == {}

    asyncio.run(listen())
