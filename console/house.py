"""The desk, staff's overview and the models at work in; what holds for all of the house out."""

import asyncio
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool

from console.bands import Staff
from console.board import DeskLike
from console.refusal import Refusal
from console.standing import ModelsAt, standby
from ingest.bands import Overview


class House:
    """What holds for all of the house: whether alerts and readings are kept, which models run, and what staff see."""

    def __init__(self, desk: DeskLike, staff: Staff | None, models: Callable[[], ModelsAt]) -> None:
        self.desk = desk
        self.models = models
        self.has_staff = staff is not None
        self._staff = staff
        self._looking = asyncio.Lock()

    @property
    def kept(self) -> bool:
        """Whether alerts outlast a restart."""
        return self.desk.journal_fault is None

    @property
    def stored(self) -> bool:
        """Whether readings are stored, as far as anything stores them here."""
        return self._staff is None or self._staff.held_back is None

    @property
    def standby(self) -> str:
        """Why another model watches than was chosen, "" where none does."""
        return standby(self.models())

    async def overview(self) -> Overview:
        """Look up what staff see, one at a time: a slow database must not take the threads that alerts are taken on."""
        if self._staff is None:
            raise Refusal(404, "There are no bands here", "This board shows people, but takes in no readings.")
        async with self._looking:
            return await run_in_threadpool(self._staff.take)
