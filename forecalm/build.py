"""Configuration in, a running service out: the only place where the rooms meet."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial
from typing import Final, Self

import numpy as np
from fastapi import FastAPI

from alerts.desk import Desk
from alerts.journal import Journal
from alerts.patient_log import PatientLog
from alerts.policy import Policy
from console.app import create_app
from console.hub import Hub
from console.offices import Offices
from console.serve import run
from console.standing import ModelsAt
from forecalm.alerting.alerting import Alerting, Around
from forecalm.alerting.links import Pulse
from forecalm.certificates.secured import reached
from forecalm.certificates.serving import Serving
from forecalm.config import Config
from forecalm.erasure.planned import carry_out
from forecalm.exchanged import answered
from forecalm.gateway_access import AccessFiles
from forecalm.house import House
from forecalm.installation import Installation
from forecalm.keeping.keeping import Keeping
from forecalm.live import Live
from forecalm.offices.administration import Administering
from forecalm.offices.day import DayBook
from forecalm.offices.door import Entry, set_up_link
from forecalm.offices.research import ResearchOffice
from forecalm.offices.summaries import SummaryFacts
from forecalm.offices.support import Supporting
from forecalm.overview import Overviews
from forecalm.peers import START_S, PeerError
from forecalm.pipeline import Pipeline, Step
from forecalm.watching.champion import ShelfWatch, choose, say, stamp
from forecalm.watching.foretold import FOLDER, Foretold
from forecalm.watching.policies import policies_of
from forecalm.watching.telling import Telling
from forecalm.watching.watchers import Choice
from forecalm.wearing import Wearing
from ingest.clock.clocks import Clocks
from ingest.control.client import Control
from ingest.intake.intake import Handed, Intake
from ingest.mqtt import Subscriber
from ingest.registry.registry import Registry
from ingest.sending.broker import Broker
from ingest.store.influx_derived import DerivedSeries
from signals.features import NAMES

log = logging.getLogger(__name__)

POLICY: Final = Policy()  # of everybody who has no level of their own
NOBODY: Final = "nobody is paired yet: forecalm pair BAND WEARER --name NAME --consent-by WHO"


class Service:
    """Ingest, engine, alerts and board in one process; see docs/processes.md. Use as a context manager.

    Where nobody is paired yet it starts all the same, says so, and watches whoever is. Entering raises StoreError,
    JournalError, RegistryError, OSError or ConsoleError where a file, the folder or the port cannot be had; then
    nothing is left running.
    """

    def __init__(self, config: Config) -> None:
        self.address = ""
        self.set_up = ""
        self._names: dict[str, str] = {}
        self._carers: list[str] = []
        self._readings_days: int | None = None
        self._config = config
        self._failed = threading.Event()
        self._stop_serving = threading.Event()
        self._answered = threading.Event()
        self.again = threading.Event()  # somebody wants it to end, and to begin anew
        self._refusal: BaseException | None = None
        self._refresh_alerting: Callable[[], None] = lambda: None  # nothing to refresh until it has started

    def __enter__(self) -> Self:
        here = Installation(self._config)
        carry_out(here, time.time())
        if here.erasing.exists():
            log.error("an erasure was cut off (%s): end the service, and erase the same person again", here.erasing)
        with ExitStack() as stack:
            registry = stack.enter_context(closing(here.open_registry()))
            wearers, on_disk = registry.watched(), stack.enter_context(closing(Journal(here.journal)))
            journal = stack.enter_context(closing(PatientLog(on_disk)))  # a disk that hangs holds nobody up
            if not wearers:
                log.warning("%s: %s; whoever is paired is watched from then on", here.folder, NOBODY)
            self.desk = Desk(
                wearers=wearers,
                policy=POLICY,
                policies=policies_of(registry, POLICY),
                journal=journal,
                started_s=time.time(),
            )
            self.store = stack.enter_context(closing(here.open_store()))
            seen = stamp(here.models)
            choice, pulse = choose(here.models), Pulse()
            say(choice)
            pipeline = Pipeline(wearers=wearers, desk=self.desk, choice=choice)
            unassigned_s = self._config.keeping.unassigned_hours * 3600
            stack.enter_context(Keeping(registry, self.store, unassigned_s=unassigned_s, clock=time.time))
            live = Live(
                pipeline,
                learnt=here.learnt,
                clock=time.time,
                on_failure=self._failed.set,
                on_step=written_from(here, pipeline, stack, days=lambda: self._readings_days),
                on_second=lambda now_s: self._say_who_is_recorded(pipeline.wearers, pulse, now_s),
                on_taken_over=lambda wearer: telling.again(wearer),
            )
            telling = Telling(self._config, choice, teach=live.teach)
            self.models = partial(models_at, pipeline, live)  # for boards, from any thread
            watch_all = partial(self._watch_all, registry, pipeline, live)
            self._wearing = Wearing(registry, on_change=watch_all)
            live.start()
            stack.callback(live.stop)
            stack.enter_context(telling)
            stack.enter_context(ShelfWatch(here.models, seen, on_choice=partial(follow, live, telling)))
            stack.enter_context(self._wearing)
            watch_all()  # who was entered since we looked
            stack.enter_context(AccessFiles(self._config, registry))
            self._start_house(registry, stack)
            self._start_intake(here, registry, pipeline, live, stack)
            self._start_alerting(here, registry, journal, pipeline, pulse, stack)
            self._start_board(here, registry, pipeline, stack)
            self.set_up = set_up_link(registry, self.address)
            on_disk.forget({view.wearer for view in self.desk.views()})
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop from the outside in, so that whatever was received is stored and decided."""
        self._stack.close()

    def _watch_all(self, registry: Registry, pipeline: Pipeline, live: Live) -> None:
        """Watch whoever is new in the registry, under the name that it has, and everybody by the level that is theirs;
        offer every carer's name."""
        self.desk.use(policies_of(registry, POLICY))
        self._refresh_alerting()
        self._names.update(registry.names())
        self._carers[:] = registry.carers()
        sites = {site.name: site.readings_days for site in registry.sites()}
        self._readings_days = sites.get(self._config.site.name)
        for wearer in registry.watched():
            if wearer not in pipeline.rows:
                live.watch(wearer)
        pipeline.answered = answered(registry, pipeline.wearers, time.time())

    def _say_who_is_recorded(self, wearers: Sequence[str], pulse: Pulse, now_s: float) -> None:
        """The engine lives; whom no consent covers is shown as not recorded: 3 s after a withdrawal at most, 1 s where
        one ends."""
        pulse.beat(now_s)
        for wearer in wearers:
            self.desk.recording(wearer, self._wearing.consented(wearer, now_s), now_s)

    def _start_intake(
        self, here: Installation, registry: Registry, pipeline: Pipeline, live: Live, stack: ExitStack
    ) -> None:
        """The intake starts before the subscriber that feeds it, and ends before it, so that its last word gets out."""
        mqtt, site = self._config.mqtt, self._config.site.name
        self._subscriber = Subscriber(
            host=mqtt.host,
            port=mqtt.port,
            site=site,
            on_message=lambda topic, payload, ack: self._intake.receive(topic, payload, ack),
            username=mqtt.username,
            password=mqtt.password,
            tls=mqtt.tls,
            ca=mqtt.ca,
            client_id=f"forecalm-{site}-{here.identity()}",
        )
        self._intake = Intake(
            store=self.store,
            clocks=Clocks(),
            admit=self._wearing.admit,
            on_received=lambda handed: self._hand_on(live, handed),
            publish_stored=self._subscriber.publish_stored,
            clock=time.time,
        )
        self._overviews = Overviews(
            store=self.store,
            registry=registry,
            intake=self._intake,
            admit=self._wearing.admit,
            keep_s=self._config.keeping.unassigned_hours * 3600,
            clock=time.time,
            standing=self.house.standing,
            suspected=lambda: pipeline.suspected,
        )
        self._intake.start()
        stack.callback(self._subscriber.stop)
        stack.callback(self._intake.stop)
        self._subscriber.start()

    def _start_house(self, registry: Registry, stack: ExitStack) -> None:
        """Gateways are told which bands to hold; the broker is looked for in the background."""
        mqtt, site = self._config.mqtt, self._config.site.name
        broker = Broker(mqtt.host, mqtt.port, mqtt.username, mqtt.password, tls=mqtt.tls, ca=mqtt.ca)
        control = stack.enter_context(Control(broker, site=site))
        self.house = stack.enter_context(House(registry, control, site=site, admit=self._wearing.admit))

    def _start_alerting(
        self,
        here: Installation,
        registry: Registry,
        journal: PatientLog,
        pipeline: Pipeline,
        pulse: Pulse,
        stack: ExitStack,
    ) -> None:
        """From here on alerts leave the desk; what the journal has left open goes on."""
        around = Around(
            standing=self.house.standing,
            connected=self._subscriber.connected.is_set,
            engine=pulse,
            models=self.models,
            held=lambda: self._overviews.held_back,
            carried=self._overviews.carried,
            wearer_of=self._wearing.wearer_of,
            watched=lambda: pipeline.wearers,
            works=self.works,
        )
        self.alerting = stack.enter_context(
            Alerting(
                here,
                desk=self.desk,
                journal=journal,
                registry=registry,
                around=around,
                names=self._names,
                clock=time.time,
            )
        )
        self._refresh_alerting = self.alerting.refresh
        self.alerting.refresh()  # what was said since it was made

    def _hand_on(self, live: Live, handed: Handed) -> None:
        """The engine first: what staff see may wait."""
        live.receive(handed)
        self._overviews.hear(handed)

    def _offices(
        self, here: Installation, registry: Registry, pipeline: Pipeline, entry: Entry, stack: ExitStack
    ) -> Offices:
        """What stands behind the way in, and behind the pages of staff."""
        supporting = Supporting(here, registry, heard=self._overviews.carried, clock=time.time)
        administering = Administering(
            here,
            registry,
            alone=lambda: [each.wearer for each in self.alerting.duty.uncovered(pipeline.wearers, time.time())],
            again=self.again.set,
        )
        research = ResearchOffice(here, store=self.store, registry=registry, zone=self._config.zone, clock=time.time)
        return Offices(
            door=entry.door,
            days=DayBook(registry, journal=here.journal, minutes=here.folder / FOLDER),
            support=stack.enter_context(supporting),
            administration=administering,
            research=stack.enter_context(research),
            summaries=SummaryFacts(here, registry),
            reached=lambda: reached(self._config, now_s=time.time()),
        )

    def _start_board(self, here: Installation, registry: Registry, pipeline: Pipeline, stack: ExitStack) -> None:
        hub, served = Hub(), stack.enter_context(Serving(self._config))
        entry = stack.enter_context(Entry(here, registry, secure=served.tls is not None))
        self.desk.subscribe(hub.publish)
        app = create_app(
            desk=self.desk,
            hub=hub,
            place=self._config.site.place,
            names=self._names,
            carers=self._carers,
            time_zone=self._config.zone,
            clock=time.time,
            access=entry.access,
            staff=self._overviews,
            models=self.models,
            care=self.alerting.care,
            hosts=served.hosts,
            hsts=served.hsts,
            outside=self._config.console.url,
            offices=self._offices(here, registry, pipeline, entry, stack),
        )
        stack.callback(app.state.entrance.trail.close)
        board = threading.Thread(target=self._serve, args=(app, hub, served), name="board", daemon=True)
        stack.callback(board.join)
        stack.callback(self._stop_serving.set)
        board.start()
        self._answered.wait()
        if self._refusal is not None:
            raise self._refusal

    def _serve(self, app: FastAPI, hub: Hub, served: Serving) -> None:
        """The board's thread. Whatever ends it early ends the service."""
        console = self._config.console
        try:
            run(
                app,
                hub=hub,
                host=console.host,
                port=console.port,
                stop=self._stop_serving,
                ready=self._ready,
                tls=served.tls,
                shown=served.shown,
            )
        except (Exception, SystemExit) as error:  # uvicorn leaves by SystemExit
            if self._answered.is_set():
                log.critical("the board has stopped", exc_info=True)
            self._refusal = error
        finally:
            if not self._stop_serving.is_set():
                self._failed.set()
            self._answered.set()

    def _ready(self, address: str) -> None:
        self.address = address
        self._answered.set()

    def works(self) -> bool:
        """Whether engine, store and board still run; where one does not, the service must end, and boards say so."""
        return not any(failed.is_set() for failed in (self._failed, self._intake.failed, self._subscriber.failed))

    def wait_until_subscribed(self) -> None:
        """Return when the broker sends us what bands publish; raises PeerError where it does not within ``START_S``."""
        mqtt = self._config.mqtt
        if not self._subscriber.connected.wait(START_S):
            raise PeerError(f"no broker at {mqtt.host} port {mqtt.port} after {START_S:.0f} s")


def follow(live: Live, telling: Telling, choice: Choice) -> None:
    """Let other models run from now on, and learn; raises queue.Full where the engine is far behind."""
    live.use(choice)
    telling.use(choice)


def models_at(pipeline: Pipeline, live: Live) -> ModelsAt:
    """Which models run now, what is wrong with one, what has drifted, and about whom they say opposite things."""
    state = pipeline.models
    disputed = tuple((each.wearer, each.for_s) for each in live.disputed)
    return ModelsAt(state.watches, state.chosen, state.shadow, state.faults, live.shifted, disputed)


def written_from(
    here: Installation, pipeline: Pipeline, stack: ExitStack, *, days: Callable[[], int | None] = lambda: None
) -> Callable[[Step], None]:
    """What writes each step for dashboards, and what models foretell of it for later, until ``stack`` closes."""
    derived, foretold = derived_from(here, pipeline, stack), Foretold(here.folder / FOLDER, pipeline, days=days)
    stack.callback(foretold.close)

    def write(step: Step) -> None:
        derived(step)
        foretold.write(step)

    return write


def derived_from(here: Installation, pipeline: Pipeline, stack: ExitStack) -> Callable[[Step], None]:
    """What writes each step to InfluxDB for dashboards, until ``stack`` closes; nothing where there is none."""
    connection = here.open_influx()
    if connection is None:
        return lambda _: None
    names = (*NAMES, "risk")
    series = DerivedSeries(connection)
    series.start()
    stack.callback(series.stop)

    def write(step: Step) -> None:
        values = np.concatenate([step.signals.features, step.risk.probability[..., None]], axis=-1)
        for row, start_s, said in zip(step.rows, step.signals.start_s, values, strict=True):
            series.write(pipeline.wearers[row], int(start_s), names, said)

    return write
