"""Commands on live sources beyond MQTT: lsl."""

import argparse
import signal
import sys
import threading
from typing import TYPE_CHECKING

from forecalm.cli import FELL_SHORT
from forecalm.commands.broker_said import broker_said
from forecalm.commands.terminal import err, number, print_json

if TYPE_CHECKING:
    from ingest.lsl.channels import MappingFile, Stream
    from ingest.lsl.gateway import Wanted

CONNECT_S = 10.0  # a broker that says nothing by then is not there


def lsl(chosen: argparse.Namespace) -> int:
    """Be the gateway of Lab Streaming Layer streams until Ctrl-C, or list what there is."""
    from ingest.lsl.channels import read_mapping
    from ingest.lsl.gateway import Gateway, Wanted, found, run, use_peers
    from ingest.sending.broker import Broker
    from ingest.sending.sender import Sender
    from ingest.sending.spool import Spool

    if chosen.peers is not None:
        use_peers([peer for peer in chosen.peers.split(",") if peer])
    mapping = None if chosen.map is None else read_mapping(chosen.map.read_bytes(), str(chosen.map))
    wanted = Wanted(chosen.name, chosen.type, chosen.source_id, chosen.band)
    if chosen.list:
        _list([one for one in found(chosen.wait) if wanted.takes(one)], wanted, mapping, json=chosen.json)
        return 0
    stop = threading.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, lambda *_: stop.set())
    said = broker_said(chosen)
    gateway = Gateway(wanted, mapping=mapping, gateway=chosen.gateway, say=err.print)
    spool = Spool.in_memory() if chosen.spool is None else Spool.on_disk(chosen.spool)
    broker = Broker(said.host, said.port, said.username, said.password, tls=said.tls, ca=said.ca)
    with Sender(broker, site=chosen.site, gateway=gateway.name, spool=spool) as sender:
        sender.wait_online(CONNECT_S)
        err.print("Looking for streams; Ctrl-C ends it.")
        taken = run(gateway, sender, stop=stop, seconds=chosen.seconds)
    if chosen.json:
        print_json(taken)
    else:
        counts = ", ".join(f"{count:,} {what}" for what, count in taken.samples.items()) or "no samples"
        sys.stdout.write(f"Sent {number(taken.packets, 'packet')} of {number(len(taken.bands), 'band')}: {counts}.\n")
    if taken.unstored:
        err.print(f"Of these {taken.unstored:,} are not known to be stored: is forecalm serve running?")
    return FELL_SHORT if taken.unstored or taken.let_go or not taken.bands else 0


def _list(streams: "list[Stream]", wanted: "Wanted", mapping: "MappingFile | None", *, json: bool) -> None:
    """Say of each stream what would be taken from it, or why nothing would."""
    from ingest.errors import SourceError
    from ingest.lsl.channels import band_of_source, plan

    told = []
    for stream in streams:
        try:
            taken = plan(stream, mapping)
            band = wanted.band or band_of_source(stream.source_id)
            channels = [one.channel for one in (*taken.even, *([taken.beats] if taken.beats else []))]
            told.append((stream, {"band": band, "channels": channels, "left_out": list(taken.left_out)}))
        except SourceError as error:
            told.append((stream, {"refused": str(error)}))
    if json:
        print_json([{"stream": stream, **what} for stream, what in told])
        return
    for stream, what in told:
        sys.stdout.write(f"{stream.shown}, type {stream.kind!r}, {stream.rate_hz:g} Hz, {stream.form}\n")
        for one in stream.channels:
            sys.stdout.write(f"    {one.label or '(no label)'}: type {one.kind!r}, unit {one.unit!r}\n")
        if "refused" in what:
            sys.stdout.write(f"  refused: {what['refused']}\n")
        else:
            left = f"; left out: {', '.join(what['left_out'])}" if what["left_out"] else ""
            sys.stdout.write(f"  band {what['band']}: {', '.join(what['channels'])}{left}\n")
    if not told:
        err.print("No streams. Where there is no multicast, name the computers: --peers 192.168.1.20")
