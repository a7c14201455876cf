"""A registry, an installation and its alerting in; what stands behind the pages of administrators out."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from alerts.channels.push import Push
from alerts.delivery.proof import PUSH
from alerts.delivery.rules import SiteRules
from console.administration.office import Standing, Tried
from forecalm.alerting.tried import try_channel
from forecalm.alerting.ways import Devices, contact_of, pushing
from forecalm.backup import LEDGER
from forecalm.certificates.errors import CertificateError
from forecalm.certificates.secured import source_of
from forecalm.certificates.source import first_certificate
from forecalm.installation import Installation
from forecalm.keeping.files import lines_of
from forecalm.offices.erasing import Erasures
from ingest.registry.registry import Registry

log = logging.getLogger(__name__)


class Administering:
    """See ``console.administration.office.Administration``. ``alone`` says whom nobody on shift has; ``again`` has the
    service end itself and begin anew. Threads may share it."""

    def __init__(
        self,
        here: Installation,
        registry: Registry,
        *,
        alone: Callable[[], Sequence[str]],
        again: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._here, self._alone, self._clock = here, alone, clock
        self.registry = registry
        self.erasing = Erasures(here, registry, again=again, clock=clock)
        self._devices = Devices(registry)
        self._push = self._pushing()

    def _pushing(self) -> Push | None:
        contact = contact_of(self._here.config.console.url)
        return pushing(self._here.push_key, self._devices, contact=contact)[0]

    def standing(self) -> Standing:
        """See ``Administration.standing``."""
        return Standing(
            certificate_ends_s=self._certificate_ends_s(),
            copied_s=newest_copy_s(self._here),
            cut_off=self._here.erasing.exists(),
        )

    def _certificate_ends_s(self) -> float | None:
        source = source_of(self._here.config)
        if source is None:
            return None
        try:
            pair = source.current(self._clock())
            return first_certificate(pair.certificate).not_valid_after_utc.timestamp()
        except CertificateError as error:
            log.warning("it cannot be said when the certificate ends: %s", error)
            return self._clock()  # what cannot be read serves nobody for long

    def uncovered(self) -> Sequence[str]:
        """See ``Administration.uncovered``."""
        return self._alone()

    def devices(self) -> Mapping[str, int]:
        """See ``Administration.devices``."""
        if self._push is None:
            return {}
        return Counter(each.carer for each in self.registry.push_subscriptions())

    def try_channel(self, rules: SiteRules, *, to: str, channel: str) -> Tried:
        """See ``Administration.try_channel``."""
        if channel == PUSH:
            self._devices.refresh()
        return try_channel(
            rules,
            to=to,
            channel=channel,
            house=self._here.config.site.place,
            now_s=self._clock(),
            push=self._push if channel == PUSH else None,
        )


def newest_copy_s(here: Installation) -> float | None:
    """Return when the newest copy was made [UTC s], None where none ever was."""
    made = [datetime.fromisoformat(line["at"]).timestamp() for line in lines_of(here.folder / LEDGER) if "at" in line]
    return max(made, default=None)
