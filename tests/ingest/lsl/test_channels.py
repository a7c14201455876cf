"""What a stream says of its channels, and what is made of it; nothing is guessed."""

import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import SourceError
from ingest.lsl.channels import Described, Stream, band_of_source, plan, read_mapping
from ingest.lsl.gateway import Gateway, Wanted
from ingest.types import CHANNELS
from ingest.wire import data_topic


def stream(*channels: tuple[str, str, str], rate_hz: float = 4.0, kind: str = "", form: str = "float32") -> Stream:
    """A stream of channels of (label, type, unit)."""
    described = tuple(Described(*channel) for channel in channels)
    return Stream("uid", "Wrist", kind, "sn-1", "host", rate_hz, form, described)


@pytest.mark.parametrize(
    ("label", "kind", "unit", "channel", "scale"),
    [
        ("GSR", "", "uS", "eda", 1.0),
        ("skin conductance", "", "microSiemens", "eda", 1.0),
        ("ch1", "EDA", "nS", "eda", 1e-3),
        ("EDA", "", "µS", "eda", 1.0),
        ("BVP", "", "", "ppg", 1.0),
        ("skinTemp", "", "C", "temperature", 1.0),
        ("t", "Temperature", "celsius", "temperature", 1.0),
    ],
)
def test_a_channel_is_known_by_its_type_or_label_and_unit(
    label: str, kind: str, unit: str, channel: str, scale: float
) -> None:
    found = plan(stream((label, kind, unit)))
    assert [(one.channel, one.columns, one.scale) for one in found.even] == [(channel, (0,), scale)]


@pytest.mark.parametrize("labels", [("AccX", "AccY", "AccZ"), ("ACC_X", "ACC_Y", "ACC_Z"), ("ACCX", "ACCY", "ACCZ")])
def test_axes_are_found_whatever_their_order(labels: tuple[str, str, str]) -> None:
    x, y, z = labels
    found = plan(stream((z, "", "mg"), ("battery", "", "%"), (x, "", "mg"), (y, "", "mg")))
    assert [(one.channel, one.columns, one.scale) for one in found.even] == [("motion", (2, 3, 0), 1e-3)]
    assert found.left_out == ("battery",)


def test_axes_alone_are_of_what_the_stream_is() -> None:
    found = plan(stream(("X", "", "m/s^2"), ("Y", "", "m/s^2"), ("Z", "", "m/s^2"), kind="ACC"))
    assert found.even[0].channel == "motion"
    assert found.even[0].scale == 1 / 9.80665
    with pytest.raises(SourceError, match="none of its channels"):
        plan(stream(("X", "GYRO", "deg/s"), ("Y", "GYRO", "deg/s"), ("Z", "GYRO", "deg/s"), kind="ACC"))


def test_beats_are_events_in_seconds_or_milliseconds() -> None:
    found = plan(stream(("RR", "", "ms"), rate_hz=0.0))
    assert found.beats is not None
    assert (found.beats.columns, found.beats.scale, found.even) == ((0,), 1e-3, ())


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        (stream(("EDA", "", "kohm")), r"channel 'EDA' is eda in 'kohm', which is none of uS, nS, mS or S"),
        (stream(("EDA", "", "")), r"eda in ''.*--map"),
        (stream(("temp", "", "F")), r"temperature in 'F', which is none of degC"),
        (stream(("RR", "", "bpm"), rate_hz=0.0), r"'RR' is ibi in 'bpm'"),
        (stream(("RR", "", "s"), rate_hz=1.0), r"whose rate is 0; this one states 1 Hz"),
        (stream(("EDA", "", "uS"), rate_hz=0.0), r"a rate of 0 Hz .*rate_hz"),
        (stream(("EDA", "", "uS"), rate_hz=1e6), r"a rate of 1e\+06 Hz"),
        (stream(("EDA", "", "uS"), rate_hz=float("nan")), "a rate of nan Hz"),
        (stream(("PPG green", "", ""), ("PPG red", "", "")), r"ppg needs one channel, and has 'PPG green', 'PPG red'"),
        (stream(("AccX", "", "g"), ("AccY", "", "g")), r"motion needs one channel for each of x, y and z"),
        (stream(("AccX", "", "g"), ("AccY", "", "g"), ("AccZ", "", "mg")), "in different units"),
        (stream(("EDA temp", "", "uS")), r"'EDA temp' may be eda or temperature"),
        (stream(("HR", "", "bpm")), r"none of its channels \(HR\) is one of eda"),
        (stream(), r"none of its channels \(none\)"),
        (stream(("Marker", "", ""), form="string"), "its samples are string, not numbers"),
        (stream(*[("x", "", "")] * 300), "300 channels are more than 256"),
    ],
)
def test_what_cannot_be_mapped_is_refused_by_name(made: Stream, complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint) as refused:
        plan(made)
    assert "'Wrist'" in str(refused.value)


def test_a_mapping_says_what_a_stream_leaves_open() -> None:
    mapping = read_mapping(
        b'rate_hz = 32\nignore = ["PPG red"]\n[channels]\n"Skin" = "eda uS"\n"PPG green" = "ppg"\n'
        b'"4" = "motion.z g/64"\n"5" = "motion.x g/64"\n"6" = "motion.y g/64"\n',
        "map.toml",
    )
    made = stream(("Skin", "", ""), ("PPG green", "", ""), ("PPG red", "", ""), *[("", "", "")] * 3, rate_hz=0.0)
    found = plan(made, mapping)
    assert {one.channel: one.columns for one in found.even} == {"eda": (0,), "ppg": (1,), "motion": (4, 5, 3)}
    assert found.rate_hz == 32


@pytest.mark.parametrize("told", ["heart bpm", "motion g", "eda.x uS", "motion.w g", ""])
def test_a_mapping_to_what_we_do_not_have_is_refused(told: str) -> None:
    mapping = read_mapping(f'[channels]\n"Skin" = "{told}"\n'.encode(), "map.toml")
    with pytest.raises(SourceError, match="the mapping says"):
        plan(stream(("Skin", "", "")), mapping)


@pytest.mark.parametrize("data", [b"channels = 3", b"colour = 'red'", b"rate_hz = 1e9", b"\xff", b"[channels"])
def test_a_mapping_that_cannot_be_read_is_named(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"^map\.toml: "):
        read_mapping(data, "map.toml")


text = st.text(max_size=12)


@given(
    st.lists(st.tuples(text, text, text), max_size=8),
    st.floats(),
    text,
    st.sampled_from(["float32", "int16", "string", "double64", "?"]),
)
def test_whatever_a_stream_says_there_is_a_plan_or_a_refusal(
    channels: list[tuple[str, str, str]], rate_hz: float, kind: str, form: str
) -> None:
    try:
        found = plan(stream(*channels, rate_hz=rate_hz, kind=kind, form=form))
    except SourceError:
        return
    taken = [*found.even, *([found.beats] if found.beats else [])]
    assert taken
    for one in taken:
        assert len(one.columns) == CHANNELS[one.channel].axes
        assert set(one.columns) <= set(range(len(channels)))


@given(st.text(min_size=1, max_size=200))
def test_every_source_id_names_a_band_that_a_topic_may_hold(source_id: str) -> None:
    data_topic("home", band_of_source(source_id))


def test_source_ids_that_look_alike_when_cleaned_stay_apart() -> None:
    names = {band_of_source(text) for text in ("a b", "a_b", "a/b", "a+b", "ä_b")}
    assert len(names) == 5
    assert band_of_source("E4-0451") == "E4-0451"
    with pytest.raises(SourceError, match="--band NAME"):
        band_of_source("")
    assert replace(stream(), source_id="x").shown == "stream 'Wrist' (source id 'x', on 'host')"


def test_without_pylsl_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(SourceError, match=r"pip install 'forecalm\[formats\]'"):
        Gateway(Wanted())
