"""Addresses to listen on: names resolved, and tried, before anything is served."""

import os
import socket
from dataclasses import dataclass
from ipaddress import ip_address

import gevent

RESOLVE_SECONDS = 5


class ListenError(Exception):
    """An address can't be listened on; the message is a sentence that names the setting."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address to listen on, in figures.

    Attributes:
        setting: how the operator wrote it, to begin a sentence with.
    """

    host: str
    port: int
    setting: str

    def __str__(self) -> str:
        """Write it as in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def listen(self) -> socket.socket:
        """Listen; on `::` for IPv4 too, where the system lets one socket do both, as Gunicorn does.

        Raises:
            ListenError: the address is taken, not this machine's, or not allowed.
        """
        ipv6 = ":" in self.host
        try:
            return socket.create_server(
                (self.host, self.port),
                family=socket.AF_INET6 if ipv6 else socket.AF_INET,
                dualstack_ipv6=ipv6 and socket.has_dualstack_ipv6(),
            )
        except (OSError, OverflowError) as error:
            reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
            raise ListenError(f"{self.setting} can't be listened on: {reason}.") from error


def resolve(host: str, port: int, setting: str) -> Address:
    """Turn a host, by name or in figures, in brackets or not, into an address; of several IPv4 comes first.

    Raises:
        ListenError: the name is not known, or nobody answers what it means.
    """
    host = host.removeprefix("[").removesuffix("]")
    try:
        return Address(str(ip_address(host)), port, setting)
    except ValueError:
        pass
    try:
        host.encode("idna")  # in the resolver's thread, gevent would print the traceback of its error
        with gevent.Timeout(RESOLVE_SECONDS, TimeoutError):
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise ListenError(
            f"{setting} can't be listened on: no resolver has answered in {RESOLVE_SECONDS} s."
        ) from error
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no host can have this name"
        raise ListenError(f"{setting} can't be listened on: {reason}.") from error
    # Its thread must not be there when workers are forked.
    gevent.get_hub().threadpool.kill()
    families = (socket.AF_INET, socket.AF_INET6)
    best = min((each for each in found if each[0] in families), key=lambda each: families.index(each[0]))
    return Address(str(best[4][0]), port, setting)
