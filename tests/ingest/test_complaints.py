"""A band that sends nonsense is told of once, then once a minute with how much there was."""

import pytest

from ingest.complaints import EVERY_S, TOPICS_MAX, Complaints


def test_the_first_of_a_topic_is_told_then_one_a_minute_with_the_count(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints()
    for now in range(int(2 * EVERY_S)):
        complaints.hear("t", f"bad {now}", float(now))
    complaints.hear("other", "bad too", 3.0)
    assert [record.message for record in caplog.records] == [
        "message on t quarantined: bad 0",
        "message on t quarantined: bad 60 (59 more since the last time that this was said)",
        "message on other quarantined: bad too",
    ]


def test_topics_are_not_remembered_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints()
    for number in range(TOPICS_MAX + 1):
        complaints.hear(f"t{number}", "bad", 0.0)
    caplog.clear()
    complaints.hear("t0", "bad", 1.0)
    complaints.hear(f"t{TOPICS_MAX}", "bad", 1.0)
    assert [record.message for record in caplog.records] == ["message on t0 quarantined: bad"]
