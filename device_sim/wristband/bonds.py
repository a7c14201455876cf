"""A file in, the bonds of bands that outlive the program out: bumble's key store, readable by its owner alone."""

import json
import os
from pathlib import Path
from typing import Any

from bumble.keys import JsonKeyStore, PairingKeys

from device_sim.errors import SimulationError


class BondFile(JsonKeyStore):
    """The bonds of the band with ``address`` in the file ``path``, which all bands of a run share; made when there is
    something to keep. The oldest come first, as in memory."""

    def __init__(self, path: Path, address: str) -> None:
        """Raises SimulationError, naming the file, where it is there and holds no bonds."""
        super().__init__(address, str(path))
        require_bonds(path)

    async def delete(self, name: str) -> None:
        kept, mine = await self.load()
        if mine.pop(name, None) is not None:
            await self.save(kept)

    async def save(self, db: dict[str, dict[str, dict[str, Any]]]) -> None:
        unfinished = self.filename.with_name(f"{self.filename.name}.unfinished")
        try:
            unfinished.unlink(missing_ok=True)
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(db, file, indent=1)
            unfinished.replace(self.filename)
        except OSError as error:
            raise SimulationError(f"{self.filename}: cannot be written: {error.strerror or error}") from error


def require_bonds(path: Path) -> None:
    """Raise SimulationError, naming the file, unless it holds bonds, or is not there yet and can be."""
    if not path.parent.is_dir():
        raise SimulationError(f"{path}: there is no folder {path.parent}")
    try:
        for bonds in json.loads(path.read_text("utf-8")).values():
            for keys in bonds.values():
                PairingKeys.from_dict(keys)
    except FileNotFoundError:
        return
    except OSError as error:
        raise SimulationError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SimulationError(f"{path}: holds no bonds of simulated bands: name another file, or delete it") from error
