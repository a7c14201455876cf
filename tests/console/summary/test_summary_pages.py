"""Summaries as a house hands them out: only what was agreed, shown first, entered, under a name of nobody's."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from console.summary.facts import Sharing, Written
from tests.console.caring import Caring
from tests.console.day.days import JO, WALL, Client
from tests.console.house import NAMES
from tests.console.summary.kept import at
from tests.console.summary.shared import Sharer
from tests.console.tablets import MARKUP
from tests.servers import LONG_S

HERE = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
WHERE = "/people/w2/summary"
DAYS = {"since": "2026-05-04", "until": "2026-05-31", "for": "family", "read": "yes"}


@pytest.fixture
def house() -> Sharer:
    house = Sharer(JO)
    house.caring = Caring(list(NAMES))
    return house


@pytest.fixture
def client(house: Sharer) -> Iterator[Client]:
    client = Client(house)
    yield client
    client.close()


def test_what_would_be_shared_is_shown_before_it_is(client: Client) -> None:
    page = client.get(WHERE).text
    assert "375 h watched, 296 h not watched" in page
    assert "I have read it." in page
    assert "Summary for the plan:" in page


def test_nothing_is_looked_at_where_nobody_agreed_and_it_says_who_may_be_asked(house: Sharer, client: Client) -> None:
    house.shelf.sharing_ = Sharing(now=False, asked=("Ida <mother> & guardian",))
    page = client.get(WHERE).text
    assert "Nobody has agreed yet that a summary of Bea is shared" in page
    assert "Ida &lt;mother&gt; &amp; guardian" in page
    assert client.post(WHERE, data=DAYS | {"format": "pdf"}, headers=HERE).status_code == 403
    assert house.shelf.looked == 0


def test_a_registry_that_is_away_shares_nothing(house: Sharer, client: Client) -> None:
    house.shelf.away = True
    assert client.get(WHERE).status_code == 503
    assert client.post(WHERE, data=DAYS | {"format": "html"}, headers=HERE).status_code == 503


def test_nobody_knows_anybody_who_is_not_here(client: Client) -> None:
    assert client.get("/people/w9/summary").status_code == 404


def test_a_tablet_on_the_wall_shares_nothing(house: Sharer, client: Client) -> None:
    house.ask_as(WALL)
    assert client.get(WHERE).status_code == 403
    assert client.post(WHERE, data=DAYS | {"format": "pdf"}, headers=HERE).status_code == 403


@pytest.mark.parametrize(("as_", "begins"), [("pdf", b"%PDF-"), ("html", b"\n<!DOCTYPE html>")])
def test_a_file_is_handed_out_under_a_name_that_names_nobody(client: Client, as_: str, begins: bytes) -> None:
    answer = client.post(WHERE, data=DAYS | {"format": as_}, headers=HERE)
    assert answer.status_code == 200
    assert answer.content.startswith(begins.lstrip())
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="summary-family-2026-05-04-2026-05-31.{as_}"'
    )
    assert answer.headers["cache-control"] == "no-store"


def test_it_is_entered_who_took_what_and_no_word_of_it(house: Sharer, client: Client) -> None:
    entered: list[dict[str, object]] = []
    assert house.caring is not None
    house.caring.rest.note = lambda action, **said: entered.append({"action": action, **said})  # type: ignore[method-assign]
    client.post(WHERE, data=DAYS | {"format": "html", "notes": ["1", "2"], "sign": "yes"}, headers=HERE)
    house.made.state.entrance.trail.close(LONG_S)
    assert entered == [
        {
            "action": "export summary",
            "wearer": "w2",
            "by": "Jo",
            "format": "html",
            "audience": "family",
            "since": "2026-05-04",
            "until": "2026-05-31",
            "notes": 2,
            "own_words": False,
            "signed": True,
        }
    ]


def test_nobody_takes_it_unread(client: Client) -> None:
    answer = client.post(WHERE, data={**DAYS, "read": "", "format": "pdf"}, headers=HERE)
    assert answer.status_code == 422
    assert "Read it through first" in answer.text


def test_another_site_cannot_make_a_browser_take_it(client: Client) -> None:
    answer = client.post(WHERE, data=DAYS | {"format": "pdf"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"since": "yesterday"}, "Write a day as 2026-05-04."),
        ({"since": "0001-01-01"}, "Write a day as 2026-05-04."),
        ({"until": "2026-06-30"}, "That day has not come yet"),
        ({"since": "2026-05-31", "until": "2026-05-04"}, "It begins after it ends"),
        ({"since": "2025-05-31"}, "Up to 92 days"),
        ({"for": "the press"}, "Choose the family, school or the health team."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(client: Client, changed: dict[str, str], said: str) -> None:
    answer = client.get(WHERE, params=DAYS | changed)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_note_goes_only_where_it_is_ticked(client: Client) -> None:
    without = client.post(WHERE, data=DAYS | {"format": "html"}, headers=HERE).text
    ticked = client.post(WHERE, data=DAYS | {"format": "html", "notes": "1"}, headers=HERE).text
    assert "Fire alarm" not in without
    assert "Fire alarm test at three. [a name] stayed with her." in ticked


def test_nobody_signs_who_does_not_choose_to(client: Client) -> None:
    assert "by a carer," in client.post(WHERE, data=DAYS | {"format": "html"}, headers=HERE).text
    signed = client.post(WHERE, data=DAYS | {"format": "html", "sign": "yes"}, headers=HERE).text
    assert "by \u2068Jo\u2069," in signed


def test_markup_in_notes_and_names_is_text(house: Sharer, client: Client) -> None:
    house.shelf.kept = replace(house.shelf.kept, notes=(Written(number=7, at_s=at(3, 12), text=MARKUP),))
    for page in (
        client.get(WHERE, params=DAYS | {"notes": "7"}).text,
        client.post(WHERE, data=DAYS | {"format": "html", "notes": "7"}, headers=HERE).text,
    ):
        assert MARKUP not in page
        assert "&lt;" in page


def test_the_day_leads_to_it_where_it_may(house: Sharer, client: Client) -> None:
    assert f'href="{WHERE}"' in client.get("/people/w2").text
    house.ask_as(WALL)
    assert client.get("/people/w2").status_code in (200, 403)
    assert f'href="{WHERE}"' not in client.get("/people/w2").text
