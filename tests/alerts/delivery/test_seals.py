"""A link takes one matter for one receiver until it ends, and forged is told from expired."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.seals import Expired, Forged, Seals, Take
from alerts.errors import AlertError

SEALS = Seals(b"s" * 32)


@given(st.text(), st.text())
def test_what_was_sealed_comes_back_until_it_ends(matter_id: str, to: str) -> None:
    token = SEALS.link(matter_id, to, until_s=100.0)
    assert SEALS.read(token, now_s=100.0) == Take(matter_id, to)
    with pytest.raises(Expired):
        SEALS.read(token, now_s=101.0)
    with pytest.raises(Forged):
        Seals(b"t" * 32).read(token, now_s=100.0)


@given(st.integers(0, 200), st.characters())
def test_a_link_that_was_changed_anywhere_is_forged(place: int, letter: str) -> None:
    token = SEALS.link("w1-1000-1", "Sam", until_s=100.0)
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises(Forged):
            SEALS.read(changed, now_s=0.0)


def test_a_link_tells_neither_whom_it_is_about_nor_who_may_take_it() -> None:
    token = SEALS.link("bea-1700000000-1", "Sam", until_s=1_700_000_000.0)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert len(token) < 80
    for told in (b"bea", b"Sam", b"17000"):
        assert told not in raw
        assert told not in token.encode()


@given(st.text())
def test_any_text_that_is_no_link_is_forged(text: str) -> None:
    with pytest.raises(Forged):
        SEALS.read(text, now_s=0.0)


def test_a_tablet_has_a_key_of_its_own_which_is_no_link() -> None:
    key = SEALS.tablet_key("kitchen")
    assert SEALS.opens("kitchen", key)
    assert not SEALS.opens("hall", key)
    assert not SEALS.opens("kitchen", "")
    assert not SEALS.opens("kitchen", "\u00e9")
    assert not SEALS.opens("kitchen", SEALS.link("kitchen", "", until_s=1e9))


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(AlertError, match="32 bytes"):
        Seals(b"short")
