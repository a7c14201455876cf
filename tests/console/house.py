"""A desk that does as it is told: what the tests of the console put on the board."""

import threading
from dataclasses import replace
from zoneinfo import ZoneInfo

from fastapi import FastAPI

from alerts.desk import Desk
from alerts.errors import AlertError, UnknownAlert
from alerts.views import TREND_LENGTH, AlertView, Blind, RiskState, Sight, WearerView
from console.app import create_app
from console.bands import Staff
from console.hub import Hub
from console.serve import run
from console.standing import ModelsAt
from tests.askers import AS_TOLD, open_to
from tests.console.caring import Caring
from tests.servers import LONG_S, free_port

NOW_S = 1_763_562_728.0  # 14:32:08 in London
NAMES = {"w1": "Aidan", "w2": "Bea", "w3": "Callum"}
CARERS = ("Jo", "Maryam")


class House:
    """A house whose desk does as it is told, or is a real one; its clock stands still until it is moved."""

    def __init__(self, desk: Desk | None = None) -> None:
        self.staff: Staff | None = None
        self.caring: Caring | None = None
        self.models = ModelsAt()
        self.journal_fault: str | None = None
        self.now_s = NOW_S
        self.hub = Hub()
        self.stop = threading.Event()
        self._desk = desk or self
        if desk:
            desk.subscribe(self.hub.publish)
        self._lock = threading.Lock()
        self._shown = {wearer: self.calm(wearer) for wearer in NAMES}

    def calm(self, wearer: str) -> WearerView:
        return WearerView(
            wearer=wearer,
            at_s=self.now_s,
            risk=RiskState.WATCHING,
            risk_since_s=self.now_s - 600,
            sight=Sight(self.now_s - 600),
            probability=0.1,
            trend=(0.1,) * TREND_LENGTH,
            why=("Sitting still.",),
            learnt=1.0,
            battery_pct=80,
        )

    def show(self, wearer: str, **changes: object) -> WearerView:
        """Change what is shown of ``wearer`` and tell the hub, as the real desk does, under its lock."""
        with self._lock:
            view = replace(self._shown[wearer], at_s=self.now_s, **changes)  # type: ignore[arg-type]
            self._shown[wearer] = view
            if self.caring:
                self.caring.hear(view)
            self.hub.publish(view)
            return view

    def alert(self, wearer: str, *reasons: str) -> str:
        alert_id = f"{wearer}-1"
        raised = AlertView(alert_id, wearer, self.now_s, 0.8, reasons or ("Sweat rising for 6 min.",), "policy-1")
        self.show(wearer, risk=RiskState.ALERTING, risk_since_s=self.now_s, alert=raised)
        return alert_id

    def lose(self, wearer: str) -> None:
        self.show(wearer, sight=Sight(self.now_s, Blind.SILENT), why=("The band is silent.",))

    def views(self) -> list[WearerView]:
        with self._lock:
            return list(self._shown.values())

    def acknowledge(self, alert_id: str, *, by: str, at_s: float) -> AlertView:
        if not by:
            raise AlertError("an alert is taken by name")
        for view in self.views():
            if view.alert and view.alert.alert_id == alert_id:
                if view.alert.acknowledged_by is None:
                    taken = replace(view.alert, acknowledged_by=by, acknowledged_s=at_s)
                    self.show(view.wearer, risk=RiskState.ACKNOWLEDGED, alert=taken)
                    return taken
                return view.alert
        raise UnknownAlert(alert_id)

    def close(self, alert_id: str, *, by: str, at_s: float) -> AlertView:
        taken = self.acknowledge(alert_id, by=by, at_s=at_s)
        over = replace(taken, resolved_s=at_s)
        self.show(over.wearer, risk=RiskState.RESOLVED, alert=over)
        return over

    def app(self) -> FastAPI:
        return create_app(
            access=open_to(AS_TOLD),
            desk=self._desk,
            hub=self.hub,
            place="Alder House",
            names=NAMES,
            carers=CARERS,
            time_zone=ZoneInfo("Europe/London"),
            clock=lambda: self.now_s,
            staff=self.staff,
            models=lambda: self.models,
            care=self.caring.care if self.caring else None,
        )


class Serve:
    """Serves houses on loopback, each in a thread of its own."""

    def __init__(self) -> None:
        self._threads: dict[House, threading.Thread] = {}

    def __call__(self, house: House, *, port: int | None = None) -> str:
        """Serve ``house`` at ``port`` (None: one that nobody else is given meanwhile, so that it can be served there
        again) and return the address of its board."""
        ready, address = threading.Event(), []

        def tell(where: str) -> None:
            address.append(where)
            ready.set()

        at = free_port() if port is None else port
        arguments = {"hub": house.hub, "host": "127.0.0.1", "port": at, "stop": house.stop, "ready": tell}
        self._threads[house] = threading.Thread(target=run, args=(house.app(),), kwargs=arguments)
        self._threads[house].start()
        assert ready.wait(LONG_S)
        return address[0]

    def end(self, house: House) -> None:
        """Stop serving ``house``, and see that it ends."""
        house.stop.set()
        thread = self._threads.pop(house)
        thread.join(LONG_S)
        assert not thread.is_alive()

    def end_all(self) -> None:
        for house in list(self._threads):
            self.end(house)
