"""The one error shape (contracts, rule 6), checked from outside."""

from __future__ import annotations

import json
from typing import Any

import requests
from werkzeug.test import TestResponse

#: The status of each code, as the contracts have it.
CODES = {
    "bad_request": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "validation_failed": 422,
    "rate_limited": 429,
    "internal": 500,
    "unavailable": 503,
    "insufficient_storage": 507,
}
_TELLTALE = ("Traceback", "sqlalchemy", "psycopg2", "sqlite3", "SELECT ", "INSERT ", ".py")


def check_shape(body: Any) -> dict[str, Any]:
    """The error inside `body`, which must be of the one shape and tell nothing of the inside."""
    assert set(body) == {"error"}, body
    error: dict[str, Any] = body["error"]
    assert {"code", "message"} <= set(error) <= {"code", "message", "fields"}, error
    assert CODES.get(error["code"], 500) < 500, error
    assert isinstance(error["message"], str), error
    assert error["message"], error
    for name, text in error.get("fields", {}).items():
        assert isinstance(text, str), error
        assert name, error
        assert text, error
    assert not any(word in str(body) for word in _TELLTALE), body
    return error


def rest_error(answer: requests.Response | TestResponse) -> dict[str, Any]:
    """The error of a REST answer, its status fitting its code."""
    assert answer.headers["Content-Type"].split(";")[0] == "application/json", answer.text
    error = check_shape(json.loads(answer.text))
    allowed = {CODES[error["code"]]} | ({405} if error["code"] == "bad_request" else set())
    assert answer.status_code in allowed, answer.text
    return error


def ack_error(ack: Any) -> dict[str, Any]:
    """The error of a failed event's acknowledgement."""
    assert isinstance(ack, dict), ack
    assert ack.get("ok") is False, ack
    return check_shape({name: value for name, value in ack.items() if name != "ok"})
