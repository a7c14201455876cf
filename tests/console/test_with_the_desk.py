"""The board on the real desk: a raised alert reaches the stream, a tap reaches the journal."""

import math
from functools import partial

import httpx

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from alerts.situation_events import AlertAcknowledged
from models.risk import Abstention
from tests.console.house import NOW_S, House, Serve
from tests.console.test_stream import events, first
from tests.servers import LONG_S


def test_an_alert_of_the_real_desk_is_told_taken_and_journalled(serve: Serve) -> None:
    journal = Scratch()
    desk = Desk(wearers=("w1", "w2", "w3"), policy=Policy(hold_s=2.0), journal=journal, started_s=NOW_S)
    house = House(desk)
    address = serve(house)
    with httpx.stream("GET", f"{address}events", timeout=LONG_S) as answer:
        stream = events(answer)
        assert first(stream, "row", name="Bea")["row"]["word"] == "Not heard yet"
        for second in range(1, 4):
            why = ("Sweat rising for 1 min.",)
            desk.observe("w2", NOW_S + second, 0.9, Abstention.NONE, why, 1.0, math.nan, 80, None)
        raised = first(stream, "row", name="Bea", risk="alert")
        assert (raised["row"]["word"], raised["probability"]) == (why[0], 0.9)
        path = f"{address}alerts/{raised['alert_id']}/acknowledge"
        asked = partial(httpx.post, path, headers={"accept": "application/json"}, timeout=LONG_S)
        assert asked(data={"by": "Jo"}).json()["by"] == "Jo"
        assert first(stream, "row", acknowledged_by="Jo")["row"]["hands"] == "Jo has it"
        refused = asked(data={"by": "J" * 81})
    taken = [event for event in journal.history if isinstance(event, AlertAcknowledged)]
    assert [(event.wearer, event.by) for event in taken] == [("w2", "Jo")]
    assert refused.status_code == 422
