"""The editor of alerting rules: what is drawn, checked, kept, refused, and gone back to."""

import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.delivery.events import Step
from alerts.delivery.rules import DEFAULT, Contact, SiteRules, parse
from alerts.delivery.written import plainly, toml
from console.administration.chain_drawn import clock, drawn, span
from console.administration.chain_form import first, offered
from tests.console.administration.office import RULES, Rooms, fields_of


def post(rooms: Rooms, fields: dict[str, Any], status: int, **changes: Any) -> str:  # noqa: ANN401
    answer = rooms.ask("POST", "/admin/chain", data=fields | changes)
    assert answer.status_code == status, answer.text
    return answer.text


def started(rooms: Rooms) -> dict[str, Any]:
    rooms.registry.set_alerting_rules("home", RULES, because="first", by="Helen")
    return fields_of(rooms.get("/admin/chain"))


def test_a_chain_is_drawn_as_what_happens_when_nobody_answers_at_two_in_the_morning(rooms: Rooms) -> None:
    rules = parse(RULES)
    it = drawn(rules, rules.alert)
    assert [(said.clock, said.words) for said in it.said] == [
        ("02:00:00", ("Every tablet shows it and sounds.",)),
        ("02:01:00", ("Sam by phone.",)),
        ("02:03:00", ("Sam by phone again.",)),
        ("02:05:00", ("Sam by phone again.",)),
    ]
    assert [lane.who for lane in it.lanes] == ["Every tablet", "Sam by phone"]
    started(rooms)
    page = rooms.get("/admin/chain")
    assert page.index("02:00:00") < page.index("02:01:00") < page.index("02:03:00")


def test_nothing_holds_before_it_was_shown_and_a_reason_given(rooms: Rooms) -> None:
    fields = started(rooms)
    changed = fields | {"a1-after": ["45"]}
    page = post(rooms, changed, 200, act="hold", because="sooner")
    assert "As it would be" in page
    assert "02:00:45" in page
    assert rooms.registry.alerting_rules_history("home")[-1].text == RULES
    shown = {name: value for name, value in fields_of(page).items() if name != "because"}
    page = post(rooms, shown, 422, act="hold")
    assert 'id="e-because"' in page
    page = post(rooms, shown | {"a1-after": ["50"]}, 200, act="hold", because="sooner")
    assert "02:00:50" in page, "what was not shown does not hold"
    post(rooms, shown, 303, act="hold", because="sooner")
    held = rooms.registry.alerting_rules_history("home")[-1]
    assert (held.because, held.by) == ("sooner", "Helen")
    rules = parse(held.text or "")
    assert rules.alert[1].after_s == 45
    assert rules.address("Sam", "phone") == "json://gateway.example/SECRETCALL"


def test_what_contradicts_itself_is_refused_beside_its_field_and_what_held_goes_on(rooms: Rooms) -> None:
    fields = started(rooms)
    for change, field in (
        ({"a1-after": ["-5"]}, "a1-after"),
        ({"a1-after": ["soon"]}, "a1-after"),
        ({"a1-who": ["Mallory"]}, "a1-who"),
        ({"a1-channel": ["fax"]}, "a1-channel"),
        ({"c0-name": ["on shift"]}, "c0-name"),
        ({"c0-w0-url": ["gopher-no-url"]}, "c0-w0-url"),
        ({"c0-w1-way": ["phone"]}, "c0-w1-way"),
        ({"again_s": ["1"]}, "again_s"),
        ({"dead_man": ["ftp://x"]}, "dead_man"),
        ({"protection_s": ["99999"]}, "protection_s"),
    ):
        page = post(rooms, fields | change, 422, act="check")
        assert f'id="e-{field}"' in page, change
        assert f'id="f-{field}"' in page, change
        assert "SECRET" not in page
    empty = {name: value for name, value in fields.items() if not name.endswith("-after") or name[0] != "n"}
    assert "Nobody would ever be told" in post(rooms, empty, 422, act="check")
    assert [each.text for each in rooms.registry.alerting_rules_history("home")] == [RULES]


def test_somebody_elses_change_is_not_undone(rooms: Rooms) -> None:
    fields = started(rooms)
    rooms.registry.set_alerting_rules("home", f"{RULES}\nagain_s = 60\n".replace("\nagain_s", "", 1), by="Ivy")
    theirs = rooms.registry.set_alerting_rules("home", f"again_s = 60\n{RULES}", because="oftener", by="Ivy")
    page = post(rooms, fields, 409, act="check")
    assert "Ivy changed these rules" in page
    assert rooms.registry.alerting_rules_history("home")[-1] == theirs


def test_rows_are_added_without_a_script_and_a_new_contact_can_be_told(rooms: Rooms) -> None:
    fields = started(rooms)
    page = post(rooms, fields, 200, more="c")
    assert 'name="c1-name"' in page
    page = post(rooms, fields_of(page) | {"c1-name": ["Jo"]}, 200, more="c1")
    added = fields_of(page) | {"c1-w0-way": ["sms"], "c1-w0-url": ["json://gateway.example/sms"]}
    page = post(rooms, added, 200, more="a")
    added = fields_of(page) | {"c1-w0-url": ["json://gateway.example/sms"]}
    added |= {"a2-after": ["90"], "a2-who": ["Jo"], "a2-channel": ["sms"]}
    page = post(rooms, added, 200, act="check")
    assert "Jo by sms" in page
    assert 'value="json://gateway.example/sms"' in page, "what was typed is kept"


def test_one_goes_back_to_rules_that_held_before(rooms: Rooms) -> None:
    started(rooms)
    rooms.registry.set_alerting_rules("home", None, because="a try", by="Ivy")
    number = rooms.registry.alerting_rules_history("home")[0].number
    assert "a try" in rooms.get("/admin/chain/history")
    page = rooms.get(f"/admin/chain/back/{number}")
    assert "Sam by phone" in page
    assert "SECRET" not in page
    rooms.post(f"/admin/chain/back/{number}", 422, site="home")
    rooms.post(f"/admin/chain/back/{number}", site="home", because="it was better")
    assert rooms.registry.alerting_rules_history("home")[-1].text == RULES
    rooms.get("/admin/chain/back/999", 404)


def test_a_text_is_checked_and_shown_before_it_holds(rooms: Rooms) -> None:
    text = f"# by hand\n{RULES}"
    assert 'id="e-text"' in rooms.post("/admin/chain/text", 422, site="home", text="[[alert]]\nafter_s = 0").text
    page = rooms.post("/admin/chain/text", 200, site="home", text=text, act="hold", because="by hand").text
    assert rooms.registry.alerting_rules_history("home") == []
    checked = fields_of(page)["checked"]
    rooms.post("/admin/chain/text", site="home", text=text, act="hold", because="by hand", checked=checked)
    assert rooms.registry.alerting_rules_history("home")[-1].text == text
    assert "SECRET" not in rooms.get("/admin/chain/text")


def test_rules_that_can_no_longer_be_read_are_said_and_not_lost(rooms: Rooms) -> None:
    rooms.registry.set_alerting_rules("home", "again_s = 'often'", because="by a program", by="Ivy")
    page = rooms.get("/admin/chain")
    assert "cannot be read" in page
    assert "The alerting rules cannot be read" in rooms.get("/admin")


NAMES = st.text("abcdefgh ", min_size=1, max_size=8).map(lambda name: " ".join(name.split())).filter(bool)
WAYS = st.sampled_from(["phone", "sms", "mail"])
CONTACTS = st.lists(
    st.builds(
        lambda name, ways: Contact(name=name, reach={way: f"json://gateway.example/{way}" for way in ways}),
        NAMES,
        st.lists(WAYS, unique=True, max_size=3),
    ),
    unique_by=lambda each: each.name,
    max_size=4,
)
BOARD_STEP = Step(after_s=0.0, who="on shift", channel="board")


@settings(max_examples=60, deadline=None)
@given(CONTACTS, st.lists(st.integers(1, 3000), unique=True, max_size=5), st.integers(30, 900), st.booleans())
def test_a_form_says_what_the_rules_it_was_drawn_from_say(
    contacts: list[Contact], times: list[int], again_s: int, named: bool
) -> None:
    ways = [(each.name, way) for each in contacts for way in each.reach]
    steps = [
        Step(after_s=float(after_s), who=ways[place % len(ways)][0], channel=ways[place % len(ways)][1])
        for place, after_s in enumerate(sorted(times))
        if ways
    ]
    rules = SiteRules(contact=tuple(contacts), alert=(BOARD_STEP, *steps), again_s=float(again_s))
    said = plainly(rules)
    said["privacy"]["name"] = named
    rules = parse(toml(said))
    form = offered(first(rules, of="1"), rules)
    assert form.wrong == {}
    assert parse(form.text).contact == rules.contact
    assert plainly(parse(form.text)) == plainly(rules)
    assert tomllib.loads(form.text) == plainly(rules)


def test_the_usual_rules_stand_in_a_form_as_they_are() -> None:
    form = offered(first(DEFAULT, of="0"), DEFAULT)
    assert plainly(parse(form.text)) == plainly(DEFAULT)


def test_spans_and_clocks_are_said_as_people_say_them() -> None:
    assert [span(each) for each in (0, 45, 60, 150, 3600, 3661)] == [
        "at once", "45 s", "1 min", "2 min 30 s", "1 h", "1 h 1 min 1 s",
    ]  # fmt: skip
    assert clock(0) == "02:00:00"
    assert clock(86_400) == "02:00:00"
