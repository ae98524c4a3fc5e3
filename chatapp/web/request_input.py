"""Read a request's JSON body, form or query string as a pydantic model.

JSON is read strictly (a number is a number); forms and query strings leniently, since everything in
them is text. Unknown fields are ignored.
"""

from __future__ import annotations

from typing import TypeVar

from flask import request
from pydantic import BaseModel
from werkzeug.exceptions import BadRequest as HttpBadRequest

from chatapp.core.errors import BadRequest, UnsupportedMediaType

M = TypeVar("M", bound=BaseModel)


def read_json(model: type[M]) -> M:
    """Return the request's JSON object as ``model``.

    Raises UnsupportedMediaType for another content type, BadRequest for what isn't a JSON object,
    pydantic's ValidationError (answered as validation_failed) for wrong fields.
    """
    if not request.is_json:
        raise UnsupportedMediaType()
    try:
        body = request.get_json()
    except (HttpBadRequest, UnicodeDecodeError, RecursionError):
        raise BadRequest("The body isn't valid JSON.") from None
    if not isinstance(body, dict):
        raise BadRequest("The body has to be a JSON object.")
    return model.model_validate(body, strict=True)


def read_form(model: type[M]) -> M:
    """Return the posted form as ``model``; of a field that comes twice, the first value.

    Line breaks are as they were typed, not as forms send them.
    """
    typed = {name: value.replace("\r\n", "\n") for name, value in request.form.items()}
    return model.model_validate(typed)


def read_query(model: type[M]) -> M:
    """Return the query string as ``model``."""
    return model.model_validate(request.args.to_dict())
