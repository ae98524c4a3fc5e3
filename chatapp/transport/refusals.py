"""The answers that gunicorn (read in 25.3) gives by itself: to bad HTTP and to too large headers.

There is no request then, so no middleware is called. gunicorn's own answer is a page without the
headers that every answer of this server has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from gunicorn import util

from chatapp.core.errors import BadRequest, ChatError, Internal, TooLarge, error_json
from chatapp.transport.versions import is_supported


def init(headers: Iterable[tuple[str, str]]) -> None:
    """Give these answers of this process such headers, and the one shape of errors."""
    if not is_supported("gunicorn", "25.3"):
        return
    always = "".join(f"{name}: {value}\r\n" for name, value in headers)

    def write_error(sock: Any, status: int, reason: str, message: str) -> None:
        error: ChatError = Internal()
        if status < 500:
            kind = TooLarge if status in (413, 414, 431) else BadRequest
            error = kind(message or None, status=status)
        body = json.dumps(error_json(error))
        head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nVary: Cookie\r\n{always}"
        about = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        util.write_nonblock(sock, f"{head}{about}\r\n{body}".encode("latin-1"))

    util.write_error = write_error
