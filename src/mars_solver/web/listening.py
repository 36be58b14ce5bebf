"""Sockets that listen, and how many connections there is room for."""

from __future__ import annotations

import errno
import socket
import sys
from ipaddress import ip_address
from typing import Final, NamedTuple

from mars_solver.errors import InputError, Problem
from mars_solver.inputs.files import reason

MOST_CONNECTIONS: Final = 512
"""How many connections a process serves, where so many files may be open."""
BACKLOG: Final = 256
"""How many connections wait to be accepted."""
_SHARES: Final = sys.platform == "linux"
"""Whether the system shares out who connects among the sockets at one address."""
_TAKEN: Final = (errno.EADDRINUSE, errno.EACCES)
"""What the system says of a port that others have, or that not everybody may have."""
ACCEPTING: Final = 8
"""Turns of the loop within which each connection that was accepted is known to the server."""
_OTHER_FILES: Final = 128
"""How many files a process may have open beside its connections."""


def listen(host: str, port: int, count: int = 1) -> list[socket.socket]:
    """Return sockets that listen at one address, among which the system shares out who connects.

    Args:
        host: a name or an IP address.
        port: from 0 to 65535; 0 takes any free one.
        count: how many sockets, at most; one where the system cannot share out.

    Raises:
        InputError: if nothing can listen there, or the system allows too few connections.
    """
    room()
    place = f"{host}:{port}"
    opened: list[socket.socket] = []
    try:
        family, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # Named as TCP, so that asyncio sends small answers at once (no Nagle) on what it accepts.
        kind = socket.SOCK_STREAM, socket.IPPROTO_TCP
        opened += [socket.socket(family, *kind) for _ in range(count if _SHARES else 1)]
        for each in opened:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        first, *others = opened
        first.bind((host, port))
        first.listen(BACKLOG)  # not yet shared, so that nobody else has the address
        for each in opened if others else ():
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        for each in others:
            each.bind(first.getsockname())
            each.listen(BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        for each in opened:
            each.close()
        said = "not the name of a host" if isinstance(error, UnicodeError) else reason(error)
        hint = "--host is a name or an address of this machine"
        if getattr(error, "errno", None) in _TAKEN:
            hint = "another --port may be free; --port 0 takes any"
        raise InputError([Problem("serve", place, "", said, hint)]) from None
    return opened


class Room(NamedTuple):
    """How many connections there is room for."""

    connections: int
    at_once: int
    """How many are accepted in one turn of the loop."""


def room() -> Room:
    """Return how many connections there is room for among the files that may be open.

    Without room for one more, asyncio would try in vain to accept who connects, for ever and with a
    traceback each time.

    Raises:
        InputError: if there is none.
    """
    wanted = MOST_CONNECTIONS + ACCEPTING * BACKLOG
    places = _permitted(wanted + _OTHER_FILES) - _OTHER_FILES
    if places < 2 * ACCEPTING:
        expected = f"a limit of at least {2 * ACCEPTING + _OTHER_FILES} open files"
        hint = "ulimit -Hn shows it; the account or the container sets it"
        raise InputError([Problem("serve", "", expected, str(places + _OTHER_FILES), hint)])
    connections = min(MOST_CONNECTIONS, places // 2)
    return Room(connections, min(BACKLOG, (places - connections) // ACCEPTING))


def _permitted(wanted: int) -> int:
    """Let this process have so many files open, as far as the system does, and return how many."""
    if sys.platform == "win32":  # has no such limit
        return wanted
    import resource  # noqa: PLC0415  (not there on every system)

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def address(opened: socket.socket) -> str:
    """Return the URL of a listening socket."""
    host, port = opened.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def is_open(opened: socket.socket) -> bool:
    """Return whether other machines can reach a listening socket."""
    return not ip_address(opened.getsockname()[0].partition("%")[0]).is_loopback
