"""A session of the stereotypy studies in, the acceleration of each wrist in g and what observers saw out.

Layout (Goodwin 2014, "Towards a real-time system for automatically recognizing stereotypical motor movements", UbiComp;
"MITes" and "Wockets" accelerometers): a file a sensor, its place in its name, as in
``..._RawCorrectedData_Left-wrist.RAW_DATA.csv``, lines ``time_ms,x,y,z`` without a head in counts of 10 bits;
``Annotator1Stereotypy.annotation.xml`` (from video) and ``Phone.annotation.xml`` (live). Both count the local clock's
time as if it were UTC; no zone is said, so that times stay what they are. The fraction of a second in the XML has 0 to
3 digits and counts milliseconds: so read, fewer episodes overlap than as a decimal.

Each wrist is a recording of its own: two bands. The trunk is not read: it is no wrist. No calibration is given; counts
become g by the sphere on which still moments lie (van Hees 2014, doi:10.1152/japplphysiol.00421.2014, here by least
squares, rounded to whole counts, without temperature).
"""

import re
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final
from xml.etree import ElementTree  # entities are refused before it is asked: see _root

import numpy as np

from ingest.errors import RecordingError
from ingest.labels import TEXT_MAX, Label
from ingest.recordings.archive import Source, leaf_of
from ingest.recordings.even import even
from ingest.recordings.recording import Format, Recording
from ingest.recordings.rows import columns
from ingest.types import Array

DEVICE: Final = "stereotypy-accelerometer"
COUNT_MAX: Final = 1023
VIDEO_S: Final = 1.0  # fractions of seconds in the XML are ambiguous by up to 0.9 s
LIVE_S: Final = 3.0  # an observer presses after having seen
STILL: Final = 1.5  # counts of standard deviation in a window; the noise of a sensor at rest is 0.5 to 1
WINDOW: Final = 30  # samples: half a second
STILL_MIN: Final = 100  # windows: fewer say too little of the sphere
SPREAD_MIN: Final = 0.25  # of the radius along each axis that still moments must reach, or the sphere is a guess
FULL_SCALE_G: Final = 4.0  # of these sensors, for what is too rarely still to be measured
XML_MAX: Final = 16 << 20
_SENSOR: Final = re.compile(r"(.*)_rawcorrecteddata_([a-z_-]+)(?:\.raw_data)?\.csv\Z")
_LINE: Final = re.compile(rb"\d{12,13}(?:\.\d+)?,\d+,\d+,\d+\r?\n")
_NOTES: Final = re.compile(r"(annotator\d*.*|phone.*)\.annotation\.xml\Z")


def parts(source: Source) -> list[Source]:
    """Each folder with such a sensor's file, and its annotations."""
    found = []
    for names in source.by_folder().values():
        sensors = [name for name in names if _SENSOR.match(leaf_of(name)) and _LINE.match(source.head(name))]
        if sensors:
            found.append(source.part([*sensors, *(name for name in names if _NOTES.match(leaf_of(name)))]))
    return found


def read(part: Source) -> list[Recording]:
    """Read one session: a recording a wrist. Raises RecordingError, naming the file, the line and the mend."""
    notes = ["times are of the local clock, whose zone is not known: taken as UTC"]
    labels: list[Label] = []
    wrists = {}
    for name in part.names:
        match = _SENSOR.match(leaf_of(name))
        if match is None:
            labels += _labels(part.read(name, limit=XML_MAX), part.where(name), leaf_of(name))
        elif match[2].endswith("wrist"):
            wrists[match[2]] = name
        else:
            notes.append(f"{PurePosixPath(name).name}: is of the {match[2]}, not of a wrist: left out")
    if not wrists:
        raise RecordingError(f"{part.name}: no sensor is of a wrist: name one ..._RawCorrectedData_Left-wrist...")
    said = tuple(sorted(labels, key=lambda label: (label.start_s, label.end_s, label.rater)))
    return [_wrist(part, place, name, notes, said) for place, name in sorted(wrists.items())]


FORMAT: Final = Format(
    DEVICE, "a session of the stereotypy studies: files ..._RawCorrectedData_...csv of raw counts", parts, read
)


def _wrist(part: Source, place: str, name: str, notes: list[str], labels: tuple[Label, ...]) -> Recording:
    where = part.where(name)
    found = columns(part.read(name), where, skip=0, width=4)
    if not found.shape[1]:
        raise RecordingError(f"{where}: holds no sample: copy it again")
    wrong = (found[1:] < 0) | (found[1:] > COUNT_MAX)
    if wrong.any():
        line = int(np.argmax(wrong.any(axis=0))) + 1
        raise RecordingError(f"{where} line {line}: counts must be within 0 to {COUNT_MAX}: mend or remove the line")
    values, said = _in_g(found[1:])
    pieces, more = even("motion", found[0] / 1000, values, name=place)
    title = f"{part.stem} {place}"
    return Recording(
        title, DEVICE, pieces[0].start_s, {"motion": pieces}, None, np.zeros(0), (*notes, said, *more), labels
    )


def _in_g(counts: Array) -> tuple[Array, str]:
    """Acceleration [g] from counts, (3, n), and how they were made into it."""
    windows = counts[:, : counts.shape[1] // WINDOW * WINDOW].reshape(3, -1, WINDOW)
    still = windows.mean(axis=2)[:, (windows.std(axis=2) < STILL).all(axis=0)]
    sphere = _sphere(still) if still.shape[1] >= STILL_MIN else None
    if sphere is None:
        half = 128.0 if counts.max() < 256 else 256.0 if np.quantile(counts, 0.999) < 560 else 512.0
        zero, per_g = np.full(3, half), half / FULL_SCALE_G
        said = "it is too rarely still to be calibrated, the nominal scale is taken"
    else:
        zero, per_g = sphere
        off = np.abs(np.sqrt(((still - zero[:, None]) ** 2).sum(axis=0)) / per_g - 1)
        said = f"calibrated on {still.shape[1]} still moments, of which half are within {np.median(off):.3f} g of 1 g"
    at = ", ".join(f"{each:.0f}" for each in zero)
    return (counts - zero[:, None]) / per_g, f"counts have no calibration: 1 g = {per_g:.0f} counts around {at}; {said}"


def _sphere(points: Array) -> tuple[Array, float] | None:
    """The centre and the radius of the sphere on which most points lie, in whole counts; None where they do not say."""
    system = np.column_stack([2 * points.T, np.ones(points.shape[1])])
    squares = (points**2).sum(axis=0)
    weight = np.ones(points.shape[1])
    centre, radius = np.zeros(3), 0.0
    for _ in range(20):  # reweighted towards the smallest sum of absolute distances
        solved, _, rank, _ = np.linalg.lstsq(system * weight[:, None], squares * weight, rcond=None)
        if rank < 4:
            return None
        centre, radius = solved[:3], float(np.sqrt(max(solved[3] + (solved[:3] ** 2).sum(), 0.0)))
        away = np.abs(np.sqrt(((points - centre[:, None]) ** 2).sum(axis=0)) - radius)
        weight = 1 / np.maximum(away, 2.0)
    reach = np.quantile(points, 0.99, axis=1) - np.quantile(points, 0.01, axis=1)
    if not 16 <= radius <= COUNT_MAX / 2 or (reach < SPREAD_MIN * radius).any():
        return None
    return np.rint(centre), float(np.rint(radius))


def _labels(data: bytes, where: str, leaf: str) -> list[Label]:
    """What one observer marked."""
    live = leaf.startswith("phone")
    rater = PurePosixPath(leaf).name.removesuffix(".annotation.xml").removesuffix("stereotypy")
    found = []
    for number, each in enumerate(_root(data, where).iter("ANNOTATION"), 1):
        what = (each.findtext("LABEL") or "").strip()
        start_s, end_s = (
            _moment(each.findtext(tag), f"{where} annotation {number}") for tag in ("START_DT", "STOP_DT")
        )
        if not what or len(what) > TEXT_MAX or end_s < start_s:
            raise RecordingError(f"{where} annotation {number}: must have a LABEL, and not stop before it starts")
        uncertain_s = LIVE_S if live else VIDEO_S
        found.append(Label(what=what, start_s=start_s, end_s=end_s, rater=rater, onset_uncertainty_s=uncertain_s))
    return found


def _root(data: bytes, where: str) -> ElementTree.Element:
    if b"<!" in data.replace(b"<!--", b""):  # a DOCTYPE: entities that unfold without end
        raise RecordingError(f"{where}: declares a document type: take it out")
    try:
        return ElementTree.fromstring(data)  # noqa: S314 - no document type, no entity
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise RecordingError(f"{where}: is no XML ({error}): export it again") from error


def _moment(text: str | None, where: str) -> float:
    """A time such as 2008-01-18 09:08:58.46, the local clock's taken as UTC [s]; 46 are milliseconds."""
    whole, _, fraction = (text or "").strip().partition(".")
    try:
        if len(fraction) > 3 or not (fraction or "0").isdecimal():
            raise ValueError
        return datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp() + int(fraction or 0) / 1000
    except (ValueError, OverflowError):
        raise RecordingError(f"{where}: {(text or '')[:30]!r} is no time such as 2008-01-18 09:08:58.5") from None
