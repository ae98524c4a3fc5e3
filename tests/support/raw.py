"""WebSockets by hand: for what no proper client would do."""

from __future__ import annotations

import base64
import json
import os
import select
import socket
import struct
import time
from typing import Any

from tests.support.waiting import PATIENCE, Site, wait_until

TEXT, CONTINUATION, CLOSE = 1, 0, 8


class RawSocket:
    """One WebSocket; `frame` sends exactly what it is told."""

    def __init__(
        self,
        server: Site,
        *,
        headers: str = "",
        host: str | None = None,
        receive_buffer: int | None = None,
        query: str = "",
    ) -> None:
        address, _, port = server.url.removeprefix("http://").partition(":")
        named = host or f"{address}:{port}"
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect((address, int(port)))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /socket.io/?EIO=4&transport=websocket{query} HTTP/1.1\r\nHost: {named}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n{headers}\r\n".encode()
        )
        self.reader = self.socket.makefile("rb")
        self.answer = ""
        while line := self.reader.readline().strip():
            self.answer += line.decode() + "\n"

    @property
    def status(self) -> int:
        return int(self.answer.split()[1])

    def frame(self, data: bytes, opcode: int = TEXT, *, final: bool = True) -> None:
        self.socket.sendall(packed(data, opcode, final=final))

    def say(self, text: str) -> None:
        self.frame(text.encode())

    def hear(self) -> tuple[int, bytes]:
        """One frame: its opcode and what is in it. Raises ConnectionError at the end."""
        first = self.reader.read(2)
        if len(first) < 2:
            raise ConnectionResetError
        size = first[1] & 127
        if size > 125:
            size = int.from_bytes(self.reader.read(2 if size == 126 else 8), "big")
        return first[0] & 15, self.reader.read(size)

    def hear_text(self, start: str) -> str:
        """The next text that begins so; what comes before it is skipped."""
        while True:
            opcode, data = self.hear()
            if opcode == TEXT and data.decode().startswith(start):
                return data.decode()

    def sign_in(self, token: str) -> None:
        self.hear_text("0")
        self.say("40" + json.dumps({"token": token}))
        self.hear_text("40")

    def call(self, event: str, payload: Any) -> Any:
        self.say("420" + json.dumps([event, payload]))
        return json.loads(self.hear_text("430")[3:])[0]

    def hear_the_end(self) -> list[tuple[int, bytes]]:
        """Every frame until the server ends the connection."""
        frames = []
        try:
            while True:
                frames.append(self.hear())
        except ConnectionError:
            return frames

    def wait_for_the_end(self) -> float:
        """Return when the connection has ended, without reading; the seconds that took."""
        poll, start = select.poll(), time.monotonic()
        poll.register(self.socket, select.POLLHUP | select.POLLERR | select.POLLRDHUP)
        wait_until(lambda: poll.poll(0), "the server ends the connection")
        return time.monotonic() - start

    @property
    def ended(self) -> bool:
        poll = select.poll()
        poll.register(self.socket, select.POLLHUP | select.POLLERR | select.POLLRDHUP)
        return bool(poll.poll(0))

    def close(self) -> None:
        self.reader.close()
        self.socket.close()


def packed(data: bytes, opcode: int = TEXT, *, final: bool = True) -> bytes:
    """A masked frame; the mask is zero."""
    size = len(data)
    if size > 65535:
        length = struct.pack("!BQ", 255, size)
    elif size > 125:
        length = struct.pack("!BH", 254, size)
    else:
        length = struct.pack("!B", 128 | size)
    return bytes([opcode | (128 if final else 0)]) + length + bytes(4) + data
