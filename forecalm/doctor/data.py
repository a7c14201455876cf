"""An installation in, what is to be said of its files, its databases and its service out. Looks only."""

import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from forecalm.backup import LEDGER
from forecalm.commands.terminal import number
from forecalm.config import StoreSection
from forecalm.doctor.finding import Finding, Level
from forecalm.installation import Installation
from forecalm.keeping.files import lines_of
from ingest.errors import IngestError

if TYPE_CHECKING:
    from ingest.store.onlooking import Onlooker

FREE_BAD: Final = 1 << 30  # bytes: a thousand bands fill it in a quarter of an hour, one in ten days
FREE_LOW: Final = 10 << 30
FSYNC_BAD_S: Final = 0.25  # the whole bound of an alert's way to the disk
FSYNC_SLOW_S: Final = 0.05  # a group commit's own
FSYNCS: Final = 9  # the middle one counts
WAL_LARGE: Final = 256 << 20  # bytes: sixteen times where it is folded in; somebody reads for ever
UNSETTLED_S: Final = 3_600.0  # settling is every few minutes
COPY_OLD_S: Final = 7 * 86_400.0  # a week of a person's readings is what a broken disk may take
AHEAD_S: Final = 60.0  # readings received so far in the future: the clock was set back since


def service(here: Installation) -> Iterator[Finding]:
    """Whether the service runs: it holds the journal."""
    if sys.platform == "win32":
        yield Finding(Level.NOTE, "service", "whether it runs cannot be told on Windows")
        return
    if not here.journal.exists():
        yield Finding(Level.NOTE, "service", "has never run on this data", "forecalm serve")
        return
    import fcntl

    with here.journal.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            yield Finding(Level.OK, "service", "runs")
            return
    yield Finding(Level.WARNING, "service", "does not run: nobody is watched", "forecalm serve")


def disk(here: Installation) -> Iterator[Finding]:
    """Whether there is room, and how long the disk takes to make something durable."""
    folder = here.folder.absolute()
    if not folder.is_dir():
        there = next(parent for parent in folder.parents if parent.is_dir())
        yield Finding(Level.NOTE, "disk", f"{folder} does not exist yet: the first command that writes makes it")
        yield _room(there)
        return
    yield _room(folder)
    try:
        took_s = _fsync_s(folder)
    except OSError as error:
        what = f"{folder}: nothing can be written there: {error.strerror}"
        yield Finding(Level.FAILURE, "disk", what, "free some room, or give the user who runs forecalm the folder")
        return
    said = f"{folder}: a write is durable after {took_s * 1e3:.1f} ms"
    if took_s > FSYNC_BAD_S:
        yield Finding(Level.FAILURE, "disk", said, "not on a network share or a worn card: take a local disk")
    elif took_s > FSYNC_SLOW_S:
        yield Finding(Level.WARNING, "disk", said, "alerts wait for the disk: take a faster one")
    else:
        yield Finding(Level.OK, "disk", said)


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    said = f"{folder}: {_size(free)} free"
    if free < FREE_BAD:
        return Finding(Level.FAILURE, "disk", said, "free some room: a full disk stops storing, then receiving")
    if free < FREE_LOW:
        return Finding(Level.WARNING, "disk", said, "free some room before long")
    return Finding(Level.OK, "disk", said)


def _fsync_s(folder: Path) -> float:
    """How long the disk takes for a small write, by a file without a name that is gone at once."""
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(FSYNCS):
            began_s = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began_s)
    return sorted(took)[FSYNCS // 2]


def store(here: Installation) -> Iterator[Finding]:
    """Whether the readings are whole, and settle."""
    from ingest.store.onlooking import Onlooker

    path = here.readings
    if not path.exists():
        yield Finding(Level.NOTE, "store", f"{path} does not exist yet: nothing has been received")
        return
    try:
        onlooker = Onlooker(path)
    except IngestError as error:
        yield Finding(Level.FAILURE, "store", str(error), "keep the file, and restore from a backup beside it")
        return
    with closing(onlooker):
        try:
            yield from _holdings(onlooker, path)
            wrong = onlooker.check()
        except IngestError as error:
            wrong = [str(error)]
    for line in wrong:
        yield Finding(Level.FAILURE, "store", line, "keep the file, and restore from a backup beside it")
    if not wrong:
        yield Finding(Level.OK, "store", "everything in it was read, and is whole")


def _holdings(onlooker: "Onlooker", path: Path) -> Iterator[Finding]:
    """What is in it, and how it does."""
    counts, bands = onlooker.counts(), onlooker.bands()
    packets, samples = sum(counts.packets.values()), sum(counts.samples.values())
    yield Finding(Level.OK, "store", f"{path}: {_held(packets, samples, len(bands))}")
    if not os.access(path, os.W_OK):
        yield Finding(Level.FAILURE, "store", f"{path} may not be written", "chown it to who runs forecalm")
    yield _log_of(path)
    yield _unsettled(onlooker.unsettled(), time.time())
    newest_s = max((band.last_received_s for band in bands), default=-math.inf)
    if newest_s > time.time() + AHEAD_S:
        what = f"the newest readings came {newest_s - time.time():,.0f} s from now: this clock was set back since"
        yield Finding(Level.FAILURE, "clock", what, "set this computer's clock right, by a time server")
    if counts.quarantined:
        what = f"{number(counts.quarantined, 'message')} in quarantine ({counts.shed:,} without their content)"
        mend = f"the last: {onlooker.quarantined(1)[0].reason}"
        yield Finding(Level.WARNING, "store", what, mend)


def _held(packets: int, samples: int, bands: int) -> str:
    return ", ".join((number(packets, "packet"), number(samples, "sample"), number(bands, "band")))


def _log_of(path: Path) -> Finding:
    log = path.with_name(path.name + "-wal")
    size = log.stat().st_size if log.exists() else 0
    if size > WAL_LARGE:
        mend = "something reads for hours without an end: end it, or start the service again"
        return Finding(Level.WARNING, "store", f"its log has grown to {_size(size)}", mend)
    return Finding(Level.OK, "store", f"its log takes {_size(size)}")


def _unsettled(found: tuple[int, float | None], now_s: float) -> Finding:
    packets, oldest_s = found
    if oldest_s is None:
        return Finding(Level.OK, "store", "all packets have settled")
    have = "has" if packets == 1 else "have"
    minutes = max(0.0, now_s - oldest_s) / 60
    said = f"{number(packets, 'packet')} {have} not settled yet, the oldest for {minutes:,.0f} min"
    if now_s - oldest_s > UNSETTLED_S:
        mend = "they are safe; is the service running, and InfluxDB, if it is used? Its log says why"
        return Finding(Level.WARNING, "store", said, mend)
    return Finding(Level.OK, "store", said)


def influxdb(said: StoreSection) -> Iterator[Finding]:
    """Whether the InfluxDB that readings settle in can be reached, where there is one."""
    if said.kind != "influxdb":
        return
    from ingest.store.influx_connection import InfluxConnection

    connection = InfluxConnection(
        url=said.url, bucket=said.bucket, token=said.token or None, org=said.org or None, verify_ssl=said.verify_ssl
    )
    with closing(connection):
        try:
            connection.run("SHOW MEASUREMENTS LIMIT 1")
        except IngestError as error:
            mend = "readings wait in the inbox meanwhile; docs/guides/influxdb.md"
            yield Finding(Level.FAILURE, "InfluxDB", str(error), mend)
            return
    yield Finding(Level.OK, "InfluxDB", f"{connection} answers")


def registry(here: Installation) -> Iterator[Finding]:
    """Whether the registry is of this version, and nobody has tampered with its audit."""
    from ingest.registry.onlooking import look, versions

    where = "PostgreSQL" if here.config.registry.url else str(here.registry)
    if not here.config.registry.url and not here.registry.exists():
        mend = "forecalm pair BAND WEARER --name NAME --consent-by WHO"
        yield Finding(Level.NOTE, "registry", f"{where} does not exist yet: nobody is entered", mend)
        return
    try:
        stands, head = versions(here.registry_url)
        if stands != head:
            what = f"{where}: tables of version {stands or 'none'}, this is for {head}"
            mend = "a backup first; then any command that writes (serve, pair) upgrades it, unless a newer one made it"
            yield Finding(Level.WARNING, "registry", what, mend)
            return
        with closing(look(here.registry_url)) as found:
            wrong, last = found.verify_audit(), found.audit_head()
            people, bands = number(len(found.wearers()), "wearer"), number(len(found.bands()), "band")
            said = f"{where}: {people}, {bands}, tables of version {head}"
            zones = {site.name: site.time_zone for site in found.sites()}
    except IngestError as error:
        yield Finding(Level.FAILURE, "registry", str(error), "without it nobody's readings are known to be theirs")
        return
    yield Finding(Level.OK, "registry", said)
    ours = here.config.site
    if ours.name in zones and zones[ours.name] != ours.time_zone:
        what = f"site {ours.name!r} is in {zones[ours.name]} there, and in {ours.time_zone} by the configuration"
        yield Finding(Level.WARNING, "registry", what, "say the right one in site.time_zone; the next start enters it")
    for line in wrong:
        mend = "somebody changed the registry behind our back: keep a copy, ask who, restore from a backup"
        yield Finding(Level.FAILURE, "registry", line, mend)
    if not wrong:
        what = f"its audit is whole; it ends at {last.number} {last.digest}"
        yield Finding(Level.OK, "registry", what, "keep that line elsewhere: it witnesses everything before it")


def copies(here: Installation, now_s: float) -> Iterator[Finding]:
    """Whether somebody makes copies, and whether an erasure was left half done."""
    if here.erasing.exists():
        mend = "end the service, and forecalm erase the same person again: it goes on where it stopped"
        yield Finding(Level.FAILURE, "erasure", f"one was cut off: {here.erasing}", mend)
    made_s = [datetime.fromisoformat(line["at"]).timestamp() for line in lines_of(here.folder / LEDGER) if "at" in line]
    mend = "forecalm backup FOLDER, on another disk"
    if not made_s:
        yield Finding(Level.NOTE, "backup", "none was ever made here", mend)
    elif now_s - max(made_s) > COPY_OLD_S:
        days = round((now_s - max(made_s)) / 86_400)
        yield Finding(Level.WARNING, "backup", f"the newest is {number(days, 'day')} old", mend)
    else:
        yield Finding(Level.OK, "backup", f"the newest is {number(round((now_s - max(made_s)) / 3600), 'hour')} old")


def learnt(here: Installation) -> Iterator[Finding]:
    """Whether what is usual for each wearer can be read."""
    if not here.learnt.exists():
        yield Finding(Level.NOTE, "what was learnt", "nothing yet: nobody is known well enough for an alert")
        return
    import zipfile

    import numpy as np

    try:
        with here.learnt.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            for name in kept.files:
                _ = kept[name]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        mend = "restore it from a backup, or move it away: then everybody is got to know anew"
        yield Finding(Level.FAILURE, "what was learnt", f"{here.learnt} cannot be read: {error}", mend)
        return
    yield Finding(Level.OK, "what was learnt", f"{here.learnt} can be read")


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
