"""What a host stack says over HCI in, what others on the same air do to it out: one Bluetooth controller.

Adds to ``bumble.controller.Controller`` (0.0.236, made for unit tests): 251-byte packets, RSSI by pair, real scan
responses, a connection attempt that can be cancelled and one that another central wins, and silence.
"""

import asyncio
from typing import TYPE_CHECKING, Final

from bumble import hci, ll
from bumble.controller import Connection, Controller

if TYPE_CHECKING:
    from device_sim.radio.air import Ether

PACKET: Final = 251  # bytes of data length extension: ten times fewer packets than without
ESTABLISH_S: Final = 0.1  # six connection events of 15 ms or so: until then the peer must have answered
_Report = hci.HCI_LE_Extended_Advertising_Report_Event
_LegacyReport = hci.HCI_LE_Advertising_Report_Event


class RadioController(Controller):
    """One controller on the ``link``; ``name`` is what the air calls it."""

    acl_data_packet_length = PACKET
    le_acl_data_packet_length = PACKET
    supported_max_tx_octets = PACKET
    supported_max_rx_octets = PACKET
    suggested_max_tx_octets = PACKET
    link: "Ether"

    @property
    def listens(self) -> bool:
        """Whether an advert would be noticed."""
        return bool(self.le_scan_enable) or self.pending_le_connection is not None

    @property
    def addresses(self) -> tuple[hci.Address, ...]:
        """What it is called on the air: its random address, its public one and those of its advertising sets."""
        sets = (s.address for s in self.advertising_sets.values())
        return (self.random_address, self.public_address, *(address for address in sets if address is not None))

    def close(self) -> None:
        """The host is gone: as a process that ends. Peers notice after the supervision timeout."""
        self.link.leave(self)
        if not self.terminated.done():
            self.terminated.set_result(None)

    def fall_silent(self) -> None:
        """Stop advertising, scanning and dialling; what the host says from now on is heard by nobody."""
        self.hci_sink = None
        self.le_scan_enable = False
        self.pending_le_connection = None
        self.le_legacy_advertiser.stop()
        for advertised in self.advertising_sets.values():
            advertised.stop()

    def lose(self, peer: hci.Address, reason: int = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR) -> None:
        """Tell the host that the connection to ``peer`` is over; nothing where there is none."""
        connection = self.le_connections.get(peer)
        if connection is not None:
            self.on_le_disconnected(connection, reason)

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        """Report an advert, and the scan response where there is one, or dial whoever sent it."""
        sender = self.link.find_le_controller(pdu.advertiser_address)
        if not isinstance(sender, RadioController):
            return
        if self.le_scan_enable:
            rssi = self.link.rssi(self, sender)
            response = sender.scan_response(pdu.advertiser_address)
            for data, is_response in ((pdu.data, False), (response, True)):
                if data or not is_response:
                    self._report(pdu.advertiser_address, data, rssi, response=is_response)
        pending = self.pending_le_connection
        if pending is not None and pending.peer_address == pdu.advertiser_address:
            self.create_le_connection(pdu.advertiser_address)

    def scan_response(self, address: hci.Address) -> bytes:
        """What it answers a scanner that asks ``address``."""
        legacy = self.le_legacy_advertiser
        if legacy.enabled and legacy.address == address:
            return legacy.scan_response_data
        for advertised in self.advertising_sets.values():
            if advertised.enabled and advertised.address == address:
                return bytes(advertised.scan_response_data)
        return b""

    def create_le_connection(self, peer_address: hci.Address) -> None:
        """Dial; a band that another central got first never answers, and that is told as controllers tell it."""
        super().create_le_connection(peer_address)
        connection = self.le_connections.get(peer_address)
        if connection is not None:
            asyncio.get_running_loop().call_later(ESTABLISH_S, self._require_established, connection)

    def on_hci_le_create_connection_cancel_command(self, _command: hci.HCI_Command) -> hci.HCI_StatusReturnParameters:
        """Cancel; bumble's controller would go on dialling."""
        pending = self.pending_le_connection
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.pending_le_connection = None
        cancelled = hci.HCI_LE_Connection_Complete_Event(
            status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
            connection_handle=0,
            role=hci.Role.CENTRAL,
            peer_address_type=pending.peer_address.address_type,
            peer_address=pending.peer_address,
            connection_interval=0,
            peripheral_latency=0,
            supervision_timeout=0,
            central_clock_accuracy=0,
        )
        asyncio.get_running_loop().call_soon(self.send_hci_packet, cancelled)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
        """Hang up; of a connection that is over already bumble's controller would never say anything."""
        if self.find_connection_by_handle(command.connection_handle) is None:
            unknown = hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
            self._send_hci_command_status(unknown, command.op_code)
        else:
            super().on_hci_disconnect_command(command)

    def _require_established(self, connection: Connection) -> None:
        if self.le_connections.get(connection.peer_address) is not connection:
            return
        peer = self.link.find_le_controller(connection.peer_address)
        answered = peer is not None and peer.le_connections.get(connection.self_address) is not None
        if not answered:
            self.on_le_disconnected(connection, hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR)

    def _report(self, address: hci.Address, data: bytes, rssi: int, *, response: bool) -> None:
        if not self.le_features & hci.LeFeatureMask.LE_EXTENDED_ADVERTISING:
            legacy = _LegacyReport.EventType.SCAN_RSP if response else _LegacyReport.EventType.ADV_IND
            kind = address.address_type
            report = _LegacyReport.Report(event_type=legacy, address_type=kind, address=address, data=data, rssi=rssi)
            self.send_hci_packet(_LegacyReport([report]))
            return
        event = _Report.EventType.LEGACY_ADVERTISING_PDU_USED | _Report.EventType.CONNECTABLE_ADVERTISING
        event |= _Report.EventType.SCANNABLE_ADVERTISING
        if response:
            event |= _Report.EventType.SCAN_RESPONSE
        extended = _Report.Report(
            event_type=event,
            address_type=address.address_type,
            address=address,
            primary_phy=hci.Phy.LE_1M,
            secondary_phy=0,
            advertising_sid=0xFF,
            tx_power=127,
            rssi=rssi,
            periodic_advertising_interval=0,
            direct_address_type=0,
            direct_address=hci.Address.ANY,
            data=data,
        )
        self.send_hci_packet(_Report([extended]))
