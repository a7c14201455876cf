"""The name of a Bluetooth adapter in, adverts and links out: the same over whatever stack it stands for."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError

from ingest.ble.link import BleakLink
from ingest.ble.profile import Advert
from ingest.ble.radio import radio_of
from ingest.ble.refusals import PAIR_IT, in_words
from ingest.errors import LinkError

log = logging.getLogger(__name__)

LINKS_MAX: Final = 7  # USB adapters hold 7 to 10; what is promised must hold on the weakest
START_S: Final = 10.0  # a USB adapter loads its firmware first
STOP_S: Final = 5.0
SILENCE_S: Final = 10.0  # a scan that has died says nothing; one begun anew costs milliseconds, a deaf one readings
DOUBT_S: Final = 2.0  # eight adverts of a forecalm band
LOOK_S: Final = 0.25
BACK_OFF_MIN_S: Final = 0.5  # a Bluetooth service that restarts is back in seconds
BACK_OFF_MAX_S: Final = 15.0  # nobody waits longer for a band than this once the adapter has been plugged in again
DEVICES_MAX: Final = 1_000  # phones walk past with new addresses every quarter of an hour
NOT_TOLD_YET: Final = ""
RSSI_UNKNOWN: Final = -127
RSSI_MAX: Final = 20  # dBm, by the standard; 127 stands for "not known"

Tell = Callable[[str | None], None]


def utc_us() -> int:
    """Now."""
    return time.time_ns() // 1_000


class Adapter:
    """One adapter, in one event loop.

    Parameters
    ----------
    spec
        ``""`` for the operating system's own, ``hci0`` for one of BlueZ's, else a bumble transport such as ``usb:0``.
    links_max
        How many links it holds at once.
    bonds
        The file in which a bumble adapter keeps its bonds, so that they outlive a restart; BlueZ keeps its own.
    silence_s, back_off_s
        After how much silence a scan is begun anew, and how long to wait after the first that failed.

    Raises
    ------
    LinkError
        If the name stands for nothing.
    """

    def __init__(
        self,
        spec: str,
        *,
        links_max: int = LINKS_MAX,
        bonds: Path | None = None,
        now_us: Callable[[], int] = utc_us,
        silence_s: float = SILENCE_S,
        back_off_s: float = BACK_OFF_MIN_S,
    ) -> None:
        self.links_max = links_max
        self._name = spec or "default"
        self._radio = radio_of(spec, bonds)
        self._now_us = now_us
        self._silence_s = silence_s
        self._doubt_s = min(silence_s, DOUBT_S)
        self._back_off_s = back_off_s
        self._devices: OrderedDict[str, tuple[BLEDevice, AdvertisementData]] = OrderedDict()
        self._links: dict[str, BleakLink] = {}  # by address
        self._dialling = asyncio.Lock()  # a controller dials one band at a time
        self._heard_s = 0.0  # by the loop's clock
        self._lost_s = 0.0

    @property
    def name(self) -> str:
        """As it was given."""
        return self._name

    @property
    def links(self) -> int:
        """How many are open or being opened."""
        return len(self._links)

    async def scan(self, hear: Callable[[Advert], None], tell: Tell = lambda _reason: None) -> None:
        """Call ``hear`` with every advert, until cancelled. Raises nothing but what ``hear`` raises.

        ``tell`` is called with a reason when nothing can be heard any more, and with None when it can again: an
        adapter that was pulled out or a Bluetooth service that was restarted is tried again for ever, with back-off.
        """
        deaf: str | None = NOT_TOLD_YET
        wait_s = self._back_off_s

        def listening() -> None:
            nonlocal deaf, wait_s
            wait_s = self._back_off_s
            if deaf is not None:
                log.info("adapter %s hears", self._name)
                deaf = None
                tell(None)

        while True:
            try:
                await self._listen(hear, listening)
            except LinkError as error:
                if str(error) != deaf:
                    deaf = str(error)
                    log.warning("%s", deaf)
                    tell(deaf)
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, BACK_OFF_MAX_S)

    async def open(self, address: str, *, may_pair: bool) -> BleakLink:
        """Connect to a band that has been heard by this adapter.

        ``may_pair``: staff are pairing it now. Otherwise ``secure`` of the link uses the bond that is kept and never
        makes one, since anybody can borrow an address. Raises LinkError; nothing is left behind then, nor, where staff
        are pairing, the old bond: it may be what is wrong, and the next try makes a new one.
        """
        while (other := self._links.get(address)) is not None:
            if not other.is_over:  # BlueZ would give both the same connection, and who closes first cuts both off
                raise LinkError(f"band {address}: adapter {self._name} is connected to it already")
            await other.close()
        if len(self._links) >= self.links_max:
            raise LinkError(
                f"band {address}: adapter {self._name} holds {self.links_max} links already: add an adapter"
            )
        link = BleakLink(self, address, may_pair=may_pair)
        self._links[address] = link
        try:
            async with self._dialling:
                await link.connect()
        except LinkError as error:
            await link.close()
            if not (self._radio.hangs_up_on_lost_bonds and await self.bonded(address)):
                raise
            if may_pair:
                await self.forget(address)
            raise LinkError(f"{error}; if it goes on, the band may have lost its bond: {PAIR_IT}") from error
        except BaseException:
            await link.close()
            raise
        return link

    async def forget(self, address: str) -> None:
        """Let go of the bond with a band, if there is one: it must be paired anew. Raises LinkError."""
        client = self.client(address, lambda _client: None)
        try:
            async with asyncio.timeout(STOP_S):
                await client.unpair()
        except Exception as error:
            raise LinkError(f"band {address} (adapter {self._name}): forgetting it: {in_words(error)}") from error

    async def close(self) -> None:
        """Hang up everything and let go of the adapter; whoever scans is to be cancelled first."""
        await asyncio.gather(*(link.close() for link in list(self._links.values())))
        await self._radio.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    def client(self, address: str, gone: Callable[[BleakClient], None]) -> BleakClient:
        """A client, not connected, for a band that was heard. Raises LinkError where it was not."""
        device, _said = self._known(address)
        return BleakClient(device, gone, **self._radio.client_arguments)

    async def bonded(self, address: str) -> bool | None:
        """Whether a bond with it is kept; None: only the operating system knows. Raises LinkError."""
        known = self._devices.get(address)
        try:
            return await (self._radio.remembers(address) if known is None else self._radio.bonded(*known))
        except BleakError as error:
            raise LinkError(f"band {address} (adapter {self._name}): {in_words(error)}") from error

    def released(self, link: BleakLink) -> None:
        """The link holds nothing of the adapter any more."""
        self._lost_s = asyncio.get_running_loop().time()
        if self._links.get(link.address) is link:
            del self._links[link.address]

    def now_us(self) -> int:
        """UTC."""
        return self._now_us()

    def _known(self, address: str) -> tuple[BLEDevice, AdvertisementData]:
        try:
            return self._devices[address]
        except KeyError:
            raise LinkError(f"band {address} has not been heard by adapter {self._name}: bring it closer") from None

    async def _listen(self, hear: Callable[[Advert], None], listening: Callable[[], None]) -> None:
        """Return after a silence. Raises LinkError where the adapter fails, and what ``hear`` raises."""
        raised: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def heard(device: BLEDevice, data: AdvertisementData) -> None:
            self._heard_s = asyncio.get_running_loop().time()
            self._remember(device, data)
            link = self._links.get(device.address)
            if raised.done() or (link is not None and not link.is_over):
                return  # what BlueZ says of a band that it is connected to, to the last word, comes as an advert
            try:
                hear(self._advert(device, data))
            except Exception as error:  # a stack would swallow it
                raised.set_exception(error)

        scanner = BleakScanner(heard, **self._radio.scanner_arguments)
        gone: asyncio.Future[None] | None = None
        try:
            await self._start(scanner)
            listening()
            gone = asyncio.ensure_future(self._radio.gone())
            await self._until_silent({raised, gone})
        finally:
            if gone is not None:
                gone.cancel()
            if not raised.cancel() and not raised.cancelled():
                raised.exception()  # raised above, unless the scan was called off at the same moment
            await self._stop(scanner)

    async def _until_silent(self, ends: set[asyncio.Future[None]]) -> None:
        """For silence_s; less where a link was lost: that may be how a stack that restarts makes itself felt."""
        now_s = self._heard_s = asyncio.get_running_loop().time()
        while now_s < self._heard_s + (self._silence_s if self._lost_s < self._heard_s else self._doubt_s):
            done, _waiting = await asyncio.wait(ends, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            for end in done:
                end.result()
                raise LinkError(f"adapter {self._name} has gone: plug it in again")
            now_s = asyncio.get_running_loop().time()

    async def _start(self, scanner: BleakScanner) -> None:
        try:
            async with asyncio.timeout(START_S):
                await scanner.start()
        except Exception as error:
            raise LinkError(f"adapter {self._name} cannot scan: {in_words(error)}") from error

    async def _stop(self, scanner: BleakScanner) -> None:
        try:
            async with asyncio.timeout(STOP_S):
                await scanner.stop()
        except Exception as error:  # of whatever stack: what cannot be stopped has died already
            log.debug("adapter %s did not stop scanning: %s", self._name, in_words(error))

    def _remember(self, device: BLEDevice, data: AdvertisementData) -> None:
        self._devices[device.address] = (device, data)
        self._devices.move_to_end(device.address)
        if len(self._devices) > DEVICES_MAX:
            self._devices.popitem(last=False)

    def _advert(self, device: BLEDevice, data: AdvertisementData) -> Advert:
        return Advert(
            address=device.address,
            name=data.local_name,
            rssi=data.rssi if RSSI_UNKNOWN <= data.rssi <= RSSI_MAX else RSSI_UNKNOWN,
            heard_us=self._now_us(),
            services=tuple(service.lower() for service in data.service_uuids),
            makers=data.manufacturer_data,
            service_data={service.lower(): said for service, said in data.service_data.items()},
        )
