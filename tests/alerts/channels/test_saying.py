"""What may leave the house: nothing that the rules keep inside, whatever they are."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.by_url import _body, _service
from alerts.channels.channel import Message
from alerts.channels.push import payload
from alerts.channels.saying import say, titled, within
from alerts.delivery.matter import Kind, Matter, Priority
from alerts.delivery.rules import Privacy
from ingest.notice import SENTENCE

MakeMessage = Callable[..., Message]
HOUSE = "Alder House"
NAMES = st.from_regex(r"[A-Z][a-zäöü]{0,8}§[a-z0-9]{1,4}", fullmatch=True)  # in none of our sentences
READINGS = st.floats(0.0, 250.0).map(lambda value: f"Pulse {value:.1f}, that is 18 above usual.")


def a_matter(kind: Kind = Kind.ALERT, wearer: str = "w-17", words: tuple[str, ...] = ()) -> Matter:
    return Matter(
        matter_id=f"{wearer}-1700000000-1", kind=kind, priority=Priority.HIGH, wearer=wearer, since_s=0.0, words=words
    )


@given(
    kind=st.sampled_from(Kind),
    wearer=NAMES,
    name=NAMES | st.just(""),
    readings=st.lists(READINGS, max_size=3),
    privacy=st.builds(Privacy, name=st.booleans(), readings=st.booleans()),
    over=st.booleans(),
    repeat=st.booleans(),
)
def test_no_name_pseudonym_or_reading_leaves_under_rules_that_forbid_it(
    kind: Kind, wearer: str, name: str, readings: list[str], privacy: Privacy, over: bool, repeat: bool
) -> None:
    words = (*readings, f"{name or wearer} is in the garden.", f"Look in on {wearer.upper()}.")
    matter = a_matter(kind, wearer, words)
    title, body = say(matter, privacy, house=HOUSE, name=name, over=over)
    message = Message(
        message_id=f"{matter.matter_id}/1",
        matter_id=matter.matter_id,
        kind=kind,
        priority=matter.priority,
        wearer=wearer,
        to="sam",
        at_s=0.0,
        title=title,
        body=body,
        repeat=repeat,
        over=over,
    )
    service = _service("json://127.0.0.1:1")
    assert service is not None
    left = "\n".join((titled(message), _body(service, message), payload(message).decode()))
    if not privacy.name:
        assert wearer.casefold() not in left.casefold()
        assert not name or name.casefold() not in left.casefold()
    if not privacy.readings:
        assert "Pulse" not in left
        assert privacy.name or not re.search(r"\d", title + body)


@pytest.mark.parametrize("kind", list(Kind))
def test_by_default_it_is_somebody_and_no_number_is_said(kind: Kind) -> None:
    title, body = say(a_matter(kind, words=("Pulse 96.",)), Privacy(), house=HOUSE)
    assert not re.search(r"\d|w-", title + body)
    assert HOUSE in body
    assert body.endswith(SENTENCE)


def test_an_alert_says_that_somebody_may_need_you_now() -> None:
    assert say(a_matter(), Privacy(), house=HOUSE)[1].startswith("Somebody at Alder House may need you now.")


def test_where_the_rules_allow_it_name_and_reasons_are_said() -> None:
    privacy = Privacy(name=True, readings=True)
    title, body = say(a_matter(words=("Pulse 96, that is 18 above usual.",)), privacy, house=HOUSE, name="Bea")
    assert title == "Bea may need you now"
    assert "Bea at Alder House may need you now. Pulse 96, that is 18 above usual." in body


def test_somebody_has_it_is_said_by_name() -> None:
    assert say(a_matter(), Privacy(), over=True, by="Jo") == ("Jo has it", f"Jo has it. {SENTENCE}")
    assert say(a_matter(), Privacy(), house=HOUSE, over=True)[1].startswith("The alert at Alder House is over.")


def test_a_test_says_that_it_is_one() -> None:
    assert "Nobody needs help." in say(a_matter(Kind.TEST), Privacy(), house=HOUSE)[1]


def test_a_repeat_is_marked(a_message: MakeMessage) -> None:
    assert titled(a_message(repeat=True)) == "Again: Forecalm"
    assert titled(a_message()) == "Forecalm"


def test_a_text_message_keeps_its_link_and_leaves_the_notice_out(a_message: MakeMessage) -> None:
    service = _service(
        "twilio://AC0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef@15551234567/15557654321"
    )
    assert service is not None
    title, body = say(a_matter(), Privacy(), house=HOUSE)
    said = _body(service, a_message(title=title, body=body, link="https://board.example.org/take/" + "t" * 60))
    assert SENTENCE not in said
    assert said.endswith("t" * 60)
    assert len(title) + 2 + len(said) <= service.body_maxlen
    assert within(body, 1_000) == body
