"""This computer in, what is to be said of its clock, its Bluetooth, and where programs come from out."""

import asyncio
import ctypes
import importlib.metadata
import importlib.util
import platform
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from forecalm.doctor.finding import Finding, Level

OURS: Final = ("ingest", "signals", "models", "alerts", "device_sim", "console", "forecalm")
CORE: Final = (
    "numpy",
    "scipy",
    "scikit-learn",
    "numba",
    "msgspec",
    "paho-mqtt",
    "amqtt",
    "SQLAlchemy",
    "fastapi",
    "bleak",
)
EXTRAS: Final = {
    "fastavro": ("formats", "EmbracePlus files"),
    "pyxdf": ("formats", "LabRecorder's files"),
    "pyarrow": ("formats", "Parquet files"),
    "pylsl": ("formats", "Lab Streaming Layer"),
    "psycopg": ("postgres", "registry in PostgreSQL"),
}
PYTHON_MIN: Final = (3, 11)
YEARS: Final = (2026, 2100)  # a clock outside was never set
WATCH_S: Final = 0.2  # for which both clocks are watched
STEP_S: Final = 0.02  # apart by more in that time: somebody sets the clock just now
TIME_ERROR: Final = 5  # adjtimex(2): the clock is not synchronised
TIMEX_BYTES: Final = 512  # more than a struct timex takes on any Linux
BUS: Final = Path("/run/dbus/system_bus_socket")
BUS_S: Final = 2.0


def modules() -> Iterator[Finding]:
    """Where our packages come from: a folder of the same name may shadow one of them."""
    root = Path(__file__).resolve().parents[2]
    strange = {}
    for name in OURS:
        spec = importlib.util.find_spec(name)
        origin = None if spec is None or spec.origin is None else Path(spec.origin).resolve()
        if origin is None or origin.parent.parent != root:
            strange[name] = origin
    for name, origin in strange.items():
        mend = "move that folder away, unset PYTHONPATH, or set PYTHONSAFEPATH=1: wrong code would judge"
        yield Finding(Level.FAILURE, "modules", f"{name} comes from {origin or 'nowhere'}, not from {root}", mend)
    if not strange:
        yield Finding(Level.OK, "modules", f"all from {root}")
    here = Path.cwd().resolve()
    shadows = [name for name in OURS if (here / name).is_dir()] if here != root else []
    if shadows and not strange:
        what = f"{here} has folders {', '.join(shadows)}, which 'python -c' and 'python -m' would take for ours there"
        yield Finding(Level.WARNING, "modules", what, "set PYTHONSAFEPATH=1, or work in another folder")


def versions() -> Iterator[Finding]:
    """Which Python and libraries run, and which extras are missing."""
    found, missing = [], []
    for name in CORE:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    old = sys.version_info[:2] < PYTHON_MIN
    if missing or old:
        what = f"{python}; missing: {', '.join(missing) or 'nothing'}"
        yield Finding(Level.FAILURE, "versions", what, "install again: docs/guides/developers.md")
    else:
        yield Finding(Level.OK, "versions", f"{python}; {', '.join(found)}")
    absent = {name: why for name, why in EXTRAS.items() if importlib.util.find_spec(name) is None}
    for name, (extra, use) in absent.items():
        what = f"{name} is not installed: no {use}"
        yield Finding(Level.NOTE, "extras", what, f"if that is wanted: pip install 'forecalm[{extra}]'")
    if not absent:
        yield Finding(Level.OK, "extras", f"all there: {', '.join(EXTRAS)}")


def clock() -> Iterator[Finding]:
    """Whether this computer's clock can be trusted: readings, alerts and consents are timed by it."""
    utc_s, steady_s = time.time(), time.monotonic()
    time.sleep(WATCH_S)
    step_s = (time.time() - utc_s) - (time.monotonic() - steady_s)
    now = datetime.now(UTC)
    if not YEARS[0] <= now.year < YEARS[1]:
        mend = "set the clock before anything is recorded: sudo timedatectl set-time, or a time server"
        yield Finding(Level.FAILURE, "clock", f"this computer thinks that it is {now:%d %B %Y}", mend)
    if abs(step_s) > STEP_S:
        what = f"it moved by {step_s:+.3f} s within {WATCH_S:g} s: somebody sets it just now"
        yield Finding(Level.WARNING, "clock", what, "let a time server slew it (chrony, systemd-timesyncd)")
    synchronised = _synchronised()
    if synchronised is None:
        yield Finding(
            Level.NOTE, "clock", f"{now:%d %B %Y %H:%M:%S} UTC; whether it is synchronised cannot be told here"
        )
    elif synchronised:
        yield Finding(Level.OK, "clock", f"{now:%d %B %Y %H:%M:%S} UTC, synchronised")
    else:
        mend = (
            "sudo timedatectl set-ntp true, or install chrony; a site without internet needs a time server of its own"
        )
        yield Finding(
            Level.WARNING, "clock", f"{now:%d %B %Y %H:%M:%S} UTC, not synchronised with any time server", mend
        )


def _synchronised() -> bool | None:
    """What the kernel says, which needs no right and sets nothing; None where it cannot be asked."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    state: int = adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    return None if state < 0 else state != TIME_ERROR


def bluetooth() -> Iterator[Finding]:
    """Whether bands could be heard by Bluetooth from here; a house may have its gateways elsewhere."""
    if not sys.platform.startswith("linux"):
        yield Finding(Level.NOTE, "Bluetooth", "is looked at on Linux only")
        return
    adapters = sorted(path.name for path in Path("/sys/class/bluetooth").glob("hci*"))
    if not adapters:
        yield Finding(Level.NOTE, "Bluetooth", "no adapter here; bands can be heard by gateways elsewhere, over MQTT")
        return
    if not BUS.exists():
        what = f"{', '.join(adapters)}, but no D-Bus at {BUS}, by which BlueZ is asked"
        yield Finding(Level.WARNING, "Bluetooth", what, "sudo apt install dbus bluez; in a container mount the bus")
        return
    if asyncio.run(_bluez()):
        yield Finding(Level.OK, "Bluetooth", f"{', '.join(adapters)}, and BlueZ answers on D-Bus")
    else:
        what = f"{', '.join(adapters)}, but BlueZ does not answer on D-Bus"
        yield Finding(Level.WARNING, "Bluetooth", what, "sudo apt install bluez; sudo systemctl start bluetooth")


async def _bluez() -> bool:
    from dbus_fast import BusType, Message
    from dbus_fast.aio import MessageBus

    try:
        bus = await asyncio.wait_for(MessageBus(bus_type=BusType.SYSTEM).connect(), BUS_S)
    except (OSError, EOFError, TimeoutError):
        return False
    try:
        asked = Message(
            destination="org.freedesktop.DBus",
            path="/org/freedesktop/DBus",
            interface="org.freedesktop.DBus",
            member="NameHasOwner",
            signature="s",
            body=["org.bluez"],
        )
        answer = await asyncio.wait_for(bus.call(asked), BUS_S)
        return answer is not None and answer.body == [True]
    except TimeoutError:
        return False
    finally:
        bus.disconnect()
