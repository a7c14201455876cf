"""``forecalm models``: which trained models there are, which watches, which runs in shadow, what has drifted."""

import argparse
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console
from rich.table import Table

from forecalm.cli import FELL_SHORT
from forecalm.commands.terminal import err, operator, print_json
from forecalm.config import load as load_config
from forecalm.installation import Installation
from forecalm.shipped import adopt, limits_of, readable, simulated, waiting
from ingest.notice import SENTENCE
from models.errors import ShelfError
from models.risk import TRAINING_FREE
from models.shelf.pointers import Evidence, Line, Pointers, Rehearsal, Standing, Unrehearsed
from models.shelf.shelf import Shelf

if TYPE_CHECKING:
    from alerts.rehearsal.evidence import Signature

out = Console(highlight=False, soft_wrap=True)
FOLLOWS = "A service that runs follows within a few seconds."


def models(chosen: argparse.Namespace) -> int:
    """Do what ``action`` says; without one, list."""
    run: dict[str, Callable[[argparse.Namespace, Installation], int]] = {
        "list": _list,
        "show": _show,
        "promote": _promote,
        "roll-back": _roll_back,
        "withdraw": _withdraw,
        "shadow": _shadow,
        "drift": _drift,
    }
    code = run[chosen.action](chosen, Installation(load_config(chosen.config)))
    if not chosen.json:
        out.print(SENTENCE, style="dim")
    return code


def _list(chosen: argparse.Namespace, here: Installation) -> int:
    shelf = Shelf(here.models)
    standing = Pointers(shelf).standing()
    found = [_about(shelf, standing, name) for name in _names(shelf, standing)]
    more = [name for name in waiting(shelf) if name not in {each["name"] for each in found}]
    if chosen.json:
        champion = TRAINING_FREE if standing.champion is None else standing.champion.name
        shadow = None if standing.shadow is None else standing.shadow.name
        said = {"champion": champion, "shadow": shadow, "before": standing.before, "models": found, "shipped": more}
        print_json({**said, "notice": SENTENCE})
    else:
        _tell(found, standing)
        for name in more:
            out.print(
                f"{name}: shipped with forecalm, not adopted; trained on simulated people only. forecalm models show"
                f" {name} says what it is worth; forecalm models shadow {name} adopts it, and lets it tell nobody."
            )
    return FELL_SHORT if any(each["role"] and each["refused"] for each in found) else 0


def _names(shelf: Shelf, standing: Standing) -> list[str]:
    """What lies on the shelf, and what ought to."""
    pointed = {each.name for each in (standing.champion, standing.shadow) if each is not None}
    return sorted({*shelf.names(), *pointed})


def _about(shelf: Shelf, standing: Standing, name: str) -> dict[str, Any]:
    """What a list says of a model; ``refused`` is why it cannot be believed, "" where it can."""
    from forecalm.watching.champion import proved
    from forecalm.watching.telling import learner
    from models.shelf.pointers import Pointer

    role, pointer = "", None
    for what, each in (("champion", standing.champion), ("shadow", standing.shadow)):
        if each is not None and each.name == name:
            role, pointer = what, each
    said: dict[str, Any] = {"name": name, "role": role, "refused": "", "notes": [], "learns": False}
    try:
        manifest, digest = shelf.look(name)
        said |= {
            "candidate": manifest.candidate,
            "made_at": manifest.made_at,
            "people": len(manifest.trained_on),
            "simulated": simulated(manifest),
            "studies": list(manifest.studies),
            "digest": digest,
        }
        if pointer is None:
            said["notes"] = list(shelf.load(name).notes)
        model = proved(shelf, pointer or Pointer(name, digest))
        said["learns"] = learner(model) is not None
    except (ShelfError, OSError) as error:
        said["refused"] = str(error)
    return said


def _tell(found: list[dict[str, Any]], standing: Standing) -> None:
    if found:
        table = Table("model", "made", "trained on", "", "", box=None, pad_edge=False)
        for each in found:
            people = _people(each["people"], simulated=each["simulated"]) if "people" in each else ""
            table.add_row(
                each["name"], each.get("made_at", ""), people, each["role"], "refused" if each["refused"] else "proved"
            )
        out.print(table)
    else:
        out.print("There is no trained model yet: forecalm train EXPERIMENT.toml")
    for each in found:
        if each["refused"]:
            out.print(f"Refused: {each['refused']}", style="bold" if each["role"] else "")
    if standing.champion is None:
        out.print(f"The training-free detector ({TRAINING_FREE}) watches.")
    else:
        out.print(f"{standing.champion.name} is to watch; a roll-back goes to {standing.before}.")


def _people(many: int, *, simulated: bool) -> str:
    return f"{many} simulated people" if simulated else f"{many} people"


def _show(chosen: argparse.Namespace, here: Installation) -> int:
    standing = Pointers(Shelf(here.models)).standing()
    shelf = readable(Shelf(here.models), chosen.name)
    adopted = shelf.folder == here.models
    manifest, digest = shelf.look(chosen.name)
    about = _about(shelf, standing, chosen.name)
    history = [each for each in standing.history if chosen.name in _concerned(each)]
    if chosen.json:
        said = {**msgspec.to_builtins(manifest), **about, "limits": limits_of(manifest), "adopted": adopted}
        print_json({**said, "digest": digest, "history": history, "notice": SENTENCE})
        return FELL_SHORT if about["refused"] else 0
    role = f" ({about['role']})" if about["role"] else "" if adopted else " (shipped with forecalm, not adopted)"
    made = f"made {manifest.made_at} by forecalm {manifest.code.version}"
    out.print(f"{manifest.name}{role}: {manifest.candidate}, {made}")
    data = manifest.data
    out.print(
        f"Trained on {_people(len(manifest.trained_on), simulated=simulated(manifest))} of"
        f" {', '.join(manifest.studies) or 'no study'}: {data.moments:,} moments in {data.sessions} sessions,"
        f" {data.positives:,} positive, {data.negatives:,} negative."
    )
    out.print(f"Reads {len(manifest.inputs)} inputs of version {manifest.inputs_version}; seed {manifest.seed}.")
    for name, value in manifest.metrics.items():
        out.print(f"  {name}: {'unknown' if value is None else f'{value:.4g}'}")
    out.print(f"For: {manifest.intended_use}\nLimits: {limits_of(manifest)}")
    out.print(f"Refused: {about['refused']}" if about["refused"] else "Proved: every file is as it was written.")
    if about["learns"]:
        out.print("Learns of each person what carers tell (forecalm labels), while it watches or runs in shadow.")
    for note in about["notes"]:
        out.print(note, style="dim")
    for line in history:
        out.print(_sentence(line))
    out.print(f"SHA-256 of its manifest: {digest}")
    return FELL_SHORT if about["refused"] else 0


def _concerned(line: Line) -> tuple[str, ...]:
    return (line.model, getattr(line, "to", ""))


def _sentence(line: Line) -> str:
    """One line of the history."""
    at = datetime.fromtimestamp(line.at_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
    done = f"{type(line).__struct_config__.tag}"
    why = f": {line.why}" if line.why else ""
    evidence = getattr(line, "evidence", None)
    if isinstance(evidence, Unrehearsed):
        why += f" (unrehearsed, because: {evidence.because})"
    elif isinstance(evidence, Rehearsal):
        why += " (rehearsed)" if evidence.passed else f" (worse for {evidence.worse_for}, because: {evidence.because})"
    return f"{at} {done} by {line.by}{why}"


def _promote(chosen: argparse.Namespace, here: Installation) -> int:
    by: dict[str, Any] = {"by": chosen.by, "at_s": time.time(), "why": chosen.why}
    if chosen.unrehearsed:
        evidence: Evidence = _unrehearsed(chosen)
        _require_live(here, chosen.name)
        _require_never_worse(here, chosen.name)
        return _done(chosen, here, lambda pointers: pointers.promote(chosen.name, evidence=evidence, **by))
    from forecalm.rehearsing import proof

    _require_live(here, chosen.name)
    rehearsal, digest = proof.read(here, chosen.name, chosen.evidence)
    signatures = _signatures(chosen)
    report = str(chosen.evidence or proof.path_of(here, chosen.name))
    evidence = proof.verdict(rehearsal, digest, signatures, report=report)
    with closing(here.open_registry()) as registry:
        for each in proof.otherwise(registry, rehearsal, digest):
            err.print(each, soft_wrap=True)

    def promote(pointers: Pointers) -> Line:
        proof.require_sound(here, chosen.name, rehearsal, digest)  # here, where nobody else promotes meanwhile
        line = pointers.promote(chosen.name, evidence=evidence, **by)
        with closing(here.open_registry()) as registry:
            proof.note_signed(registry, rehearsal, digest, signatures)
        return line

    return _done(chosen, here, promote)


def _unrehearsed(chosen: argparse.Namespace) -> Unrehearsed:
    if chosen.evidence is not None or chosen.sign:
        raise ShelfError(
            f"model {chosen.name!r}: --unrehearsed goes with neither --evidence nor --sign: a rehearsal speaks for it,"
            " or whoever promotes answers"
        )
    return Unrehearsed(signed_by=chosen.by, because="; ".join(chosen.because))


def _require_never_worse(here: Installation, name: str) -> None:
    """Raise ShelfError where a rehearsal, even one whose file is gone, found the model worse for somebody."""
    from forecalm.rehearsing import proof

    with closing(here.open_registry()) as registry:
        worse_for = proof.worse_for(registry, name)
    if worse_for:
        raise ShelfError(
            f"model {name!r} was rehearsed, and the rehearsal found it worse for {worse_for}: promote it on a rehearsal"
            " (forecalm rehearse), and sign for each of them; --unrehearsed is for where nothing is stored yet"
        )


def _signatures(chosen: argparse.Namespace) -> "list[Signature]":
    """Who signs for whom; one reason for all, or one for each."""
    from alerts.rehearsal.evidence import Signature

    reasons = chosen.because * len(chosen.sign) if len(chosen.because) == 1 else chosen.because
    if len(reasons) != len(chosen.sign):
        raise ShelfError(
            f"--sign names {len(chosen.sign)} and --because gives {len(chosen.because)} reasons: give one for all, or"
            " one for each, in their order"
        )
    return [
        Signature(wearer=wearer, by=chosen.by, because=because)
        for wearer, because in zip(chosen.sign, reasons, strict=True)
    ]


def _require_live(here: Installation, name: str) -> None:
    """Raise ShelfError unless the model can be believed and runs live."""
    from forecalm.watching.champion import proved
    from models.shelf.pointers import Pointer

    shelf = Shelf(here.models)
    if name in waiting(shelf):
        raise ShelfError(
            f"model {name!r} is shipped with forecalm and not adopted here: forecalm models shadow {name}, or forecalm"
            f" rehearse {name}, puts it on the shelf"
        )
    proved(shelf, Pointer(name, shelf.look(name)[1]))


def _roll_back(chosen: argparse.Namespace, here: Installation) -> int:
    return _done(chosen, here, lambda pointers: pointers.roll_back(by=chosen.by, why=chosen.because, at_s=time.time()))


def _withdraw(chosen: argparse.Namespace, here: Installation) -> int:
    return _done(
        chosen,
        here,
        lambda pointers: pointers.withdraw(chosen.name, by=chosen.by, why=chosen.because, at_s=time.time()),
    )


def _shadow(chosen: argparse.Namespace, here: Installation) -> int:
    name = None if chosen.name == "none" else chosen.name
    by = chosen.by or operator()
    if name is not None:
        if adopt(here, name, by=by) and not chosen.json:
            out.print(f"Adopted {name}: a proved copy of what is shipped lies on the shelf.")
        _require_live(here, name)
    return _done(chosen, here, lambda pointers: pointers.shadow(name, by=by, at_s=time.time()))


def _done(chosen: argparse.Namespace, here: Installation, do: Callable[[Pointers], Line]) -> int:
    """Do one thing to the pointers, alone, enter it into the audit, and say what holds now."""
    from forecalm.keeping.files import alone

    pointers = Pointers(Shelf(here.models))
    with alone(here.folder), closing(here.open_registry()) as registry:
        line = do(pointers)
        detail = {name: value for name, value in msgspec.to_builtins(line).items() if name not in ("by", "done")}
        evidence = detail.pop("evidence", {})
        registry.note(
            f"model {type(line).__struct_config__.tag}",
            by=line.by,
            **detail,
            **{f"evidence_{name}": value for name, value in evidence.items()},
        )
    return _in_force(chosen, here, line, pointers.standing().before)


def _in_force(chosen: argparse.Namespace, here: Installation, line: Line, before: str) -> int:
    """Say what watches now: not what ought to, where that cannot be believed."""
    from forecalm.watching.champion import choose

    choice = choose(here.models)
    watches = TRAINING_FREE if choice.champion is None else choice.champion.name
    shadow = None if choice.shadow is None else choice.shadow.name
    if chosen.json:
        said = {"done": line, "champion": choice.chosen, "watches": watches, "shadow": shadow, "before": before}
        print_json({**said, "faults": list(choice.faults)})
    else:
        out.print(f"{watches} watches{f', {shadow} in shadow' if shadow else ''}. {FOLLOWS}")
        for fault in choice.faults:
            out.print(f"Refused: {fault}", style="bold")
    return FELL_SHORT if choice.faults else 0


def _drift(chosen: argparse.Namespace, here: Installation) -> int:
    from forecalm.watching.drifting import drifted, tell

    found = drifted(here, now_s=time.time())
    if chosen.json:
        print_json({**found, "notice": SENTENCE})
    else:
        tell(found, out)
    return 0
