"""Who asks in; whom they see on the board, and whom of them by name, out: who sees the same shares one value."""

from dataclasses import dataclass
from typing import Final

from console.access.asker import EVERYWHERE, Asker
from console.access.roles import ACTS, Act


@dataclass(frozen=True, slots=True)
class Sight:
    """The sites whose people somebody sees, and those whose people they know by name; ``EVERYWHERE``: all."""

    seen: frozenset[str]
    named: frozenset[str]

    @property
    def is_whole(self) -> bool:
        """Whether nobody is hidden from them."""
        return EVERYWHERE in self.seen


EVERYBODY: Final = Sight(frozenset({EVERYWHERE}), frozenset({EVERYWHERE}))


def sight_of(asker: Asker) -> Sight:
    """Return whom ``asker`` sees on the board; nobody where they may not look at it."""
    return Sight(_sites(asker, Act.BOARD), _sites(asker, Act.NAMES))


def _sites(asker: Asker, act: Act) -> frozenset[str]:
    sites = frozenset(grant.site for grant in asker.grants if act in ACTS[grant.role])
    return frozenset({EVERYWHERE}) if EVERYWHERE in sites else sites
