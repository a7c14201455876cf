"""A registry in; at which site people, bands and gateways are, from memory, out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ingest.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class _Known:
    revision: int = -1
    wearers: Mapping[str, str | None] = field(default_factory=dict)
    bands: Mapping[str, str | None] = field(default_factory=dict)
    gateways: Mapping[str, str | None] = field(default_factory=dict)


class Whereabouts:
    """See ``console.access.access.Whereabouts``. ``look`` takes over what has changed, and is to be called every second
    or so; where the registry is away, what was known last holds. Asking waits for nobody, from any thread."""

    def __init__(self, registry: Registry, *, here: str, clock: Callable[[], float]) -> None:
        self._registry = registry
        self._here = here
        self._clock = clock
        self._known = _Known()

    @property
    def here(self) -> str:
        """The site of this house."""
        return self._here

    def of_wearer(self, wearer: str) -> str:
        """Return a wearer's site."""
        return self._known.wearers.get(wearer) or self._here

    def of_band(self, band: str) -> str:
        """Return the site of who wears a band, else its own."""
        return self._known.bands.get(band) or self._here

    def of_gateway(self, gateway: str) -> str:
        """Return a gateway's site."""
        return self._known.gateways.get(gateway) or self._here

    def look(self) -> None:
        """Take over what has changed. Raises StoreError where the registry is away."""
        revision = self._registry.revision()
        if revision == self._known.revision:
            return
        self._known = _Known(
            revision,
            self._registry.site_of(),
            self._registry.site_of_bands(self._clock()),
            {gateway.name: gateway.site for gateway in self._registry.gateways()},
        )
