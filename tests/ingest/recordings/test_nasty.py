"""A corpus of nasty files, in every format's clothes: read or refused with a reason, never another exception."""

from pathlib import Path

import pytest

from ingest.recordings.detect import FORMATS, look
from ingest.recordings.mapping import mapping_of
from ingest.recordings.table import format_of

Q_HEAD = (
    b"Log File Created by Q Live - (c) 2012 Affectiva Inc.\nFile Version: 1.01\nFirmware Version: 1.71\nUUID: A\n"
    b"Sampling Rate: 8\nStart Time: 2013-05-14 08:10:47 Offset:+01\n"
    b" Z-axis | Y-axis | X-axis | Battery | \xb0Celsius | EDA(uS)\n------\n"
)
EMOTIBIT = b"LocalTimestamp,EmotiBitTimestamp,PacketNumber,DataLength,TypeTag,ProtocolVersion,DataReliability,EA\n"
SOUND = {
    "walk.csv": Q_HEAD + b"0.58,0.85,0.18,-1,28.3,1.78\n0.53,-0.84,0.19,-1,28.1,1.776\n",
    "a/eda.csv": b"eda,time\n0.1,1700000000\n0.2,1700000000.25\n",
    "b/samsung.csv": b"PPG GREEN,time\n2217901.0,1700000000.01\n2217902.0,1700000000.05\n",
    "c/PPG.csv": b"time,R,G,B\n0,250,1,2\n33,251,1,2\n",
    "x_RawCorrectedData_Left-wrist.RAW_DATA.csv": b"1200647229000,220,273,205\n1200647229016,221,270,209\n",
    "d/2024_EA.csv": EMOTIBIT + b"1726714786.5,1,1,1,EA,1,100,0.5\n1726714786.6,1,1,1,EA,1,100,0.5\n",
    "raw.csv": b"1000,1,2,EA,1,100,0.1,0.2\n1120,2,2,EA,1,100,0.1,0.2\n1240,3,2,EA,1,100,0.1,0.2\n",
    "e.xdf": b"XDF:\x01\x02\x01\x00",
    "table.csv": b"t,eda\n1700000000,0.5\n1700000001,0.5\n",
    "table.parquet": b"PAR1\x15\x00PAR1",
}
TAILS = {
    "nothing": b"",
    "a mark": b"\xef\xbb\xbf",
    "zeros": bytes(4096),
    "no end": b"1" * 70_000,
    "commas": b"," * 70_000 + b"\n",
    "ends of lines": b"\n" * 1_000 + b"\r\r\r\n",
    "quotes": b'"' * 4_095,
    "a huge number": b"9" * 400 + b"," + b"9" * 400 + b"\n",
    "infinite": b"inf,-inf,nan,NaN,1e999,-1e999\n",
    "underscores": b"1_0,1_0\n",
    "other digits": "١٢٣,٤٥٦\n".encode(),
    "half a letter": b"\xc3",
    "UTF-16": "1,2\n".encode("utf-16"),
    "a formula": b"=cmd|' /C calc'!A0,1\n",
    "a zip": b"PK\x05\x06" + bytes(18),
    "an unending XML": b'<!DOCTYPE a [<!ENTITY b "&b;">]><info>&b;</info>',
}


def looked(folder: Path) -> list[str | None]:
    formats = (*FORMATS, format_of(mapping_of("time = {column = 't'}\n[channels.eda]\ncolumn = 'eda'\n", "m")))
    return [reason for each in look(folder, formats=formats) for reason in [each.refused] * (not each.passed)]


@pytest.mark.parametrize("tail", TAILS, ids=lambda name: name.replace(" ", "-"))
def test_whatever_follows_or_stands_before_a_sound_beginning_is_read_or_refused(tmp_path: Path, tail: str) -> None:
    for name, data in SOUND.items():
        for at, nasty in enumerate((data + TAILS[tail], TAILS[tail] + data, data[: len(data) // 2] + TAILS[tail])):
            path = tmp_path / str(at) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(nasty)
    for reason in looked(tmp_path):
        assert reason is None or ": " in reason


def test_ends_of_lines_as_windows_writes_them_change_nothing(tmp_path: Path) -> None:
    for ends in (b"\n", b"\r\n"):
        for name, data in SOUND.items():
            if name.endswith(".csv") and not name.startswith("x_"):
                path = tmp_path / ends.hex() / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data.replace(b"\n", ends))
    unix, windows = (
        [
            {channel: [piece.values.tolist() for piece in pieces] for channel, pieces in recording.channels.items()}
            for found in look(tmp_path / ends.hex())
            for recording in found.recordings
        ]
        for ends in (b"\n", b"\r\n")
    )
    assert len(unix) == 6
    assert unix == windows
