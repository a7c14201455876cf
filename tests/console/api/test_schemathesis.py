"""The OpenAPI document, read by schemathesis: what it allows and what it forbids, asked as people and as tablets.

Bounded within the tests; ``make fuzz`` asks FORECALM_FUZZ times as much of each route.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, load_all_checks

from console.access.access import Credentials
from console.access.asker import EVERYWHERE, Asker, Grant, Kind
from console.access.roles import OF_PEOPLE, Role
from console.api import tablets
from tests.askers import open_to
from tests.console.api.rooms import Rooms

pytestmark = pytest.mark.long

EXAMPLES = 12 * int(os.environ.get("FORECALM_FUZZ", "1"))
"""Of each route, as each of those who ask; beside them come the document's own edges (its coverage phase)."""

PERSON = Asker(kind=Kind.PERSON, name="Jo", grants=frozenset(Grant(role, EVERYWHERE) for role in OF_PEOPLE))
TABLET = Asker(kind=Kind.TABLET, name="Hall", grants=frozenset({Grant(Role.TABLET, EVERYWHERE)}))


class Rotating:
    """Takes whoever asks for ``who``, each time under another id: nobody asks too often."""

    def __init__(self, who: Asker) -> None:
        self._who = who
        self.asked = 0

    def asker(self, credentials: Credentials, now_s: float) -> Asker:
        self.asked += 1
        return replace(self._who, id=f"{self.asked}")


ASKERS = Rotating(PERSON), Rotating(TABLET)
AS_PERSON, AS_TABLET = (Rooms(access=open_to(asker)) for asker in ASKERS)

load_all_checks()
NOT_MEANT = {
    "positive_data_acceptance",  # what has the right form may still be refused: a time that is over, a shift of nobody
    "ignored_auth",  # the key is sent beside the case, wrong ones too: see test_hostile and test_tablets
    "max_response_time",  # no test judges a clock
}
MEANT = [check for check in CHECKS.get_all() if getattr(check, "__name__", "") not in NOT_MEANT]
BEFORE_THE_KEY = [check for check in MEANT if getattr(check, "__name__", "") != "missing_required_header"]
"""A tablet that may not do something hears so (403) before anybody asks for its key (401)."""


def said(rooms: Rooms) -> dict[str, str]:
    return {"host": "localhost", **rooms.key("t-1")}


def document_of(rooms: Rooms) -> Any:  # noqa: ANN401 - as schemathesis has it
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", rooms.app, headers=said(rooms))


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for burst in ("REGISTER_BURST", "BEAT_BURST", "RECEIPTS_BURST"):
        monkeypatch.setattr(tablets, burst, 10**9)


@pytest.fixture(autouse=True, scope="module")
def _closed() -> Iterator[None]:
    yield
    sys.stdout.write(f"\n{ASKERS[0].asked} requests of a person, {ASKERS[1].asked} of a tablet\n")  # make fuzz shows it
    for rooms in (AS_PERSON, AS_TABLET):
        rooms.close()


THOROUGH = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@document_of(AS_PERSON).parametrize()
@THOROUGH
def test_a_person_is_answered_as_the_document_says(case: Any) -> None:  # noqa: ANN401
    case.call_and_validate(checks=MEANT, headers=said(AS_PERSON))


@document_of(AS_TABLET).parametrize()
@THOROUGH
def test_a_tablet_is_answered_as_the_document_says(case: Any) -> None:  # noqa: ANN401
    case.call_and_validate(checks=BEFORE_THE_KEY, headers=said(AS_TABLET))
