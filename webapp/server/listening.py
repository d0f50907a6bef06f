"""The addresses to listen on, which are resolved and tried out before anything is served."""

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
    """A numeric address to listen on.

    Attributes:
        setting: the address as the operator has written it, for the start of an error's sentence.
    """

    host: str
    port: int
    setting: str

    def __str__(self) -> str:
        """Return the address as in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def listen(self) -> socket.socket:
        """Listen; on `::` also for IPv4, where the system allows that, as Gunicorn does.

        Raises:
            ListenError: the address is in use, not this machine's, or not permitted.
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
    """Return the address of a name, its IPv4 one if it has both, or of an IP address, in brackets or not.

    Raises:
        ListenError: the name is unknown, or no resolver has answered in `RESOLVE_SECONDS`.
    """
    host = host.removeprefix("[").removesuffix("]")
    try:
        return Address(str(ip_address(host)), port, setting)
    except ValueError:
        pass
    try:
        host.encode("idna")  # fails here, as gevent prints tracebacks of the resolver's thread
        with gevent.Timeout(RESOLVE_SECONDS, TimeoutError):
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise ListenError(
            f"{setting} can't be listened on: no resolver has answered in {RESOLVE_SECONDS} s."
        ) from error
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no host can have this name"
        raise ListenError(f"{setting} can't be listened on: {reason}.") from error
    # The resolver's thread must have ended before workers are forked.
    gevent.get_hub().threadpool.kill()
    families = (socket.AF_INET, socket.AF_INET6)
    best = min((each for each in found if each[0] in families), key=lambda each: families.index(each[0]))
    return Address(str(best[4][0]), port, setting)
