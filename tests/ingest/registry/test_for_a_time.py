"""A band that is worn for a time: its end comes by itself, and until then it can be cut short like any other."""

from collections.abc import Callable, Iterator

import pytest

from ingest.admission import Verdict
from ingest.errors import RegistryError
from ingest.registry.consents import Consent, Scope
from ingest.registry.places import Site
from ingest.registry.registry import Registry
from ingest.registry.stretches import Held

NOW_S = 100.0


@pytest.fixture
def registry(new_sqlite: Callable[[], str]) -> Iterator[Registry]:
    made = Registry(new_sqlite(), clock=lambda: NOW_S)
    for band in ("b-1", "b-2"):
        made.add_band(band, by="test")
    for wearer in ("w-1", "w-2"):
        made.add_wearer(wearer, wearer, by="test")
        made.give_consent(wearer, Consent(frozenset({Scope.CARE}), "Ida", 0.0), by="test")
    yield made
    assert made.verify_audit() == []
    made.close()


def test_a_band_that_is_worn_for_a_time_is_nobodys_afterwards(registry: Registry) -> None:
    registry.assign("b-1", "w-1", 90.0, until_s=200.0, by="test")
    assert registry.band_of("w-1", 150.0) == ("b-1", 90.0, 200.0)
    assert registry.band_of("w-1", 200.0) is None
    assert [(band, each.wearer) for band, each in registry.worn(150.0).items()] == [("b-1", "w-1")]
    assert registry.worn(200.0) == {}
    snapshot = registry.admissions()
    assert snapshot.admit("b-1", 199.0).verdict is Verdict.KEEP
    assert snapshot.admit("b-1", 200.0).verdict is Verdict.WAIT


def test_gateways_hold_a_band_of_their_site_while_it_is_worn_and_for_an_hour_after(registry: Registry) -> None:
    registry.add_site(Site("home", "Home", "UTC"), by="test")
    registry.add_site(Site("school", "School", "UTC"), by="test")
    registry.put_in_site("school", bands=["b-2"], by="test")
    registry.assign("b-1", "w-1", 90.0, until_s=200.0, by="test")
    registry.assign("b-2", "w-2", 90.0, by="test")
    assert registry.to_hold("home", 89.0) == []
    assert registry.to_hold("home", 150.0) == registry.to_hold("home", 3799.0) == ["b-1"]
    assert registry.to_hold("home", 3800.0) == []
    assert registry.to_hold("school", 150.0) == ["b-1", "b-2"]


def test_what_has_not_ended_yet_is_cut_by_whatever_comes_next(registry: Registry) -> None:
    registry.assign("b-1", "w-1", 90.0, until_s=200.0, by="test")
    registry.assign("b-1", "w-2", 95.0, until_s=300.0, by="test")
    assert [(each.wearer, each.since_s, each.until_s) for each in registry.band_history("b-1")] == [
        ("w-1", 90.0, 95.0),
        ("w-2", 95.0, 300.0),
    ]
    registry.assign("b-2", "w-2", 96.0, by="test")
    assert registry.band_of("w-2", 250.0) == ("b-2", 96.0, None)
    assert registry.wearer_of("b-1", 250.0) is None


def test_a_time_can_be_made_longer_or_taken_away_by_saying_it_again(registry: Registry) -> None:
    registry.assign("b-1", "w-1", 90.0, until_s=200.0, by="test")
    registry.assign("b-1", "w-1", 95.0, by="test")
    assert registry.band_of("w-1", 999.0) == ("b-1", 95.0, None)
    before = registry.revision()
    registry.assign("b-1", "w-1", 99.0, by="test")
    assert registry.revision() == before, "said again, nothing changes"


def test_unpairing_ends_what_was_bounded(registry: Registry) -> None:
    registry.assign("b-1", "w-1", 90.0, until_s=200.0, by="test")
    assert registry.unassign("b-1", 100.0, by="test") == "w-1"
    assert registry.wearer_of("b-1", 150.0) is None
    with pytest.raises(RegistryError, match="nobody wears"):
        registry.unassign("b-1", 101.0, by="test")


def test_a_past_that_is_over_is_not_cut_but_refused(registry: Registry) -> None:
    registry.assign("b-1", "w-1", 10.0, until_s=50.0, by="test")
    with pytest.raises(RegistryError, match="correct who wore it"):
        registry.assign("b-1", "w-2", 30.0, by="test")
    with pytest.raises(RegistryError, match="until_s"):
        registry.assign("b-1", "w-2", 90.0, until_s=90.0, by="test")


def test_a_pairing_puts_its_band_in_the_site_and_only_a_wearer_who_is_new(registry: Registry) -> None:
    for site in ("north", "south"):
        registry.add_site(Site(site, site, "UTC"), by="test")
    registry.assign("b-1", "w-1", 10.0, by="test")
    registry.put_in_site("south", bands=["b-2"], by="test")
    for band, wearer in (("b-1", "w-1"), ("b-2", "w-2")):
        registry.pair(
            band=band, wearer=wearer, since_s=90.0, name=None, carers=(), consent=None, site="north", by="test"
        )
    assert registry.site_of() == {"w-1": None, "w-2": "north"}
    assert list(registry.worn(95.0, site="north")) == ["b-1", "b-2"]
    assert list(registry.worn(95.0, site="south")) == []
    before = registry.revision()
    registry.pair(band="b-2", wearer="w-2", since_s=95.0, name=None, carers=(), consent=None, site="north", by="test")
    assert registry.revision() == before


def test_what_was_agreed_to_is_what_is_so_or_nothing_is_entered(registry: Registry) -> None:
    registry.assign("b-1", "w-1", 10.0, by="test")
    pair = {"band": "b-1", "wearer": "w-2", "since_s": 90.0, "name": None, "carers": (), "consent": None}
    before = registry.revision()
    with pytest.raises(RegistryError, match="meanwhile w-1 wears it"):
        registry.pair(**pair, held=Held(None, None), by="test")
    assert registry.revision() == before
    registry.pair(**pair, held=Held("w-1", None), by="test")
    assert registry.wearer_of("b-1", 90.0) == "w-2"
