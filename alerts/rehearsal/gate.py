"""A rehearsal and who signed for what in; whether the model may watch, or what stands in the way, out."""

from collections.abc import Sequence
from typing import Final

from alerts.errors import AlertError
from alerts.names import BLANKS
from alerts.rehearsal.evidence import EVERYBODY, Evidence, Person, Signature

FRESH_S: Final = 7 * 86_400.0
"""Readings that came in later than that after a rehearsal are not in it: a week is how long carers may take to decide,
and short enough that nobody has changed much."""


def passed(evidence: Evidence) -> bool:
    """Whether the candidate is worse for nobody, nor for everybody together, and somebody could be judged."""
    return bool(evidence.judged) and not grounds(evidence)


def grounds(evidence: Evidence) -> tuple[str, ...]:
    """Return for whom somebody must sign: each for whom it is worse, and EVERYBODY where it is so over all together."""
    together = [EVERYBODY] if any(each.worse for each in evidence.everybody) else []
    return tuple(dict.fromkeys([*evidence.whose("worse"), *together]))


def require_signed(evidence: Evidence, signatures: Sequence[Signature]) -> None:
    """Raise AlertError unless somebody signs, by name and with a reason, for everybody for whom it is worse; a
    signature for somebody for whom it is not is refused too: it was meant for another."""
    worse = grounds(evidence)
    for signature in signatures:
        if signature.wearer not in worse:
            raise AlertError(
                f"{signature.wearer}: model {evidence.model!r} is not worse for them, so there is nothing to sign;"
                f" it is for {', '.join(worse) or 'nobody'}"
            )
        if not (_is_said(signature.by) and _is_said(signature.because)):
            raise AlertError(f"{signature.wearer}: who signs gives a name, and says because of what")
    signed = {signature.wearer for signature in signatures}
    unsigned = [each for each in worse if each not in signed]
    if unsigned:
        raise AlertError(
            f"model {evidence.model!r} is worse for {', '.join(unsigned)}"
            f" ({'; '.join(f'{each}: {why_of(evidence, each)}' for each in unsigned)}): improve it, or sign for each:"
            " --sign WEARER --because WHY"
        )


def _is_said(words: str) -> bool:
    return any(each.isalnum() and each not in BLANKS for each in words)


def why(person: Person) -> str:
    """In what the candidate is worse for a person, in words; each thing once, whichever way it was found."""
    return ", ".join(dict.fromkeys(finding.said for way in person.ways for finding in way.worse))


def why_of(evidence: Evidence, ground: str) -> str:
    """Why somebody must sign for that one of ``grounds``, in words."""
    said = [why(person) for person in evidence.people if person.wearer == ground and person.outcome == "worse"]
    if ground == EVERYBODY:
        said += [f"{finding.said} of {each.people} people" for each in evidence.everybody for finding in each.worse]
    return ", ".join(dict.fromkeys(said))


def cautions(evidence: Evidence) -> tuple[str, ...]:
    """What whoever decides should know of the rehearsal beside its figures, a sentence each."""
    said = list(evidence.notes)
    flattered = [person.wearer for person in evidence.judged if person.trained_on]
    if flattered:
        all_ = " That is everybody who was judged." if len(flattered) == len(evidence.judged) else ""
        said.append(
            f"The model was trained on {', '.join(flattered)}: what it shows for them flatters it, it was told their"
            f" answers.{all_}"
        )
    if silent := evidence.whose("not judged"):
        said.append(f"Too little is stored of {', '.join(silent)}: nothing is known of what it would do for them.")
    unlabelled = [person.wearer for person in evidence.judged if not any(way.events for way in person.ways)]
    if unlabelled:
        said.append(
            f"Nobody has labelled an event of {', '.join(unlabelled)} in time that was worn: for them only alerts and"
            " time watched are compared; an incident that it would miss cannot show."
        )
    if evidence.left_out:
        said.append(f"Not rehearsed: {', '.join(evidence.left_out)}. Such a rehearsal promotes nothing.")
    return tuple(said)
