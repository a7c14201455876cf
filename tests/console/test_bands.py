"""The page of bands in words, and asked for in process."""

import asyncio
import threading
from zoneinfo import ZoneInfo

import httpx
import pytest

from console.bands import BandRow, Page, page_of
from console.rows import UNKEPT, UNSTORED
from console.standing import ModelsAt
from ingest.admission import Verdict
from ingest.bands import ConsentDue, Overview, Sent, Waiting
from ingest.clock.clocks import GatewayState
from ingest.intake.counts import KINDS, Counters, HeldBack
from ingest.registry.consents import Scope
from ingest.store.protocol import Refusal
from tests.console.house import NOW_S, House
from tests.console.office import Office, band, clock
from tests.console.test_app import ask
from tests.servers import LONG_S

LONDON = ZoneInfo("Europe/London")
HOUR_S = 3600.0
FULL = HeldBack(754.0, "readings.sqlite: database or disk is full")


def page(**changes: object) -> Page:
    return page_of(Office(**changes).overview, zone=LONDON, models=ModelsAt())


def row(**changes: object) -> BandRow:
    (found,) = page(bands=(band(**changes),)).bands  # type: ignore[arg-type]
    return found


def test_a_band_that_nothing_ails_is_one_plain_row() -> None:
    it = row()
    assert (it.worn_by, it.band, it.doubt, it.what) == ("Aidan", "band-01", "", "")
    assert (it.heard, it.battery, it.gateway, it.stored) == ("now", "64 %", "hall", "12\N{NARROW NO-BREAK SPACE}345")
    assert (it.clock, it.clock_more) == ("12.3 ppm slow, within 4 ms", "")


@pytest.mark.parametrize(
    ("changes", "doubt", "what"),
    [
        ({"verdict": Verdict.DROP}, "none", "Not recorded: no consent covers it, nothing is kept"),
        ({"last_heard_s": NOW_S - 600}, "none", "Not sending"),
        ({"last_heard_s": None}, "none", "Never heard"),
        ({"sent": Sent("hall", 9)}, "some", "Charge it soon"),
        ({"clock": clock("band-01", sets=2)}, "some", ""),
        ({"wearer": None, "verdict": Verdict.WAIT}, "", "Nobody wears it"),
        (
            {"wearer": None, "verdict": Verdict.WAIT, "waiting": Waiting(NOW_S, NOW_S), "given_up_s": NOW_S - 600},
            "",
            "Given up at 14:22: gateways fetch what it still keeps until 15:22",
        ),
    ],
)
def test_what_is_wrong_with_a_band_frames_its_row_and_is_said(
    changes: dict[str, object], doubt: str, what: str
) -> None:
    it = row(**changes)
    assert (it.doubt, it.what) == (doubt, what)


def test_a_band_not_heard_lately_says_when_it_was() -> None:
    assert row(last_heard_s=NOW_S - 1800).heard == "14:02"
    assert row(last_heard_s=NOW_S - 86_400).heard == "Tue 14:32"
    assert row(last_heard_s=None).heard == "never"


@pytest.mark.parametrize(
    ("changes", "said", "more"),
    [
        ({"drift_ppm": -48.06}, "48.1 ppm fast, within 4 ms", ""),
        ({"drift_ppm": None, "residual_s": None, "is_proven": False}, "drift not known yet", "not yet proven"),
        ({"sets": 1}, "12.3 ppm slow, within 4 ms", "set once"),
        ({"sets": 3, "is_proven": False}, "12.3 ppm slow, within 4 ms", "not yet proven, set 3 times"),
    ],
)
def test_a_clock_says_how_fast_it_runs_how_well_that_is_known_and_what_happened_to_it(
    changes: dict[str, object], said: str, more: str
) -> None:
    it = row(clock=clock("band-01", **changes))
    assert (it.clock, it.clock_more) == (said, more)


def test_a_band_that_nobody_is_known_to_wear_stands_first_with_when_its_readings_go() -> None:
    stray = band("band-07", None, waiting=Waiting(NOW_S + 5 * HOUR_S, NOW_S + 24 * HOUR_S))
    it = page(bands=(stray, band()))
    (urgent,) = it.urgent
    assert urgent.goes == "Its readings are erased from 19:32 on; the last that came is erased at Thu 14:32."
    assert (it.headline, it.rest) == ("2 bands", "1 that nobody is known to wear")
    assert [each.band for each in it.bands] == ["band-01"]


def test_readings_that_are_going_are_said_to_be() -> None:
    (urgent,) = page(bands=(band("b", None, waiting=Waiting(NOW_S, NOW_S + HOUR_S)),)).urgent
    assert urgent.goes == "Its oldest readings are being erased now; the last that came is erased at 15:32."


def test_consents_say_whose_what_is_so_and_what_to_do() -> None:
    dues = (
        ConsentDue("w1", Scope.CARE, False, None),
        ConsentDue("w2", Scope.CARE, False, NOW_S + 3 * 24 * HOUR_S),
        ConsentDue("w3", Scope.RESEARCH, True, None),
    )
    it = page(consents=dues)
    assert [(due.name, due.glyph) for due in it.dues] == [
        ("Aidan", "notrecording"),
        ("Bea", "clock"),
        ("Callum", "cannot"),
    ]
    assert "no alert can come" in it.dues[0].what
    assert it.dues[2].command == "forecalm consent give w3 --scope research --by WHO"
    assert it.dues[1].what.startswith("The consent to care ends Sat 14:32, in 3 days.")
    assert "research is to be confirmed" in it.dues[2].what
    assert it.rest == "3 consents to see to"


def test_a_store_that_cannot_write_is_said_with_since_when_and_why() -> None:
    it = page(held_back=FULL)
    assert (it.storing, it.storing_why) == ("Nothing has been stored since 14:19", FULL.reason)
    assert page().storing == ""


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_quarantine_has_words_and_is_in_doubt(kind: str) -> None:
    (count,) = [each for each in page(counters=Counters(quarantined={kind: 4})).counts if "quarantine" in each.what]
    assert (count.number, count.doubt) == ("4", True)


def test_numbers_that_should_be_nothing_are_in_doubt_and_the_others_are_not() -> None:
    all_ = Counters(9, 9, 9, {"form": 1}, 9, 9, 9, 9, 9, 61.0, 9, 9)
    doubted = {each.what for each in page(counters=all_).counts if each.doubt}
    assert doubted == {
        "of bands that nobody is known to wear",
        "declared lost by gateways",
        "nothing could be stored",
        "in quarantine: not in a form that can be read",
    }
    assert not any(each.doubt for each in page().counts)


@pytest.mark.parametrize(
    ("offset_s", "sets", "said"),
    [(None, 0, "not known yet"), (0.2, 0, "right"), (3700.0, 1, "1 hour slow, set once"), (-7.2, 0, "7 s fast")],
)
def test_a_gateways_clock_is_said_in_words(offset_s: float | None, sets: int, said: str) -> None:
    (it,) = page(gateways=(GatewayState("hall", offset_s, NOW_S - 2, sets),)).gateways
    assert (it.gateway, it.heard, it.clock, bool(it.doubt)) == ("hall", "now", said, offset_s in (3700.0, -7.2))


@pytest.mark.parametrize(("age_s", "doubt"), [(5.0, False), (60.0, True), (8 * 24 * HOUR_S, False)])
def test_a_gateway_that_fell_silent_is_in_doubt_until_it_is_plainly_out_of_use(age_s: float, doubt: bool) -> None:
    (it,) = page(gateways=(GatewayState("hall", 0.0, NOW_S - age_s, 0),)).gateways
    assert bool(it.doubt) is doubt


def office(house: House, **changes: object) -> Office:
    house.staff = made = Office(**changes)
    return made


def test_the_page_and_its_facts_are_served_and_the_board_links_to_them(house: House) -> None:
    office(house, held_back=FULL)
    text = ask(house, "GET", "/bands").text
    assert "Nothing has been stored since 14:19" in text
    assert "Research use only" in text
    facts = ask(house, "GET", "/bands.json").json()
    assert facts["held_back"] == {"for_s": 754.0, "reason": FULL.reason}
    assert facts["bands"][0]["clock"]["drift_ppm"] == 12.34
    assert 'href="/bands"' in ask(house, "GET", "/").text
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in text


def test_a_board_without_readings_has_no_page_of_bands(house: House) -> None:
    assert ask(house, "GET", "/bands").status_code == 404
    assert ask(house, "GET", "/bands.json").status_code == 404


def test_a_slow_look_at_the_bands_never_stands_before_an_alert_that_is_taken(house: House) -> None:
    slow, looking, done = office(house), threading.Event(), threading.Event()
    see = slow.take

    def take() -> Overview:
        looking.set()
        assert done.wait(LONG_S)
        return see()

    slow.take = take  # type: ignore[method-assign]
    house.alert("w2")

    async def ask_all() -> tuple[httpx.Response, list[httpx.Response]]:
        transport = httpx.ASGITransport(app=house.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            waiting = [asyncio.create_task(client.get("/bands.json")) for _ in range(100)]
            await asyncio.to_thread(looking.wait, LONG_S)
            taken = await asyncio.wait_for(client.post("/alerts/w2-1/acknowledge", data={"by": "Jo"}), LONG_S)
            done.set()
            return taken, await asyncio.gather(*waiting)

    taken, told = asyncio.run(ask_all())
    assert taken.status_code == 303
    assert {answer.status_code for answer in told} == {200}


def test_what_was_refused_is_told_without_what_was_in_it_and_as_text_never_as_markup(house: House) -> None:
    refusal = Refusal("<b>topic</b>", "<script>alert(1)</script>", NOW_S, b"digest", b"readings")
    office(house, refusals=(refusal,), faults=("<i>away</i>",), bands=(band("<u>band</u>"),))
    text = ask(house, "GET", "/bands").text
    for tag in ("<b>", "<script>a", "<i>", "<u>"):
        assert tag not in text
    assert ask(house, "GET", "/bands.json").json()["refusals"] == [
        {"topic": "<b>topic</b>", "reason": "<script>alert(1)</script>", "received_s": NOW_S}
    ]


def test_an_open_alert_stands_on_the_page_of_bands_too(house: House) -> None:
    office(house)
    assert "may need you now" not in ask(house, "GET", "/bands").text
    house.alert("w2")
    house.alert("w3")
    assert "<bdi>Bea</bdi>, <bdi>Callum</bdi> may need you now" in ask(house, "GET", "/bands").text


def test_health_says_whether_readings_and_alerts_are_stored(house: House) -> None:
    staff = office(house)
    assert ask(house, "GET", "/healthz").json() == {"status": "ok", "wearers": 3, "storing": True, "journal": True}
    staff.change(held_back=FULL)
    health = ask(house, "GET", "/healthz").json()
    assert (health["status"], health["storing"], health["journal"]) == ("not storing", False, True)


def test_the_board_says_that_readings_are_not_stored_beside_how_many_are_protected(house: House) -> None:
    office(house, held_back=FULL)
    text = ask(house, "GET", "/").text
    assert "All 3 protected" in text
    assert UNSTORED in text
    house.journal_fault = "the disk is full"
    assert UNKEPT in ask(house, "GET", "/").text


def test_a_wearer_without_a_name_is_shown_by_the_pseudonym() -> None:
    assert row(wearer="w9").worn_by == "w9"
