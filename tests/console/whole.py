"""A folder in; the whole house with every office out: a service on loopback, invented people, one alert open and one
that somebody has, and at its door somebody who takes whoever asks for who they say they are."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from fastapi import FastAPI

import forecalm.build
from console.access.access import Access, Credentials
from console.access.asker import EVERYWHERE, NOBODY, Asker, Grant, Kind
from console.access.roles import Role
from forecalm.build import Service
from forecalm.config import Config, ConsoleSection, MqttSection, SiteSection
from forecalm.demo import begin_shift, people
from forecalm.installation import Installation
from models.risk import Abstention
from tests.askers import ANYBODY
from tests.console.furnish import BY, Furnished, furnish
from tests.console.visits import Visit, visits
from tests.servers import free_port, until

ALERTING, HELD = "w-02", "w-05"
REASONS = ("Sweat rising while sitting still.", "Pulse 96, above usual.")


def configured(folder: Path) -> Config:
    return Config(
        data=str(folder / "var"),
        site=SiteSection(name="alder", place="Alder House", time_zone="Europe/London"),
        mqtt=MqttSection(port=free_port()),
        console=ConsoleSection(port=free_port()),
    )


WHO = "who"
"""The cookie that says who asks: a role, or nobody; without it, somebody who may do everything."""


class Trusting:
    """Takes whoever asks for who they say they are; ``furnished`` says whose account it is that may do everything."""

    furnished: Furnished | None = None

    def asker(self, credentials: Credentials, now_s: float) -> Asker:
        who = credentials.cookies.get(WHO, "")
        if not who:
            mine = self.furnished
            known = {"id": mine.account, "session": mine.session} if mine else {}
            return replace(ANYBODY, name=BY, proved_s=now_s, **known)
        if who == "nobody":
            return NOBODY
        kind = Kind.TABLET if who == Role.TABLET else Kind.PERSON
        return Asker(
            kind=kind, id=who, name=who.title(), grants=frozenset({Grant(Role(who), EVERYWHERE)}), session="s-2"
        )


@dataclass
class Opened:
    """A door that lets everybody in, and the app of the service behind it."""

    door: Trusting = field(default_factory=Trusting)
    app: FastAPI = field(default_factory=FastAPI)


@contextmanager
def let_in() -> Iterator[Opened]:
    """Whoever asks a service that starts meanwhile is taken for who they say they are."""
    made: Callable[..., FastAPI] = forecalm.build.create_app
    opened = Opened()

    def open_app(*, access: Access, **said: object) -> FastAPI:
        opened.app = made(access=replace(access, doorkeeper=opened.door), **said)
        return opened.app

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forecalm.build, "create_app", open_app)
        yield opened


def visits_of(service: Service, opened: Opened) -> list[Visit]:
    """Return how one gets to every page now."""
    assert opened.door.furnished is not None
    return visits(service, opened.app, opened.door.furnished)


@contextmanager
def whole_house(folder: Path) -> Iterator[tuple[Service, Opened]]:
    """Yield a service that stands, with what people have entered and an alert that nobody has yet, and its door."""
    config = configured(folder)
    people(Installation(config), 6)
    with let_in() as opened, Service(config) as service:
        opened.door.furnished = furnish(service)
        begin_shift(service)
        alert(service, HELD)
        held = next(view.alert for view in service.desk.views() if view.wearer == HELD and view.alert)
        service.desk.acknowledge(held.alert_id, by="Jo", at_s=time.time())
        alert(service, ALERTING)
        yield service, opened


def alert(service: Service, wearer: str) -> None:
    """Let somebody's signs rise until there is an alert."""

    def rise() -> bool:
        at_s = time.time()
        for ago_s in range(30, -1, -1):
            service.desk.observe(wearer, at_s - ago_s, 0.9, Abstention.NONE, REASONS, 1.0, 96.0, 80, None)
        return any(view.wearer == wearer and view.alert for view in service.desk.views())

    until(rise)
