"""A configuration in, whether tablets can trust the board, and for how long, out. Makes nothing."""

import stat
from collections.abc import Iterator
from pathlib import Path

from forecalm.certificates.authority import left_s, names_in
from forecalm.certificates.errors import CertificateError
from forecalm.certificates.local import DAY_S
from forecalm.certificates.own import Own
from forecalm.certificates.secured import FOLDER, local_of, wanted_names
from forecalm.certificates.source import first_certificate
from forecalm.commands.terminal import number
from forecalm.config import Config
from forecalm.doctor.finding import Finding, Level


def certificate(config: Config, now_s: float) -> Iterator[Finding]:
    """Look at what the board is served with."""
    said = config.console
    if said.secured == "off":
        what = f"the board is served on this machine only ({said.host}), without TLS: no tablet reaches it"
        yield Finding(Level.NOTE, "certificate", what, 'if that is wanted: console.host = "0.0.0.0": docs/tls.md')
        return
    if said.secured == "own":
        yield from _own(Own(Path(said.certificate), Path(said.key)), now_s)
        return
    if said.secured == "acme":
        yield from _acme(config.folder / FOLDER / "acme.pem", now_s)
    else:
        yield from _local(config, now_s)
    yield from _keys(config.folder / FOLDER)


def _own(own: Own, now_s: float) -> Iterator[Finding]:
    try:
        days = left_s(first_certificate(own.current(now_s).certificate), now_s) / DAY_S
    except CertificateError as error:
        yield Finding(Level.FAILURE, "certificate", str(error), "the board cannot be served: docs/tls.md")
        return
    if own.trouble:
        mend = "it is served as soon as it is there, without a restart"
        yield Finding(Level.FAILURE if days < 0 else Level.WARNING, "certificate", own.trouble, mend)
    else:
        yield Finding(Level.OK, "certificate", f"your own, {number(round(days), 'day')} left")


def _acme(path: Path, now_s: float) -> Iterator[Finding]:
    try:
        days = left_s(first_certificate(path), now_s) / DAY_S
    except CertificateError:
        what = "none has come by ACME yet: meanwhile this house's own is served, which no tablet knows"
        mend = "start the service; where its log says why none comes, look at console.names and console.acme_port"
        yield Finding(Level.WARNING, "certificate", what, mend)
        return
    if days < 0:
        what = "the one that came by ACME has ended: no tablet trusts the board"
        yield Finding(Level.FAILURE, "certificate", what, "the service's log says why no new one comes")
    else:
        yield Finding(Level.OK, "certificate", f"by ACME, {number(round(days), 'day')} left")


def _local(config: Config, now_s: float) -> Iterator[Finding]:
    local = local_of(config)
    if not local.authority_file.exists():
        what = "this house's authority is made when the service first starts"
        yield Finding(Level.NOTE, "certificate", what, "forecalm serve; then forecalm certificate show")
        return
    try:
        authority, leaf = first_certificate(local.authority_file), first_certificate(local.leaf_file)
    except CertificateError as error:
        yield Finding(Level.FAILURE, "certificate", str(error), "restore it from a back-up, or docs/tls.md")
        return
    trouble = local.trouble_of(authority, now_s)
    if trouble:
        yield Finding(Level.WARNING, "certificate", trouble, "docs/tls.md says how")
    days, missing = left_s(leaf, now_s) / DAY_S, local.permitted(authority)[0]
    if days < 0 or not names_in(leaf).covers(missing):
        what = "it has ended" if days < 0 else "it is not for all of this machine's names and addresses"
        mend = "the service makes another within seconds where it runs: start it, or look at its log"
        yield Finding(Level.WARNING, "certificate", what, mend)
    elif not trouble:
        names = number(len(wanted_names(config.console).spoken), "name or address", "names and addresses")
        what = f"this house's own, for {names}, {number(round(days), 'day')} left; it renews itself"
        yield Finding(Level.OK, "certificate", what)


def _keys(folder: Path) -> Iterator[Finding]:
    """Whether others on this machine could read what passes for this house."""
    for path in (*folder.glob("*.key"), *folder.glob("*.pem")):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            what = f"{path} can be read by others on this machine ({mode:o}): who has it can pass for this house"
            yield Finding(Level.FAILURE, "certificate", what, f"chmod 600 {path}; if somebody read it: docs/tls.md")
