"""Errors answered by middleware, before Flask has the request."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from chatapp.core.errors import ChatError, error_json


def answer_error(error: ChatError, start_response: Any) -> list[bytes]:
    """Answer with this error as JSON, in the one shape."""
    body = json.dumps(error_json(error)).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("X-Request-ID", uuid4().hex),
    ]
    if error.retry_after:
        headers.append(("Retry-After", str(error.retry_after)))
    start_response(f"{error.status} {HTTPStatus(error.status).phrase}", headers)
    return [body]
