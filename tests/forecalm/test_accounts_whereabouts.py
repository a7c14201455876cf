"""At which site people and things are, from memory: where nobody said so, at this house's."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from forecalm.offices.whereabouts import Whereabouts
from ingest.registry.places import Gateway, Site
from ingest.registry.registry import Registry

NOW_S = 1_800_000_000.0


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with closing(Registry(f"sqlite:///{tmp_path}/registry.sqlite", clock=lambda: NOW_S)) as registry:
        registry.upgrade()
        for site in ("home", "away"):
            registry.add_site(Site(site, site, "UTC"), by="test")
        yield registry


def test_a_band_is_where_its_wearer_is_and_else_where_it_belongs(registry: Registry) -> None:
    registry.add_wearer("w-1", "Aidan", site="away", by="test")
    registry.add_wearer("w-2", "Bea", by="test")
    for band, site in (("worn", "home"), ("lent", "away"), ("spare", "away"), ("nobodys", None)):
        registry.add_band(band, site=site, by="test")
    registry.add_gateway(Gateway("attic", "away", ""), by="test")
    registry.assign("worn", "w-1", NOW_S - 10, by="test")
    registry.assign("lent", "w-2", NOW_S - 10, by="test")
    where = Whereabouts(registry, here="home", clock=lambda: NOW_S)
    assert where.of_wearer("w-1") == "home", "nothing is known before the first look"
    where.look()
    assert [where.of_wearer(each) for each in ("w-1", "w-2", "unknown")] == ["away", "home", "home"]
    bands = {band: where.of_band(band) for band in ("worn", "lent", "spare", "nobodys", "unknown")}
    assert bands == {"worn": "away", "lent": "away", "spare": "away", "nobodys": "home", "unknown": "home"}
    assert [where.of_gateway(each) for each in ("attic", "unknown")] == ["away", "home"]


def test_what_changes_is_known_at_the_next_look(registry: Registry) -> None:
    registry.add_wearer("w-1", "Aidan", site="home", by="test")
    where = Whereabouts(registry, here="home", clock=lambda: NOW_S)
    where.look()
    registry.put_in_site("away", wearers=["w-1"], by="test")
    assert where.of_wearer("w-1") == "home"
    where.look()
    assert where.of_wearer("w-1") == "away"
