"""A band's record to the packet that a gateway publishes, and back."""

from typing import Any

from ingest.errors import GattError
from ingest.gatt.forecalm.records import Beat, Even, Record, shortest
from ingest.wire import Intervals, Packet, Samples, check


def packet_of(record: Record, band: str) -> Packet:
    """Return the packet: the same from whichever gateway. ``heard_us``, ``sent_us`` and ``gateway`` are left out."""
    channels: dict[str, Any] = {
        even.channel: Samples(
            rate_hz=even.rate_millihz / 1000,
            tick_us=record.tick_us - even.before_us,
            values=even.values,
            dtype="i2",
            scale=even.scale,
        )
        for even in record.channels
    }
    beats = record.beats
    ibi = None
    if beats is not None:
        ticks_us = [record.tick_us - beat.before_us for beat in beats]
        ibi = Intervals(tick_us=ticks_us, interval_s=[beat.interval_us / 1e6 for beat in beats])
    return Packet(
        v=1,
        band=band,
        boot=record.boot,
        seq=record.seq,
        tick_us=record.tick_us,
        battery=record.battery,
        contact=record.contact,
        ibi=ibi,
        **channels,
    )


def record_of(packet: Packet) -> Record:
    """Return the record that becomes ``packet`` again, but for who heard and sent it and what it declares lost.

    Raises GattError where a channel is not packed as int16, and WireError where the packet cannot be used.
    """
    check(packet)
    channels = tuple(_even(name, samples, packet.tick_us) for name, samples in packet.samples().items())
    ibi = packet.ibi
    beats = None
    if ibi is not None:
        pairs = zip(ibi.tick_us, ibi.interval_s, strict=True)
        beats = tuple(Beat(packet.tick_us - tick_us, round(interval_s * 1e6)) for tick_us, interval_s in pairs)
    return Record(packet.boot, packet.seq, packet.tick_us, packet.battery, packet.contact, channels, beats)


def _even(channel: str, samples: Samples, tick_us: int) -> Even:
    if samples.dtype != "i2" or not isinstance(samples.values, bytes):
        raise GattError(f"record (0101): {channel}: values: must be packed int16, got {samples.dtype}")
    rate = round(samples.rate_hz * 1000)
    return Even(channel, rate, tick_us - samples.tick_us, shortest(samples.scale), samples.values)
