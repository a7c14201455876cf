"""A scenario in, the packets of its past out: what a detector may learn from before anything happens."""

import msgspec

from device_sim.scenario import Scenario
from device_sim.ward import Ward
from ingest.wire import Packet


def past_packets(
    scenario: Scenario, *, wearers: int | None = None, seed: int, boot: int | None = None, ends_us: int | None = None
) -> list[list[Packet]]:
    """Return each band's packets of the scenario's past, ``[row][second]``; row 0 is band-01, worn by w-01.

    With the same scenario, wearers, seed and boot, ``device_sim.mqtt.publish`` goes on where these end: the same
    people, the same clocks, the next sequence number. ``ends_us`` (UTC, us) is when the past ends; with it, each packet
    says in ``sent_us`` when it would have been sent.
    """
    ward = Ward(scenario, wearers=wearers, seed=seed, boot=boot)
    packets = ward.past()
    if ends_us is None:
        return packets
    return [
        [_sent(packet, ends_us + round(1e6 * band.due_s(packet.seq, since=scenario.past_s))) for packet in row]
        for band, row in zip(ward.bands, packets, strict=True)
    ]


def _sent(packet: Packet, sent_us: int) -> Packet:
    return msgspec.structs.replace(packet, sent_us=sent_us)
