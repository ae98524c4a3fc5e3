# ruff: noqa: D101  (the tree below describes each class)
"""The errors that services raise, and how every door describes them.

    ChatError                 code                      status
    ├── BadRequest            bad_request               400
    ├── Unauthenticated       unauthenticated           401
    ├── Forbidden             forbidden                 403
    ├── NotFound              not_found                 404   also for what the caller may not see
    ├── Conflict              conflict                  409
    ├── TooLarge              too_large                 413
    ├── UnsupportedMediaType  unsupported_media_type    415
    ├── ValidationFailed      validation_failed         422   with `fields`
    ├── RateLimited           rate_limited              429   with `retry_after` in seconds
    ├── Internal              internal                  500
    ├── Unavailable           unavailable               503   try the same again
    └── InsufficientStorage   insufficient_storage      507

`describe` turns any exception into one of these; `web/error_handlers.py` renders them for HTTP.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chatapp.core.field_errors import describe_fields
from chatapp.core.tally import Tally

log = logging.getLogger(__name__)
_unavailable = Tally(log, "unavailable", logging.ERROR)


class ChatError(Exception):
    """An error that is reported to the caller, with a message that says what to do next."""

    code = "internal"
    status = 500
    message = "Something went wrong on our side. Please try again."
    #: The link that an error page offers: an address on this site, and its text.
    step: tuple[str, str] | None = None

    def __init__(
        self,
        message: str | None = None,
        *,
        fields: Mapping[str, str] | None = None,
        status: int | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.message = message or type(self).message
        self.fields = dict(fields or {})
        self.status = status or type(self).status
        self.retry_after = retry_after
        super().__init__(self.message)


class BadRequest(ChatError):
    code, status, message = "bad_request", 400, "We can't understand this request."


class Unauthenticated(ChatError):
    code, status, message = "unauthenticated", 401, "Please sign in first."


class Forbidden(ChatError):
    code, status, message = "forbidden", 403, "You aren't allowed to do this."


class NotFound(ChatError):
    code, status, message = "not_found", 404, "This doesn't exist, or you can't see it."


class Conflict(ChatError):
    code, status, message = "conflict", 409, "This conflicts with what is already there."


class TooLarge(ChatError):
    code, status, message = "too_large", 413, "This is too large."


class UnsupportedMediaType(ChatError):
    code, status, message = "unsupported_media_type", 415, "Send this as application/json."


class ValidationFailed(ChatError):
    code, status, message = "validation_failed", 422, "Some fields need another look."


class RateLimited(ChatError):
    code, status, message = "rate_limited", 429, "That was too fast. Please wait a moment."


class Internal(ChatError):
    pass


class Unavailable(ChatError):
    code, status = "unavailable", 503
    message = "The server is busy or restarting. Please try again in a moment."


class InsufficientStorage(ChatError):
    code, status, message = "insufficient_storage", 507, "The server has no space left for this."


def describe(exc: BaseException) -> ChatError:
    """Return the error that is reported for ``exc``; `Internal` reveals nothing about it."""
    match exc:
        case ChatError():
            return exc
        case ValidationError():
            return ValidationFailed(fields=describe_fields(exc))
        case PoolTimeout() | OperationalError() | InterfaceError():
            return Unavailable()
        case DBAPIError(connection_invalidated=True):
            return Unavailable()
        case _:
            return Internal()


def describe_and_log(exc: BaseException) -> ChatError:
    """Describe ``exc``, and log it if it is our fault.

    An outage fails every request for a while, so it gets a line a second and no stack traces.
    """
    error = describe(exc)
    if exc is not error:
        if isinstance(error, Internal):
            log.error("%s: %s", error.code, type(exc).__name__, exc_info=exc)
        elif isinstance(error, Unavailable):
            _unavailable.add(f"{type(exc).__name__}: {str(exc)[:200]}")
    return error


def error_json(error: ChatError) -> dict[str, Any]:
    """Return the JSON body of every error."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.fields:
        body["fields"] = error.fields
    return {"error": body}


def error_ack(error: ChatError) -> dict[str, Any]:
    """Return the acknowledgement of a socket event that failed."""
    return {"ok": False, **error_json(error)}
