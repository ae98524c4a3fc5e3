"""Socket.IO from outside: a client that keeps the order of what it hears, and raw handshakes."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import engineio
import requests
import socketio
import websocket

from tests.support.waiting import PATIENCE, Site


class _InOrder(engineio.Client):
    """python-engineio gives each message a thread of its own; one thread keeps them in order."""

    def _trigger_event(self, event: str, *args: Any, **kwargs: Any) -> Any:
        if event != "message" or not kwargs.get("run_async"):
            return super()._trigger_event(event, *args, **kwargs)
        if not hasattr(self, "_heard"):
            self._heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
            threading.Thread(target=self._hear, daemon=True).start()
        self._heard.put(args)
        return None

    def _hear(self) -> None:
        while True:
            super()._trigger_event("message", *self._heard.get(), run_async=False)


class _OrderedClient(socketio.Client):
    def _engineio_client_class(self) -> type[engineio.Client]:
        return _InOrder


class Ack:
    """What a call will be answered with."""

    def __init__(self) -> None:
        self._answer: Any = None
        self._come = threading.Event()

    def set(self, answer: Any) -> None:
        self._answer = answer
        self._come.set()

    def get(self, timeout: float = PATIENCE) -> Any:
        assert self._come.wait(timeout), f"no acknowledgement within {timeout:g} s"
        return self._answer

    @property
    def answered(self) -> bool:
        return self._come.is_set()


class Wire:
    """One connection. `log` holds acks and events in the order in which they came."""

    def __init__(
        self,
        server: Site,
        *,
        auth: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        transports: tuple[str, ...] = ("websocket",),
    ) -> None:
        self.log: list[tuple[str, Any]] = []
        self._news = threading.Condition()
        self._server = server
        options = {"suppress_origin": True}  # only browsers send an Origin; headers may name one
        self._client = _OrderedClient(
            reconnection=False, handle_sigint=False, websocket_extra_options=options
        )
        self._client.on("*", self._heard)
        self._client.on("disconnect", lambda *_: self._heard("disconnect", None))
        self._client.on("connect_error", lambda data=None: self._heard("connect_error", data))
        self._client.connect(
            server.url,
            auth=auth,
            headers=dict(headers or {}),
            transports=list(transports),
            wait_timeout=PATIENCE,
        )

    def _heard(self, event: str, payload: Any = None) -> None:
        with self._news:
            self.log.append((event, payload))
            self._news.notify_all()

    def send(self, event: str, payload: Any) -> Ack:
        """Emit and go on; the answer can be fetched from the Ack, and stands in the log."""
        ack = Ack()

        def answered(*answer: Any) -> None:
            self._heard("ack", answer[0] if answer else None)
            ack.set(answer[0] if answer else None)

        self._client.emit(event, payload, callback=answered)
        return ack

    def call(self, event: str, payload: Any = None) -> Any:
        """Emit and wait for the acknowledgement."""
        return self.send(event, payload).get()

    def tell(self, event: str, payload: Any = None) -> None:
        """Emit without asking for an acknowledgement."""
        self._client.emit(event, payload)

    def events(self, name: str) -> list[Any]:
        with self._news:
            return [payload for event, payload in self.log if event == name]

    def wait_for(
        self, name: str, which: Callable[[Any], bool] = lambda _: True, timeout: float = PATIENCE
    ) -> Any:
        """The first event of that name that fits, already come or still to come."""
        return self.wait_for_many(name, 1, which, timeout)[0]

    def wait_for_many(
        self,
        name: str,
        count: int,
        which: Callable[[Any], bool] = lambda _: True,
        timeout: float = PATIENCE,
    ) -> list[Any]:
        """All fitting events as soon as there are `count` of them."""

        def fitting() -> list[Any]:
            return [payload for event, payload in self.log if event == name and which(payload)]

        with self._news:
            enough = self._news.wait_for(lambda: len(fitting()) >= count, timeout)
            assert enough, f"{len(fitting())} of {count} {name} came; heard: {self.log[-20:]}"
            return fitting()

    def settle(self) -> None:
        """Return when everything that the server had for us before this call has come.

        Events of one connection come in order, so an acknowledgement asked for now is behind them.
        """
        self.call("sync", {"versions": {}})

    @property
    def connected(self) -> bool:
        return bool(self._client.connected)

    def close(self) -> None:
        self._client.disconnect()


@dataclass
class Verdict:
    """How a handshake ended: an HTTP status where it got no further, else welcome or an error."""

    status: int
    welcomed: bool = False
    error: dict[str, Any] | None = None

    @property
    def refused_properly(self) -> bool:
        """400 before any handler (a bad Origin), or the contract's connect_error."""
        if self.status == 400:
            return not self.welcomed
        return (
            not self.welcomed
            and self.error is not None
            and self.error.get("message") == "unauthenticated"
            and self.error["data"]["error"]["code"] == "unauthenticated"
        )


def knock(
    server: Site,
    transport: str,
    *,
    auth: Any = None,
    headers: dict[str, str] | None = None,
    query: str = "",
    engine: int = 4,
    namespace: str = "",
) -> Verdict:
    """One raw handshake, with exactly these headers (an Origin only where `headers` has one)."""
    address = f"{server.url}/socket.io/?EIO={engine}&transport={transport}{query}"
    connect = "40" + (f"{namespace}," if namespace else "") + ("" if auth is None else _json(auth))
    if transport == "websocket":
        return _knock_websocket(address.replace("http", "ws", 1), connect, headers or {})
    return _knock_polling(address, connect, headers or {})


def _knock_websocket(address: str, connect: str, headers: dict[str, str]) -> Verdict:
    try:
        line = websocket.create_connection(
            address,
            header=[f"{name}: {value}" for name, value in headers.items()],
            suppress_origin=True,
            timeout=PATIENCE,
        )
    except websocket.WebSocketBadStatusException as refused:
        return Verdict(refused.status_code)
    try:
        line.recv()  # the engine's greeting
        line.send(connect)
        return _verdict(line.recv())
    finally:
        line.close()


def _knock_polling(address: str, connect: str, headers: dict[str, str]) -> Verdict:
    with requests.Session() as http:
        opened = http.get(address, headers=headers, timeout=PATIENCE)
        if opened.status_code != 200:
            return Verdict(opened.status_code)
        line = f"{address}&sid={json.loads(opened.text[1:])['sid']}"
        posted = http.post(line, data=connect, headers=headers, timeout=PATIENCE)
        if posted.status_code != 200:
            return Verdict(posted.status_code)
        heard = http.get(line, headers=headers, timeout=PATIENCE)
        if heard.status_code != 200:
            return Verdict(heard.status_code)
        return _verdict(heard.text.split("\x1e")[0])


def _verdict(packet: str) -> Verdict:
    kind, _, payload = packet[:2], None, packet[2:]
    if payload.startswith("/"):
        payload = payload.partition(",")[2]
    data = json.loads(payload) if payload else {}
    return Verdict(200, welcomed=kind == "40", error=data if kind == "44" else None)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
