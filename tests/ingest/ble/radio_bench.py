"""Whole gateways in this process: real profiles, adapters and bonds, the virtual radio, and an outbox that keeps."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

from ingest.ble.adapters import Adapter, utc_us
from ingest.ble.gateway import Gateway
from ingest.ble.known import known_profiles
from ingest.ble.numbering import Numbering
from ingest.ble.rostered import Rostered
from ingest.control.messages import Roster
from tests.ingest.ble.gateway_bench import FakeOutbox

LONG_S: Final = 60.0  # a bound, never waited out where things work


class RadioGateway:
    """For the length of a test; ``adapters`` are as ``forecalm gateway --adapter`` takes them."""

    def __init__(
        self, folder: Path, adapters: Sequence[str], *, roster: Sequence[str], outbox: FakeOutbox | None = None
    ) -> None:
        self.outbox, self._stop = outbox or FakeOutbox(), asyncio.Event()
        rostered = Rostered(folder / "roster.json")
        rostered.take(Roster(v=1, at_us=1, bands=list(roster)), utc_us())
        bonds = [folder / f"bonds-{i}.json" for i in range(len(adapters))]
        self.gateway = Gateway(
            [Adapter(spec, bonds=path) for spec, path in zip(adapters, bonds, strict=True)],
            known_profiles(),
            self.outbox,
            rostered=rostered,
            numbering=Numbering(folder / "numbers.json", now_us=utc_us()),
            now_us=utc_us,
        )

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self.gateway.run(self._stop))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await self._running

    def pair(self, bands: Sequence[str], seconds: float) -> None:
        """The service says that these are being paired, for so long."""
        now_us = utc_us()
        until_us = now_us + round(seconds * 1e6)
        self.gateway.roster(
            Roster(v=1, at_us=now_us, bands=list(bands), pairing=list(bands), pairing_until_us=until_us)
        )


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that nobody tells of. Raises TimeoutError."""
    async with asyncio.timeout(LONG_S):
        while not true():
            await asyncio.sleep(0.01)
