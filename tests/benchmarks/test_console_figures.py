"""What is made of what a tablet's page, a service and a crowd of tablets noted."""

import pytest

pytest.importorskip("playwright")

from benchmarks.console.bands import Lives
from benchmarks.console.house import costs, lags
from benchmarks.console.sound import FIRST_HZ, sounded, summary

SENT_MS = 1_763_562_720_000.0


def row(alert: str, at_ms: float, sounds: str = "alert", sent_ms: float = SENT_MS) -> dict[str, object]:
    stamp = {"band": "b", "boot": 1, "seq": 2, "sent_us": sent_ms * 1e3}
    return {"kind": "row", "came": SENT_MS + at_ms, "alert": alert, "stamp": stamp, "sounds": sounds}


def note(at_ms: float, hertz: int = FIRST_HZ, *, later_ms: float = 0.0) -> dict[str, object]:
    heard = SENT_MS + at_ms + 20
    return {
        "kind": "note",
        "hertz": hertz,
        "asked": SENT_MS + at_ms,
        "stamped": heard,
        "reckoned": heard + later_ms,
        "output": later_ms,
        "skew": 0.0,
    }


def test_an_alert_is_heard_by_the_later_of_two_answers_and_proved_by_the_page() -> None:
    proof = {"kind": "rendered", "asked": SENT_MS + 40, "at": SENT_MS + 170}
    (one,) = sounded([row("a-1", 30), row("a-1", 35), note(40, later_ms=12), note(41, 554), proof])
    assert (one["row_ms"], one["asked_ms"], one["late_ms"], one["rendered_ms"]) == (30, 40, 72, 170)
    assert one["alone"]


def test_a_note_tells_of_all_who_came_before_it_and_of_nobody_after() -> None:
    one, two, three = sounded([row("a-1", 30), note(40), row("a-2", 1000), row("a-3", 1010), note(1400)])
    assert [each["alone"] for each in (one, two, three)] == [True, False, False]
    assert (one["late_ms"], two["late_ms"], three["late_ms"]) == (60, 1420, 1420)


def test_an_alert_that_never_sounded_is_counted_as_such_and_one_that_is_paused_is_none() -> None:
    marks = [row("a-1", 30), note(40), row("a-2", 5000), row("a-3", 5001, sounds="")]
    found = summary([sounded(marks)], [marks])
    assert (found["alerts"], found["unheard"]) == (2, 1)


def test_the_last_tablet_counts_for_an_alert() -> None:
    some, others = [row("a-1", 30), note(40)], [row("a-1", 60), note(90)]
    found = summary([sounded(some), sounded(others)], [some, others])
    assert found["last_tablet_ms"] == {"n": 1, "p50": 110.0, "p95": 110.0, "p99": 110.0, "max": 110.0}


def test_costs_are_those_between_the_first_and_the_last_look() -> None:
    looks = [
        {
            "at_s": 100.0 + each,
            "cpu_s": 50.0 + 0.5 * each,
            "threads": {"board": 20.0 + 0.25 * each},
            "rss_mb": 400.0 + 0.01 * each,
            "late_ms": [1.0],
            "longest_ms": float(each),
            "longest_cpu_ms": 0.5,
            "longest": "it",
        }
        for each in range(181)
    ]
    found = costs(looks)
    assert (found["cores"], found["threads"], found["growth_mb_per_h"]) == (0.5, {"board": 0.25}, 36)
    assert found["loop_held_ms"] == {"longest_ms": 180.0, "longest_cpu_ms": 0.5, "longest": "it"}


def test_a_second_counts_when_the_last_tablet_of_all_processes_has_it() -> None:
    nothing = dict.fromkeys(("bytes", "events", "beats", "refused", "receipts", "ended"), 0)
    one = {"rows": [["band-10", 5, 100.0, 100.2], ["band-20", 5, 100.0, 100.1]], "alerts": [["a", 100.0, 3, 100.3]]}
    two = {"rows": [["band-10", 5, 100.0, 100.5]], "alerts": [["a", 100.0, 2, 100.4]]}
    found = lags([one | nothing, two | nothing], steady=(90.0, 190.0), tablets=5)
    assert found["rows_ms"] == {"n": 1, "p50": 500.0, "p95": 500.0, "p99": 500.0, "max": 500.0}
    assert found["alerts_ms"] == {"n": 1, "p50": 400.0, "p95": 400.0, "p99": 400.0, "max": 400.0}
    assert lags([one | nothing, two | nothing], steady=(90.0, 190.0), tablets=6)["alerts_not_everywhere"] == 1


def test_bands_of_one_body_begin_apart_and_within_what_it_lived() -> None:
    lives = Lives(wearers=1000, bodies=50, anxious=2, span_s=180)
    starts = [lives.start_of(number) for number in range(1, 1001) if lives.body_of(number) == 0]
    assert len(set(starts)) == len(starts) == 20
    assert min(starts) == 0
    assert max(starts) < 180
    assert lives.scenario().count("anxiety") == 2
