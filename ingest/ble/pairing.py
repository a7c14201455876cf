"""An adapter and a band that is in pairing mode in, a bond between them, and the band free for others, out."""

import asyncio
from collections.abc import Callable
from typing import Final

from ingest.ble.bonding import HOLD_S
from ingest.ble.heard import BREAK_S, Way
from ingest.ble.holding import Adapter
from ingest.ble.talking import loop_s
from ingest.errors import LinkError

BOND_S: Final = 8.0  # to connect and bond: three as a rule, the more where another adapter has the band meanwhile
DIAL_S: Final = 4.0  # of which to connect: finding 30 attributes takes 3 s at worst, and another may have been quicker


async def make_bond(
    adapters: list[Adapter],
    number: int,
    way: Way,
    *,
    luck: Callable[[], float],
    say: Callable[[str], None],
    dialled: Callable[[], None],
) -> None:
    """Connect by adapter ``number``, bond, and let go: everybody has a turn.

    ``say`` is told how it goes, in plain words; ``dialled`` is called when the adapter may dial another; ``luck`` is
    even over 0 to 1. Nothing is done where the band asks for no bond, or its round is over.
    """
    bonds, adapter = way.bonds, adapters[number]
    making = None if bonds is None else bonds.round
    if bonds is None or making is None:
        return
    say(f"{adapter.name} makes a bond, then lets go")
    opened, began_s = False, loop_s()
    try:
        async with asyncio.timeout(BOND_S):
            async with asyncio.timeout(DIAL_S):
                link = await adapter.open(way.address, may_pair=True)
            try:
                opened = True
                dialled()
                await link.secure()
                await asyncio.sleep(max(0.0, began_s + HOLD_S - loop_s()))
            finally:
                await link.close()
        bonds.known[number] = True
        reason = f"{bonds.count()} of {len(adapters)} adapters of this gateway know it"
    except TimeoutError:
        reason = f"{adapter.name} made no bond within {BOND_S if opened else DIAL_S:g} s; it is tried again"
    except LinkError as error:
        reason = str(error)
    finally:
        in_vain = not opened and loop_s() - way.heard_s > BREAK_S
        making.tried(number, loop_s(), luck(), in_vain=in_vain)
        way.race(loop_s(), luck())
    say(reason)
