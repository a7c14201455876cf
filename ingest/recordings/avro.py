"""The bytes of an Avro object container in, its records out as plain values; hostile ones refused.

The container is read here, the records in it by fastavro, which trusts what it is given: so what it is given has been
bounded before. Layout: https://avro.apache.org/docs/1.11.1/specification/#object-container-files
"""

import io
import json
import zlib
from typing import Any, Final

from ingest.errors import RecordingError

MAGIC: Final = b"Obj\x01"
UNPACKED_MAX: Final = 32 << 20  # bytes of one block: half an hour of a band is 3 MB
SCHEMA_MAX: Final = 1 << 20  # bytes of the file's head: a schema has some thousands
NODES_MAX: Final = 4_096  # of a schema with its named types written out; a band's has about a hundred
DEPTH_MAX: Final = 16
RECORDS_MAX: Final = 64  # of one file; a band writes one
_WIDE: Final = frozenset({"int", "long", "float", "double"})  # at least a byte each, so bytes bound how many there are
_PLAIN: Final = _WIDE | {"null", "boolean", "string", "bytes"}
_SYNC: Final = 16


def records(data: bytes, where: str) -> list[Any]:
    """Return the records of a container. Raises RecordingError, naming ``where``, the place and the mend: where it is
    none, is cut short or damaged, says more than it can hold, or fastavro is not installed."""
    try:
        from fastavro import parse_schema, schemaless_reader
    except ImportError:
        raise RecordingError(
            f"{where}: reading Avro needs fastavro, which is not installed: pip install 'forecalm[formats]'"
        ) from None
    head = _Bytes(data, where)
    if head.take(4) != MAGIC:
        raise RecordingError(f"{where}: byte 0: no Avro container: copy or download it again")
    meta, sync = head.meta(), head.take(_SYNC)
    codec = meta.get("avro.codec", b"null")
    if codec not in (b"null", b"deflate"):
        raise RecordingError(f"{where}: packed with {codec[:20]!r}: export it packed with deflate, or not at all")
    schema = _schema(meta.get("avro.schema", b""), where)
    found: list[Any] = []
    try:
        parsed = parse_schema(schema)
        _measure(parsed, {}, DEPTH_MAX, [NODES_MAX])
        while head.left:
            count, block, at = head.block(sync, packed=codec == b"deflate")
            if not 0 <= count <= RECORDS_MAX - len(found):
                raise RecordingError(f"{where}: byte {at}: says {count} records: at most {RECORDS_MAX} can be")
            stream = io.BytesIO(block)
            found += [schemaless_reader(stream, parsed, None) for _ in range(count)]
    except RecordingError:
        raise
    except Exception as error:  # whatever another's parser says of hostile bytes
        what = f"{type(error).__name__}: {error}"[:200]
        raise RecordingError(f"{where}: the records cannot be read ({what}): copy or download it again") from error
    return found


class _Bytes:
    """The bytes of a container and how far they have been read."""

    def __init__(self, data: bytes, where: str) -> None:
        self._data, self._where, self._at = data, where, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def error(self, what: str) -> RecordingError:
        return RecordingError(f"{self._where}: byte {self._at}: {what}: copy or download it again")

    def take(self, size: int) -> bytes:
        if not 0 <= size <= self.left:
            raise self.error(f"{size} bytes are to follow, {self.left} do: the file was cut short")
        self._at += size
        return self._data[self._at - size : self._at]

    def long(self) -> int:
        """A zigzag number of at most ten bytes."""
        value = 0
        for shift in range(0, 70, 7):
            (byte,) = self.take(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)
        raise self.error("no number")

    def meta(self) -> dict[str, bytes]:
        """What the head says of the file: its schema and how it is packed."""
        found: dict[str, bytes] = {}
        while (count := self.long()) != 0:
            if count < 0:
                count = -count
                self.long()
            if count > NODES_MAX or self._at > SCHEMA_MAX:
                raise self.error("the head is longer than a schema can be")
            for _ in range(count):
                key = self.take(self.long()).decode("utf-8", "replace")
                found[key] = self.take(self.long())
        return found

    def block(self, sync: bytes, *, packed: bool) -> tuple[int, bytes, int]:
        """How many records are in the next block, its bytes, and where it began."""
        at = self._at
        count, data = self.long(), self.take(self.long())
        if packed:
            opener = zlib.decompressobj(-15)
            try:
                data = opener.decompress(data, UNPACKED_MAX + 1)
            except zlib.error as error:
                raise self.error(f"cannot be unpacked ({error})") from error
            if len(data) <= UNPACKED_MAX and not opener.eof:
                raise self.error("the packed records end too early")
        if len(data) > UNPACKED_MAX:
            raise self.error(f"unpacks to more than {UNPACKED_MAX} bytes, more than half an hour of a band")
        if self.take(_SYNC) != sync:
            raise self.error("the mark that ends a block is not there: the file is damaged")
        return count, data, at


def _schema(text: bytes, where: str) -> Any:  # noqa: ANN401 - a schema is JSON of any shape
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        what = str(error)[:100] or "nested too deeply"
        raise RecordingError(f"{where}: the schema cannot be used ({what}): copy or download it again") from None


def _measure(schema: Any, named: dict[str, Any], depth: int, left: list[int]) -> None:  # noqa: ANN401
    """Raise ValueError for a schema by which a record could grow beyond its own bytes: types within types too deep or
    too many, or arrays of what needs no bytes. Names are full ones."""
    left[0] -= 1
    if depth == 0 or left[0] < 0:
        raise ValueError("too many types within types")
    if isinstance(schema, str):
        if schema not in _PLAIN:
            if schema not in named:
                raise ValueError(f"the type {schema[:50]!r} is not known")
            _measure(named[schema], named, depth - 1, left)
        return
    if isinstance(schema, list):
        for each in schema:
            _measure(each, named, depth - 1, left)
        return
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind in ("record", "enum"):  # within itself it is then found too deep
        named[str(schema.get("name"))] = schema
    if kind == "record":
        fields = schema.get("fields")
        for field in fields if isinstance(fields, list) else []:
            _measure(field.get("type") if isinstance(field, dict) else None, named, depth - 1, left)
    elif kind == "array":
        if schema.get("items") not in _WIDE:
            raise ValueError(f"arrays must be of numbers, not of {str(schema.get('items'))[:50]!r}")
    elif isinstance(kind, str | dict | list) and kind != "enum":
        _measure(kind, named, depth - 1, left)
    elif kind != "enum":
        raise ValueError(f"no type: {str(schema)[:50]}")
