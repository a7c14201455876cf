"""paho's client in, the same client with two habits changed out: it reads and it acknowledges in bulk.

As it comes, paho takes four system calls to read a message and two to acknowledge it, each of which lets go of the
interpreter's lock and has to win it back from threads that decode and store. Here the socket hands out what one call
has read, and acknowledgements leave together, at most one wake-up of the network thread for all of them.
"""

import contextlib
import ssl
import threading
from typing import Any, Final, cast

from paho.mqtt.enums import MQTTErrorCode

from ingest.sending.tls import TlsClient

READ: Final = 1 << 16  # bytes taken from the kernel at once
MESSAGES: Final = 256  # read before what is to be sent gets its turn
CLOSE_S: Final = 1.0  # for the last words of a connection to leave
NOT_NOW: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)  # TLS has exceptions of its own
PUBACK: Final = b"\x40\x02"  # MQTT 3.1.1, 3.4: type and length; two bytes of packet identifier follow


class BulkSocket:
    """A non-blocking socket whose small reads and writes cost no system call. Used by the network thread alone.

    ``pending`` is what TLS sockets have too: bytes that are here already, for which nobody need wait.
    """

    def __init__(self, sock: Any) -> None:  # noqa: ANN401 - a socket, or TLS around one
        self._sock = sock
        self._read = memoryview(b"")
        self._unsent = bytearray()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a socket can do
        return getattr(self._sock, name)

    def recv(self, size: int) -> bytes:
        """Up to ``size`` bytes; b"" at the end. Raises BlockingIOError, or TLS' own, where there are none yet."""
        if not self._read:
            self._read = memoryview(self._take())
        some, self._read = self._read[:size], self._read[size:]
        return bytes(some)

    def _take(self) -> bytes | bytearray:
        """What is here, about ``READ`` bytes at most; TLS hands out a record at a time, and so often one message."""
        first = self._sock.recv(READ)
        if not first or not isinstance(self._sock, ssl.SSLSocket):
            return bytes(first)
        taken = bytearray(first)
        with contextlib.suppress(OSError):  # there is no more; or it has broken, which the next read says again
            while len(taken) < READ and (more := self._sock.recv(READ)):
                taken += more
        return taken

    def pending(self) -> int:
        """How many bytes ``recv`` returns without asking the kernel."""
        below = getattr(self._sock, "pending", None)
        return len(self._read) + (0 if below is None else below())

    def send(self, data: bytes | bytearray) -> int:
        """Keep ``data`` for ``flush``."""
        self._unsent += data
        return len(data)

    @property
    def unsent(self) -> bool:
        """Whether ``flush`` has something to do."""
        return bool(self._unsent)

    def flush(self) -> None:
        """Send what the kernel takes. Raises OSError where the connection is gone."""
        with contextlib.suppress(*NOT_NOW):
            while self._unsent:
                del self._unsent[: self._sock.send(self._unsent)]

    def close(self) -> None:
        """Send what is left, if that is soon done, and close."""
        with contextlib.suppress(OSError):
            if self._unsent:
                self._sock.settimeout(CLOSE_S)
                self._sock.sendall(self._unsent)
        self._sock.close()


class BulkClient(TlsClient):
    """See the module. ``ack_soon`` may be called from any thread."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - paho's own
        super().__init__(*arguments, **named)
        self._acks_lock = threading.RLock()
        self._acks = bytearray()  # complete PUBACKs for the connection that is open
        self._woken = False
        self._connection = 0
        self._bulk: BulkSocket | None = None

    @property
    def connection(self) -> int:
        """Which connection this is: another number after each break."""
        return self._connection

    def forget(self) -> None:
        """The connection is gone, and what is to be acknowledged with it."""
        with self._acks_lock:
            self._connection += 1
            self._acks.clear()
            self._woken = False

    def _create_socket(self) -> Any:  # noqa: ANN401 - paho's own type of socket
        self.forget()
        self._bulk = BulkSocket(super()._create_socket())
        return self._bulk

    def ack_soon(self, connection: int, mid: int) -> None:
        """Acknowledge a message of QoS 1 with the next write, which the first call after a write brings about.

        Does nothing once the connection that it came by is gone.
        """
        with self._acks_lock:
            if connection != self._connection:
                return
            if self._woken:
                self._acks += PUBACK + mid.to_bytes(2, "big")
                return
            self._woken = True
            self.ack(mid, 1)

    def disconnect(self, *arguments: Any, **named: Any) -> MQTTErrorCode:  # noqa: ANN401 - paho's own
        """Take leave; what was acknowledged by now goes before the last word, for nothing is sent behind it."""
        with self._acks_lock:
            acks, self._acks = self._acks, bytearray()
        for at in range(len(PUBACK), len(acks), len(PUBACK) + 2):
            self.ack(int.from_bytes(acks[at : at + 2], "big"), 1)
        return super().disconnect(*arguments, **named)

    def want_write(self) -> bool:
        """Whether anything waits to be sent."""
        return super().want_write() or (self._bulk is not None and self._bulk.unsent)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Take in what has come, at most ``MESSAGES``."""
        result = super().loop_read(max_packets)
        for _ in range(MESSAGES):
            if result != MQTTErrorCode.MQTT_ERR_SUCCESS or self._bulk is None or not self._bulk.pending():
                break
            result = super().loop_read(max_packets)
        return result

    def loop_write(self) -> MQTTErrorCode:
        """Send what waits, acknowledgements included."""
        with self._acks_lock:
            self._woken = False
            acks, self._acks = self._acks, bytearray()
        bulk = self._bulk
        if acks and bulk is not None:
            bulk.send(acks)
        result = super().loop_write()
        if bulk is not None and cast(Any, self.socket()) is bulk:
            try:
                bulk.flush()
            except OSError:
                return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        return result
