"""What a Bluetooth stack raised in; what to tell staff out. Every stack has its own words, these are ours."""

from typing import Final

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)

UNENCRYPTED: Final = frozenset(
    {
        BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
        BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
        BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION_KEY_SIZE,
    }
)
NOT_PAIRED: Final = "Not paired"  # BlueZ's words for the same (src/gatt-client.c), as org.bluez.Error.NotPermitted
PAIR_IT: Final = "put the band into pairing mode and pair it with this gateway"
TEXT_MAX: Final = 160  # characters of what a stack says: some of it was said by a band


class KeyMissingError(BleakError):
    """The band knows nothing of a bond that is kept here."""


def wants_encryption(error: BaseException) -> bool:
    """Whether a band refused because the link is not encrypted."""
    if isinstance(error, BleakGATTProtocolError):
        return error.code in UNENCRYPTED
    return isinstance(error, BleakDBusError) and NOT_PAIRED in (error.dbus_error_details or "")


def in_words(error: BaseException) -> str:
    """The reason, and what to do where something can be done; never more than TEXT_MAX of the stack's own words."""
    if isinstance(error, KeyMissingError):
        return f"the band has lost the bond with this gateway: {PAIR_IT}"
    if wants_encryption(error):
        return f"the band asks for encryption: {PAIR_IT}"
    if isinstance(error, BleakCharacteristicNotFoundError):
        return "the band does not offer it: another kind of band, or older firmware"
    if isinstance(error, BleakDeviceNotFoundError):
        return "the adapter no longer knows the band: wait until it is heard again"
    if isinstance(error, BleakBluetoothNotAvailableError):
        return f"no Bluetooth: {_own_words(error.args[0])}; plug the adapter in, or start the Bluetooth service"
    if isinstance(error, TimeoutError):
        return "no answer in time: bring band and gateway closer together"
    return _own_words(error) or type(error).__name__


def _own_words(said: object) -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in str(said))
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…"
