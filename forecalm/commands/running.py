"""Commands that run something until they are stopped: demo, serve, broker."""

import argparse
import logging
import threading
import time
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from forecalm.certificates.live import Live
from forecalm.certificates.own import Own
from forecalm.cli import FELL_SHORT
from forecalm.commands.stopping import stop_event, when_stdin_ends
from forecalm.commands.terminal import err, print_json
from forecalm.config import LOOPBACK, ConfigError
from forecalm.config import load as load_config
from forecalm.pauses import ShortPauses
from ingest.notice import SENTENCE

log = logging.getLogger(__name__)


def demo(chosen: argparse.Namespace) -> int:
    """Run the whole system on simulated bands until Ctrl-C, or for ``--seconds``."""
    from forecalm.client import BoardClient
    from forecalm.demo import SOMEBODY, Demo

    err.print(f"[bold]Forecalm[/bold]  {SENTENCE}")
    with ShortPauses(), Demo(scenario=chosen.scenario, port=chosen.port, say=err.print) as running:
        stop = stop_event()  # from here on Ctrl-C is a wish; until here it breaks off what is being started
        address = running.service.address
        err.print(f"The board is at [bold]{address}[/bold]   Ctrl-C ends it.")
        err.print(f"This opens it once: [bold]{running.way_in}[/bold]", soft_wrap=True)
        err.print(f"Or sign in as {SOMEBODY}, with the password: {running.password}")
        client = BoardClient(address, name="Jo", shown=running.shown) if chosen.json else None
        if client is not None:
            client.start()
        elif not chosen.no_browser:
            webbrowser.open(running.way_in)
        ended_by_itself = _wait(stop, running.works, chosen.seconds)
        outcome = None if client is None else running.finish(client)
    err.print("Ended; nothing is kept.")
    if outcome is None:
        return FELL_SHORT if ended_by_itself else 0
    print_json(outcome)
    return 0 if outcome.good and not ended_by_itself else FELL_SHORT


def _wait(
    stop: threading.Event, works: Callable[[], bool], seconds: float | None, again: threading.Event | None = None
) -> bool:
    """Wait for Ctrl-C, for ``again``, or for the time to be over; True where something has stopped working before."""
    until = None if seconds is None else time.monotonic() + seconds
    while not stop.wait(0.2):
        if again is not None and again.is_set():
            break
        if not works():
            err.print("Something has stopped working; see above. Ending, so that nobody relies on it.")
            return True
        if until is not None and time.monotonic() >= until:
            break
    return False


def serve(chosen: argparse.Namespace) -> int:
    """Receive, watch and tell, until Ctrl-C."""
    from forecalm.build import Service

    while True:
        with ShortPauses(), Service(load_config(chosen.config)) as service:
            stop = stop_event()
            err.print(f"The board is at [bold]{service.address}[/bold]   {SENTENCE}")
            if service.set_up:
                err.print(
                    f"Nobody can sign in yet. Open this once, within a day: [bold]{service.set_up}[/bold]",
                    soft_wrap=True,
                )
            ended_by_itself = _wait(stop, service.works, None, service.again)
        if not service.again.is_set() or stop.is_set():
            return FELL_SHORT if ended_by_itself else 0
        err.print("Somebody is erased first, and then it begins again: nobody is watched meanwhile.")


def _let_in(service: str, access: Path | None) -> str:
    """Return who comes in at the broker, and what they may do there."""
    from ingest.broker import USERS

    if access is None:
        return (
            f"Only the user {service} comes in, and may do everything; users of gateways (forecalm gateway-access) do"
            " not. To let them in, each for its own gateway alone: --access FOLDER, the broker/ of the service's data"
        )
    if not (access / USERS).exists():
        return f"{access} has no users yet: only {service} comes in until forecalm serve writes there who else may."
    return f"Besides {service}, who may do everything, gateways come in by {access}: each may do what is its own."


def broker(chosen: argparse.Namespace) -> int:
    """Run the embedded broker until Ctrl-C: on loopback, or by TLS."""
    from ingest.broker import run_broker

    if chosen.host not in LOOPBACK and chosen.certificate is None:
        raise ConfigError(
            f"--host {chosen.host}: off this machine by TLS only: --certificate FILE.pem, such as"
            " var/certificates/board.pem (docs/gateway-access.md)"
        )
    stop = stop_event()
    if chosen.while_stdin_is_open:
        when_stdin_ends(stop.set)
    name, password = chosen.user
    where = "for this machine only" if chosen.certificate is None else "by TLS"

    def started() -> None:
        if not chosen.while_stdin_is_open:  # else whoever started it says so
            err.print(f"The broker listens at [bold]{chosen.host}:{chosen.port}[/bold], {where}.   Ctrl-C ends it.")
            err.print(_let_in(name, chosen.access), markup=False, soft_wrap=True)

    with ExitStack() as stack:
        tls = None
        if chosen.certificate is not None:
            own = Own(chosen.certificate, chosen.key or chosen.certificate)
            tls = stack.enter_context(Live(own, clock=time.time)).context
        run_broker(
            host=chosen.host,
            port=chosen.port,
            username=name,
            password=password,
            stop=stop,
            started=started,
            access=chosen.access,
            tls=tls,
        )
    return 0
