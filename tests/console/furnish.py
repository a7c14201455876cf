"""A service in; what people enter in its first weeks out: plans, accounts, tablets, sites, a recording with labels."""

import contextlib
import io
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from forecalm.build import POLICY, Service
from forecalm.cli import main
from forecalm.commands.alerting import EXAMPLE
from forecalm.config import Config
from forecalm.installation import Installation
from forecalm.watching.policies import level_of
from ingest.labels import Label
from ingest.registry.accounts import Granted
from ingest.registry.consents import Consent, Scope
from ingest.registry.places import Gateway, Site
from ingest.registry.registry import Registry
from tests.console.day_gone import live_through

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "simulated_e4.zip"
BY = "Helen"
RECORDED = "lab-01"
DEVICE = "Mozilla/5.0 (Linux; Android 15; Pixel Tablet) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"
NO_HASH = "$7$none"  # no password comes to it
HELPS = ("Lights down, curtains half closed", "Blue headphones: hall drawer, left", "Sit beside, not in front")
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Furnished:
    """What was made on the way: the account and session of whoever may do everything, links that open once, and the
    date of a day that was lived through."""

    account: str
    session: str
    invitation: str
    tablet: str
    day: str = ""


def furnish(service: Service) -> Furnished:
    """Enter what a house has after a few weeks."""
    config = service._config
    with closing(Installation(config).open_registry()) as registry:
        people(registry, config.site.name)
        furnished = ways_in(registry, config.site.name)
    recording(config)
    with closing(Installation(config).open_registry()) as registry:
        labels(registry)
    return replace(furnished, day=live_through(service))


def people(registry: Registry, site: str) -> None:
    """What is entered about people and places."""
    registry.set_plan("w-01", helps=HELPS, avoid=("Questions", "Touching the shoulders"), by="Jo")
    registry.set_plan("w-02", helps=HELPS[:2], avoid=("Questions",), by="Jo")
    registry.set_alert_level("w-02", replace(level_of(POLICY), enter=0.7), per_day=1.5, by=BY)
    registry.give_consent("w-01", Consent(frozenset({Scope.SHARE}), "Ida, mother", time.time() - 20 * DAY_S), by=BY)
    registry.give_consent("w-03", Consent(frozenset({Scope.RESEARCH}), "Ida, mother", time.time() - 40 * DAY_S), by=BY)
    registry.add_site(Site("beech", "Beech House", "Europe/London", 400), by=BY)
    registry.set_retention(site, 365, by=BY)
    registry.set_alerting_rules(site, EXAMPLE.read_text(), because="as Sam asked for", by=BY)
    registry.set_alerting_rules(site, None, because="the telephone is broken", by=BY)
    registry.add_band("band-07", site=site, note="spare, on the charger", by=BY)
    for gateway, note in (("hall", "behind the coats"), ("garden-room", "window sill")):
        registry.add_gateway(Gateway(gateway, site, note), by=BY)
        registry.add_gateway_credential(gateway, site=site, username=gateway, secret=NO_HASH, by=BY)


def ways_in(registry: Registry, site: str) -> Furnished:
    """Who signs in, and what is let in."""
    roles = {"Jo": "carer", "Maryam": "carer", "Sam": "support", "Wilhelmina-Rose Achterberg": "researcher"}
    for name, role in roles.items():
        registry.add_account(name, (Granted(role, site),), by=BY)
    mine = registry.add_account(BY, (Granted("administrator", "*"), Granted("carer", site)), by=BY)
    _, session = registry.begin_sign_in(mine.id, device=DEVICE, by=BY)
    newest = registry.add_account("Tomasz", (Granted("carer", site),), by=BY)
    invitation, _ = registry.invite(newest.id, by=BY)
    registry.enrol_tablet("Hall", site=site, shows_names=True, by="Sam")
    registry.enrol_tablet("Night room", site=site, shows_names=False, by="Sam")
    tablet, _ = registry.invite_tablet(site, name="Kitchen", shows_names=True, by="Sam")
    registry.add_token("Grafana", role="monitor", site=site, until_s=time.time() + 90 * DAY_S, by=BY)
    return Furnished(mine.id, session.id, invitation, tablet)


def recording(config: Config) -> None:
    """Import the sample, as somebody who agrees to research."""
    told, site = Path(config.data).parent / "forecalm.toml", config.site
    where = f'name = "{site.name}"\nplace = "{site.place}"\ntime_zone = "{site.time_zone}"'
    told.write_text(f'data = "{config.data}"\n[site]\n{where}\n')
    asked = ("import", "--config", str(told), "--wearer", RECORDED, "--name", "Skye", "--consent-by", "Skye")
    with contextlib.redirect_stdout(io.StringIO()):
        done = main([*asked, "--scope", "care,research", str(SAMPLE)])
    assert done == 0, "the sample could not be imported"


def labels(registry: Registry) -> None:
    """What two people saw in it."""
    session = registry.sessions(wearer=RECORDED)[0]
    said = (("Jo", 600, 780, "meltdown"), ("Sam", 630, 760, "meltdown"), ("Jo", 1500, 1620, "exercise"))
    registry.add_labels(
        [
            Label(
                what=what,
                start_s=session.start_s + begins_s,
                end_s=session.start_s + ends_s,
                rater=rater,
                wearer=RECORDED,
                onset_uncertainty_s=5.0,
                note="by the window",
            )
            for rater, begins_s, ends_s, what in said
        ],
        by=BY,
    )
