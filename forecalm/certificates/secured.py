"""A configuration in; how this house is served by TLS, under which names, and who vouches for it, out."""

import logging
import time
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

from forecalm.certificates.authority import names_in
from forecalm.certificates.by_acme import Account, ByAcme
from forecalm.certificates.errors import CertificateError
from forecalm.certificates.local import Local
from forecalm.certificates.names import Names, by_route, named, names_of
from forecalm.certificates.own import Own
from forecalm.certificates.source import Source, first_certificate
from forecalm.config import LOOPBACK, Config, ConsoleSection

log = logging.getLogger(__name__)

FOLDER: Final = "certificates"  # in the folder of the configuration
LOOK_S: Final = 5.0  # how old what is known of this machine's addresses may be


def wanted_names(said: ConsoleSection) -> Names:
    """Return by what tablets may ask for a house of this configuration, as of now."""
    return names_of(said.host, said.names)


def local_of(config: Config) -> Local:
    """Return the house's own authority and what it signs."""
    return Local(config.folder / FOLDER, place=config.site.place, names=lambda: wanted_names(config.console))


def source_of(config: Config) -> Source | None:
    """Return where certificates of this configuration come from; None: it is served without TLS."""
    said = config.console
    if said.secured == "off":
        return None
    if said.secured == "own":
        return Own(Path(said.certificate), Path(said.key))
    local = local_of(config)
    if said.secured == "local":
        return local
    account = Account(
        directory=said.acme_directory,
        email=said.acme_email,
        agreed=said.acme_agree,
        ca=said.acme_ca,
        host=said.host,
        port=said.acme_port,
    )
    return ByAcme(config.folder / FOLDER, account, names=named(said.names), meanwhile=local)


class Hosts(AbstractSet[str]):
    """The names and addresses under which the board may be asked for, as they are when somebody asks: an address that
    the network gave a moment ago is among them."""

    def __init__(self, said: ConsoleSection, clock: Callable[[], float] = time.monotonic) -> None:
        self._said = said
        self._clock = clock
        self._looked_s = clock()
        self._known = self._look()

    def __contains__(self, host: object) -> bool:
        if host not in self._known and self._clock() - self._looked_s > LOOK_S:
            self._looked_s = self._clock()
            self._known = self._look()
        return host in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def _look(self) -> frozenset[str]:
        return frozenset(wanted_names(self._said).spoken)


@dataclass(frozen=True, slots=True)
class Facts:
    """How the board is served: ``how`` as in ``console.tls``; where tablets find it; the certificate that is served and
    the authority that vouches for it, None where it is not this house's."""

    how: str
    boards: tuple[str, ...]
    certificate: x509.Certificate | None
    authority: x509.Certificate | None
    trust_pages: tuple[str, ...]


def facts_of(config: Config, *, now_s: float) -> Facts:
    """Return how the board is served. Makes what a first start would make. Raises CertificateError."""
    said, source = config.console, source_of(config)
    leaf = None if source is None else first_certificate(source.current(now_s).certificate)
    authority = local_of(config).authority(now_s).certificate if said.secured == "local" else None
    names = wanted_names(said)
    if said.secured == "acme":
        names = named(said.names)
    elif said.secured == "own" and leaf is not None:
        carried = names_in(leaf)
        whole = frozenset(host for host in carried.hosts if "*" not in host)
        names = Names(whole, carried.addresses) | named(said.names)
    scheme = "http" if source is None else "https"
    boards = tuple(address_of(scheme, name, said.port) for name in reachable(names))
    pages: tuple[str, ...] = ()
    if said.secured == "local" and said.trust_port:
        pages = tuple(address_of("http", name, said.trust_port) + "trust" for name in reachable(names))
    return Facts(said.secured, boards, leaf, authority, pages)


def reached(config: Config, *, now_s: float) -> str:
    """Return the address under which tablets find this house, "" where only this machine does."""
    try:
        (first, *_) = facts_of(config, now_s=now_s).boards
    except CertificateError as error:
        log.warning("no address for tablets is known: %s", error)
        return ""
    return "" if urlsplit(first).hostname in LOOPBACK else first


def reachable(names: Names) -> tuple[str, ...]:
    """Return the names by which others reach this machine, those first that surely work: addresses, names, and then
    what is known here alone. What is known here alone is left out where there is anything else."""
    first = by_route()
    elsewhere = sorted((name for name in names.spoken if name not in LOOPBACK), key=lambda name: name not in first)
    return tuple(elsewhere) or ("127.0.0.1",)


def address_of(scheme: str, name: str, port: int) -> str:
    """Return an address, which ends in a slash."""
    usual = {"http": 80, "https": 443}[scheme] == port
    return f"{scheme}://{f'[{name}]' if ':' in name else name}{'' if usual else f':{port}'}/"


def require_usable(config: Config) -> None:
    """Raise CertificateError where what is configured cannot be served with now."""
    source = source_of(config)
    if source is None:
        return
    if config.console.secured == "acme":
        try:
            import acme.client  # noqa: F401 - looked for, before anything starts
        except ImportError:
            raise CertificateError("console.tls: acme: needs pip install 'forecalm[acme]'") from None
    source.current(time.time())
