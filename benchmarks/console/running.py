"""A folder in; a broker and a service as they are in a house, with what the service costs on file, out."""

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Final, Self

import numpy as np

from alerts.duty.duty import SHIFT_S, Duty
from alerts.journal import Journal
from benchmarks.kill_house import House, _kill
from forecalm.installation import Installation


class Running(House):
    """Broker and service, with nobody who sends nonsense or settles more often than in life. ``found`` is what
    ``benchmarks.console.service`` found."""

    def __init__(self, folder: Path, *, mosquitto: str, wearers: int, seed: int, profile: bool = False) -> None:
        super().__init__(folder, mosquitto=mosquitto, wearers=wearers, seed=seed)
        self.found = folder / "service.found"
        now_s = time.time()
        with closing(Journal(Installation(self.config).journal)) as journal:
            Duty(journal, watched=lambda: ()).begin("Jo", (), until_s=now_s + SHIFT_S, by="Jo", at_s=now_s)
        self._profile = profile

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self._bands, self._service, self._broker):
            _kill(process)
        self._log.close()

    def start_service(self) -> None:
        """Start it, if it does not run. It needs seconds to be ready."""
        if self._service is None or self._service.poll() is not None:
            _kill(self._service)
            where: list[Path | str] = [self.folder / "forecalm.toml", self.found, *(["profile"] * self._profile)]
            self._service = self._run("service", sys.executable, "-P", "-m", "benchmarks.console.service", *where)

    def send(self, seconds: int) -> "subprocess.Popen[bytes]":
        """Start everybody's bands (``benchmarks.console.bands``), for so long; the caller waits for them."""
        module = "benchmarks.console.bands"
        self._bands = self._run("bands", sys.executable, "-P", "-m", module, str(self.folder), str(seconds))
        return self._bands


QUANTILES: Final = (50, 95, 99)


def quantiles(values: list[float]) -> dict[str, float]:
    """The number of values, and what half, 95 and 99 of 100 of them, and all, do not exceed."""
    if not values:
        return {"n": 0}
    said = {f"p{share}": round(float(np.percentile(values, share)), 1) for share in QUANTILES}
    return {"n": len(values), **said, "max": round(max(values), 1)}


def load() -> list[float]:
    """How many processes of this machine wanted to run in the last 1, 5 and 15 minutes."""
    return [round(value, 1) for value in os.getloadavg()]
