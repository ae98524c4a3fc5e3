"""Fetching from addresses that users chose, which must be on the public internet.

A name is resolved once; every address that it has must be public; the connection goes to such an
address and to no name, so nobody can give another answer in between. A redirect is an address like
the first. A deadline covers all of it, however slowly the other side speaks.

Only https by port 443, with a certificate for the name. The libraries made for this (advocate is no
longer kept; drawbridge and safehttpx are for asyncio) have no deadline for a whole answer.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPException
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urljoin

import certifi
from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    NewConnectionError,
)
from urllib3.util import Url, parse_url

from chatapp.core import concurrency
from chatapp.security.metered_socket import MeteredSocket

#: Seconds for all of it: names, connections, redirects, the body.
TIMEOUT_SECONDS = 5.0
MAX_BYTES = 5 * 1024 * 1024
MAX_REDIRECTS = 3
#: Bytes of an answer beside its body: headers, the sizes of chunks, trailers.
_MAX_FRAMING = 256 * 1024
#: How many addresses of a name are tried.
_MAX_ADDRESSES_TRIED = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_PORT = 443

_GLOBAL = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
#: Ways to IPv4 addresses inside IPv6 ones, and what is reserved within the public range.
_NEVER = tuple(
    ip_network(network)
    for network in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)

Resolve = Callable[[str, int], Sequence[str]]


class Refused(Exception):
    """The address isn't fetched. The text says why, without anything that users wrote."""


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host. Raises Refused where it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refused("the name has no address") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(text: str) -> bool:
    """Return whether this is a public internet address, also if it is wrapped in an IPv6 one."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        if address in _NAT64:
            return is_public(str(IPv4Address(int(address) & 0xFFFFFFFF)))
        if address not in _GLOBAL:
            return False
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def fetch(url: str, kind: str, *, allow: Collection[str] = (), resolve: Resolve = resolve) -> bytes:
    """Return what is at this https address; its type has to begin with ``kind``.

    ``allow`` are networks that count as public, by any port. Raises Refused.
    """
    deadline = time.monotonic() + TIMEOUT_SECONDS
    for _ in range(MAX_REDIRECTS + 1):
        target = _parsed(url)
        address, port = target.host or "", target.port or _PORT
        try:
            with concurrency.time_limit(max(0.0, deadline - time.monotonic())):
                addresses = resolve(address.strip("[]"), port)
        except TimeoutError:
            raise Refused("the name isn't found in time") from None
        if not addresses or not all(_may(one, port, allow) for one in addresses):
            raise Refused("the address isn't a public one")
        with _get(target, addresses, deadline) as answer:
            if answer.status not in _REDIRECTS:
                return _body(answer, kind, deadline)
            url = urljoin(url, answer.headers.get("Location", ""))
    raise Refused("there are too many redirects")


def _parsed(url: str) -> Url:
    try:
        target = parse_url(url)
    except LocationParseError:
        raise Refused("the address can't be read") from None
    if target.scheme != "https" or not target.host or target.auth is not None:
        raise Refused("the address isn't https, or has a name before the host")
    return target


def _may(address: str, port: int, allow: Collection[str]) -> bool:
    if any(_within(address, network) for network in allow):
        return True
    return port == _PORT and is_public(address)


def _within(address: str, network: str) -> bool:
    try:
        return ip_address(address) in ip_network(network)
    except ValueError:  # an IPv6 address with a zone
        return False


def _body(answer: BaseHTTPResponse, kind: str, deadline: float) -> bytes:
    if answer.status != 200:
        raise Refused(f"the answer is {answer.status}")
    if not answer.headers.get("Content-Type", "").lower().startswith(kind):
        raise Refused("the answer is of another type")
    if int(answer.headers.get("Content-Length") or 0) > MAX_BYTES:
        raise Refused("the answer is too large")
    body = bytearray()
    for part in answer.stream(64 * 1024, decode_content=False):
        body += part
        if len(body) > MAX_BYTES:
            raise Refused("the answer is too large")
    if time.monotonic() > deadline:  # the end that we made isn't its own
        raise Refused("the answer takes too long")
    return bytes(body)


class _Connection(HTTPSConnection):
    """A connection that another task can end, while it is opened and while it is used."""

    _cut: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        self._cut = connected.dup()  # TLS takes the other one over
        return connected

    def end_at(self, deadline: float, done: threading.Event) -> None:
        """End the connection at this moment, unless it is done before."""
        if not done.wait(max(0.0, deadline - time.monotonic())) and self._cut is not None:
            with suppress(OSError):
                self._cut.shutdown(socket.SHUT_RDWR)

    def discard(self) -> None:
        """Close everything. The library calls its own `close` before the body is read."""
        self.close()
        if self._cut is not None:
            self._cut.close()


@contextmanager
def _get(target: Url, addresses: Sequence[str], deadline: float) -> Iterator[BaseHTTPResponse]:
    """Give the answer of one of these addresses to a GET, open for the length of the block."""
    done = threading.Event()
    connection = None
    try:
        connection = _connected(target, addresses, deadline, done)
        headers = {
            "Host": target.netloc or "",
            "User-Agent": "chatapp",
            "Accept": "image/webp, image/jpeg, image/png, image/gif",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        connection.request(
            "GET", target.request_uri, headers=headers, preload_content=False, decode_content=False
        )
        yield connection.getresponse()
    except (HTTPError, HTTPException, OSError, ValueError) as exc:
        raise Refused(
            f"there is no answer in time, or no usable one: {type(exc).__name__}"
        ) from None
    finally:
        done.set()
        if connection is not None:
            connection.discard()


def _connected(
    target: Url, addresses: Sequence[str], deadline: float, done: threading.Event
) -> _Connection:
    """Return a connection to the first of these addresses that accepts one."""
    failure: HTTPError | None = None
    for address in addresses[:_MAX_ADDRESSES_TRIED]:
        connection = _Connection(
            address,
            target.port or _PORT,
            timeout=max(0.1, deadline - time.monotonic()),
            ssl_context=_trusting(),
            server_hostname=(target.host or "").strip("[]"),
        )
        concurrency.spawn(connection.end_at, deadline, done)
        try:
            connection.connect()
            connection.sock = MeteredSocket(
                connection.sock, max_bytes=MAX_BYTES + _MAX_FRAMING, deadline=deadline
            )
            return connection
        except (NewConnectionError, ConnectTimeoutError) as exc:
            connection.discard()
            failure = exc
        except BaseException:
            connection.discard()
            raise
    raise failure or Refused("the name has no address")


def _trusting() -> ssl.SSLContext:
    """Trust the system's authorities and certifi's; only those of SSL_CERT_FILE where it is set."""
    context = ssl.create_default_context()
    if "SSL_CERT_FILE" not in os.environ:
        context.load_verify_locations(certifi.where())
    return context
