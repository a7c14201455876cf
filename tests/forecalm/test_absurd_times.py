"""The whole service over a journal that somebody damaged, or wrote in by hand: people are told, and boards show it."""

import json
import urllib.request
from contextlib import closing

import pytest

from alerts.journal import Journal
from alerts.protection.cover import Level
from alerts.protection.events import CoverChanged
from alerts.situation_events import AlertRaised
from forecalm.build import Service
from forecalm.config import Config
from forecalm.installation import Installation
from tests.accounts import asked
from tests.forecalm.test_alerting import config
from tests.servers import until

pytestmark = pytest.mark.long
__all__ = ["config"]  # the house

BEGUN = {
    "event": "delivery begun",
    "at_s": 1e308,
    "wearer": "w-01",
    "matter_id": "late",
    "kind": "alert",
    "priority": "high",
    "words": ["x"],
    "version": "r",
    "steps": [{"after_s": -1e308, "who": "on shift", "channel": "board"}],
    "again_s": -5,
}


def alert(at_s: float) -> AlertRaised:
    return AlertRaised(wearer="w-01", at_s=at_s, alert_id="a1", probability=0.9, reasons=("Sweat.",), policy="p")


@pytest.mark.parametrize("at_s", [1e308, -1e308, 1e300])
def test_absurd_times_in_a_journal_stop_neither_boards_nor_deliveries(config: Config, at_s: float) -> None:
    lost = CoverChanged(wearer="w-01", at_s=at_s, level=Level.NOT, link=None, since_s=at_s)
    path = Installation(config).journal
    with closing(Journal(path)) as journal:
        journal.append([alert(at_s), lost])
    path.write_bytes(path.read_bytes() + json.dumps({**BEGUN, "at_s": at_s}).encode() + b"\n")
    with Service(config) as service:
        until(lambda: {"a1", "late"} <= {each.matter.matter_id for each in service.alerting.dispatch.proofs()})
        until(lambda: all(each.taken_steps for each in service.alerting.dispatch.proofs()))
        until(lambda: bool(service.alerting.guard.covers()))
        assert service.alerting.dispatch.tells()
        assert not service.desk.journal_fault
        for page in ("", "metrics"):
            with urllib.request.urlopen(asked(config, service.address + page)) as answer:
                assert answer.status == 200
