"""What gateways say of themselves and their bands, whose bands look exchanged, and which model watches, in words."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import msgspec
import pytest

from console.bands import Page, facts_of, page_of
from console.standing import DRIFTED_MAX, ModelsAt, models_to_see_to, standby, watching
from ingest.bands import Doubt, Overview, doubts_of
from ingest.clock.clocks import GatewayState
from ingest.control.messages import BandStatus, GatewayStatus, Seen
from ingest.control.picture import DEAF_US, Fight, Picture, Standing
from tests.console.house import NOW_S
from tests.console.office import Office, band

LONDON = ZoneInfo("Europe/London")
NOW_US = round(NOW_S * 1e6)
DOUBT = Doubt("band-01", "w1", "band-02", "w2", NOW_S - 1860)


def gateway(**said: object) -> Standing:
    """One gateway that has just said this of itself."""
    picture = Picture()
    status = GatewayStatus(v=1, at_us=NOW_US, **{"online": True, "radio_us": NOW_US, **said})  # type: ignore[arg-type]
    picture.hear_gateway("hall", status, NOW_US)
    return Standing(gateways=tuple(picture.gateways(NOW_US)))


def held(**said: object) -> Standing:
    """One band, and what the gateway in the hall, which is there, says of it."""
    picture = Picture()
    picture.hear_gateway("hall", GatewayStatus(v=1, at_us=NOW_US, online=True, radio_us=NOW_US), NOW_US)
    given = {"state": "connected", "since_us": NOW_US - 60_000_000, **said}
    status = BandStatus(v=1, at_us=NOW_US, gateway="hall", **given)  # type: ignore[arg-type]
    picture.hear_band("band-01", "hall", status, NOW_US)
    return Standing(tuple(picture.gateways(NOW_US)), tuple(picture.bands(NOW_US)))


def page(**changes: object) -> Page:
    return page_of(Office(**changes).overview, zone=LONDON, models=ModelsAt())


def test_a_gateway_that_nothing_ails_is_one_plain_row_and_no_card() -> None:
    it = page(standing=gateway(version="0.5.0", links=3, links_max=7, kept_packets=1200))
    assert it.gateway_faults == ()
    (row,) = it.gateways
    assert (row.gateway, row.what, row.doubt, row.heard) == ("hall", "", "", "now")
    assert (row.holds, row.waits, row.version) == ("3 of at most 7", "1\N{NARROW NO-BREAK SPACE}200 packets", "0.5.0")


def test_one_packet_is_not_called_packets() -> None:
    assert page(standing=gateway(kept_packets=1)).gateways[0].waits == "1 packet"


@pytest.mark.parametrize(
    ("said", "what", "doubt", "card"),
    [
        ({"online": False}, "Away", "none", "Away: it holds no band"),
        ({"radio_us": NOW_US - DEAF_US - 1, "links_max": 7}, "Deaf", "none", "its radio hears nothing at all"),
        ({"trouble": "the disk is full"}, "Disk trouble", "some", "lost with its power: the disk is full"),
        ({"let_go": 12}, "Let go of readings", "some", "let go of 12 packets that were never stored"),
        ({"let_go": 1}, "Let go of readings", "some", "let go of 1 packet that was never stored"),
        ({"kept_packets": 9, "kept_bytes": 80, "kept_max_bytes": 100}, "", "", "nearly full: 9 packets wait"),
        ({"kept_packets": 1, "kept_bytes": 80, "kept_max_bytes": 100}, "", "", "nearly full: 1 packet waits"),
    ],
)
def test_what_ails_a_gateway_is_a_card_that_says_what_to_do(
    said: dict[str, object], what: str, doubt: str, card: str
) -> None:
    it = page(standing=gateway(**said))
    (fault,) = it.gateway_faults
    assert card in fault.what
    assert fault.do
    assert (it.gateways[0].what, it.gateways[0].doubt) == (what, doubt)


def test_gateways_that_something_ails_come_first() -> None:
    it = page(
        standing=gateway(online=False),
        gateways=(GatewayState("attic", 0.0, NOW_S - 1, 0), GatewayState("hall", 0.0, NOW_S - 900, 0)),
    )
    assert [(row.gateway, row.heard) for row in it.gateways] == [("hall", "14:17"), ("attic", "now")]


def test_a_fight_over_a_band_is_a_card_that_names_both() -> None:
    (it,) = page(standing=Standing(fights=(Fight("band-01", ("attic", "hall"), 5),))).gateway_faults
    assert it.about == "band-01"
    assert "attic and hall take it from each other: 5 times" in it.what


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "connected since 14:31"),
        (
            {"seen": Seen(band="band-01", profile="x", address="", heard_us=0, rssi=-88, firmware="1.4.0")},
            "connected since 14:31, signal weak (\N{MINUS SIGN}88 dBm), firmware 1.4.0",
        ),
        ({"backlog": 1}, "connected since 14:31, 1 packet still in its memory"),
        ({"backlog": 340}, "connected since 14:31, 340 packets still in its memory"),
        ({"state": "released"}, "let go by hall, as was asked"),
        ({"state": "lost"}, "hall looks for it"),
        ({"state": "refused"}, "not connected: hall cannot use it"),
    ],
)
def test_how_a_band_stands_with_its_gateway_is_in_its_row(said: dict[str, object], words: str) -> None:
    (row,) = page(standing=held(**said)).bands
    assert (row.link, row.doubt) == (words, "")


def test_a_band_that_a_gateway_refuses_says_why_as_soon_as_nothing_of_it_comes() -> None:
    standing = held(state="refused", reason="it has lost its bond")
    (row,) = page(standing=standing, bands=(band(last_heard_s=NOW_S - 60),)).bands
    assert (row.doubt, row.what) == ("none", "Not sending: hall cannot use it: it has lost its bond")
    (row,) = page(standing=standing).bands
    assert row.doubt == ""


def test_a_band_whose_gateway_went_away_says_so() -> None:
    standing = held()
    bands = tuple(replace(each, gateway=None, since_us=None) for each in standing.bands)
    (row,) = page(standing=replace(standing, bands=bands), bands=(band(last_heard_s=NOW_S - 60),)).bands
    assert row.what == "Not sending: hall, which had it, is away"


def test_bands_that_look_exchanged_are_a_card_in_plain_words_with_both_ways_out() -> None:
    it = page(doubts=(DOUBT,))
    (card,) = it.exchanges
    assert card.what == (
        "band-01 has not looked like Aidan since 14:01; it looks more like Bea. And band-02 looks more like Aidan."
    )
    assert card.do.startswith("Look whose band it is.")
    assert [command for _, command in card.commands] == [
        "forecalm correct band-01 --exchange band-02 --since TIME",
        "forecalm right band-01",
    ]
    assert "1 pair to look at" in it.rest


def test_of_two_of_whom_one_wears_nothing_now_the_other_is_still_asked_about_and_of_none_nobody() -> None:
    (card,) = page(doubts=(replace(DOUBT, band=None),)).exchanges
    assert card.what == "band-02 has not looked like Bea since 14:01; it looks more like Aidan."
    assert [command for _, command in card.commands] == ["forecalm right band-02"]
    assert doubts_of([("w1", "w2", 1.0)], {}) == ()
    assert doubts_of([("w1", "w2", 1.0)], {"w1": "b"}) == (Doubt("b", "w1", None, "w2", 1.0),)


def test_a_program_is_told_the_same() -> None:
    overview: Overview = Office(standing=held(), doubts=(DOUBT,)).overview
    facts = msgspec.json.decode(msgspec.json.encode(facts_of(overview, models=ModelsAt())))
    assert facts["doubts"] == [msgspec.to_builtins(DOUBT)]
    assert facts["standing"]["bands"][0]["status"]["gateway"] == "hall"


@pytest.mark.parametrize(
    ("models", "carers", "staff"),
    [
        (ModelsAt(), "", "The training-free detector watches."),
        (ModelsAt("calm-2", "calm-2"), "", "Model calm-2 watches."),
        (
            ModelsAt("calm-2", "calm-2", shadow="new"),
            "",
            "Model calm-2 watches. Model new is in shadow: it alerts nobody.",
        ),
        (
            ModelsAt(chosen="calm-2", faults=("model 'calm-2': model.skops is not as it was written",)),
            "Model calm-2 cannot be used: tell support.",
            "The training-free detector watches in place of model calm-2.",
        ),
        (
            ModelsAt(chosen="unknown", faults=("pointers.jsonl cannot be read",)),
            "The chosen model cannot be used: tell support.",
            "The training-free detector watches.",
        ),
    ],
)
def test_carers_are_told_where_another_model_watches_than_was_chosen_and_staff_which(
    models: ModelsAt, carers: str, staff: str
) -> None:
    assert standby(models) == carers
    assert watching(models) == staff
    assert [card.what for card in models_to_see_to(models, name=str)] == list(models.faults)


def test_inputs_that_have_drifted_are_named_to_staff_but_never_to_carers() -> None:
    models = ModelsAt("calm-2", "calm-2", shifted=tuple(f"input_{i}" for i in range(DRIFTED_MAX + 1)))
    (card,) = models_to_see_to(models, name=str)
    assert card.about == "calm-2"
    assert "input_4 and more." in card.what
    assert card.commands[0][1] == "forecalm models drift"
    assert standby(models) == ""
    said = page_of(Office().overview, zone=LONDON, models=models)
    assert said.model_faults == (card,)
    assert facts_of(Office().overview, models=models)["models"]["shifted"] == models.shifted


def test_whom_model_and_detector_say_opposite_things_of_is_a_card_with_their_name() -> None:
    models = ModelsAt("calm-2", "calm-2", disputed=(("w-07", 760.0),))
    (card,) = models_to_see_to(models, name={"w-07": "Bea"}.__getitem__)
    assert card.about == "Bea"
    assert card.what == "Model calm-2 says low, the training-free detector high, for 12 min."
    assert standby(models) == ""
