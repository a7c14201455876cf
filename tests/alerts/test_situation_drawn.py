"""The page of both machines is what the tables say, and every term has its words."""

from pathlib import Path

from alerts.alarm_words import PRIORITIES, TERMS
from alerts.delivery.matter import Kind, Priority
from alerts.drawn import FILE, page
from alerts.state import LOOK, NEXT

ROOT = Path(__file__).parents[2]


def test_the_page_of_the_machines_is_drawn_from_their_tables() -> None:
    assert (ROOT / FILE).read_text(encoding="utf-8") == page(), "python -m alerts.drawn"


def test_every_entry_of_both_tables_is_drawn() -> None:
    drawn = page()
    for (risk, sign), after in NEXT.items():
        assert any(
            line.strip().startswith(f"{risk.value} --> {after.value}: ") and sign.value in line
            for line in drawn.splitlines()
        )
    for (before, glimpse), then in LOOK.items():
        at = "seeing" if before is None else before.value.replace(" ", "_")
        to = "seeing" if then is None else then.value.replace(" ", "_")
        assert f" {at} --> {to}: {glimpse.value}\n" in drawn or f" recorded --> {to}: {glimpse.value}\n" in drawn
    assert "not_heard_yet --> silent" not in drawn
    assert "recorded --> silent" not in drawn


def test_every_kind_of_matter_has_a_priority_and_an_alert_alone_the_highest() -> None:
    assert set(PRIORITIES) == set(Kind)
    assert [kind for kind, priority in PRIORITIES.items() if priority is Priority.HIGH] == [Kind.ALERT]


def test_every_priority_and_what_differs_is_among_the_terms() -> None:
    terms = {each.term: each for each in TERMS}
    assert {f"{each.value} priority" for each in Priority} <= set(terms)
    for name in ("audio paused", "audio off"):
        assert terms[name].here.startswith("deviation")
