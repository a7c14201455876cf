"""Whom recordings are imported for in; what has to be entered of them before a recording can be, entered, out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from forecalm.commands.importing_study import Somebody
from forecalm.config import ConfigError

if TYPE_CHECKING:
    from ingest.labels import Label
    from ingest.recordings.recording import Recording
    from ingest.registry.admissions import Admissions
    from ingest.registry.registry import Registry
    from ingest.registry.sessions import Session


class Wearer:
    """Whom recordings are imported for: entered, with the consent that was stated, once it is needed."""

    def __init__(self, registry: "Registry", somebody: Somebody, *, now_s: float, by: str, dry: bool) -> None:
        self._registry, self.somebody = registry, somebody
        self._now_s, self._by, self._dry = now_s, by, dry
        self.known = somebody.wearer in registry.wearers()
        self._theirs = _digests(registry, somebody.wearer) if somebody.drawn and self.known else None
        self._since_s = 0.0  # [UTC s] from when on the stated consent counts

    def require(self) -> None:
        """Raise ConfigError where nothing could be imported for that wearer, whatever it is."""
        who = self.somebody
        if not self.known and (who.name is None or who.consent_by is None):
            raise ConfigError(
                f"{who.said}: nobody is known by that pseudonym; nothing of a person is kept without a consent: add"
                f" {who.mend} (who agrees, with their role)"
            )
        if who.consent_by is not None and "care" not in who.scope:
            raise ConfigError(f"{who.said}: scope: without care nothing is kept: name care, or care,research")

    def agree(self, recording: "Recording") -> None:
        """Enter the wearer if they are new, and whatever of the stated consent does not stand yet for a recording: for
        all times up to now, for what is recorded later must be agreed to by ``forecalm pair``.

        Raises RecordingError where the pseudonym was drawn from a file's name and is somebody's of whom there is
        nothing among these recordings yet: two studies' S01 must not become one person.
        """
        from ingest.registry.consents import Consent, Scope

        who, registry = self.somebody, self._registry
        self._require_theirs(recording)
        self._since_s = min(0.0, recording.start_s)  # where no time of day was known, shifted dates lie before 1970
        if self._dry:
            return
        if not self.known:
            registry.add_wearer(who.wearer, who.name or who.wearer, by=self._by)
            self.known = True
        elif who.renames and who.name is not None and registry.names().get(who.wearer) != who.name:
            registry.rename(who.wearer, who.name, by=self._by)
        if who.consent_by is None:
            return
        ends = (recording.start_s, min(recording.end_s, self._now_s))
        scopes = [Scope(name) for name in who.scope]
        missing = [each for each in scopes if not all(registry.has_consent(who.wearer, each, at) for at in ends)]
        if missing and recording.start_s < self._now_s:
            consent = Consent(frozenset(missing), who.consent_by, self._since_s, self._now_s)
            registry.give_consent(who.wearer, consent, by=self._by)

    def _require_theirs(self, recording: "Recording") -> None:
        from ingest.errors import RecordingError
        from ingest.recordings.digest import digest

        if not self._theirs:
            return
        if digest(recording) not in self._theirs:
            raise RecordingError(
                f"{recording.name}: {self.somebody.wearer} is known already, and this is none of their recordings: if"
                f" they are the same person, --wearer {self.somebody.wearer}; if not, give these a --prefix"
            )
        self._theirs = None  # the same person, imported again: what else is of them is new

    def spans(self) -> list[tuple[float, float]]:
        """When a consent to care would stand, with the stated one."""
        from ingest.registry.consents import Scope
        from ingest.registry.stretches import end_of

        known = self._registry.consents(self.somebody.wearer) if self.known else []
        standing = [(g.from_s, end_of(g.until_s)) for g in known if g.scope is Scope.CARE and g.withdrawn_s is None]
        return standing if self.somebody.consent_by is None else [*standing, (self._since_s, self._now_s)]


def _digests(registry: "Registry", wearer: str) -> set[str] | None:
    """The recordings there are of somebody, and what else is known of them; None where they never wore anything, as
    where an import was cut off before its first recording."""
    there = registry.sessions(wearer)
    if not there and not registry.worn_by(wearer):
        return None
    return {each.digest for each in there if each.digest is not None} | {""}


class AsIf:
    """The registry as it would be, for a dry run: nothing is written."""

    def __init__(self, wearer: Wearer) -> None:
        self._wearer = wearer

    def add_session(self, session: "Session", *, by: str) -> bool:
        raise AssertionError("a dry run enters nothing")

    def add_labels(self, given: "Sequence[Label]", *, by: str) -> list[int]:
        raise AssertionError("a dry run enters nothing")

    def admissions(self) -> "Admissions":
        from ingest.registry.admissions import Admissions

        return Admissions(0, {}, {self._wearer.somebody.wearer: self._wearer.spans()})
