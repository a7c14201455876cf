"""The bytes of a pickle in, plain containers and arrays that are not made yet out; nothing in it is ever run.

A pickle is a program. This reads the few instructions that containers, numbers, text and NumPy's arrays need, of every
protocol that such files have been written with, and refuses each other one. What stands for NumPy's own functions here
only remembers what it was given, so that no shape in a pickle can ask for memory: see ``Stored.array``.
"""

import math
import pickle
import re
from collections.abc import Callable
from typing import IO, Any, Final, NoReturn

import numpy as np

from ingest.errors import RecordingError
from ingest.types import Array

FILE_MAX: Final = 2 << 30  # bytes: subjects have about one thousand million, most of it the chest's
STEPS_MAX: Final = 10_000  # instructions: WESAD's files have some hundreds
_CODE: Final = re.compile(r"[fiu][1248]\Z")
_ALLOWED: Final = (
    *(pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.POP, pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE),
    *(pickle.INT, pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG, pickle.LONG1),
    *(pickle.FLOAT, pickle.BINFLOAT, pickle.STRING, pickle.BINSTRING, pickle.SHORT_BINSTRING),
    *(pickle.UNICODE, pickle.BINUNICODE, pickle.SHORT_BINUNICODE, pickle.BINUNICODE8),
    *(pickle.BINBYTES, pickle.SHORT_BINBYTES, pickle.BINBYTES8),
    *(pickle.EMPTY_LIST, pickle.LIST, pickle.APPEND, pickle.APPENDS),
    *(pickle.EMPTY_DICT, pickle.DICT, pickle.SETITEM, pickle.SETITEMS),
    *(pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3),
    *(pickle.PUT, pickle.BINPUT, pickle.LONG_BINPUT, pickle.MEMOIZE, pickle.GET, pickle.BINGET, pickle.LONG_BINGET),
    *(pickle.GLOBAL, pickle.STACK_GLOBAL, pickle.REDUCE, pickle.BUILD),
)
_FOLLOWED: Final = frozenset(code[0] for code in _ALLOWED)


class Stored:
    """An array as it is written: its shape, kind of number and bytes."""

    def __init__(self, *_: object) -> None:
        self._state: tuple[Any, ...] = ()

    def __setstate__(self, state: object) -> None:
        self._state = state if isinstance(state, tuple) else ()

    def array(self, where: str) -> Array:
        """Make the array, float64. Raises RecordingError, naming ``where``, unless its bytes are just what its shape
        and kind of number need."""
        if len(self._state) != 5:
            raise RecordingError(f"{where}: no NumPy array: download the file again")
        _, shape, kind, fortran, raw = self._state
        data = raw.encode("latin-1", "replace") if isinstance(raw, str) else raw
        dtype = kind.dtype() if isinstance(kind, _Kind) else None
        sizes = shape if isinstance(shape, tuple) else (None,)
        if dtype is None or not isinstance(data, bytes) or not all(type(n) is int and n >= 0 for n in sizes):
            raise RecordingError(f"{where}: not an array of plain numbers: download the file again")
        if math.prod(sizes) * dtype.itemsize != len(data):
            raise RecordingError(
                f"{where}: {len(data)} bytes are no array of shape {str(sizes)[:100]}: download the file again"
            )
        found = np.frombuffer(data, dtype).reshape(sizes, order="F" if fortran else "C")
        return np.array(found, np.float64, order="C")


class _Kind:
    """A kind of number as it is written."""

    def __init__(self, code: object = "", *_: object) -> None:
        self._code, self._order = code, "|"

    def __setstate__(self, state: object) -> None:
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "|", "="):
            self._order = state[1]

    def dtype(self) -> "np.dtype[Any] | None":
        """NumPy's word for it; None where it is no plain number."""
        if not isinstance(self._code, str) or not _CODE.match(self._code) or self._code == "f1":
            return None
        return np.dtype(self._order + self._code)


def _text(text: object, encoding: object = "latin1") -> object:
    """Bytes that were written as text stay text until they are needed."""
    if encoding not in ("latin1", "latin-1"):
        raise RecordingError("text that is not latin-1")
    return text


def _buffer(raw: object, kind: object, shape: object, order: object = "C") -> Stored:
    found = Stored()
    found.__setstate__((1, shape, kind, order == "F", raw))
    return found


_KNOWN: Final[dict[tuple[str, str], Callable[..., object] | None]] = {
    ("_codecs", "encode"): _text,
    ("numpy", "ndarray"): None,
    ("numpy", "dtype"): _Kind,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): Stored for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _buffer for core in ("core", "_core")},
}


def unpickled(file: IO[bytes], where: str) -> object:
    """Return what a pickle holds. Raises RecordingError, naming ``where``, for one that asks for anything else than
    containers, numbers, text and arrays, or is cut short or damaged."""
    try:
        return _Reader(file).load()
    except RecordingError as error:
        told = str(error)
        raise RecordingError(told if where in told else f"{where}: {told}: refused") from None
    except Exception as error:  # whatever pickle says of hostile bytes
        what = f"{type(error).__name__}: {error}"[:200]
        raise RecordingError(f"{where}: no whole pickle ({what}): download it again") from error


class _Steps(dict[int, Callable[..., None]]):
    """The instructions that are followed, counted."""

    def __init__(self) -> None:
        every = pickle._Unpickler.dispatch
        self._left = STEPS_MAX
        super().__init__({code: step for code, step in every.items() if code in _FOLLOWED})
        self[pickle.BYTEARRAY8[0]] = self[pickle.BINBYTES8[0]]  # the same, without making room before it reads

    def __getitem__(self, code: int) -> Callable[..., None]:
        self._left -= 1
        if self._left < 0:
            raise RecordingError(f"more than {STEPS_MAX} instructions")
        return super().__getitem__(code)

    def __missing__(self, code: int) -> NoReturn:
        raise RecordingError(f"the pickle has the instruction {bytes([code])!r}, which no recording needs")


class _Bounded:
    """A file of which nobody asks for more at once than it may hold at all."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.readline = file.readline

    def read(self, size: int) -> bytes:
        if size > FILE_MAX:
            raise RecordingError(f"{size} bytes are to follow: the file was cut short or is damaged")
        return self._file.read(size)


class _Reader(pickle._Unpickler):
    """The unpickler that is written in Python: it keeps its memory in a dict, where the one in C trusts an index."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(_Bounded(file), encoding="latin1")
        self.dispatch = _Steps()  # type: ignore[misc]  # each file has its own, which count

    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in _KNOWN:
            raise RecordingError(f"the pickle asks for {module[:50]}.{name[:50]}, which no recording needs")
        return _KNOWN[module, name]
