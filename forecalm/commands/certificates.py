"""The command that says what tablets know this house by: certificate."""

import argparse
import sys
import time
from dataclasses import dataclass

from forecalm.certificates.authority import fingerprint, left_s, names_in
from forecalm.certificates.by_acme import ByAcme
from forecalm.certificates.errors import CertificateError
from forecalm.certificates.local import DAY_S
from forecalm.certificates.secured import facts_of, local_of, source_of
from forecalm.commands.terminal import err, number, print_json, require_file
from forecalm.config import Config
from forecalm.config import load as load_config

OFF = (
    'console.tls: "off": there is no certificate: set console.host to "0.0.0.0" for the networks of this machine; where'
    " serve was told so, tell this command the same: --config FILE.toml, or export FORECALM_CONSOLE_HOST=0.0.0.0"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What ``certificate show --json`` prints. ``days`` are left of the certificate."""

    how: str
    boards: tuple[str, ...]
    trust_pages: tuple[str, ...]
    names: tuple[str, ...]
    days: float | None
    fingerprint: str
    authority_fingerprint: str
    authority_days: float | None
    trouble: str


def certificate(chosen: argparse.Namespace) -> int:
    """Show, renew or hand over what tablets know this house by."""
    config = load_config(chosen.config)
    if chosen.action == "renew":
        _renew(config, authority=chosen.authority)
    if chosen.action == "qr":
        _draw(config, chosen)
        return 0
    shown = _shown(config)
    if chosen.json:
        print_json(shown)
        return 0
    sys.stdout.write("\n".join(_lines(shown)) + "\n")
    return 0


def _shown(config: Config) -> Shown:
    now_s = time.time()
    facts, source = facts_of(config, now_s=now_s), source_of(config)
    if source is not None:
        source.current(now_s)
    leaf, authority = facts.certificate, facts.authority
    return Shown(
        how=facts.how,
        boards=facts.boards,
        trust_pages=facts.trust_pages,
        names=() if leaf is None else names_in(leaf).spoken,
        days=None if leaf is None else round(left_s(leaf, now_s) / DAY_S, 1),
        fingerprint="" if leaf is None else fingerprint(leaf),
        authority_fingerprint="" if authority is None else fingerprint(authority),
        authority_days=None if authority is None else round(left_s(authority, now_s) / DAY_S, 1),
        trouble="" if source is None else source.trouble,
    )


def _lines(shown: Shown) -> list[str]:
    if shown.days is None:
        return [f"The board is served at {shown.boards[0]}, on this machine only, without TLS."]
    lines = [f"The board is served at {', '.join(shown.boards)}"]
    left = number(round(shown.days), "day is", "days are")
    lines.append(f"Its certificate ({shown.how}) is for {', '.join(shown.names)}; {left} left of it")
    if shown.authority_fingerprint:
        lines.append("Tablets must be shown this SHA-256 fingerprint of this house's authority, and no other:")
        lines.append(f"  {shown.authority_fingerprint}")
    if shown.trust_pages:
        lines.append(f"They are given it by {shown.trust_pages[0]} (forecalm certificate qr draws that for a camera)")
    if shown.trouble:
        lines.append(f"WARNING: {shown.trouble}")
    return lines


def _renew(config: Config, *, authority: bool) -> None:
    source, now_s = source_of(config), time.time()
    if source is None:
        raise CertificateError(OFF)
    if config.console.secured == "own":
        raise CertificateError('console.tls: "own": put the new files where console.certificate and console.key say')
    if isinstance(source, ByAcme):
        if authority:
            raise CertificateError('--authority: console.tls: "acme": the authority is another\'s')
        source.order()
        return
    local = local_of(config)
    if authority:
        local.make_authority(now_s)
        err.print("This house has a new authority: no tablet trusts it until it has been given it.")
    local.make_leaf(now_s)


def _draw(config: Config, chosen: argparse.Namespace) -> None:
    from console.qr import in_letters, picture_svg  # here: no other command draws

    pages = facts_of(config, now_s=time.time()).trust_pages
    if not pages:
        raise CertificateError(
            OFF if config.console.secured == "off" else "console.trust_port: there is no page to hand it over"
        )
    if chosen.out is not None:
        require_file(chosen.out, "--out", suffixes=(".svg",))
        chosen.out.write_bytes(picture_svg(pages[0]))
        return
    sys.stdout.write(f"{in_letters(pages[0])}\n{pages[0]}\n")
