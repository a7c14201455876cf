"""A value in, bytes that say what they are and whether they are whole out, and back."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import msgspec

from ingest.errors import StoreError

VERSION: Final = 1  # of the layout; every release reads every version that there ever was
META, EVEN, BEATS = b"M", b"C", b"B"

_HEAD: Final = struct.Struct("<BcI")  # version, what it is, CRC-32 of what follows
_ENCODER = msgspec.msgpack.Encoder()

T = TypeVar("T")


def sealed(kind: bytes, value: msgspec.Struct) -> bytes:
    """Return the bytes of a value."""
    body = _ENCODER.encode(value)
    return _HEAD.pack(VERSION, kind, zlib.crc32(body)) + body


def opened(kind: bytes, blob: bytes, decoder: msgspec.msgpack.Decoder[T]) -> T:
    """Return the value; raises StoreError where the bytes are damaged, something else, or of a later release."""
    if len(blob) < _HEAD.size:
        raise StoreError(f"{len(blob)} bytes are less than a head")
    version, found, crc = _HEAD.unpack_from(blob)
    if version != VERSION:
        raise StoreError(f"packed by layout {version}, this release reads {VERSION}")
    if found != kind:
        raise StoreError(f"a blob of kind {found!r}, not {kind!r}")
    body = memoryview(blob)[_HEAD.size :]
    if zlib.crc32(body) != crc:
        raise StoreError("damaged: the checksum differs")
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StoreError(f"not what a pack holds: {error}") from None


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Begin the message of a StoreError with what is damaged."""
    try:
        yield
    except StoreError as error:
        raise StoreError(f"{what}: {error}") from None
