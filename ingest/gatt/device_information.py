"""Texts of the Device Information service (180A): bytes to printable text; what is none is a GattError."""

from ingest.control.messages import TEXT_MAX
from ingest.errors import GattError
from ingest.ids import HOW, is_id


def decode_text(data: bytes, characteristic: str) -> str:
    """Return the text, without zeros at its end; raises GattError, naming ``characteristic``, where it is not printable
    UTF-8 of at most ``TEXT_MAX`` characters: bands are not to be trusted."""
    try:
        text = bytes(data).rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError as error:
        raise GattError(f"{characteristic}: text: no UTF-8 from byte {error.start} on") from None
    if len(text) > TEXT_MAX:
        raise GattError(f"{characteristic}: text: {len(text)} characters are more than {TEXT_MAX}")
    if not text.isprintable():
        raise GattError(f"{characteristic}: text: holds characters that cannot be printed")
    return text


def decode_serial(data: bytes) -> str:
    """Return the serial number (2A25) as a band's id; raises GattError where no topic could hold it."""
    text = decode_text(data, "serial (2A25)")
    if not is_id(text):
        raise GattError(f"serial (2A25): text: must be {HOW}")
    return text
