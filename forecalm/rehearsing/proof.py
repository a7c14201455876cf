"""A rehearsal's evidence in, a file that speaks for its model out; and back, where everything that could make it speak
of something else is looked at first."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from alerts.policy import Policy
from alerts.rehearsal.evidence import EVERYBODY, FORMAT, Evidence, Signature, decode, encode
from alerts.rehearsal.gate import FRESH_S, grounds, passed, require_signed
from forecalm.installation import Installation
from forecalm.keeping.files import write_whole
from forecalm.rehearsing.past import digest_of, everybody
from forecalm.rehearsing.rehearsal import code
from forecalm.watching.policies import policies_of
from ingest.readings import Readings
from ingest.registry.registry import Registry
from models.errors import ShelfError
from models.risk import TRAINING_FREE
from models.shelf.pointers import Pointers, Rehearsal
from models.shelf.shelf import Shelf

FOLDER: Final = (
    "rehearsals"  # in an installation: a file for each rehearsal, and the last one of each model by its name
)
DIGITS: Final = 16  # of a digest, in the name of a file
REHEARSED: Final = "rehearse a model"  # in the audit, with the digest of the file
SIGNED: Final = "sign for a model"


def path_of(here: Installation, name: str) -> Path:
    """Return where the last rehearsal of a model lies."""
    return here.folder / FOLDER / f"{name}.json"


def keep(here: Installation, registry: Registry, evidence: Evidence, *, by: str) -> Path:
    """Write the evidence, whole or not at all, note its digest in the audit, and return where it lies: as the last one
    of its model, and under its digest, where no later one takes its place."""
    path, said = path_of(here, evidence.model), encode(evidence)
    digest = hashlib.sha256(said).hexdigest()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path.with_name(f"{evidence.model}.{digest[:DIGITS]}.json"), said)
    write_whole(path, said)
    registry.note(
        REHEARSED,
        by=by,
        model=evidence.model,
        model_digest=evidence.model_digest,
        evidence=digest,
        words=list(evidence.rules.words),
        champion=evidence.champion,
        people=len(evidence.people),
        worse_for=len(grounds(evidence)),
    )
    return path


def read(here: Installation, name: str, path: Path | None = None) -> tuple[Evidence, str]:
    """Return the rehearsal of a model and its digest; raises ShelfError where there is none, AlertError where the file
    holds none."""
    path = path_of(here, name) if path is None else path
    try:
        said = path.read_bytes()
    except FileNotFoundError:
        raise ShelfError(
            f"model {name!r} was not rehearsed, and a promotion wants evidence: forecalm rehearse {name}; or else"
            " --unrehearsed --because WHY, for which whoever promotes it answers"
        ) from None
    return decode(said, str(path)), hashlib.sha256(said).hexdigest()


def require_sound(here: Installation, name: str, evidence: Evidence, digest: str) -> None:
    """Raise ShelfError unless the rehearsal is of exactly this model, against exactly what watches now, of everybody
    and everything that is stored, by this code, as it was written."""
    again = f": forecalm rehearse {name}"
    shelf = Shelf(here.models)
    if evidence.format < FORMAT:
        raise ShelfError(f"model {name!r}: the rehearsal is of an earlier format, which did not judge as much{again}")
    if evidence.model != name or evidence.model_digest != shelf.look(name)[1]:
        raise ShelfError(f"model {name!r}: the rehearsal is of another model{again}")
    champion = Pointers(shelf).standing().champion
    if (evidence.champion, evidence.champion_digest) != (
        (TRAINING_FREE, "") if champion is None else (champion.name, champion.digest)
    ):
        watches = TRAINING_FREE if champion is None else champion.name
        raise ShelfError(
            f"model {name!r}: it was rehearsed against {evidence.champion}, which is not what watches now ({watches})"
            f"{again}"
        )
    if evidence.code != code():
        raise ShelfError(
            f"model {name!r}: it was rehearsed by other code (forecalm {evidence.code.version},"
            f" {evidence.code.commit[:12] or 'no commit'}) than this{again}"
        )
    with closing(here.open_store()) as store, closing(here.open_registry()) as registry:
        _require_noted(registry, name, digest)
        readings = Readings(store, registry)
        rehearsed = tuple(person.wearer for person in evidence.people)
        if missing := sorted(set(everybody(readings, registry)) - set(rehearsed)):
            raise ShelfError(f"model {name!r}: it was rehearsed without {', '.join(missing)}{again}")
        if set(rehearsed) - set(registry.wearers()) or evidence.data_digest != digest_of(
            readings, registry, rehearsed, policies_of(registry, Policy()), evidence.at_s
        ):
            raise ShelfError(
                f"model {name!r}: since it was rehearsed, who wore what, consents, labels, imports or alert levels of"
                f" that time have changed{again}"
            )
        newest_s = max((band.last_s for band in store.bands()), default=evidence.at_s)
        if newest_s > evidence.at_s + FRESH_S:
            days = (newest_s - evidence.at_s) / 86_400
            raise ShelfError(f"model {name!r}: {days:.0f} days of readings have come since it was rehearsed{again}")


def _require_noted(registry: Registry, name: str, digest: str) -> None:
    """The audit, whose chain shows tampering, holds the digest of every rehearsal."""
    for entry in registry.audit_entries(action=REHEARSED):
        said = json.loads(entry.detail)
        if (said.get("model"), said.get("evidence")) == (name, digest):
            return
    raise ShelfError(
        f"model {name!r}: this rehearsal is not as it was written, or was never made here: the audit knows no such one:"
        f" forecalm rehearse {name}"
    )


def worse_for(registry: Registry, name: str) -> int:
    """Return for how many a model was worse at most in any rehearsal that the audit knows; 0 where there is none."""
    said = [json.loads(entry.detail) for entry in registry.audit_entries(action=REHEARSED)]
    return max((each["worse_for"] for each in said if each.get("model") == name), default=0)


def otherwise(registry: Registry, evidence: Evidence, digest: str) -> tuple[str, ...]:
    """Return what other rehearsals of the same model, against the same, found for more or fewer people than this one, a
    sentence each, by what the audit knows: no file has to be there. Of those made before words were noted, the model is
    known by its name alone."""
    mine, said = len(grounds(evidence)), []
    for entry in registry.audit_entries(action=REHEARSED):
        other = json.loads(entry.detail)
        same = (other.get("model"), other.get("champion")) == (evidence.model, evidence.champion)
        if not same or other.get("model_digest", evidence.model_digest) != evidence.model_digest:
            continue
        if other["evidence"] != digest and other["worse_for"] != mine:
            words = ", ".join(other.get("words", ())) or "words that were not noted"
            said.append(
                f"Another rehearsal of it, of {other['people']} by events {words}, found otherwise:"
                f" signatures wanted there {other['worse_for']}, in this one,"
                f" by {', '.join(evidence.rules.words)}, {mine}."
            )
    return tuple(dict.fromkeys(said))


def verdict(evidence: Evidence, digest: str, signatures: Sequence[Signature], *, report: str) -> Rehearsal:
    """Return what a promotion takes; raises AlertError where the model is worse for somebody and nobody signs."""
    require_signed(evidence, signatures)
    reasons = dict.fromkeys(signature.because for signature in signatures)
    return Rehearsal(
        model_digest=evidence.model_digest,
        champion=evidence.champion,
        passed=passed(evidence),
        worse_for=len(grounds(evidence)),
        report=report,
        report_digest=digest,
        signed_by=signatures[0].by if signatures else "",
        because="; ".join(reasons),
    )


def note_signed(registry: Registry, evidence: Evidence, digest: str, signatures: Sequence[Signature]) -> None:
    """Enter each signature in the audit, of whom it is under the key by which the audit knows them."""
    for signature in signatures:
        registry.note(
            SIGNED,
            wearer=None if signature.wearer == EVERYBODY else signature.wearer,
            by=signature.by,
            model=evidence.model,
            evidence=digest,
            because=signature.because,
        )
