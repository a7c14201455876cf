"""A host setting and further names in, every name and address by which tablets may ask for this house out."""

import ipaddress
import re
import socket
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from forecalm.config import LOOPBACK

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

SIOCGIFADDR: Final = 0x8915  # ioctl of Linux: the IPv4 address of an interface (netdevice(7))
IFREQ_BYTES: Final = 256  # more than a struct ifreq takes
ADDRESS_AT: Final = slice(20, 24)  # within it: a name of 16 bytes, family and port of 4, then the address
ANYWHERE: Final = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))  # RFC 5737, 3849: nobody's
PRIVATE: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "127.0.0.0/8",
            "10.0.0.0/8",  # RFC 1918
            "172.16.0.0/12",
            "192.168.0.0/16",
            "169.254.0.0/16",
            "100.64.0.0/10",  # RFC 6598: what overlay networks give
            "::1/128",
            "fc00::/7",  # RFC 4193
            "fe80::/10",
        ),
    )
)
"""Addresses that are nobody's in particular: those of a house."""
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
NAME_MAX: Final = 253  # RFC 1035


@dataclass(frozen=True, slots=True)
class Names:
    """By what a house is asked for: host names in lower case, and addresses."""

    hosts: frozenset[str]
    addresses: frozenset[Address]

    def __or__(self, other: "Names") -> "Names":
        return Names(self.hosts | other.hosts, self.addresses | other.addresses)

    def covers(self, other: "Names") -> bool:
        """Whether whoever knows these knows the ``other`` too."""
        return other.hosts <= self.hosts and other.addresses <= self.addresses

    @property
    def spoken(self) -> tuple[str, ...]:
        """As they stand in an address of a page, without brackets: addresses first, then names."""
        return tuple(map(str, sorted(self.addresses, key=_order))) + tuple(sorted(self.hosts))


def _order(address: Address) -> tuple[bool, int, int]:
    """Loopback last, IPv4 before IPv6."""
    return address.is_loopback, address.version, int(address)


def named(names: Iterable[str]) -> Names:
    """Return ``names`` sorted into names and addresses. Raises ValueError, naming it, for what is neither."""
    hosts, addresses = set(), set()
    for name in names:
        try:
            addresses.add(ipaddress.ip_address(name.strip("[]")))
        except ValueError:
            host = name.lower().rstrip(".")
            if len(host) > NAME_MAX or not all(_LABEL.fullmatch(label) for label in host.split(".")):
                raise ValueError(f"{name!r} is neither a host name nor an address") from None
            hosts.add(host)
    return Names(frozenset(hosts), frozenset(addresses))


def names_of(host: str, further: Iterable[str] = ()) -> Names:
    """Return by what tablets may ask for a house that is served at ``host``: ``further``, this machine's name, the same
    with ``.local`` (multicast DNS, RFC 6762), ``localhost``, and the addresses that ``host`` stands for. Raises
    ValueError for what is no name."""
    here = named(["localhost", "127.0.0.1", "::1", *further])
    if host in LOOPBACK:
        return here
    try:
        own = named([short, f"{short}.local"]) if (short := socket.gethostname().partition(".")[0]) else named([])
    except ValueError:
        own = named([])  # a machine whose name no certificate can hold
    listening = named([host])
    if not any(address.is_unspecified for address in listening.addresses):
        return here | own | listening
    heard = {each for each in own_addresses() if host == "::" or each.version == 4}  # "::" hears both
    return here | own | Names(frozenset(), frozenset(heard))


def own_addresses() -> set[Address]:
    """Return this machine's private addresses, as far as they can be found out without asking anybody. A public one has
    to be named: those of IPv6 change by the day."""
    found = {ipaddress.ip_address(address) for address in (*_of_interfaces(), *_of_routes())}
    return {each for each in found if is_private(each) and not each.is_loopback and not _is_of_one_link(each)}


def by_route() -> list[str]:
    """Return the addresses by which this machine speaks to elsewhere: by these it is surely reached."""
    return list(_of_routes())


def is_private(address: Address) -> bool:
    """Whether nobody in particular owns it."""
    return any(address.version == network.version and address in network for network in PRIVATE)


def _is_of_one_link(address: Address) -> bool:
    """Whether a browser could not ask for it: it takes the name of an interface, too."""
    return address.version == 6 and address.is_link_local


def _of_interfaces() -> Iterable[str]:
    """One IPv4 address of each interface, where Linux says so."""
    if not sys.platform.startswith("linux"):
        return
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            asked = struct.pack(f"{IFREQ_BYTES}s", name.encode()[:15])
            try:
                yield socket.inet_ntoa(fcntl.ioctl(asking.fileno(), SIOCGIFADDR, asked)[ADDRESS_AT])
            except OSError:
                continue  # it has none


def _of_routes() -> Iterable[str]:
    """The addresses by which this machine would leave for elsewhere; a UDP socket that connects sends nothing."""
    for elsewhere, family in ANYWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as asking:
                asking.connect((elsewhere, 9))
                yield asking.getsockname()[0].partition("%")[0]
        except OSError:
            continue  # no way out
