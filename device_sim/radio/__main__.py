"""``python -m device_sim.radio --port 9100``: an air of its own, in a process of its own, until it is stopped."""

import argparse
import asyncio
import contextlib

from device_sim.radio.air import SUPERVISION_S, Air
from device_sim.radio.server import serve


async def _run(port: int, seed: int, supervision_s: float) -> None:
    server = await serve(Air(seed=seed, supervision_s=supervision_s), port=port)
    taken = server.sockets[0].getsockname()[1]
    print(f"air ready on tcp-client:127.0.0.1:{taken}", flush=True)  # noqa: T201  what a parent process waits for
    async with server:
        await server.serve_forever()


def main() -> None:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m device_sim.radio", description=__doc__)
    parser.add_argument("--port", type=int, default=9100, help="TCP port on loopback; 0 takes a free one")
    parser.add_argument("--seed", type=int, default=0, help="of signal strengths")
    parser.add_argument("--supervision", type=float, default=SUPERVISION_S, help="seconds until a dead link is noticed")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(arguments.port, arguments.seed, arguments.supervision))


if __name__ == "__main__":
    main()
