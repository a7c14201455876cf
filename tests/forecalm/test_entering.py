"""Outcomes become labels on a thread of their own: at the start, when somebody told one, whatever goes wrong before."""

import threading

import pytest

from forecalm.alerting import entering as module
from forecalm.alerting.entering import Entering
from tests.servers import LONG_S, until


class Counted:
    """Counts how often it is asked to enter; the first time goes wrong."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.times = 0

    def enter(self) -> int:
        self.times += 1
        self.asked.release()
        if self.times == 1:
            raise RuntimeError("a bug")
        return 0


def test_outcomes_are_entered_at_the_start_and_whenever_one_was_told(caplog: pytest.LogCaptureFixture) -> None:
    counted = Counted()
    with Entering(counted) as entering:
        assert counted.asked.acquire(timeout=LONG_S)
        entering.soon()
        assert counted.asked.acquire(timeout=LONG_S), "an error ends nothing"
        entering.soon()
        assert counted.asked.acquire(timeout=LONG_S)
    until(lambda: all(thread.name != "outcomes to labels" for thread in threading.enumerate()), "its thread goes on")
    assert "tried again" in caplog.text


class Away(Counted):
    """Nothing can be entered."""

    def enter(self) -> int:
        self.times += 1
        self.asked.release()
        return 1


def test_while_the_registry_is_away_it_is_not_asked_at_every_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_S", LONG_S)
    away = Away()
    with Entering(away) as entering:
        assert away.asked.acquire(timeout=LONG_S)
        for _ in range(100):
            entering.soon()
    assert away.times == 1
