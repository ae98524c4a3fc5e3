"""gunicorn's eventlet worker (read in 25.3) with bounds on connections and on what they send.

The library's accepts connections without end, and dies for good when the process is out of files;
it waits for a new client's request as long as it keeps an old one's connection; it answers
pipelined requests without giving way to others; and before the next request it reads the rest of a
body that nobody wanted, whatever its size.
"""

from __future__ import annotations

# First, and imported before all others: it patches the standard library.
from gunicorn.workers.geventlet import EventletWorker  # isort: skip

import errno
import logging
import resource
import socket
import sys
from collections import Counter
from typing import Any

import eventlet
from eventlet.greenio import GreenSocket
from gunicorn import util
from gunicorn.http.errors import NoMoreData
from gunicorn.http.parser import RequestParser

from chatapp.core.tally import Tally
from chatapp.security.client_address import network
from chatapp.transport.http_parsing import (
    YieldingUnreader,
    bound_chunks,
    has_request_ahead,
    is_body_received,
)

log = logging.getLogger(__name__)

#: Seconds in which a new connection must have sent its first request's header.
FIRST_REQUEST_SECONDS = 10
#: Requests that a client may send ahead of their answers, on one connection.
MAX_PIPELINED = 32
#: Files that aren't connections: of the database, the sessions, mails and pictures.
RESERVED_FILES = 128
#: Connections of one network, where no proxy stands in front: 100 people have some 700.
MAX_PER_NETWORK = 2_000
#: What is read of an unwanted body, so that its sender reads the answer: bytes and seconds.
LINGER_BYTES, LINGER_SECONDS = 32 * 1024 * 1024, 5
#: Seconds until the next try to accept when there are no more files.
_PAUSE_SECONDS = 0.1

_OUT_OF_FILES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_CLIENT_GONE = {errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.EBADF, errno.ETIMEDOUT}


class Worker(EventletWorker):  # type: ignore[misc]
    """The process that serves everybody."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._per_network: Counter[str] = Counter()
        self._open = 0
        self._max_open = self.worker_connections
        self._max_per_network: int | None = None
        self._refused = Tally(log, "closed a new connection")
        self._paused = Tally(log, "no more connections for the moment")

    def run(self) -> None:
        """Accept and serve until the master says that it is enough."""
        self._set_bounds()
        acceptors = [eventlet.spawn(self._accept, GreenSocket(sock)) for sock in self.sockets]
        while self.alive:
            self.notify()
            eventlet.sleep(1.0)
            if any(acceptor.dead for acceptor in acceptors):
                self.log.critical(
                    "a listening socket is lost: this worker ends, and a new one starts"
                )
                sys.exit(1)
        self.notify()
        with eventlet.Timeout(self.cfg.graceful_timeout, False):
            for acceptor in acceptors:
                acceptor.kill(eventlet.StopServe())
            for acceptor in acceptors:
                acceptor.wait()
        for acceptor in acceptors:
            acceptor.kill()

    def _set_bounds(self) -> None:
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if files != resource.RLIM_INFINITY:
            room = files - min(RESERVED_FILES, files // 2)
            self._max_open = min(self._max_open, room)
        settings = self.wsgi.config["SETTINGS"]
        if settings.rate_limits and not settings.trusted_proxies:  # a proxy's are everybody's
            self._max_per_network = min(MAX_PER_NETWORK, self._max_open * 3 // 4)

    def _accept(self, listener: Any) -> None:
        """Accept connections until told to stop, then wait for those that are open."""
        listener.setblocking(1)
        pool = eventlet.GreenPool(self.worker_connections)
        address = listener.getsockname()
        try:
            while True:
                self._accept_one(listener, address, pool)
                eventlet.sleep(0)  # accepting doesn't hold up those who are there
        except eventlet.StopServe:  # it comes wherever this task waits
            listener.close()
            pool.waitall()

    def _accept_one(self, listener: Any, address: Any, pool: Any) -> None:
        try:
            client, addr = listener.accept()
        except OSError as exc:
            if exc.errno in _OUT_OF_FILES:
                self._paused.add(exc)
            eventlet.sleep(_PAUSE_SECONDS)
            return
        source = network(addr[0] if addr else "")
        if self._is_full(source):
            self._refused.add(f"{self._open} are open, {self._per_network[source]} of {source}")
            client.close()
        else:
            self._count(source, 1)
            pool.spawn_n(self._serve, listener, address, client, addr, source)

    def _is_full(self, source: str) -> bool:
        most = self._max_per_network
        return self._open >= self._max_open or (
            most is not None and self._per_network[source] >= most
        )

    def _count(self, source: str, change: int) -> None:
        self._open += change
        self._per_network[source] += change
        if not self._per_network[source]:
            del self._per_network[source]

    def _serve(self, listener: Any, address: Any, client: Any, addr: Any, source: str) -> None:
        try:
            if self.cfg.is_ssl:
                self.handle(listener, client, addr)
            else:
                self._converse(address, client, addr)
        finally:
            util.close(client)
            self._count(source, -1)

    def _converse(self, address: Any, client: Any, addr: Any) -> None:
        """Answer one connection's requests until it ends."""
        request = None
        try:
            parser = RequestParser(self.cfg, client, addr)
            parser.unreader = YieldingUnreader(client)
            seconds, ahead = FIRST_REQUEST_SECONDS, 0
            while True:
                request = None
                with eventlet.Timeout(seconds, False):
                    request = next(parser)
                if request is None:
                    return
                bound_chunks(request)
                request.proxy_protocol_info = request.proxy_protocol_info or {}
                try:
                    self.handle_request(address, request, client, addr)
                finally:
                    unread = not is_body_received(request)
                    if unread:
                        _linger(client)
                ahead += has_request_ahead(request)
                if unread or ahead > MAX_PIPELINED:
                    return
                seconds = self.cfg.keepalive
        except (NoMoreData, StopIteration):
            pass  # the client or the answer ended it
        except OSError as exc:
            if exc.errno not in _CLIENT_GONE:
                self.log.exception("Socket error processing request.")
        except Exception as exc:
            self.handle_error(request, client, addr, exc)


def _linger(client: Any) -> None:
    """Throw away what a client is still sending, for a while: closed at once, it sees no answer."""
    try:
        client.shutdown(socket.SHUT_WR)
        left = LINGER_BYTES
        with eventlet.Timeout(LINGER_SECONDS, False):
            while left > 0 and (data := client.recv(64 * 1024)):
                left -= len(data)
                eventlet.sleep(0)
    except OSError:
        pass  # it is gone
