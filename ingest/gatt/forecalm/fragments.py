"""Records to notifications of the characteristic Records and back, whatever radio and subscribers do to them."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from ingest.errors import GattError
from ingest.gatt.forecalm.records import RECORD_MAX, Record, crc

ATT_HEAD: Final = 3  # bytes of a notification before its value
ATT_VALUE_MAX: Final = 512  # a value is never longer, whatever the MTU
MTU_MIN: Final = 23
HEAD: Final = 2  # a fragment's head and tag
INDEX_MAX: Final = 63
LAST: Final = 0x80
BACKFILLED: Final = 0x40
REMEMBERED: Final = 16  # records: a doubled subscription repeats the one just heard, and seldom one before it


def fragments(record: bytes, *, seq: int, mtu: int, backfilled: bool = False) -> list[bytes]:
    """Return the notifications that carry ``record`` over a link with that ATT MTU.

    Raises GattError where the record does not fit into 64 of them.
    """
    size = min(max(mtu, MTU_MIN) - ATT_HEAD, ATT_VALUE_MAX) - HEAD
    pieces = [record[i : i + size] for i in range(0, len(record), size)]
    if len(record) > RECORD_MAX or len(pieces) > INDEX_MAX + 1:
        raise GattError(f"record (0101): length: {len(record)} bytes are more than {RECORD_MAX}")
    flags = BACKFILLED if backfilled else 0
    heads = [i | flags | (LAST if i == len(pieces) - 1 else 0) for i in range(len(pieces))]
    return [bytes((head, seq & 0xFF)) + piece for head, piece in zip(heads, pieces, strict=True)]


@dataclass(frozen=True, slots=True)
class HeardRecord:
    """A record that came whole; ``backfilled``: because it was asked for."""

    record: Record
    backfilled: bool


class Reassembly:
    """Puts records together again from the notifications of one connection.

    ``records`` counts whole ones, ``doubled`` notifications or records that came again, ``missing`` records of which a
    part did not come, ``bad`` those whose CRC is wrong. What is lost here is asked for again by its number.
    """

    def __init__(self) -> None:
        self.records = 0
        self.doubled = 0
        self.missing = 0
        self.bad = 0
        self._before = b""  # the last notification
        self._pieces: list[bytes] = []
        self._of: tuple[int, int] | None = None  # backfilled and tag of the record that is being put together
        self._torn: tuple[int, int] | None = None  # the same of one that cannot be whole any more
        self._recent: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)

    def take(self, notification: bytes) -> HeardRecord | None:
        """Return the record that ``notification`` completes, else None.

        Raises GattError, naming the field, for a notification that is no fragment, and for a record that is whole and
        yet not as the profile wants it.
        """
        data = bytes(notification)
        if len(data) <= HEAD:
            raise GattError(f"records (0101): length: {len(data)} bytes; a fragment has {HEAD + 1} or more")
        if data == self._before:
            self.doubled += 1
            return None
        self._before = data
        head, tag = data[0], data[1]
        index, of = head & INDEX_MAX, (head & BACKFILLED, tag)
        if index == 0:
            self._begin(of)
        elif of != self._of or index != len(self._pieces):
            self._tear(of)
            return None
        self._pieces.append(data[HEAD:])
        if sum(map(len, self._pieces)) > RECORD_MAX:
            self._of, self._pieces = None, []
            raise GattError(f"records (0101): length: a record of more than {RECORD_MAX} bytes")
        return self._whole(tag, backfilled=bool(head & BACKFILLED)) if head & LAST else None

    def _begin(self, of: tuple[int, int]) -> None:
        if self._of is not None:
            self.missing += 1
        self._of, self._pieces, self._torn = of, [], None

    def _tear(self, of: tuple[int, int]) -> None:
        """A part did not come: count each record once, however many of its other parts come."""
        if self._of is not None:
            self.missing += 1
            self._torn, self._of, self._pieces = self._of, None, []
        if of != self._torn:
            self.missing += 1
            self._torn = of

    def _whole(self, tag: int, *, backfilled: bool) -> HeardRecord | None:
        data = b"".join(self._pieces)
        self._of, self._pieces = None, []
        if len(data) < HEAD or crc(data[:-2]) != int.from_bytes(data[-2:], "little"):
            self.bad += 1
            return None
        record = Record.from_bytes(data)
        if record.seq & 0xFF != tag:
            raise GattError(f"records (0101): tag: must be the low byte of seq ({record.seq & 0xFF}), got {tag}")
        if (record.boot, record.seq) in self._recent:
            self.doubled += 1
            return None
        self._recent.append((record.boot, record.seq))
        self.records += 1
        return HeardRecord(record, backfilled)
