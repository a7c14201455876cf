"""A folder in; the whole house with every office out: a service on loopback, invented people, one alert open and one
that somebody has, and at its door somebody who takes whoever asks for who they say they are."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
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
from tests.console.furnish import furnish
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
    """Takes whoever asks for who they say they are."""

    def asker(self, credentials: Credentials, now_s: float) -> Asker:
        who = credentials.cookies.get(WHO, "")
        if not who:
            return replace(ANYBODY, id="helen", name="Helen", session="s-1", proved_s=now_s)
        if who == "nobody":
            return NOBODY
        kind = Kind.TABLET if who == Role.TABLET else Kind.PERSON
        return Asker(
            kind=kind, id=who, name=who.title(), grants=frozenset({Grant(Role(who), EVERYWHERE)}), session="s-2"
        )


@contextmanager
def let_in() -> Iterator[list[FastAPI]]:
    """Whoever asks a service that starts meanwhile is taken for who they say they are; yields where its app will be."""
    made: Callable[..., FastAPI] = forecalm.build.create_app
    apps: list[FastAPI] = []

    def open_app(*, access: Access, **said: object) -> FastAPI:
        apps.append(made(access=replace(access, doorkeeper=Trusting()), **said))
        return apps[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forecalm.build, "create_app", open_app)
        yield apps


@contextmanager
def whole_house(folder: Path) -> Iterator[tuple[Service, FastAPI]]:
    """Yield a service that stands, with what people have entered and an alert that nobody has yet, and its app."""
    config = configured(folder)
    people(Installation(config), 6)
    with let_in() as apps, Service(config) as service:
        furnish(service)
        begin_shift(service)
        alert(service, HELD)
        held = next(view.alert for view in service.desk.views() if view.wearer == HELD and view.alert)
        service.desk.acknowledge(held.alert_id, by="Jo", at_s=time.time())
        alert(service, ALERTING)
        yield service, apps[0]


def alert(service: Service, wearer: str) -> None:
    """Let somebody's signs rise until there is an alert."""

    def rise() -> bool:
        at_s = time.time()
        for ago_s in range(30, -1, -1):
            service.desk.observe(wearer, at_s - ago_s, 0.9, Abstention.NONE, REASONS, 1.0, 96.0, 80, None)
        return any(view.wearer == wearer and view.alert for view in service.desk.views())

    until(rise)
