"""Uploads: files sent by a form, only where a view's policy says so and somebody is signed in.

Everywhere else a body has at most `request_bodies.BODY_LIMIT` bytes.
"""

from __future__ import annotations

from flask import flash, request

from chatapp.core.db import release_connection
from chatapp.core.errors import (
    ChatError,
    InsufficientStorage,
    RateLimited,
    TooLarge,
    UnsupportedMediaType,
    ValidationFailed,
)
from chatapp.security.identity import signed_in
from chatapp.security.view_policy import ViewPolicy
from chatapp.web.request_bodies import receive_upload

#: What may be wrong with a file. The page that its form is on says so.
PROBLEMS = (TooLarge, UnsupportedMediaType, ValidationFailed, RateLimited, InsufficientStorage)

#: Bytes of a file.
MAX_BYTES = 10 * 1024 * 1024
#: What the form around it may have.
_FORM_BYTES = 64 * 1024
_TOO_LARGE = "A file has at most 10 MB here. Choose a smaller one, or make it smaller first."


def allow_upload(policy: ViewPolicy) -> None:
    """Receive a larger body where a file is expected, before anything reads the form.

    Raises TooLarge, BadRequest where it comes too slowly, RateLimited.
    """
    if not policy.upload or signed_in() is None:
        return
    request.max_content_length = MAX_BYTES + _FORM_BYTES
    if (request.content_length or 0) > request.max_content_length:
        raise TooLarge(_TOO_LARGE)
    release_connection()  # the client may take its time
    receive_upload(request.environ, request.max_content_length)


def read_upload(name: str = "file") -> bytes:
    """Return the file in this field of the form.

    Raises UnsupportedMediaType where the body is no form, ValidationFailed without a file,
    TooLarge.
    """
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("Send this as multipart/form-data, with the file in it.")
    file = request.files.get(name)
    data = file.read(MAX_BYTES + 1) if file else b""
    if not data:
        raise ValidationFailed(fields={name: "Choose a file first."})
    if len(data) > MAX_BYTES:
        raise TooLarge(_TOO_LARGE)
    return data


def tell_problem(error: ChatError) -> None:
    """Say on the next page what is wrong with the file."""
    flash(next(iter(error.fields.values()), error.message), "problem")
