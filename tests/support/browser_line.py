"""A connection that can be lost."""

from __future__ import annotations

from playwright.sync_api import WebSocketRoute

from tests.support.browser_person import BrowserPerson


class Line:
    """Cuts a profile's Socket.IO off, and joins it again; pages go on loading."""

    def __init__(self, person: BrowserPerson) -> None:
        self.up = True
        self._open: list[WebSocketRoute] = []
        person.context.route_web_socket("**/socket.io/**", self._web_socket)
        person.context.route(
            "**/socket.io/**", lambda route: route.continue_() if self.up else route.abort()
        )
        person.expect_failed_requests()

    def _web_socket(self, socket: WebSocketRoute) -> None:
        if self.up:
            socket.connect_to_server()
            self._open.append(socket)
        else:
            socket.close()

    def cut(self) -> None:
        self.up = False
        while self._open:
            self._open.pop().close()
