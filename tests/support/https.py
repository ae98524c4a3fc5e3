"""A web server with a certificate of its own, for what this server fetches from others."""

from __future__ import annotations

import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

Answer = Callable[[BaseHTTPRequestHandler], None]


class HttpsSite:
    """Serves at an address of this computer from `start()` to `stop()`.

    `pages` says what answers to each path; `asked` counts the requests. `authority` is the file of
    whom to trust.
    """

    def __init__(self, folder: Path, host: str = "127.0.0.1", name: str = "localhost") -> None:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked[self.path] += 1
                site.headers = dict(self.headers)
                try:
                    site.pages[self.path](self)
                except OSError:
                    pass  # the other side has had enough
                self.close_connection = True

            def log_message(self, *_: Any) -> None:
                """Tests assert; they need no log."""

        self.pages: dict[str, Answer] = {}
        self.asked: Counter[str] = Counter()
        self.headers: dict[str, str] = {}
        self.stopping = threading.Event()
        authority = trustme.CA()
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self.authority))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        self._http = ThreadingHTTPServer((host, 0), Handler)
        self._http.daemon_threads = True
        # Its own thread shakes hands: who doesn't go on keeps nobody else waiting.
        self._http.socket = context.wrap_socket(
            self._http.socket, server_side=True, do_handshake_on_connect=False
        )
        self._http.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port = self._http.server_port
        self.url = f"https://{name}:{self.port}"

    def start(self) -> HttpsSite:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()

    def gives(self, path: str, body: bytes, type_: str = "image/png", **headers: str) -> str:
        """This path answers so; its address."""
        self.pages[path] = lambda handler: answer(handler, 200, body, type_, **headers)
        return self.url + path

    def redirects(self, path: str, target: str, status: int = 302) -> str:
        """This path leads elsewhere; its address."""
        self.pages[path] = lambda handler: answer(handler, status, b"", Location=target)
        return self.url + path


def answer(
    handler: BaseHTTPRequestHandler,
    status: int,
    body: bytes,
    type_: str = "text/plain",
    **headers: str,
) -> None:
    handler.send_response(status)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in ({"Content-Type": type_, "Content-Length": str(len(body))} | given).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


class Listener:
    """Something private: counts who connects, and says nothing."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family)
        self._socket.bind((host, 0))
        self._socket.listen()
        self.port: int = self._socket.getsockname()[1]
        self.connects = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            self.connects += 1
            line.close()

    def stop(self) -> None:
        self._socket.close()
