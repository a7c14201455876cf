"""Servers that tests start on loopback: a free port in, somebody who listens there out."""

import functools
import itertools
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

LONG_S: Final = 120.0  # a bound, never waited out where things work


PORTS: Final = range(20_000, 30_000)  # below what a system gives to those who ask for any port, or call somebody
BLOCK: Final = 200  # ports of one process; more than a run of all tests asks for at a time


def _own_block() -> tuple[socket.socket, range]:
    """Ports that are this process's: as long as it lives it holds the first as a UDP port, and nobody else can."""
    for first in PORTS[::BLOCK]:
        held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            held.bind(("127.0.0.1", first))
        except OSError:
            held.close()
        else:
            return held, range(first, first + BLOCK)
    raise OSError(f"each block of the ports {PORTS.start} to {PORTS.stop - 1} is taken: do many runs of tests go on?")


@functools.cache
def _own_ports() -> tuple[socket.socket, "itertools.cycle[int]"]:
    held, block = _own_block()
    return held, itertools.cycle(block)


def free_port() -> int:
    """A port that nobody listens at, and that no other run or worker of tests will be given."""
    _, ports = _own_ports()
    for port in itertools.islice(ports, BLOCK):
        with closing(socket.socket()) as probe:
            probe.setsockopt(
                socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
            )  # as servers do: a call that is over is no matter
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("somebody listens at each port of this run's tests")


def listens(port: int) -> bool:
    """Whether somebody does."""
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(true: Callable[[], bool], what: str = "it did not come") -> None:
    """Return when it is true; fail with ``what`` where it never is."""
    deadline = time.monotonic() + LONG_S
    while not true():
        if time.monotonic() > deadline:
            pytest.fail(what)
        threading.Event().wait(0.01)


def wait_for_port(port: int) -> None:
    """Return when somebody listens."""
    until(lambda: listens(port), f"nobody listens at {port}")


@contextmanager
def mosquitto_at(program: str, folder: Path, port: int, *lines: str) -> Iterator[None]:
    """Mosquitto without memory, configured by ``lines`` beside its port; anybody may come in unless they say more. It
    opens one port after the other: it is ready when somebody listens at each."""
    lines = lines if any(line.startswith("allow_anonymous") for line in lines) else (*lines, "allow_anonymous true")
    (folder / "mosquitto.conf").write_text("\n".join([f"listener {port} 127.0.0.1", *lines, "user root", ""]))
    process = subprocess.Popen([program, "-c", folder / "mosquitto.conf"], stderr=subprocess.DEVNULL)
    try:
        for each in (port, *(int(line.split()[1]) for line in lines if line.startswith("listener "))):
            wait_for_port(each)
        yield
    finally:
        process.terminate()
        process.wait(LONG_S)


@contextmanager
def embedded_at(port: int, username: str, password: str) -> Iterator[None]:
    """The broker that we ship, in a process of its own as in the product: amqtt leaves transports to the collector,
    which would complain in whichever test comes next."""
    command = [sys.executable, "-P", "-m", "forecalm", "broker", "--while-stdin-is-open"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--user", f"{username}:{password}"], stdin=subprocess.PIPE
    )
    try:
        wait_for_port(port)
        yield
    finally:
        process.communicate(timeout=LONG_S)
