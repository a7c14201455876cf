"""From the engine's thread to a tablet's stream: nothing waits, and the newest of everybody arrives."""

import asyncio
import threading

from console.hub import Hub
from tests.console.house import House
from tests.servers import LONG_S


def test_a_slow_tablet_misses_what_was_overtaken_and_never_the_newest(house: House) -> None:
    async def play() -> None:
        with house.hub.subscribe() as tablet:
            for percent in range(100):
                house.show("w1", battery_pct=percent)
            house.show("w2", battery_pct=7)
            changes = {view.wearer: view for view in await tablet.changes(within_s=LONG_S)}
            assert {wearer: view.battery_pct for wearer, view in changes.items()} == {"w1": 99, "w2": 7}

    asyncio.run(play())


def test_what_an_engines_thread_publishes_wakes_a_waiting_tablet(house: House) -> None:
    async def play() -> None:
        with house.hub.subscribe() as tablet:
            waiting = asyncio.ensure_future(tablet.changes(within_s=LONG_S))
            await asyncio.sleep(0)
            threading.Thread(target=house.lose, args=("w3",)).start()
            assert [view.wearer for view in await waiting] == ["w3"]

    asyncio.run(play())


def test_everything_published_from_many_threads_arrives(house: House) -> None:
    async def play() -> None:
        with house.hub.subscribe() as tablet:
            threads = [
                threading.Thread(target=house.show, args=(w,), kwargs={"battery_pct": 3}) for w in ("w1", "w2", "w3")
            ]
            for thread in threads:
                thread.start()
            seen: dict[str, int | None] = {}
            while len(seen) < 3:
                seen |= {view.wearer: view.battery_pct for view in await tablet.changes(within_s=LONG_S)}
            assert seen == {"w1": 3, "w2": 3, "w3": 3}

    asyncio.run(play())


def test_a_snapshot_never_overwrites_what_was_published_since(house: House) -> None:
    async def play() -> None:
        with house.hub.subscribe() as tablet:
            snapshot = house.views()
            house.alert("w2")
            tablet.seed(snapshot)
            changes = {view.wearer: view for view in await tablet.changes(within_s=LONG_S)}
            assert set(changes) == {"w1", "w2", "w3"}
            assert changes["w2"].alert is not None

    asyncio.run(play())


def test_a_quiet_house_returns_nothing_when_the_time_is_up(house: House) -> None:
    async def play() -> None:
        with house.hub.subscribe() as tablet:
            assert await tablet.changes(within_s=0) == []

    asyncio.run(play())


def test_a_closed_hub_ends_the_streams_there_are_and_those_to_come(house: House) -> None:
    async def play() -> None:
        with house.hub.subscribe() as early:
            waiting = asyncio.ensure_future(early.changes(within_s=LONG_S))
            await asyncio.sleep(0)
            house.hub.close()
            assert await waiting == []
            assert early.closed
            with house.hub.subscribe() as late:
                assert late.closed

    asyncio.run(play())


def test_publishing_after_a_tablets_loop_has_gone_hurts_nobody(house: House) -> None:
    hub = Hub()
    loop = asyncio.new_event_loop()

    async def subscribe() -> None:
        manager = hub.subscribe()
        manager.__enter__()
        kept.append(manager)

    kept: list[object] = []
    loop.run_until_complete(subscribe())
    loop.close()
    hub.publish(house.views()[0])
