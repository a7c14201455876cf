"""The TCP port of a virtual air in, a port in front of it out that can be pulled out and plugged in again."""

import asyncio
import contextlib


class Plug:
    """What is between an adapter and the air; in place once ``put_in`` was called."""

    def __init__(self, behind: int) -> None:
        self._behind = behind
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self.port = 0

    async def put_in(self) -> None:
        """For the first time, or again, at the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def pull_out(self) -> None:
        """Without a word to anybody."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        if self._serving:
            await asyncio.wait(self._serving)

    async def _serve(self, near: asyncio.StreamReader, near_writer: asyncio.StreamWriter) -> None:
        serving = asyncio.current_task()
        assert serving is not None
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)
        far, far_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        writers = {near_writer, far_writer}
        self._writers |= writers
        try:
            await asyncio.wait(
                {asyncio.ensure_future(_pipe(near, far_writer)), asyncio.ensure_future(_pipe(far, near_writer))}
            )
        finally:
            self._writers -= writers


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
