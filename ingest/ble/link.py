"""A bleak client in, a link as profiles know it out: every failure a LinkError that names the band and the mend."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, Self, TypeVar

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic

from ingest.ble.refusals import PAIR_IT, KeyMissingError, in_words, wants_encryption
from ingest.errors import LinkError

log = logging.getLogger(__name__)

CONNECT_S: Final = 15.0  # ten adverts of a slow band may be missed, and finding 30 attributes takes 3 s at 50 ms a turn
ANSWER_S: Final = 10.0  # a turn takes 2 intervals of at most 4 s; the standard itself gives a band up after 30 s
PAIR_S: Final = 30.0  # the time-out of the Security Manager (Core Specification 5.4, vol. 3, part H, 3.4)
CLOSE_S: Final = 5.0  # a stack that has not hung up by then is left to itself: the supervision time-out does it

Value = TypeVar("Value")


class Holder(Protocol):
    """What a link asks of the adapter that it goes by."""

    @property
    def name(self) -> str:
        """Of the adapter."""

    def client(self, address: str, gone: Callable[[BleakClient], None]) -> BleakClient:
        """A client, not connected, for a band that was heard. Raises LinkError where it was not."""

    async def bonded(self, address: str) -> bool | None:
        """Whether a bond with it is kept; None: only the operating system knows."""

    async def forget(self, address: str) -> None:
        """Let go of the bond with it, if there is one."""

    def released(self, link: "BleakLink") -> None:
        """The link holds nothing of the adapter any more."""

    def now_us(self) -> int:
        """UTC."""


class BleakLink:
    """A connection to one band, as ``ingest.ble.profile.Link`` says; made by ``Adapter.open``.

    Ends once, for one reason: the band or the radio went, a call got no answer in time (by the standard nothing more
    may be asked over such a link), ``hear`` raised, or ``close``. Then the client is disconnected, what is under way
    ends with LinkError, and nothing is heard any more. A call whose caller is cancelled goes on unheeded until it is
    answered: broken off, its answer would be taken for that of the next.

    On BlueZ what ``read`` returns of a characteristic that is subscribed to is heard as well.
    """

    def __init__(self, holder: Holder, address: str, *, may_pair: bool) -> None:
        self._holder = holder
        self._address = address
        self._may_pair = may_pair
        self._who = f"band {address} (adapter {holder.name})"
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._raised: Exception | None = None
        self._offers: frozenset[str] = frozenset()
        self._subscribed: set[str] = set()
        self._work: set[asyncio.Future[Any]] = set()
        self._closing: asyncio.Task[None] | None = None
        self._secured = False
        self._bond_is_stale = False
        self._client = holder.client(address, lambda _client: self._end("the connection was lost"))

    @property
    def address(self) -> str:
        """Of the band."""
        return self._address

    @property
    def is_over(self) -> bool:
        """Whether nothing more can be asked or heard."""
        return self._over.done()

    def has(self, characteristic: str) -> bool:
        """Whether the band offers it (128-bit UUID)."""
        return characteristic.lower() in self._offers

    async def read(self, characteristic: str) -> bytes:
        """Its value."""
        read = self._client.read_gatt_char
        return bytes(await self._call(f"reading {characteristic}", ANSWER_S, lambda: read(characteristic)))

    async def write(self, characteristic: str, data: bytes) -> None:
        """Write with response."""
        write = self._client.write_gatt_char
        await self._call(f"writing {characteristic}", ANSWER_S, lambda: write(characteristic, data, response=True))

    async def subscribe(self, characteristic: str, hear: Callable[[bytes], None]) -> None:
        """Call ``hear`` with every notification or indication until the link ends; once a connection."""
        key = characteristic.lower()
        if key in self._subscribed:
            raise LinkError(f"{self._who}: {characteristic} is subscribed to already")

        def deliver(_of: BleakGATTCharacteristic, data: bytearray) -> None:
            if self._over.done():
                return
            try:
                hear(bytes(data))
            except Exception as error:  # whatever a hearer raises, to be raised by lost(); a stack would swallow it
                self._raised = error
                self._end(f"what came from {characteristic} could not be taken")

        self._subscribed.add(key)
        try:
            await self._call(
                f"subscribing to {characteristic}",
                ANSWER_S,
                lambda: self._client.start_notify(characteristic, deliver),
            )
        except LinkError:
            self._subscribed.discard(key)
            raise

    async def secure(self) -> None:
        """Encrypt by the bond that is kept; make one only where the link was opened to pair.

        A band that has lost its bond is not bonded anew on its own word: anybody can borrow an address. Only where
        the link was opened to pair is the old bond let go of; this link ends, and the next one bonds.
        """
        if not self._may_pair and await self._holder.bonded(self._address) is False:
            raise LinkError(f"{self._who} is not bonded with this gateway: {PAIR_IT}")
        await self._call("encrypting", PAIR_S, self._client.pair)
        self._secured = True

    async def lost(self) -> None:
        """Return when the connection is over. Raises what ``hear`` raised, where that ended it."""
        await asyncio.shield(self._over)
        if self._raised is not None:
            raise self._raised

    def now_us(self) -> int:
        """UTC by the gateway's clock."""
        return self._holder.now_us()

    async def connect(self) -> None:
        """Dial and find out what the band offers. Raises LinkError, and leaves nothing behind where it does."""
        try:
            await self._call("connecting", CONNECT_S, self._client.connect)
            services = self._client.services
            self._offers = frozenset(found.uuid.lower() for found in services.characteristics.values())
        except BaseException:
            self._end("it could not be connected")
            raise

    async def close(self) -> None:
        """Hang up, in CLOSE_S at most twice; again and again does no harm."""
        self._end("it was closed here")
        if self._closing is not None:
            await asyncio.shield(self._closing)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def _call(self, doing: str, within_s: float, call: Callable[[], Awaitable[Value]]) -> Value:
        if self._over.done():
            raise LinkError(f"{self._who}: {doing}: {self._over.result()}")
        work = asyncio.ensure_future(_within(within_s, call))
        self._work.add(work)
        work.add_done_callback(self._done)
        ends: list[asyncio.Future[Any]] = [work, self._over]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not work.done() or work.cancelled():
            self._end("the connection was lost")
            raise LinkError(f"{self._who}: {doing}: {self._over.result()}")
        if (error := work.exception()) is None:
            return work.result()
        bond_is_lost = isinstance(error, KeyMissingError) or (self._secured and wants_encryption(error))
        if bond_is_lost:
            self._bond_is_stale = self._may_pair
        if bond_is_lost or isinstance(error, TimeoutError):
            self._end(in_words(error))
        raise LinkError(f"{self._who}: {doing}: {in_words(error)}") from error

    def _done(self, work: asyncio.Future[Any]) -> None:
        self._work.discard(work)
        if not work.cancelled():
            work.exception()  # whoever still waits has it too

    def _end(self, reason: str) -> None:
        if self._over.done():
            return
        self._over.set_result(reason)
        self._closing = asyncio.get_running_loop().create_task(self._close())

    async def _close(self) -> None:
        work = set(self._work)
        for call in work:
            call.cancel()
        if work:
            await asyncio.wait(work, timeout=CLOSE_S)
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._client.disconnect()
                if self._bond_is_stale:
                    await self._holder.forget(self._address)
        except Exception as error:  # of whatever stack; the link is over for us all the same
            log.warning("%s did not hang up: %s", self._who, in_words(error))
        finally:
            self._holder.released(self)


async def _within(seconds: float, call: Callable[[], Awaitable[Value]]) -> Value:
    async with asyncio.timeout(seconds):
        return await call()
