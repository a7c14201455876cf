"""Commands that run something until they are stopped: demo, serve, simulate, broker."""

import argparse
import logging
import os
import signal
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from forecalm.arguments import NOTICE
from forecalm.cli import FELL_SHORT
from forecalm.commands.terminal import err
from forecalm.config import load as load_config

if TYPE_CHECKING:
    from ingest.wire import Packet

log = logging.getLogger(__name__)


def demo(chosen: argparse.Namespace) -> int:
    """Run the whole system on simulated bands until Ctrl-C, or for ``--seconds``."""
    from forecalm.client import BoardClient
    from forecalm.demo import Demo

    err.print(f"[bold]Forecalm[/bold]  {NOTICE}")
    with Demo(scenario=chosen.scenario, port=chosen.port, say=err.print) as running:
        stop = _stop_event()  # from here on Ctrl-C is a wish; until here it breaks off what is being started
        address = running.service.address
        err.print(f"The board is at [bold]{address}[/bold]   Ctrl-C ends it.")
        client = BoardClient(address, name="Jo") if chosen.json else None
        if client is not None:
            client.start()
        elif not chosen.no_browser:
            webbrowser.open(address)
        ended_by_itself = _wait(stop, running.works, chosen.seconds)
        if client is None:
            return FELL_SHORT if ended_by_itself else 0
        outcome = running.finish(client)
    sys.stdout.write(msgspec.json.encode(outcome).decode() + "\n")
    return 0 if outcome.good and not ended_by_itself else FELL_SHORT


def _wait(stop: threading.Event, works: Callable[[], bool], seconds: float | None) -> bool:
    """Wait for Ctrl-C or the time to be over; True where something has stopped working before."""
    until = None if seconds is None else time.monotonic() + seconds
    while not stop.wait(0.2):
        if not works():
            err.print("Something has stopped working; see above. Ending, so that nobody relies on it.")
            return True
        if until is not None and time.monotonic() >= until:
            break
    return False


def _stop_event() -> threading.Event:
    """Set by Ctrl-C or a request to terminate."""
    stop = threading.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, lambda *_: stop.set())
    return stop


def serve(chosen: argparse.Namespace) -> int:
    """Receive, watch and tell, until Ctrl-C."""
    from forecalm.build import Service

    with Service(load_config(chosen.config)) as service:
        stop = _stop_event()
        err.print(f"The board is at [bold]{service.address}[/bold]   {NOTICE}")
        return FELL_SHORT if _wait(stop, service.works, None) else 0


def simulate(chosen: argparse.Namespace) -> int:
    """Publish simulated bands until Ctrl-C, or write the sample session."""
    if chosen.sample is not None:
        from device_sim.sample import write_sample

        write_sample(chosen.sample)
        sys.stdout.write(f"Wrote {chosen.sample}\n")
        return 0
    from device_sim.mqtt import publish
    from device_sim.scenario import load

    stop = _stop_event()
    _end_with_stdin(chosen, stop)
    name, password = chosen.user
    with ExitStack() as stack:
        file = None if chosen.sent is None else stack.enter_context(chosen.sent.open("wb"))
        sent = publish(
            load(chosen.scenario),
            host=chosen.host,
            port=chosen.port,
            site=chosen.site,
            wearers=chosen.wearers,
            seed=chosen.seed,
            boot=int(time.time()) if chosen.boot is None else chosen.boot,
            speed=chosen.speed,
            seconds=chosen.seconds,
            username=name,
            password=password,
            stop=stop,
            made=None if file is None else _recorder(file),
        )
    if chosen.json:
        sys.stdout.write(msgspec.json.encode(sent).decode() + "\n")
    else:
        sys.stdout.write(f"Sent {sent.packets:,} messages of {len(sent.bands)} bands.\n")
        if sent.unstored >= sent.packets > 0:
            sys.stdout.write("Nobody has said that any of them is stored: is forecalm serve running?\n")
    return 0


def _recorder(file: BinaryIO) -> "Callable[[Packet], None]":
    from ingest.wire import encode

    def record(packet: "Packet") -> None:
        data = encode(packet)
        file.write(len(data).to_bytes(4, "little") + data)

    return record


def _end_with_stdin(chosen: argparse.Namespace, stop: threading.Event) -> None:
    if chosen.while_stdin_is_open:

        def watch() -> None:
            while os.read(sys.stdin.fileno(), 1024):  # unbuffered: a buffered read cannot be left at the end
                pass
            stop.set()

        threading.Thread(target=watch, name="stdin", daemon=True).start()


def broker(chosen: argparse.Namespace) -> int:
    """Run the embedded broker on loopback until Ctrl-C."""
    from ingest.broker import run_broker

    stop = _stop_event()
    _end_with_stdin(chosen, stop)
    name, password = chosen.user
    host = "127.0.0.1"

    def started() -> None:
        if not chosen.while_stdin_is_open:  # else whoever started it says so
            err.print(
                f"The broker listens at [bold]{host}:{chosen.port}[/bold], for this machine only.   Ctrl-C ends it."
            )

    run_broker(host=host, port=chosen.port, username=name, password=password, stop=stop, started=started)
    return 0
