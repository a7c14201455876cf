"""A sign of life is given while all is well, and by nobody else."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from alerts.channels.deadman import DeadMan
from tests.receivers import Behaviour, HttpReceiver
from tests.servers import LONG_S


@pytest.fixture
def outside() -> Iterator[HttpReceiver]:
    with HttpReceiver() as receiver:
        yield receiver


def pinging(url: str, *, works: Callable[[], bool] = lambda: True, answer_s: float = LONG_S) -> DeadMan:
    return DeadMan(url, works=works, every_s=60.0, answer_s=answer_s)


def paths(outside: HttpReceiver) -> list[str]:
    return [each.where for each in outside.got]


def test_a_sign_of_life_is_given_again_and_again_while_all_is_well(outside: HttpReceiver) -> None:
    ping = DeadMan(f"{outside.url}/s3cret", works=lambda: True, every_s=0.01)
    ping.start()
    outside.wait_for(3)
    ping.stop()
    assert set(paths(outside)) == {"/s3cret"}


def test_no_sign_of_life_is_given_while_not_all_is_well(outside: HttpReceiver) -> None:
    well = [False]
    ping = pinging(f"{outside.url}/s3cret", works=lambda: well[0])
    ping.turn()
    assert outside.got == ()
    well[0] = True
    ping.turn()
    assert paths(outside) == ["/s3cret"]


def test_whether_all_is_well_that_cannot_be_told_is_no_sign_of_life(
    outside: HttpReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    def works() -> bool:
        raise RuntimeError("Bea")

    ping = pinging(outside.url, works=works)
    ping.turn()
    ping.turn()
    assert outside.got == ()
    assert caplog.text.count("cannot be told (RuntimeError)") == 1
    assert "Bea" not in caplog.text


def test_a_ping_that_fails_is_told_once_without_its_url_and_counted(
    outside: HttpReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    ping, impatient = (pinging(f"{outside.url}/s3cret", answer_s=answer_s) for answer_s in (LONG_S, 0.2))
    outside.behave(Behaviour.REFUSE)
    ping.turn()
    ping.turn()
    outside.behave(Behaviour.HANG)
    impatient.turn()
    assert (impatient.failed, impatient.pinged) == (1, 0)
    outside.kill()
    ping.turn()
    assert (ping.failed, ping.pinged) == (3, 0)
    assert caplog.text.count("answer 403") == 1
    assert "s3cret" not in caplog.text
    outside.revive()
    outside.behave(Behaviour.TAKE)
    ping.turn()
    assert ping.pinged == 1


PINGS = """
import sys
from alerts.channels.deadman import DeadMan
DeadMan(sys.argv[1], works=lambda: True, every_s=0.01, answer_s=120.0).start()
sys.stdin.read()
"""


def test_a_service_outside_hears_nothing_more_of_a_process_that_was_killed(outside: HttpReceiver) -> None:
    process = subprocess.Popen([sys.executable, "-c", PINGS, outside.url], stdin=subprocess.PIPE)
    outside.wait_for(3)
    process.kill()
    process.communicate()
    heard = len(outside.got)
    pinging(f"{outside.url}/after").turn()
    assert [each.where for each in outside.got[heard:]].count("/after") == 1
    assert len(outside.got) <= heard + 2, "at most one that was on its way"
