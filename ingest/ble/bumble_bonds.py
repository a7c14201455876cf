"""The bonds of a bumble adapter and the address they were made with, in one file that only its owner may read."""

import json
import os
from pathlib import Path
from typing import Any

from bumble.hci import Address
from bumble.keys import KeyStore, PairingKeys

from ingest.errors import LinkError


class Bonds(KeyStore):
    """By the address of the band; without a path, in memory.

    Bands know a gateway by its address, so that is kept too: with another one every bond would be lost. Raises
    LinkError where the file cannot be read or written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        kept = self._load()
        self._bonds: dict[str, dict[str, Any]] = kept.get("bonds", {})
        self.address = Address(kept["address"]) if "address" in kept else Address.generate_static_address()

    def holds(self, name: str) -> bool:
        """Whether there are keys of a band."""
        return name in self._bonds

    async def get(self, name: str) -> PairingKeys | None:
        """The keys of a band."""
        return PairingKeys.from_dict(self._bonds[name]) if name in self._bonds else None

    async def get_all(self) -> list[tuple[str, PairingKeys]]:
        """Of all."""
        return [(name, PairingKeys.from_dict(keys)) for name, keys in self._bonds.items()]

    async def update(self, name: str, keys: PairingKeys) -> None:
        """Keep them in place of what was kept."""
        self._bonds[name] = keys.to_dict()
        self._save()

    async def delete(self, name: str) -> None:
        """Let go of them; raises KeyError where there are none."""
        del self._bonds[name]
        self._save()

    async def forget(self, name: str) -> None:
        """Let go of the keys of a band under every name that it has; does nothing where there are none."""
        if name in self._bonds:
            gone = self._bonds[name].get("ltk")
            self._bonds = {other: keys for other, keys in self._bonds.items() if keys.get("ltk") != gone}
            self._save()

    def _load(self) -> dict[str, Any]:
        if self._path is None or not self._path.exists():
            return {}
        try:
            kept = json.loads(self._path.read_text())
            Address(kept["address"])
            for keys in kept["bonds"].values():
                PairingKeys.from_dict(keys)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            mend = "put it back from a copy, or delete it and pair the bands again"
            raise LinkError(f"{self._path} does not hold bonds ({type(error).__name__}): {mend}") from error
        return dict(kept)

    def _save(self) -> None:
        if self._path is None:
            return
        text = json.dumps({"address": str(self.address), "bonds": self._bonds}, indent=1)
        new = self._path.with_name(f"{self._path.name}.new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            raise LinkError(
                f"{self._path} cannot be written ({error.strerror}): make room, or let us write there"
            ) from error
