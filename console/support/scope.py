"""All that there is to see of bands and who asks in; what is at sites of theirs, by names they may know, out."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from console.access.access import Whereabouts
from console.access.asker import Asker
from console.access.entrance import elsewhere
from console.access.roles import Act
from ingest.bands import Overview
from ingest.control.picture import Standing


@dataclass(frozen=True, slots=True)
class Scope:
    """What ``asker`` may do with which band, person and gateway, by the site that each is at."""

    asker: Asker
    whereabouts: Whereabouts

    def band(self, band: str, act: Act = Act.BANDS) -> bool:
        """Return whether they may ``act`` on a band."""
        return self.asker.may(act, self.whereabouts.of_band(band))

    def gateway(self, gateway: str, act: Act = Act.BANDS) -> bool:
        """Return whether they may ``act`` on a gateway."""
        return self.asker.may(act, self.whereabouts.of_gateway(gateway))

    def wearer(self, wearer: str, act: Act = Act.BANDS) -> bool:
        """Return whether they may ``act`` on a person."""
        return self.asker.may(act, self.whereabouts.of_wearer(wearer))

    def require_band(self, band: str, act: Act = Act.BANDS) -> None:
        """Refuse what is elsewhere with 404."""
        if not self.band(band, act):
            raise elsewhere()

    def require_wearer(self, wearer: str, act: Act = Act.BANDS) -> None:
        """Refuse who is elsewhere with 404."""
        if not self.wearer(wearer, act):
            raise elsewhere()

    def names(self, name: Callable[[str], str]) -> Callable[[str], str]:
        """Return what calls people by ``name`` where that may be known, and by pseudonym where not; somebody of another
        site is nobody's business."""

        def called(wearer: str) -> str:
            if not self.wearer(wearer):
                return "somebody of another site"
            return name(wearer) if self.wearer(wearer, Act.NAMES) else wearer

        return called


def seen_by(scope: Scope, overview: Overview) -> Overview:
    """Return what they may see of ``overview``."""
    called = scope.names(lambda wearer: overview.names.get(wearer, wearer))
    said = overview.standing
    return replace(
        overview,
        names={wearer: called(wearer) for wearer in overview.names if scope.wearer(wearer)},
        bands=tuple(each for each in overview.bands if scope.band(each.band)),
        gateways=tuple(each for each in overview.gateways if scope.gateway(each.gateway)),
        consents=tuple(each for each in overview.consents if scope.wearer(each.wearer)),
        doubts=tuple(each for each in overview.doubts if scope.wearer(each.wearer) and scope.wearer(each.other_wearer)),
        standing=Standing(
            tuple(each for each in said.gateways if scope.gateway(each.gateway)),
            tuple(each for each in said.bands if scope.band(each.band)),
            tuple(each for each in said.fights if scope.band(each.band)),
        ),
    )
