"""WESAD subjects, made here as the real ones are built, and pickles that are none."""

import contextlib
import io
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import RecordingError
from ingest.recordings import wesad_pickle
from ingest.recordings.detect import read_one

SECONDS = 20
RNG = np.random.default_rng(1)
WRIST = {
    "ACC": RNG.integers(-128, 128, (32 * SECONDS, 3)).astype(np.float64),
    "BVP": RNG.normal(0, 50, (64 * SECONDS, 1)),
    "EDA": RNG.uniform(0.1, 5, (4 * SECONDS, 1)),
    "TEMP": RNG.uniform(30, 35, (4 * SECONDS, 1)),
}
CHEST = {"ACC": RNG.normal(0, 1, (700 * SECONDS, 3)), "ECG": RNG.normal(0, 1, (700 * SECONDS, 1))}
CODES = np.repeat(np.array([0, 1, 0, 2, 6, 3, 4, 0], np.int32), 700 * SECONDS // 8)
SUBJECT = {"signal": {"chest": CHEST, "wrist": WRIST}, "label": CODES, "subject": "S2"}


def python_2(subject: dict) -> bytes:
    """The text of protocol 0 as Python 2 and its NumPy wrote it: bytes are strings with escapes."""
    out = io.BytesIO()

    def put(value: object) -> None:
        if isinstance(value, dict):
            out.write(b"(d")
            for key, inner in value.items():
                put(key)
                put(inner)
                out.write(b"s")
        elif isinstance(value, np.ndarray):
            out.write(b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(")
            for size in value.shape:
                out.write(b"L%dL\n" % size)
            out.write(b"tcnumpy\ndtype\n(S'%s'\nI0\nI1\ntR" % value.dtype.str[1:].encode())
            out.write(b"(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nS" + repr(value.tobytes())[1:].encode() + b"\ntb")
        else:
            out.write(b"S" + repr(value).encode() + b"\n")

    put(subject)
    return out.getvalue() + b"."


WRITTEN = {"Python 2": python_2(SUBJECT)} | {
    f"protocol {protocol}": pickle.dumps(SUBJECT, protocol) for protocol in range(6)
}


def written(folder: Path, data: bytes) -> Path:
    path = folder / "S2.pkl"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("how", sorted(WRITTEN))
def test_the_wrist_and_the_conditions_are_read_however_they_were_written(tmp_path: Path, how: str) -> None:
    recording = read_one(written(tmp_path, WRITTEN[how]))
    assert recording.name == "S2"
    np.testing.assert_array_equal(recording.whole("motion").values, WRIST["ACC"].T / 64)
    for channel, stream, rate_hz in (("ppg", "BVP", 64), ("eda", "EDA", 4), ("temperature", "TEMP", 4)):
        assert recording.whole(channel).rate_hz == rate_hz
        np.testing.assert_array_equal(recording.whole(channel).values, WRIST[stream][:, 0])
    told = [(label.what, label.start_s, label.end_s, label.wearer) for label in recording.labels]
    assert told == [
        ("baseline", 2.5, 5.0, ""),
        ("stress", 7.5, 10.0, ""),
        ("amusement", 12.5, 15.0, ""),
        ("meditation", 15.0, 17.5, ""),
    ]


class Hostile:
    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple:
        return self.call


def array_of(shape: tuple, raw: bytes = b"12345678") -> bytes:
    """A subject whose EDA claims a shape that its bytes do not fill."""
    data = pickle.dumps({"signal": {"wrist": {"EDA": np.frombuffer(raw)}}}, 2)
    one = pickle.dumps((1,), 2)[2:-1].split(b"q")[0]
    assert one in data
    return data.replace(one, pickle.dumps(shape, 2)[2:-1].split(b"q")[0], 1)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "hostile",
    [
        Hostile(os.system, "true"),
        Hostile(eval, "1"),
        Hostile(getattr, "x", "upper"),
        Hostile(np.load, "/etc/passwd"),
        Hostile(bytearray, 1 << 40),
        Hostile(np.zeros, 1 << 40),
        {"signal": Hostile(exec, "raise SystemExit")},
    ],
)
def test_what_a_pickle_asks_for_beyond_arrays_is_refused(tmp_path: Path, protocol: int, hostile: object) -> None:
    with pytest.raises(RecordingError, match=r"S2\.pkl: .*(asks for|instruction)"):
        read_one(written(tmp_path, pickle.dumps(hostile, protocol)))


def test_nothing_in_a_pickle_is_done(tmp_path: Path) -> None:
    made = tmp_path / "made"
    with pytest.raises(RecordingError, match="mkdir"):
        read_one(written(tmp_path, pickle.dumps({"signal": Hostile(os.mkdir, str(made))}, 2)))
    assert not made.exists()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "no whole pickle"),
        (b"hello", "S2"),
        (b"Pid\n.", "instruction b'P'"),  # a persistent id
        (b"\x80\x02K\x01Q.", "instruction b'Q'"),
        (b"\x80\x02\x82\x01.", "instruction"),  # an extension
        (b"\x80\x05\x96" + struct.pack("<Q", 1 << 50) + b".", "bytes are to follow"),  # a bytearray of a petabyte
        (b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b".", "S2"),  # bytes that are not there
        (b"\x80\x02Nr" + struct.pack("<I", 0xFFFFFFF0) + b".", "S2"),  # a memory of four thousand million
        (b"(" * 5_000_000, "instructions"),
        (b"\x80\x02N" + b"\x85" * 9_000 + b".", "S2"),  # tuples in tuples
        (b"\x80\x02}(" + b"N" + b"\x85" * 9_000 + b"Nu.", "S2"),  # the same as a key
        (b"\x80\x02]" + b"]a" * 4_000 + b".", "S2"),
        (pickle.dumps([1, 2]), "holds no 'signal'"),
        (pickle.dumps({"signal": {"wrist": {"EDA": 3}}}), "EDA is no array"),
        (pickle.dumps({"signal": {"wrist": {}}}), "no sample"),
        (pickle.dumps({"signal": {"wrist": {"EDA": np.array([object()], object)}}}, 2), "S2"),
        (pickle.dumps({"signal": {"wrist": {"EDA": np.zeros((4, 2))}}}), r"shape \(4, 2\)"),
        (pickle.dumps({"signal": {"wrist": WRIST}, "label": np.array([9])}), "codes"),
        (array_of((10**9,)), "are no array of shape"),
        (array_of((10**9, 10**9)), "are no array of shape"),
        (array_of((-1,)), "not an array"),
    ],
)
def test_pickles_that_are_no_subject_are_refused_by_name(tmp_path: Path, data: bytes, what: str) -> None:
    with pytest.raises(RecordingError, match=what) as told:
        read_one(written(tmp_path, data))
    assert "S2.pkl" in str(told.value)


def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="latin-1"):
        read_one(written(tmp_path, b"c_codecs\nencode\n(Va\nVrot13\ntR."))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_subject_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    small = {"signal": {"wrist": {name: values[:8] for name, values in WRIST.items()}}, "label": CODES[:700]}
    damaged = bytearray(python_2(small) if data.draw(st.booleans()) else pickle.dumps(small, 2))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, min(len(damaged), 400) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(RecordingError):
        read_one(written(tmp_path, bytes(damaged[: data.draw(st.integers(0, len(damaged)))])))


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_unpickled_or_refused(data: bytes) -> None:
    with contextlib.suppress(RecordingError):
        wesad_pickle.unpickled(io.BytesIO(data), "x.pkl")
