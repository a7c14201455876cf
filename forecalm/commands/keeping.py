"""Commands on what is kept and for how long: erase, backup, restore, retention, audit."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table

from forecalm.cli import FELL_SHORT
from forecalm.commands.terminal import err, number, operator, print_json, progress_bar
from forecalm.config import load as load_config

out = Console(highlight=False, soft_wrap=True)


def erase(chosen: argparse.Namespace) -> int:
    """Take away everything that is known of a wearer, after saying what that is and asking."""
    from forecalm.erasure.erasure import Erasure, hold
    from forecalm.installation import Installation
    from forecalm.keeping.files import alone

    here = Installation(load_config(chosen.config))
    with ExitStack() as stack:
        registry = stack.enter_context(closing(here.open_registry()))
        store = stack.enter_context(closing(here.open_store()))
        how: dict[str, Any] = {"by": operator(), "backups": chosen.backups}
        with progress_bar(quiet=chosen.json) as bar:
            task = bar.add_task("looking at readings", total=None)
            listed = Erasure(
                here, registry, store, progress=lambda band, n: bar.update(task, description=f"{band}: {n:,}"), **how
            ).look(chosen.wearer)
        traces = [_trace(trace) for trace in listed.traces]
        told: dict[str, Any] = {"wearer": listed.wearer, "traces": traces}
        if not chosen.json:
            _tell(traces, listed.takes_s)
        if chosen.dry_run:
            _json(told | {"erased": False}, chosen)
            return 0
        stack.enter_context(alone(here.folder))
        journal = stack.enter_context(closing(hold(here, listed)))
        if not chosen.yes and not _agreed(chosen.wearer):
            err.print("Nothing is erased.")
            return FELL_SHORT
        receipt = Erasure(here, registry, store, journal=journal, **how).erase(listed, time.time())
    _json(told | {"erased": True, "receipt": str(receipt)}, chosen)
    if not chosen.json:
        sys.stdout.write(receipt.read_text())
        out.print(f"Erased. The receipt names nobody: {receipt}")
        for line in _elsewhere(here.config.registry.url, here.config.store.kind):
            out.print(f"Not in our hands: {line}", style="dim")
    return 0


def _trace(trace: Any) -> dict[str, Any]:  # noqa: ANN401 - a Trace, whose module is not to be loaded for --help
    fate = f"stays: {trace.stays}" if trace.stays else "goes"
    return {"kind": trace.kind, "what": trace.what, "count": trace.count, "fate": fate}


def _tell(traces: list[dict[str, Any]], takes_s: float) -> None:
    table = Table("", "how many", box=None, pad_edge=False)
    for heading in ("where", ""):
        table.add_column(heading, overflow="fold")  # cut short, a file could not be found
    for trace in traces:
        table.add_row(trace["kind"], f"{trace['count']:,}", trace["what"], trace["fate"])
    out.print(table)
    out.print(f"Erasing takes about {takes_s:.0f} s and cannot be undone.")


def _agreed(wearer: str) -> bool:
    err.print(f"To erase all that goes, type the pseudonym {wearer}: ", end="")
    return sys.stdin.readline().strip() == wearer


def _elsewhere(registry_url: str, store_kind: str) -> list[str]:
    said = ["what was exported or copied to other machines, logs, and messages that the broker still holds"]
    if registry_url:
        said.append("PostgreSQL's write-ahead log, archives and replicas, until they are recycled")
    if store_kind == "influxdb":
        said.append("back-ups of InfluxDB, and its files until it has rewritten them")
    return said


def backup(chosen: argparse.Namespace) -> int:
    """Copy everything into a new folder; a service may run."""
    from forecalm.backup import back_up
    from forecalm.installation import Installation

    here = Installation(load_config(chosen.config))
    with closing(here.open_registry()) as registry, closing(here.open_store()) as store, _steps(chosen) as say:
        copied = back_up(here, chosen.folder, registry=registry, store=store, now_s=time.time(), progress=say)
    if chosen.json:
        _json(copied, chosen)
        return 0
    out.print(f"Everything as of now is in {copied.path}: {_said(copied.counts)}.")
    for note in copied.notes:
        out.print(f"Not in it: {note}")
    out.print(f"Keep elsewhere, as a witness: the manifest's SHA-256 is {copied.digest}")
    out.print("It holds names and readings of everybody: lock it away, and let it expire.")
    return 0


def restore(chosen: argparse.Namespace) -> int:
    """Bring a back-up back into an installation that is empty."""
    from forecalm.installation import Installation
    from forecalm.restore import restore as bring_back

    here = Installation(load_config(chosen.config))
    with _steps(chosen) as say:
        restored = bring_back(here, chosen.folder, by=operator(), receipts=chosen.receipts, progress=say)
    if chosen.json:
        _json(restored, chosen)
    else:
        out.print(f"{here.folder} is as it was at {restored.made_at}: {_said(restored.counts)}. Every byte is proved.")
        for note in restored.notes:
            out.print(f"Was not in it: {note}")
        out.print(
            f"Ended: {_said(restored.ended)}. Enrol the tablets before anybody relies on them (forecalm tablet enrol):"
            " until then no wall shows the board. Passwords, roles and what lets gateways in are those of then: look at"
            " forecalm account list and forecalm gateway-access list for whom you shut out since.",
            style="bold",
        )
        for wearer in restored.erase_again:
            out.print(f"{wearer} had been erased since: forecalm erase {wearer}", style="bold")
    return FELL_SHORT if restored.erase_again else 0


@contextmanager
def _steps(chosen: argparse.Namespace) -> Iterator[Callable[[str], None]]:
    """What is worked on now, for who waits for it."""
    with progress_bar(quiet=chosen.json) as bar:
        task = bar.add_task("", total=None)
        yield lambda what: bar.update(task, description=what)


def _said(counts: dict[str, int]) -> str:
    names = {name: (name.removesuffix("s") if count == 1 else name).replace("_", " ") for name, count in counts.items()}
    return ", ".join(f"{counts[name]:,} {said}" for name, said in names.items())


def retention(chosen: argparse.Namespace) -> int:
    """Say for how many days a site keeps readings."""
    from forecalm.installation import Installation
    from forecalm.keeping.keeping import put_in_only_site

    here = Installation(load_config(chosen.config))
    with closing(here.open_registry()) as registry:
        registry.set_retention(chosen.site, chosen.days, by=operator())
        put_in_only_site(registry, by=operator())
        over = registry.outlived(time.time())
        wearers = sum(site == chosen.site for site in registry.site_of().values())
    days = "until somebody erases them" if chosen.days is None else f"for {number(chosen.days, 'day')}"
    if chosen.json:
        _json({"site": chosen.site, "readings_days": chosen.days, "wearers": wearers, "over": len(over)}, chosen)
    else:
        sys.stdout.write(f"Readings of the {number(wearers, 'wearer')} of {chosen.site} are kept {days}.\n")
        if over:
            over_said = f"{number(len(over), 'stretch is', 'stretches are')} over"
            sys.stdout.write(f"{over_said}: a service that runs erases what is over within the hour.\n")
    return 0


def audit(chosen: argparse.Namespace) -> int:
    """Say whether the audit is whole, and how it ends."""
    from forecalm.installation import Installation
    from ingest.registry.audit import Head

    here = Installation(load_config(chosen.config))
    witness = None if chosen.witness is None else Head(*chosen.witness)
    with closing(here.open_registry()) as registry:
        wrong, head = registry.verify_audit(witness), registry.audit_head()
    if chosen.json:
        _json({"whole": not wrong, "problems": wrong, "head": {"number": head.number, "digest": head.digest}}, chosen)
    else:
        for line in wrong:
            sys.stdout.write(f"{line}\n")
        entries = number(head.number, "entry", "entries")
        sys.stdout.write(f"{'NOT whole' if wrong else 'Whole'}: {entries}. Keep elsewhere, as a witness:\n")
        sys.stdout.write(f"{head.number}:{head.digest}\n")
    return FELL_SHORT if wrong else 0


def _json(said: object, chosen: argparse.Namespace) -> None:
    if chosen.json:
        print_json(said)
